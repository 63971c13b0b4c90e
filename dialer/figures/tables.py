"""Figures of days that are over, kept so that a report need not count every call again."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class CountedDay(Base):
    """A local day that was counted, in every community's own zone.

    The database itself takes the row away when a call of the day changes afterwards (a correction,
    a late wrap-up), or a community's zone does: the day is then counted live until it is kept
    anew. So what is kept and what is live come to the same at every instant.
    """

    __tablename__ = "counted_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    counted_at: Mapped[datetime]


class CallFigure(Base):
    """Calls of one community on one local day, by what `figure` counts them.

    | figure | of | word | what is counted |
    |---|---|---|---|
    | hour | hour of the day | | calls, connected, answered |
    | result | campaign | telephony result | calls |
    | agent | agent's id | | calls, answered (met), talk_s, wrap_up_s |
    | code | reason | wrap-up code | talks, as calls |
    | agent_code | agent's id | wrap-up code | talks, as calls |
    """

    __tablename__ = "call_figure"

    day: Mapped[date] = mapped_column(primary_key=True)
    community_id: Mapped[int] = mapped_column(
        sa.ForeignKey("community.community_id"), primary_key=True
    )
    figure: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    of: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    word: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    calls: Mapped[int] = mapped_column(sa.BigInteger)
    connected: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    answered: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    talk_s: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    wrap_up_s: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
