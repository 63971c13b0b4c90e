"""Agents, every change of where they stand, what they skipped, and whose owners are whose."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import one_of
from core.database import Base
from dialer.agents.model import (
    AgentState,
    BreakReason,
    CommandKind,
    CommandState,
    SkipReason,
)
from dialer.bridges.floor import PhoneTrouble


class Agent(Base):
    """A person of ours who takes part in calls, and where they stand now.

    Without `languages` an agent speaks all of them. `until` belongs to an offer or a wrap-up;
    `heartbeat_at` is the last word of the agent's screen, in the database's real time. The
    attempt is no foreign key: attempts name their agent, and are never deleted.
    """

    __tablename__ = "agent"

    agent_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text, unique=True)
    team: Mapped[str | None] = mapped_column(sa.String(64))
    skills: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    languages: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    weight: Mapped[float] = mapped_column(server_default="1")  # of owners, beside the others
    endpoint: Mapped[str | None] = mapped_column(sa.Text)  # where the desk is rung, say PJSIP/101
    room: Mapped[str] = mapped_column(sa.String(64), unique=True)
    active: Mapped[bool] = mapped_column(server_default=sa.true())  # on the roster
    state: Mapped[AgentState] = mapped_column(one_of(AgentState), server_default="offline")
    state_since: Mapped[datetime]
    until: Mapped[datetime | None]
    attempt_id: Mapped[UUID | None]
    due_call_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("due_call.due_call_id"), unique=True
    )
    dial: Mapped[bool] = mapped_column(server_default=sa.false())  # the one shown may ring
    hang_up: Mapped[bool] = mapped_column(server_default=sa.false())  # the call must end
    break_reason: Mapped[BreakReason | None] = mapped_column(one_of(BreakReason))
    signed_in_at: Mapped[datetime | None]  # last
    heartbeat_at: Mapped[datetime | None]
    seated_on: Mapped[str | None] = mapped_column(sa.Text)  # where their phone is in its room
    seat_seen_at: Mapped[datetime | None]  # by a dialer, last; the database's real time
    phone_asked: Mapped[bool] = mapped_column(server_default=sa.false())  # to be rung now
    phone_rung_at: Mapped[datetime | None]  # last
    phone_rings: Mapped[int] = mapped_column(server_default="0")  # since they last picked up
    phone_trouble: Mapped[PhoneTrouble | None] = mapped_column(one_of(PhoneTrouble))
    __table_args__ = (
        sa.CheckConstraint("name <> '' AND room <> ''", name="named"),
        sa.CheckConstraint("weight > 0", name="takes_owners"),
        sa.CheckConstraint(
            "(state IN ('on_call', 'wrap_up') AND attempt_id IS NOT NULL)"
            " OR (state = 'reserved' AND num_nonnulls(attempt_id, due_call_id) = 1)"
            " OR (state IN ('ready', 'break', 'offline')"
            " AND num_nonnulls(attempt_id, due_call_id, until) = 0)",
            name="stands_somewhere",
        ),
        sa.CheckConstraint(
            "(state = 'break') = (break_reason IS NOT NULL)", name="break_has_a_reason"
        ),
        sa.CheckConstraint(
            "until IS NOT NULL OR (state <> 'wrap_up' AND due_call_id IS NULL)", name="ends_once"
        ),
        sa.Index("uq_agent_attempt", "attempt_id", unique=True),
        sa.Index("ix_agent_ready", "state_since", postgresql_where="state = 'ready'"),
    )


class AgentStateChange(Base):
    """One step of an agent; append-only, so that rosters and reports can be made."""

    __tablename__ = "agent_state_change"

    agent_state_change_id: Mapped[int] = mapped_column(
        sa.BigInteger, sa.Identity(), primary_key=True
    )
    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("agent.agent_id"))
    at: Mapped[datetime]
    from_state: Mapped[AgentState] = mapped_column(one_of(AgentState, "from_state"))
    to_state: Mapped[AgentState] = mapped_column(one_of(AgentState, "to_state"))
    attempt_id: Mapped[UUID | None]
    due_call_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    by: Mapped[str] = mapped_column(sa.Text)  # agent, dialer, sweep, or a supervisor's name
    why: Mapped[str] = mapped_column(sa.Text)
    __table_args__ = (sa.Index("ix_agent_state_change_agent", "agent_id", "at"),)


class PreviewSkip(Base):
    """A due call an agent was shown and did not dial; append-only."""

    __tablename__ = "preview_skip"

    preview_skip_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("agent.agent_id"), index=True)
    due_call_id: Mapped[int] = mapped_column(sa.ForeignKey("due_call.due_call_id"), index=True)
    at: Mapped[datetime]
    reason: Mapped[SkipReason] = mapped_column(one_of(SkipReason))
    note: Mapped[str | None] = mapped_column(sa.Text)
    next_at: Mapped[datetime]


class FloorCommand(Base):
    """What somebody asked of a call or a room; the dialer that carries it does it, or nobody.

    Its instants are the database's real time: a command that nobody took in its seconds has failed
    and is never carried out later.
    """

    __tablename__ = "floor_command"

    command_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    kind: Mapped[CommandKind] = mapped_column(one_of(CommandKind))
    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("agent.agent_id"))  # whose call or room
    attempt_id: Mapped[UUID | None]  # None: of the room, whoever is in it
    given: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")
    asked_by: Mapped[str] = mapped_column(sa.Text)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[CommandState] = mapped_column(one_of(CommandState), server_default="asked")
    reason: Mapped[str | None] = mapped_column(sa.Text)
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("(state = 'failed') = (reason IS NOT NULL)", name="failed_for_a_reason"),
        sa.CheckConstraint(
            "(state IN ('done', 'failed')) = (ended_at IS NOT NULL)", name="ends_once"
        ),
        sa.CheckConstraint("kind = 'monitor' OR attempt_id IS NOT NULL", name="is_of_a_call"),
        sa.Index(
            "ix_floor_command_open", "expires_at", postgresql_where="state IN ('asked', 'taken')"
        ),
        sa.Index("ix_floor_command_agent", "agent_id", "asked_at"),
    )


class Portfolio(Base):
    """A person's own agent; `by_hand` is left alone when owners are shared out."""

    __tablename__ = "portfolio"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.person_id"), primary_key=True)
    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("agent.agent_id"), index=True)
    assigned_at: Mapped[datetime]
    by_hand: Mapped[bool] = mapped_column(server_default=sa.false())
