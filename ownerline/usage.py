"""What was asked of the program cannot be asked; the command line ends with exit code 2."""

from core.errors import OwnerlineError


class WrongUsageError(OwnerlineError):
    """A word on the command line cannot be what it stands for."""
