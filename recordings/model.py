"""What is kept of calls as audio: kinds and states, where a file lies, and how long it stays."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Self
from uuid import UUID

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

WHOLE_CALL = "call"  # the name of a call's own recording; answers have the names of their replies

_SHIPPED = Path(__file__).with_name("retention.yaml")


class RecordingKind(StrEnum):
    """What was recorded."""

    CALL = "call"  # both sides of a call, a channel each
    ANSWER = "answer"  # what an owner said to a script that asked for free words


class RecordingState(StrEnum):
    """Where a recording stands."""

    OWED = "owed"  # it began; a file of it must come
    STORED = "stored"
    MISSING = "missing"  # its file did not come, or cannot be read
    DELETED = "deleted"  # kept long enough


@dataclass(frozen=True, kw_only=True, slots=True)
class Sound:
    """What a stored file holds."""

    sha256: bytes
    size_bytes: int
    seconds: float
    channels: int
    rate: int  # samples a second


class RetentionRules(BaseModel):
    """How many days each kind is kept, counted from its beginning; data, with its source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    source: str
    days: Mapping[RecordingKind, Annotated[int, Field(ge=1)]]

    @model_validator(mode="after")
    def _names_all(self) -> Self:
        if missing := set(RecordingKind) - set(self.days):
            message = f"no days for {', '.join(sorted(missing))}"
            raise ValueError(message)
        return self

    def keep_until(self, kind: RecordingKind, started_at: datetime) -> datetime:
        """Return from when on a recording may go, unless somebody holds it."""
        return started_at + timedelta(days=self.days[kind])


@cache
def shipped_retention() -> RetentionRules:
    """Return the rules that come with the program."""
    return RetentionRules.model_validate(yaml.safe_load(_SHIPPED.read_text(encoding="utf-8")))


def kind_of(name: str) -> RecordingKind:
    """Return the kind of a recording by its name."""
    return RecordingKind.CALL if name == WHOLE_CALL else RecordingKind.ANSWER


def file_of(recording_id: UUID, started_at: datetime) -> str:
    """Return a recording's file in the store; nothing that came from outside is part of it."""
    return f"{started_at:%Y/%m/%d}/{recording_id}.wav"


def may_go(*, keep_until: datetime, held: bool, now: datetime) -> bool:
    """Say whether a stored recording has been kept long enough; a hold wins over every age."""
    return not held and keep_until <= now
