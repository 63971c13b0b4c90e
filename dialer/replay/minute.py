"""The looks of one minute: each due call, why it was rung or refused."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.packs import Packs
from dialer.replay.deciding import decide, packs_missing
from dialer.replay.instant_model import LookedThen, LookThen
from dialer.replay.model import LookKind
from dialer.replay.on_file import read_all
from dialer.replay.reading import RecordError, Seen

_MOST_LOOKS = 12
_MOST_SHOWN = 25  # due calls of a look
_MINUTE = timedelta(minutes=1)

_LOOKS = sa.text("""
    SELECT claim_record_id, at, kind, agent_id, looked_at, refused, placed, record,
           count(*) OVER () AS all_looks
    FROM claim_record
    WHERE at >= :since AND at < :until
    ORDER BY at, claim_record_id
    LIMIT :most
""")


async def looks_of(
    session: AsyncSession, at: datetime, *, packs: Packs
) -> tuple[list[LookThen], int]:
    """Return the first looks of the minute an instant lies in, and how many more there are."""
    since = at.replace(second=0, microsecond=0)
    rows = (
        await session.execute(
            _LOOKS, {"since": since, "until": since + _MINUTE, "most": _MOST_LOOKS}
        )
    ).all()
    if not rows:
        return [], 0
    seen = await read_all(session, rows)
    shown = [_look(row, seen[row.claim_record_id], packs) for row in rows]
    return shown, rows[0].all_looks - len(rows)


def _look(row: Any, seen: Seen | RecordError, packs: Packs) -> LookThen:
    kind, why = LookKind(row.kind), str(seen) if isinstance(seen, RecordError) else None
    return LookThen(
        claim_record_id=row.claim_record_id,
        at=row.at,
        kind=kind,
        agent_id=row.agent_id,
        looked_at=row.looked_at,
        refused=row.refused,
        placed=row.placed,
        looked=[] if isinstance(seen, RecordError) else _looked(kind, row.at, seen, packs),
        unreadable=why,
    )


def _looked(kind: LookKind, at: datetime, seen: Seen, packs: Packs) -> list[LookedThen]:
    decided = decide(kind, seen, at=at, packs=packs)
    rung = {due for call in seen.placed for due in call.due_call_ids}
    if kind in {LookKind.PREVIEW, LookKind.FILE} and seen.chosen is not None:
        rung.add(seen.chosen)
    return [
        LookedThen(
            due_call_id=each.candidate.due_call_id,
            person_id=each.candidate.person_id,
            campaign=each.candidate.due_call.campaign,
            rule=each.rule.value,
            until=each.until,
            verdict=(
                None
                if packs_missing(each, seen, packs)
                else decided.verdicts.get(each.candidate.due_call_id)
            ),
            rung=each.candidate.due_call_id in rung,
        )
        for each in list(seen.looked)[:_MOST_SHOWN]
    ]
