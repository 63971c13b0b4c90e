"""Every command, registered on the one application."""

from ownerline.cli import database, diagnosis, dialing, files, lists, rehearsal, serving, talks, users
from ownerline.cli.app import app

__all__ = [
    "app",
    "database",
    "diagnosis",
    "dialing",
    "files",
    "lists",
    "rehearsal",
    "serving",
    "talks",
    "users",
]
