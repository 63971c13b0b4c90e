"""What `ownerline doctor` says of one thing."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing looked at, what was found, and whether it is as it should be."""

    subject: str
    found: str
    sound: bool = True
