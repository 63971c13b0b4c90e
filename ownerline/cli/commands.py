"""Every command, registered on the one application."""

from ownerline.cli import database, dialing, files, lists, rehearsal, talks
from ownerline.cli.app import app

__all__ = ["app", "database", "dialing", "files", "lists", "rehearsal", "talks"]
