"""How often each edition of a script was spoken, and how often it came to something."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.model import WrapUpCode

# What a talk comes to where somebody had something to say.
_SETTLED = (
    WrapUpCode.PROMISE_TO_PAY,
    WrapUpCode.ALREADY_PAID,
    WrapUpCode.SATISFIED,
    WrapUpCode.DISSATISFIED,
    WrapUpCode.SURVEY_COMPLETE,
    WrapUpCode.INFORMATION_GIVEN,
)
_USES = sa.text("""
    SELECT served.script_version AS version, count(*) AS calls,
           count(*) FILTER (WHERE served.wrap_up_code = ANY (CAST(:settled AS text[]))) AS settled
    FROM attempt_due_call AS served
    JOIN due_call USING (due_call_id)
    WHERE due_call.script = :name AND served.script_version IS NOT NULL
    GROUP BY served.script_version
""")
_NOTE = sa.text("""
    UPDATE attempt_due_call AS served
    SET script_version = CAST(CAST(:versions AS jsonb) ->> due_call.script AS integer)
    FROM due_call
    WHERE served.attempt_id = :attempt_id AND due_call.due_call_id = served.due_call_id
      AND served.script_version IS NULL
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """How an edition fared: people spoken to, and how many of these talks settled their matter."""

    version: int
    calls: int
    settled: int

    @property
    def share(self) -> str:
        """The part that settled its matter, in per cent."""
        return f"{self.settled / self.calls:.0%}"


async def uses_of(session: AsyncSession, name: str) -> Mapping[int, Use]:
    """Return how often each edition of a script was spoken."""
    rows = await session.execute(
        _USES, {"name": name, "settled": [code.value for code in _SETTLED]}
    )
    return {
        row.version: Use(version=row.version, calls=row.calls, settled=row.settled) for row in rows
    }


async def note_versions(
    session: AsyncSession, attempt_id: UUID, versions: Mapping[str, int]
) -> None:
    """Write on an attempt which edition of each script it is spoken by."""
    await session.execute(
        _NOTE,
        {"attempt_id": attempt_id, "versions": json.dumps(dict(versions))},
    )
