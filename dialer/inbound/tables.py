"""Calls that came in, at rest."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import one_of
from core.database import Base
from dialer.inbound.model import InboundResult


class InboundRow(Base):
    """One call that came in, whoever rang and whatever became of it.

    `channel` is the carrier's own name of it. `e164` is None where it was withheld, `person_id`
    where nobody, or more than one, has the number. `callback_person_id` is whom we ring back, if
    we owe it. A call about due calls has an attempt of the same id; `talk` is the state of a call
    about none.
    """

    __tablename__ = "inbound_call"

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(sa.Text, unique=True)
    bridge: Mapped[str] = mapped_column(sa.String(32))
    trunk: Mapped[str] = mapped_column(sa.String(64))
    e164: Mapped[str | None] = mapped_column(sa.String(17))
    dialled: Mapped[str] = mapped_column(sa.Text)
    community_id: Mapped[int | None] = mapped_column(sa.ForeignKey("community.community_id"))
    person_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.person_id", ondelete="SET NULL")
    )
    callback_person_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.person_id", ondelete="SET NULL")
    )
    attempt_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("attempt.attempt_id"))
    agent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agent.agent_id"))
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    seconds: Mapped[float | None]
    result: Mapped[InboundResult | None] = mapped_column(one_of(InboundResult))
    wish_at: Mapped[datetime | None]  # when to ring; None: as soon as may be
    wish_e164: Mapped[str | None] = mapped_column(sa.String(17))  # where, if not at `e164`
    message: Mapped[str | None] = mapped_column(sa.Text)  # the recording of the word they left
    message_s: Mapped[float | None]
    talk: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    __table_args__ = (
        sa.CheckConstraint(
            "(ended_at IS NULL) = (result IS NULL) AND (ended_at IS NULL) = (seconds IS NULL)"
            " AND at <= ended_at",
            name="ended_with_a_result",
        ),
        sa.Index("ix_inbound_call_at", "at"),
        sa.Index("ix_inbound_call_person", "person_id", "at"),
        sa.Index(
            "ix_inbound_call_callback",
            "callback_person_id",
            "at",
            postgresql_where="callback_person_id IS NOT NULL",
        ),
        sa.Index("ix_inbound_call_live", "trunk", postgresql_where="ended_at IS NULL"),
    )
