"""Which page speaks for an agent, and what of a call's file it has been shown, at rest."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class DeskTab(Base):
    """The page that holds an agent's desk: the one opened, or taken back, last.

    `looked` are the parts of the file that were shown of `looked_of`, the present call or offer:
    each goes on the audit once.
    """

    __tablename__ = "desk_tab"

    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("agent.agent_id"), primary_key=True)
    tab: Mapped[str] = mapped_column(sa.String(64))
    taken_at: Mapped[datetime]
    looked_of: Mapped[str | None] = mapped_column(sa.String(64))
    looked: Mapped[list[str]] = mapped_column(ARRAY(sa.String(32)), server_default="{}")
