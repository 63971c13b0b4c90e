"""What can go wrong with the program's own PostgreSQL, said so that the operator can mend it."""

from core.errors import OwnerlineError


class EmbeddedServerError(OwnerlineError):
    """The program's own PostgreSQL cannot start."""


class BinariesMissingError(EmbeddedServerError):
    """The folder named for the PostgreSQL binaries holds none."""


class DataFolderError(EmbeddedServerError):
    """The data folder belongs to another version or another user."""


class DiskFullError(EmbeddedServerError):
    """The disk that holds the home is full."""


class PortTakenError(EmbeddedServerError):
    """Another program listens on the port."""


class UnprivilegedUserError(EmbeddedServerError):
    """PostgreSQL refuses to run as root, and the user it should run as does not exist."""


class StartTimeoutError(EmbeddedServerError):
    """The program's own PostgreSQL was not ready in time."""
