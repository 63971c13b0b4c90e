"""How the controls of an agent's call stand: on hold, recording paused, who else is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import table_of
from dialer.agents.model import CommandKind, CommandState
from dialer.agents.tables import FloorCommand

_COMMAND = table_of(FloorCommand)
_KEPT = 40
NOBODY = "no dialer carries the call any more"
LEFT = "the dialer that took it has gone"

_OF_CALL = (
    sa.select(
        _COMMAND.c.kind,
        _COMMAND.c.state,
        _COMMAND.c.reason,
        (_COMMAND.c.expires_at <= sa.func.clock_timestamp()).label("too_late"),
    )
    .where(
        _COMMAND.c.agent_id == sa.bindparam("agent_id"),
        _COMMAND.c.attempt_id == sa.bindparam("attempt_id"),
        _COMMAND.c.kind != CommandKind.MONITOR,
    )
    .order_by(_COMMAND.c.command_id.desc())
    .limit(_KEPT)
)

# What shows at which control; of each group the last word counts.
GROUPS: Mapping[CommandKind, str] = {
    CommandKind.HOLD: "hold",
    CommandKind.BACK: "hold",
    CommandKind.PAUSE_RECORDING: "record",
    CommandKind.RESUME_RECORDING: "record",
    CommandKind.TO_AGENT: "transfer",
    CommandKind.TO_NUMBER: "transfer",
    CommandKind.INVITE: "transfer",
    CommandKind.DISMISS: "transfer",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Controls:
    """What was done with a call, what is being done, and what could not be."""

    on_hold: bool = False
    paused: bool = False
    guest: bool = False
    pending: frozenset[str] = frozenset()  # controls whose last command is on its way
    troubles: Mapping[str, str] = field(default_factory=dict)  # control → why it failed
    nobody: frozenset[str] = frozenset({NOBODY, LEFT})  # of these, what says that nobody took it


async def controls_of(session: AsyncSession, agent_id: int, attempt_id: UUID) -> Controls:
    """Return how the controls of an agent's call stand."""
    of_call = {"agent_id": agent_id, "attempt_id": attempt_id}
    rows = (await session.execute(_OF_CALL, of_call)).all()
    pending, troubles, seen = set(), dict[str, str](), set[str]()
    done: dict[str, CommandKind] = {}
    for row in rows:
        control = GROUPS[row.kind]
        open_still = row.state in {CommandState.ASKED, CommandState.TAKEN}
        if control not in seen:
            seen.add(control)
            if open_still and not row.too_late:
                pending.add(control)
            elif row.state is CommandState.FAILED or open_still:
                troubles[control] = row.reason or NOBODY
        if row.state is CommandState.DONE:
            done.setdefault(control, row.kind)
    return Controls(
        on_hold=done.get("hold") is CommandKind.HOLD,
        paused=done.get("record") is CommandKind.PAUSE_RECORDING,
        guest=done.get("transfer") is CommandKind.INVITE,
        pending=frozenset(pending),
        troubles=troubles,
    )
