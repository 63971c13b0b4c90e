"""Logging: structlog events on stderr, lines of JSON unless a person is watching."""

import logging
import os
import sys

import structlog

from core.settings import LogFormat, LogLevel


def configure_logging(
    level: LogLevel = LogLevel.INFO,
    *,
    log_format: LogFormat | None = None,
    process: str | None = None,
) -> None:
    """Log from the level on to stderr; stdout stays free for what was asked for.

    Args:
        level: from how grave on.
        log_format: None: for eyes on a terminal, JSON elsewhere.
        process: which of our processes this is, said with its pid in every event; None: a command.
    """
    lowest = logging.getLevelNamesMapping()[level.upper()]
    watched = sys.stderr.isatty() if log_format is None else log_format is LogFormat.CONSOLE
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,  # the other one shows variables
        )
        if watched
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *([] if watched else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    if process is not None:
        structlog.contextvars.bind_contextvars(process=process, pid=os.getpid())
        _take_over_the_libraries(lowest)


def _take_over_the_libraries(lowest: int) -> None:
    """Let what libraries log become events like ours; they tell much, so only what is grave."""
    root = logging.getLogger()
    root.handlers = [_ToEvents()]
    root.setLevel(max(lowest, logging.WARNING))


class _ToEvents(logging.Handler):
    """Hands a library's record on as one event under the library's name."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(record.name).log(
            record.levelno,
            "library_said",
            library=record.name,
            said=record.getMessage(),
            exc_info=record.exc_info,
        )
