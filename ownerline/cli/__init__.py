"""The command line: one file a subject, each a thin frame around use cases."""

import sys
from typing import NoReturn

from core.errors import OwnerlineError
from ownerline.rooms import check_rooms

__all__ = ["main"]

EXIT_INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line; errors of ours are one line on stderr and exit 1."""
    try:
        check_rooms()
        # Only now: a stranger's package of a room's name must be told before it is imported.
        from ownerline.cli.commands import app  # noqa: PLC0415

        app()
    except OwnerlineError as err:
        sys.stderr.write(f"ownerline: {err}\n")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        sys.stderr.write("ownerline: interrupted; what was done is kept\n")
        raise SystemExit(EXIT_INTERRUPTED) from None
    raise SystemExit(0)
