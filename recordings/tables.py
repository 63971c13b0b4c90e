"""Recordings at rest: what is owed, where it lies, who holds it, and what never came."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import one_of
from core.database import Base
from customers.model import RecordingConsent
from recordings.model import RecordingKind, RecordingState


class Recording(Base):
    """One recording of a call that we placed or that came in.

    Calls are kept a floor above, so that `attempt_id` and `inbound_call_id` are no foreign keys.
    """

    __tablename__ = "recording"

    recording_id: Mapped[UUID] = mapped_column(primary_key=True)
    attempt_id: Mapped[UUID | None]
    inbound_call_id: Mapped[UUID | None]
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.person_id"))
    name: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[RecordingKind] = mapped_column(one_of(RecordingKind))
    location: Mapped[str] = mapped_column(sa.String(200), unique=True)  # as the bridge told it
    consent: Mapped[RecordingConsent | None] = mapped_column(one_of(RecordingConsent))
    state: Mapped[RecordingState] = mapped_column(one_of(RecordingState))
    started_at: Mapped[datetime]
    told_at: Mapped[datetime | None]  # when the bridge said that the file is whole
    file: Mapped[str | None]  # in the store
    sha256: Mapped[bytes | None]
    size_bytes: Mapped[int | None] = mapped_column(sa.BigInteger)
    seconds: Mapped[float | None]
    channels: Mapped[int | None]
    rate: Mapped[int | None]
    stored_at: Mapped[datetime | None]
    keep_until: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    missing_since: Mapped[datetime | None]
    missing_why: Mapped[str | None]
    held_by: Mapped[str | None]
    held_at: Mapped[datetime | None]
    held_why: Mapped[str | None]
    __table_args__ = (
        sa.Index("ix_recording_attempt", "attempt_id"),
        sa.Index("ix_recording_inbound_call", "inbound_call_id"),
        sa.Index("ix_recording_person", "person_id", "recording_id"),
        sa.Index("ix_recording_started", "started_at"),
        sa.Index("ix_recording_open", "state", postgresql_where="state IN ('owed', 'missing')"),
        sa.Index(
            "ix_recording_keep_until",
            "keep_until",
            postgresql_where="state = 'stored' AND held_at IS NULL",
        ),
        sa.CheckConstraint("num_nonnulls(attempt_id, inbound_call_id) = 1", name="of_one_call"),
        sa.CheckConstraint(
            "(state IN ('stored', 'deleted')) = (stored_at IS NOT NULL)"
            " AND num_nonnulls(file, sha256, size_bytes, seconds, channels, rate, keep_until)"
            " = CASE WHEN stored_at IS NULL THEN 0 ELSE 7 END",
            name="stored_is_measured",
        ),
        sa.CheckConstraint(
            "(state = 'missing') = (missing_since IS NOT NULL)"
            " AND (missing_since IS NULL) = (missing_why IS NULL)",
            name="missing_says_why",
        ),
        sa.CheckConstraint(
            "(state = 'deleted') = (deleted_at IS NOT NULL)", name="deleted_says_when"
        ),
        sa.CheckConstraint(
            "num_nonnulls(held_by, held_at, held_why) IN (0, 3)"
            " AND (state <> 'deleted' OR held_at IS NULL)",
            name="held_by_somebody",
        ),
    )


class RecordingWave(Base):
    """What a stored recording looks like: the loudest of each bar, channel after channel.

    A byte a bar, 0 for silence to 255 for the loudest that 16 bits hold.
    """

    __tablename__ = "recording_wave"

    recording_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("recording.recording_id", ondelete="CASCADE"), primary_key=True
    )
    bars: Mapped[int]
    peaks: Mapped[bytes]
    __table_args__ = (
        sa.CheckConstraint("bars > 0 AND octet_length(peaks) % bars = 0", name="whole_bars"),
    )
