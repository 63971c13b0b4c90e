"""Every command, registered on the one application."""

from ownerline.cli import (
    agents,
    asterisk,
    backups,
    carrier,
    database,
    diagnosis,
    dialing,
    files,
    lists,
    pacing,
    rehearsal,
    serving,
    talks,
    twilio,
    uploads,
    users,
    webhooks,
)
from ownerline.cli.app import app

__all__ = [
    "agents",
    "app",
    "asterisk",
    "backups",
    "carrier",
    "database",
    "diagnosis",
    "dialing",
    "files",
    "lists",
    "pacing",
    "rehearsal",
    "serving",
    "talks",
    "twilio",
    "uploads",
    "users",
    "webhooks",
]
