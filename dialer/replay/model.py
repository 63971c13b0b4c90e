"""The words of what is recorded of a day."""

from enum import StrEnum


class LookKind(StrEnum):
    """Who looked at due calls, which decides how one was chosen of them."""

    QUEUE = "queue"  # a claim of the automatic queue
    AGENT = "agent"  # a claim for an agent who waits, or said that it may ring
    PREVIEW = "preview"  # what comes next is shown to an agent; nothing rings
    FILE = "file"  # an agent asks for a person of a file; nothing rings
