"""Knows every room's tables, and which tables in the database are ours."""

from importlib import import_module
from typing import Any

_MODULES = (
    "core.announcement_tables",
    "customers.tables",
    "customers.account_tables",
    "customers.waiver_tables",
    "customers.complaint_tables",
    "callback.tables",
    "callback.setting_tables",
    "callback.uploaded_tables",
    "callback.script_tables",
    "recordings.tables",
    "recordings.quality_tables",
    "dialer.tables",
    "dialer.fleet.tables",
    "dialer.answer_tables",
    "dialer.agents.tables",
    "dialer.agents.screen_tables",
    "dialer.agents.guide_tables",
    "dialer.inbound.tables",
    "dialer.replay.tables",
    "dialer.bridges.twilio.tables",
    "api.tables",
    "ownerline.services.tables",
    "dialer.found_tables",
    "dialer.figures.tables",
    "dialer.predictive.tables",
    "dialer.whatif.tables",
)


def import_tables() -> None:
    """Import every module with tables, so that `Base.metadata` is whole."""
    for module in _MODULES:
        import_module(module)


def belongs_to_us(_thing: Any, name: str | None, kind: str, *_: Any) -> bool:
    """Tell Alembic to leave the job queue's own tables to the job queue."""
    return kind != "table" or name is None or not name.startswith("procrastinate_")
