"""Who is told of what happens here, and what each of them was told, at rest."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class Webhook(Base):
    """An address of another system that wants to hear of some kinds of events.

    The secret signs what is sent there, so it is kept as it is, and never shown again. After tries
    that failed in a row the address rests, and nothing is sent there meanwhile.
    """

    __tablename__ = "webhook"

    webhook_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    url: Mapped[str] = mapped_column(sa.Text)
    secret: Mapped[str] = mapped_column(sa.Text)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(sa.Text)
    disabled_at: Mapped[datetime | None]
    rests_until: Mapped[datetime | None]
    failures_in_a_row: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (sa.CheckConstraint("cardinality(kinds) > 0", name="has_a_kind"),)


class Delivery(Base):
    """One event for one webhook; its id stays the same over every try."""

    __tablename__ = "delivery"

    delivery_id: Mapped[UUID] = mapped_column(
        primary_key=True, server_default=sa.text("gen_random_uuid()")
    )
    webhook_id: Mapped[int] = mapped_column(sa.ForeignKey("webhook.webhook_id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    payload: Mapped[dict[str, object]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    give_up_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(server_default="0")
    last_status: Mapped[str | None] = mapped_column(sa.Text)
    delivered_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("delivered_at IS NULL OR failed_at IS NULL", name="one_end"),
        sa.Index("ix_delivery_created", "created_at"),
        sa.Index(
            "ix_delivery_open",
            "created_at",
            postgresql_where="delivered_at IS NULL AND failed_at IS NULL",
        ),
    )
