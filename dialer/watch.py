"""Which ringing calls must be cut because the account behind them has changed."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaigns
from callback.packs import Packs
from callback.rules import Rule
from callback.verdict import judge
from dialer.call_facts import SettingBasis, load_candidates
from dialer.model import AttemptState
from dialer.tables import Attempt, AttemptDueCall

# Facts of the account that end a call before it is answered; hours and caps do not.
_CUTS = frozenset(
    {
        Rule.REASON_GONE,
        Rule.DECEASED,
        Rule.DISPUTED,
        Rule.OPTED_OUT,
        Rule.OPTED_OUT_OF_PURPOSE,
        Rule.OPTED_OUT_OF_REASON,
        Rule.NO_USABLE_PHONE,
        Rule.CONSENT_WITHDRAWN,
    }
)


async def calls_to_cut(
    session: AsyncSession,
    attempt_ids: Collection[UUID],
    *,
    now: datetime,
    basis: SettingBasis,
    campaigns: Campaigns,
    packs: Packs,
) -> list[UUID]:
    """Return those of the calls that are not answered yet and that no due call justifies now."""
    rows = await session.execute(
        sa.select(Attempt.attempt_id, AttemptDueCall.due_call_id)
        .join(AttemptDueCall, AttemptDueCall.attempt_id == Attempt.attempt_id)
        .where(
            Attempt.attempt_id.in_(attempt_ids),
            Attempt.state.not_in([AttemptState.ANSWERED, AttemptState.ENDED]),
        )
    )
    served: dict[UUID, list[int]] = {}
    for attempt_id, due_call_id in rows:
        served.setdefault(attempt_id, []).append(due_call_id)
    due_call_ids = [due_call_id for each in served.values() for due_call_id in each]
    candidates = await load_candidates(
        session, due_call_ids, now=now, basis=basis, campaigns=campaigns, lock=False
    )
    cut = {each.due_call_id for each in candidates if judge(now, each.facts, packs).rule in _CUTS}
    return [attempt_id for attempt_id, ids in served.items() if cut.issuperset(ids)]
