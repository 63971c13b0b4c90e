"""The frame of the command line: one object on stdout, logs on stderr, and how errors are shown."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import typer

from core.log import configure_logging
from core.settings import Settings, load_settings
from customers.model import Language

T = TypeVar("T")

EXIT_FAILED = 1

app = typer.Typer(
    name="ownerline",
    help="Every owner who is due a call gets the right call, once, on time, within the rules.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def settings_here() -> Settings:
    """Return the settings of this installation, with logging set up by them."""
    settings = load_settings()
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


def language_here() -> Language:
    """Return the language of the terminal: Mandarin where LANG says zh, else English."""
    lang = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return Language.MANDARIN if lang.lower().startswith("zh") else Language.ENGLISH


def print_json(value: object) -> None:
    """Print the one object of `--json`."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def say(text: str) -> None:
    """Print a line for a person."""
    sys.stdout.write(text + "\n")


def progress_line(text: str) -> None:
    """Show how far a long work is, in one line of a terminal's stderr; an empty text clears it."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
