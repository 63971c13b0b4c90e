"""The command line: one file a subject, each a thin frame around use cases.

A command imports what it runs when it runs, so that help and wrong usage are answered at once.
"""

import signal
import sys
from io import TextIOWrapper
from types import FrameType
from typing import NoReturn

from core.errors import OwnerlineError
from ownerline.rooms import check_rooms
from ownerline.usage import WrongUsageError

__all__ = ["main"]

EXIT_FAILED = 1
EXIT_WRONG_USAGE = 2


def main() -> NoReturn:
    """Run the command line; what an operator can mend is one line on stderr, no traceback."""
    signal.signal(signal.SIGTERM, _end_cleanly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without Chinese shows what it can
            stream.reconfigure(errors="backslashreplace")
    try:
        check_rooms()
        # Only now: a stranger's package of a room's name must be told before it is imported.
        from ownerline.cli.commands import app

        app()
    except WrongUsageError as err:
        _fail(str(err), EXIT_WRONG_USAGE)
    except OwnerlineError as err:
        _fail(str(err), EXIT_FAILED)
    except Exception as err:
        from ownerline.cli.failures import sentence_of

        sentence = sentence_of(err)
        if sentence is None:
            raise  # a bug of ours: its traceback is wanted
        _fail(sentence, EXIT_FAILED)
    raise SystemExit(0)


def _fail(sentence: str, code: int) -> NoReturn:
    line = " ".join(part.strip() for part in sentence.splitlines())
    sys.stderr.write(f"ownerline: {line}\n")
    raise SystemExit(code) from None


def _end_cleanly(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
