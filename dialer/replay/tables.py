"""What claims and refills of the window saw, at rest."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import one_of
from core.database import Base
from dialer.replay.model import LookKind


class ClaimRecord(Base):
    """One look at due calls: all the facts that were judged, and what was chosen; append-only.

    `record` is compressed JSON, as dialer/replay/writing.py makes it. It holds ids and instants, no
    name, and no number that the person still has.
    """

    __tablename__ = "claim_record"

    claim_record_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[LookKind] = mapped_column(one_of(LookKind))
    bridge: Mapped[str] = mapped_column(sa.String(32))
    agent_id: Mapped[int | None] = mapped_column(sa.BigInteger)  # for whom; None: the script's call
    looked_at: Mapped[int]  # due calls
    refused: Mapped[int]  # of them
    placed: Mapped[int]  # attempts committed
    record: Mapped[bytes]
    __table_args__ = (
        sa.CheckConstraint(
            "looked_at > 0 AND refused >= 0 AND refused <= looked_at AND placed >= 0",
            name="counts_what_it_saw",
        ),
        sa.Index("ix_claim_record_at", "at", "claim_record_id"),
        sa.Index(
            "ix_claim_record_refused", "at", "claim_record_id", postgresql_where="refused > 0"
        ),
    )


class WindowRecord(Base):
    """The ready window as a refill left it: how many it held, and the first of them; append-only.

    `first` is a list of [due_call_id, score], best first.
    """

    __tablename__ = "window_record"

    window_record_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    at: Mapped[datetime]
    held: Mapped[int]
    first: Mapped[list[object]] = mapped_column(JSONB)
    __table_args__ = (sa.Index("ix_window_record_at", "at", "window_record_id"),)
