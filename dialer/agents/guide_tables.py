"""The guide of an agent's call at rest: the answers so far, and what is being written down."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base

# In a guide's base: the owner has said yes, where they have to; the line tells of the recording.
MAY_RECORD, ANNOUNCED = "may_record", "announced"


class CallGuide(Base):
    """The script an agent goes by on one call: its beginning, and the answers since.

    Where the talk stands is its beginning with the answers worked in, so that going back is taking
    answers away. `counter` grows with every change: what was sent from an older page changes
    nothing. Once the call is wrapped up, only which scripts were spoken is left.
    """

    __tablename__ = "call_guide"

    attempt_id: Mapped[UUID] = mapped_column(sa.ForeignKey("attempt.attempt_id"), primary_key=True)
    began_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    base: Mapped[dict[str, object]] = mapped_column(JSONB)
    answers: Mapped[list[dict[str, object]]] = mapped_column(JSONB, server_default="[]")
    counter: Mapped[int] = mapped_column(server_default="0")
    wrong_proofs: Mapped[int] = mapped_column(server_default="0")  # also those that were taken back
    identified: Mapped[bool] = mapped_column(server_default=sa.false())
    note: Mapped[str] = mapped_column(sa.Text, server_default="")
    typed: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")  # by step, but proofs
    drafts: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")
    __table_args__ = (sa.CheckConstraint("counter >= 0 AND wrong_proofs >= 0", name="counts"),)
