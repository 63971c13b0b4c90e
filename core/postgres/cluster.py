"""Makes a data folder and starts a postmaster on it, as an unprivileged user if we are root."""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.postgres.binaries import major_version
from core.postgres.errors import DataFolderError, DiskFullError, EmbeddedServerError, PortTakenError
from core.postgres.layout import DATABASE, HOST, ROLE, Layout, write_private
from core.postgres.user import User

_DISK_FULL = "No space left on device"
_PORT_TAKEN = "Address already in use"
_SMALL_SHARED_MEMORY = 512 * 1024 * 1024
_LAST_LINES = 4
ROOM = 64 << 20  # bytes that a new cluster takes
_BUILTIN_LOCALES = 17  # first major version with locales of its own
_DESCRIPTORS = Path("/proc/self/fd")
_MAKING_LIMIT_S = 120

# The bootstrap superuser has no password, so nobody can log in as it; the program's role is none.
_HBA = f"host all all {HOST}/32 scram-sha-256\n"

PARAMETERS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
    # No statement and no failing row in the log: they hold people's data.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """One data folder, the binaries that serve it and the user they run as."""

    layout: Layout
    binaries: Path
    run_as: User | None  # None: the user who started us

    def make(self, *, synced: bool) -> None:
        """Make the data folder with our role and database in it, whole or not at all.

        Unsynced it survives a crash of the server, not of the machine: good enough for tests.

        Raises:
            DiskFullError: there is no room for it.
            EmbeddedServerError: initdb failed otherwise.
        """
        draft = self.layout.data_in_the_making
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)
        if self.run_as is not None:
            os.chown(draft, self.run_as.uid, self.run_as.gid)
        shape = [
            "-E",
            "UTF8",
            *self._locale(),
            "--data-checksums",
            "-U",
            "postgres",
            "--auth=reject",
        ]
        try:
            self._run(draft, "initdb", *shape, "--no-sync", "--no-instructions")
            (draft / "pg_hba.conf").write_text(_HBA, encoding="utf-8")
            password = secrets.token_urlsafe(24)
            role = f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}';\n"
            database = f"CREATE DATABASE {DATABASE} OWNER {ROLE};\n"
            self._run(
                draft, "postgres", "--single", "-c", "fsync=off", "postgres", say=role + database
            )
            if synced:
                self._run(draft, "initdb", "--sync-only")
            write_private(self.layout.password, password)
            draft.rename(self.layout.data)
        except OSError as err:
            raise failure_of(str(err), self.layout) from err
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _locale(self) -> list[str]:
        """Order by code point whatever the machine's locales; case of every letter known."""
        if int(major_version(self.binaries)) < _BUILTIN_LOCALES:
            return ["--locale=C", "--lc-ctype=C.UTF-8"]
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]

    def check(self) -> None:
        """Refuse a data folder of another version or of a user we cannot be.

        Raises:
            DataFolderError: with the mend.
        """
        data = self.layout.data
        made_by = (data / "PG_VERSION").read_text(encoding="utf-8").strip()
        if made_by != (ours := major_version(self.binaries)):
            message = (
                f"{data} was made by PostgreSQL {made_by}, the binaries in {self.binaries} are "
                f"version {ours}; set OWNERLINE_POSTGRES_BIN to the bin folder of a "
                f"PostgreSQL {made_by}, take `ownerline backup`, and restore it into a new home"
            )
            raise DataFolderError(message)
        owner = data.stat().st_uid
        wanted = os.geteuid() if self.run_as is None else self.run_as.uid
        if owner != wanted:
            message = (
                f"{data} belongs to user id {owner}, PostgreSQL would run as user id {wanted}; "
                f"start as the owner, or give the folder away: chown -R {wanted} {data}"
            )
            raise DataFolderError(message)

    def start(self, port: int, parameters: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        """Start a postmaster; it writes to the log and answers once its pid file says ready."""
        options = [f"-c{name}={value}" for name, value in self._parameters(parameters).items()]
        with self.layout.log.open("ab") as log, _entered(self.layout.data) as folder:
            return subprocess.Popen(
                [self.binaries / "postgres", "-D", folder.name, *options, f"-p{port}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                pass_fds=folder.descriptors,
                **self._identity(),
            )

    def _parameters(self, extra: Mapping[str, str]) -> dict[str, str]:
        parameters = dict(PARAMETERS)
        shared_memory = Path("/dev/shm")  # noqa: S108 - measured, nothing is written there by us
        if shared_memory.exists() and shutil.disk_usage(shared_memory).total < _SMALL_SHARED_MEMORY:
            # Containers give 64 MB there, too little for a parallel hash join.
            parameters["dynamic_shared_memory_type"] = "sysv"
        return parameters | dict(extra)

    def _run(self, data: Path, program: str, *arguments: str, say: str = "") -> None:
        first = [arguments[0]] if arguments and arguments[0] == "--single" else []
        rest = arguments[len(first) :]
        with _entered(data) as folder:
            done = subprocess.run(
                [self.binaries / program, *first, "-D", folder.name, *rest],
                input=say,
                check=False,
                capture_output=True,
                text=True,
                cwd="/",
                pass_fds=folder.descriptors,
                timeout=_MAKING_LIMIT_S,
                **self._identity(),
            )
        if done.returncode != 0:
            raise failure_of(done.stderr, self.layout)

    def _identity(self) -> dict[str, Any]:
        return {} if self.run_as is None else self.run_as.identity


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entered:
    """A folder as a child process is to call it, and what it must inherit for that."""

    name: str
    descriptors: tuple[int, ...] = ()


@contextlib.contextmanager
def _entered(data: Path) -> Iterator[_Entered]:
    """Open a data folder for a child process, which on Linux does not need its path.

    The path may be longer than PostgreSQL can bear (1024 bytes), and lead through a private folder
    (/root) where the unprivileged user cannot follow.
    """
    if not _DESCRIPTORS.exists():
        yield _Entered(name=str(data))
        return
    descriptor = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield _Entered(name=str(_DESCRIPTORS / str(descriptor)), descriptors=(descriptor,))
    finally:
        os.close(descriptor)


def disk_full(layout: Layout) -> DiskFullError:
    """Return the error for a home without room."""
    return DiskFullError(
        f"the disk that holds {layout.folder.parent} is full; make room there ("
        f"{ROOM >> 20} MB for a new database, more for its data) and start again"
    )


def unexplained_end(layout: Layout) -> EmbeddedServerError:
    """Return the error for a program of ours or PostgreSQL's that ended without a word."""
    if shutil.disk_usage(layout.folder).free < ROOM:
        return disk_full(layout)
    return EmbeddedServerError(
        f"PostgreSQL in {layout.folder} ends at once and says nothing; its log is {layout.log}"
    )


def failure_of(said: str, layout: Layout) -> EmbeddedServerError:
    """Return the error for what a PostgreSQL program said last."""
    if _DISK_FULL in said:
        return disk_full(layout)
    if _PORT_TAKEN in said:
        return PortTakenError(f"PostgreSQL in {layout.folder} found its port taken")
    last: Sequence[str] = [line for line in said.splitlines() if line.strip()][-_LAST_LINES:]
    if not last:
        return unexplained_end(layout)
    return EmbeddedServerError(f"PostgreSQL in {layout.folder} does not start: {' / '.join(last)}")
