"""The command line: one file a subject, each a thin frame around use cases."""

from ownerline.cli.app import main
from ownerline.rooms import check_rooms

__all__ = ["load_commands", "main"]


def load_commands() -> None:
    """Register every command, after a look that the rooms are ours."""
    check_rooms()
    from ownerline.cli import (  # noqa: F401, PLC0415 - a stranger's room must not load first
        database,
        dialing,
        files,
        lists,
        rehearsal,
        talks,
    )
