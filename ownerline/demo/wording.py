"""Counts and shares in English words."""


def counted(count: int, noun: str) -> str:
    """Return `1 call`, `2,000 calls`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def per_cent(part: int, whole: int) -> str:
    """Return a share of a whole; nothing of nothing is a dash."""
    return f"{100 * part / whole:.0f} %" if whole else "–"
