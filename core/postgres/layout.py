"""Where the embedded server keeps its things below a home, and how its state is told to clients."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

DATABASE = "ownerline"
ROLE = "ownerline"
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ServerState:
    """What the supervisor last said: ready on a port, or why it cannot be."""

    port: int | None = None
    failure: str | None = None
    supervisor_pid: int | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one home's server.

    Clients hold a shared `flock` on `in_use`, the supervisor an exclusive one on
    `supervisor_lock`; the kernel frees both when their holder dies, however it dies.
    """

    folder: Path

    @classmethod
    def of(cls, home: Path) -> "Layout":
        """Return the layout below an absolute form of the home."""
        return cls(home.expanduser().absolute() / "postgres")

    @property
    def data(self) -> Path:
        """PostgreSQL's own data folder, whole or absent."""
        return self.folder / "data"

    @property
    def data_in_the_making(self) -> Path:
        """A data folder that becomes `data` when its making has ended."""
        return self.folder / "data.new"

    @property
    def in_use(self) -> Path:
        """Locked shared by every process that uses the server."""
        return self.folder / "in-use"

    @property
    def supervisor_lock(self) -> Path:
        """Locked by the one supervisor."""
        return self.folder / "supervisor.lock"

    @property
    def state(self) -> Path:
        """What the supervisor says of the server; absent until it knows."""
        return self.folder / "state.json"

    @property
    def port(self) -> Path:
        """The port of the last start, kept from start to start where it is still free."""
        return self.folder / "port"

    @property
    def password(self) -> Path:
        """The password of the program's own role."""
        return self.folder / "password"

    @property
    def log(self) -> Path:
        """What PostgreSQL and its supervisor had to say."""
        return self.folder / "log"

    def read_state(self) -> ServerState | None:
        """Return what the supervisor last said; None when it has not spoken yet."""
        try:
            said = json.loads(self.state.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return ServerState(**said)

    def write_state(self, state: ServerState) -> None:
        """Tell the clients, in one step."""
        write_private(self.state, json.dumps(asdict(state)))

    def url(self, port: int) -> str:
        """Return the URL of the program's database; it holds the password."""
        password = quote(self.password.read_text(encoding="utf-8").strip(), safe="")
        return f"postgresql://{ROLE}:{password}@{HOST}:{port}/{DATABASE}"


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step with one that only its owner may read."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
