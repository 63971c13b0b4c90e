"""The processes that keep an installation running: parts, how they start, end and are seen."""
