"""Which ringing calls must be cut because the account behind them has changed."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaigns
from callback.packs import Packs
from callback.rules import Rule
from callback.verdict import CallFacts, judge
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
    person_ids: Collection[int] | None = None,
) -> list[UUID]:
    """Return those of the calls that are not answered yet and that no due call justifies now.

    With `person_ids`, only calls to these persons are looked at.
    """
    query = (
        sa.select(Attempt.attempt_id, Attempt.e164, AttemptDueCall.due_call_id)
        .join(AttemptDueCall, AttemptDueCall.attempt_id == Attempt.attempt_id)
        .where(
            Attempt.attempt_id.in_(attempt_ids),
            Attempt.state.not_in([AttemptState.ANSWERED, AttemptState.ENDED]),
        )
    )
    if person_ids is not None:
        query = query.where(Attempt.person_id.in_(person_ids))
    rows = await session.execute(query)
    served = {row.due_call_id: row for row in rows}
    # A switch is no fact of the account, and must not hide one: stopping has its own way to cut.
    unswitched = replace(
        basis, armed=True, stopped=False, reconciled=True, paused_campaigns=frozenset()
    )
    candidates = await load_candidates(
        session, list(served), now=now, basis=unswitched, campaigns=campaigns, lock=False
    )
    justified = {
        served[each.due_call_id].attempt_id
        for each in candidates
        if judge(now, _on_phone(each.facts, served[each.due_call_id].e164), packs).rule not in _CUTS
    }
    return [
        each
        for each in dict.fromkeys(row.attempt_id for row in served.values())
        if each not in justified
    ]


def _on_phone(facts: CallFacts, e164: str) -> CallFacts:
    """Return the facts as if the person had only the phone that rings."""
    return replace(facts, phones=tuple(each for each in facts.phones if each.phone.e164 == e164))
