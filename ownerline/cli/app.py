"""The frame of the command line: one object on stdout, logs on stderr, and how work is run."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from customers.model import Language

if TYPE_CHECKING:
    from core.settings import Settings

T = TypeVar("T")

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130  # as shells count: 128 and the number of SIGINT

app = typer.Typer(
    name="ownerline",
    help="Every owner who is due a call gets the right call, once, on time, within the rules.",
    epilog="All that is kept lies under OWNERLINE_HOME (var/ without it). "
    "Exit codes: 0 done, 1 the work failed, 2 wrong usage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def settings_here(*, secrets_may_lack: bool = False) -> "Settings":
    """Return the settings of this installation, with logging set up by them."""
    from core.log import configure_logging
    from core.settings import load_settings

    settings = load_settings(secrets_may_lack=secrets_may_lack)
    configure_logging(settings.log_level)
    return settings


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; SIGTERM cancels it as Ctrl-C does, and both leave everything sound."""

    async def supervised() -> T:
        task = asyncio.current_task()
        if task is None:
            message = "a command runs as a task of its own"
            raise RuntimeError(message)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(supervised())
    except asyncio.CancelledError:
        raise SystemExit(0) from None  # SIGTERM: a clean end
    except KeyboardInterrupt:
        progress_line("")
        sys.stderr.write("ownerline: interrupted; what was done is kept\n")
        raise SystemExit(EXIT_INTERRUPTED) from None


def language_here() -> Language:
    """Return the language of the terminal: Mandarin where LC_ALL, LC_MESSAGES or LANG says zh."""
    named = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((value for value in named if value), "")
    return Language.MANDARIN if locale.lower().startswith("zh") else Language.ENGLISH


def print_json(value: object) -> None:
    """Print the one object of `--json`."""
    say(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def say(text: str) -> None:
    """Print a line for a person."""
    sys.stdout.write(text + "\n")


def progress_line(text: str) -> None:
    """Show how far a long work is, in one line of a terminal's stderr; an empty text clears it."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
