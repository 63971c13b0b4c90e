"""Runs PostgreSQL's own pg_dump, pg_restore and psql, fed and read as streams."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from core.errors import OwnerlineError
from core.postgres.binaries import wheel_binaries
from core.settings import Settings

_CHUNK = 1 << 20
_HEAD = 4096  # bytes that surely hold the first statements of a script
_LAST_LINES = 3
_NO_ROOM = "No space left on device"
# pg_restore 17 and later write this line for every server; servers before 17 refuse it.
_UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"
_KNOWS_TRANSACTION_TIMEOUT = 17


class ProgramMissingError(OwnerlineError):
    """One of PostgreSQL's client programs is not where it should be."""


class ProgramFailedError(OwnerlineError):
    """One of PostgreSQL's client programs failed."""


class ClientTooOldError(OwnerlineError):
    """PostgreSQL's programs are older than the server they are to work with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Programs:
    """PostgreSQL's client programs of one version."""

    binaries: Path

    @classmethod
    def of(cls, settings: Settings) -> "Programs":
        """Return those that the settings name, or the wheel's."""
        return cls(binaries=settings.postgres_bin or wheel_binaries())

    async def major(self) -> int:
        """Return the major version of pg_dump, which the others share."""
        said = b"".join([chunk async for chunk in self._output("pg_dump", "--version")])
        found = re.search(rb"\) (\d+)", said)
        if found is None:
            message = f"{self.binaries / 'pg_dump'} does not tell its version: {said!r}"
            raise ProgramFailedError(message)
        return int(found[1])

    async def check_newer_than(self, server: int) -> None:
        """Refuse to work with a server of a later major version than the programs'.

        Raises:
            ClientTooOldError: with the mend.
        """
        if (ours := await self.major()) < server:
            message = (
                f"the server is PostgreSQL {server}, the programs in {self.binaries} are version "
                f"{ours}; set OWNERLINE_POSTGRES_BIN to the bin folder of a PostgreSQL {server}"
            )
            raise ClientTooOldError(message)

    async def check_can_read(self, client: int) -> None:
        """Refuse a dump that a later pg_dump wrote.

        Raises:
            ClientTooOldError: with the mend.
        """
        if (ours := await self.major()) < client:
            message = (
                f"the backup was written by pg_dump {client}, the programs in {self.binaries} are "
                f"version {ours}; set OWNERLINE_POSTGRES_BIN to the bin folder of a PostgreSQL "
                f"{client}"
            )
            raise ClientTooOldError(message)

    def dump(self, url: str, *, snapshot: str) -> AsyncGenerator[bytes, None]:
        """Yield the database as the snapshot sees it, in pg_dump's custom format."""
        return self._output(
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={snapshot}",
            url=url,
        )

    async def read_whole(self, dump: AsyncIterable[bytes]) -> None:
        """Read a dump to its end, as a restore would.

        Raises:
            ProgramFailedError: it is damaged, or made by a later PostgreSQL.
        """
        await _drained(self._output("pg_restore", "--file=-", feed=dump))

    async def load(self, dump: AsyncIterable[bytes], url: str, *, server: int) -> None:
        """Load a dump into an empty database in one transaction.

        Raises:
            ProgramFailedError: nothing was loaded.
        """
        script = self._output(
            "pg_restore", "--no-owner", "--no-privileges", "--no-comments", "--file=-", feed=dump
        )
        if server < _KNOWS_TRANSACTION_TIMEOUT:
            script = _without(script, _UNKNOWN_BEFORE_17)
        options = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
        await _drained(self._output("psql", *options, "--file=-", feed=script, url=url))

    async def _output(
        self,
        program: str,
        *arguments: str,
        feed: AsyncIterable[bytes] | None = None,
        url: str | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """Run a program; it ends with the caller, however the caller ends."""
        where, password = ((), None) if url is None else _where(url)
        try:
            process = await asyncio.create_subprocess_exec(
                self.binaries / program,
                *arguments,
                *where,
                stdin=asyncio.subprocess.DEVNULL if feed is None else asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=_environment(password),
            )
        except FileNotFoundError as err:
            message = (
                f"{self.binaries} has no {program}; set OWNERLINE_POSTGRES_BIN to the bin folder "
                "of a whole PostgreSQL"
            )
            raise ProgramMissingError(message) from err
        assert process.stdout is not None  # noqa: S101 - asked for above
        assert process.stderr is not None  # noqa: S101
        complaints = asyncio.create_task(process.stderr.read())
        feeding = None
        if feed is not None and process.stdin is not None:
            feeding = asyncio.create_task(_feed(process.stdin, feed))
        try:
            while chunk := await process.stdout.read(_CHUNK):
                yield chunk
            if feeding is not None:
                await feeding
            if await process.wait() != 0:
                raise _failure(program, (await complaints).decode("utf-8", "replace"))
        finally:
            for task in (feeding, complaints):
                if task is not None:
                    task.cancel()
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _drained(output: AsyncGenerator[bytes, None]) -> None:
    async for _ in output:
        pass


async def _feed(pipe: asyncio.StreamWriter, source: AsyncIterable[bytes]) -> None:
    """Write it all; a program that has stopped reading says itself why."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        try:
            async for chunk in source:
                pipe.write(chunk)
                await pipe.drain()
        finally:
            pipe.close()
        await pipe.wait_closed()


async def _without(script: AsyncGenerator[bytes, None], line: bytes) -> AsyncGenerator[bytes, None]:
    """Yield the script without such a line among its first statements."""
    head = b""
    async for chunk in script:
        head += chunk
        if len(head) >= _HEAD:
            break
    yield head.replace(line, b"", 1)
    async for chunk in script:
        yield chunk


def _failure(program: str, said: str) -> ProgramFailedError:
    lines = [line for line in said.splitlines() if line.strip()]
    last = " / ".join(lines[-_LAST_LINES:]) or "it said nothing"
    if _NO_ROOM in said:
        last = f"the disk is full; make room and say it again ({last})"
    return ProgramFailedError(f"{program} failed: {last}")


def _where(url: str) -> tuple[tuple[str, ...], str | None]:
    """Return the database as an argument without its password, and the password."""
    parsed = make_url(url)
    password = None if parsed.password is None else str(parsed.password)
    public = URL.create(
        "postgresql",
        username=parsed.username,
        host=parsed.host,
        port=parsed.port,
        database=parsed.database,
        query=parsed.query,
    )
    return (f"--dbname={public.render_as_string()}",), password


def _environment(password: str | None) -> dict[str, str]:
    """Return ours with the password, which no command line may show, and plain English."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    given = {} if password is None else {"PGPASSWORD": password}
    return ours | {"LC_ALL": "C"} | given
