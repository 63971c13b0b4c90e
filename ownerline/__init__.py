"""The composition root: command line, wiring, migrations, the demo day."""

__version__ = "0.1.0"
