"""Which due call comes next for an agent: their own promises and owners first, then the team's."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaigns
from callback.model import DueCallState
from callback.uploaded_book import learn_campaigns
from callback.uploaded_model import campaign_name
from core.columns import AnyRow
from customers.model import CallMode
from dialer.agents.rules import AgentRules
from dialer.answering.reading import (
    FIRST_PHONE,
    PART,
    USUAL_ODDS,
    learned_of,
    local_at,
    own_chance,
)
from dialer.call_facts import Candidate, SettingBasis, load_candidates
from dialer.scoring import shipped_scoring

# So many are looked at for one that the rules allow.
REACH = 10
_NEAREST = 400  # so many are told apart by who is likelier to answer
_NOW = "CAST(:now AS timestamptz)"

# `keeper` has the first word on a due call: who promised it, else the owner's own agent. A keeper
# who is not at the desk, or has had the time the house gives, leaves it to the others.
#
# Of calls as good and due on one day the one whose owner is likelier to answer now comes first;
# what is due within a day, and what was promised for an hour, comes by the clock alone.
_CHOOSE = sa.text(f"""
    WITH first AS MATERIALIZED (
        SELECT dc.due_call_id, dc.appointment, dc.priority, dc.due_by,
               coalesce(dc.agent_id = :agent_id, false) AS is_promised,
               coalesce(own.agent_id = :agent_id, false) AS is_own
        FROM due_call dc
        JOIN person USING (person_id)
        LEFT JOIN portfolio own ON own.person_id = dc.person_id
        LEFT JOIN agent keeper ON keeper.agent_id = coalesce(dc.agent_id, own.agent_id)
        WHERE dc.state = 'waiting' AND dc.mode = 'agent' AND dc.next_at <= :now
          AND dc.campaign = ANY (CAST(:campaigns AS text[]))
          AND (cardinality(CAST(:languages AS text[])) = 0
               OR person.language = ANY (CAST(:languages AS text[])))
          AND (keeper.agent_id IS NULL OR keeper.agent_id = :agent_id OR NOT keeper.active
               OR keeper.state IN ('offline', 'break')
               OR :now >= greatest(dc.next_at, keeper.signed_in_at) + make_interval(mins =>
                   CASE WHEN dc.agent_id IS NULL THEN :own_minutes ELSE :promise_minutes END))
          AND NOT EXISTS (
              SELECT FROM attempt live
              WHERE live.person_id = dc.person_id AND live.state <> 'ended'
          )
          AND NOT EXISTS (
              SELECT FROM agent colleague
              JOIN due_call shown ON shown.due_call_id = colleague.due_call_id
              WHERE shown.person_id = dc.person_id AND colleague.agent_id <> :agent_id
          )
        ORDER BY is_promised DESC, dc.appointment DESC, is_own DESC, dc.priority DESC, dc.due_by,
                 dc.due_call_id
        LIMIT :nearest
    )
    SELECT dc.due_call_id
    FROM first
    JOIN due_call dc USING (due_call_id)
    JOIN community USING (community_id)
    {local_at(_NOW)}
    {FIRST_PHONE}
    {learned_of(person="dc.person_id", kind="line.kind")}
    WHERE dc.state = 'waiting' AND dc.mode = 'agent' AND dc.next_at <= :now
    ORDER BY first.is_promised DESC, first.appointment DESC, first.is_own DESC,
             first.priority DESC,
             CASE WHEN first.appointment OR first.due_by <= {_NOW} + interval '24 hours'
                  THEN first.due_by END,
             CAST(first.due_by AT TIME ZONE community.time_zone AS date),
             {own_chance(USUAL_ODDS, PART)} DESC, first.due_by, dc.due_call_id
    LIMIT :reach
    FOR NO KEY UPDATE OF dc SKIP LOCKED
""")  # noqa: S608 - the parts are constants of ours

# Two claims that want different due calls of one person at once: the second leaves the person.
_OF_PERSON = sa.text("""
    SELECT other.due_call_id
    FROM due_call lead
    JOIN due_call other USING (person_id)
    WHERE lead.due_call_id = :lead AND lead.state = 'waiting'
      AND pg_try_advisory_xact_lock(
          hashtextextended('ownerline claim of a person', lead.person_id))
      AND other.state = 'waiting' AND other.mode = :mode
      AND (other.due_call_id = lead.due_call_id
           OR (other.next_at <= :now AND other.campaign = ANY (CAST(:campaigns AS text[]))))
    ORDER BY other.due_call_id <> lead.due_call_id, other.due_call_id
    FOR NO KEY UPDATE OF other SKIP LOCKED
""")

_LISTS = sa.text("SELECT list_id FROM uploaded_list WHERE state = 'started' AND mode = 'agent'")

_STATE = sa.text("SELECT state FROM due_call WHERE due_call_id = :due_call_id")


async def choose(
    session: AsyncSession,
    agent: AnyRow,
    *,
    campaigns: Sequence[str],
    rules: AgentRules,
    now: datetime,
    promised_of: Sequence[str] = (),
) -> list[int]:
    """Return the due calls that come next for an agent, best first, held for the transaction.

    Of the campaigns `promised_of`, whose calls are placed ahead of agents, only what was promised.
    """
    if not (campaigns or promised_of):
        return []
    chosen = await session.execute(
        _CHOOSE,
        {
            "agent_id": agent.agent_id,
            "languages": list(agent.languages),
            "campaigns": list(campaigns),
            "promised_of": list(promised_of),
            "own_minutes": rules.own_agent_first_minutes,
            "promise_minutes": rules.promise_wait_minutes,
            "now": now,
            "nearest": _NEAREST,
            "reach": REACH,
            "answer_chance": shipped_scoring().answer_chance,
        },
    )
    return list(chosen.scalars())


async def learn_lists(session: AsyncSession, campaigns: Campaigns) -> None:
    """Bring the campaigns of started lists that agents call into the book."""
    list_ids = (await session.execute(_LISTS)).scalars()
    await learn_campaigns(session, [campaign_name(each) for each in list_ids], campaigns)


async def still_waits(session: AsyncSession, due_call_id: int) -> bool:
    """Say whether a due call has not been withdrawn or settled meanwhile."""
    state = await session.scalar(_STATE, {"due_call_id": due_call_id})
    return bool(state == DueCallState.WAITING)


async def load_with_the_persons_others(
    session: AsyncSession,
    due_call_id: int,
    *,
    own_campaigns: Sequence[str],
    basis: SettingBasis,
    campaigns: Campaigns,
    now: datetime,
) -> list[Candidate]:
    """Return a due call, first, and what else the person may be rung for by the same agent.

    Due calls and account rows are held to the end of the transaction. Nothing is returned while
    another claim holds the person or the due call.
    """
    rows = await session.execute(
        _OF_PERSON,
        {
            "lead": due_call_id,
            "mode": CallMode.AGENT,
            "campaigns": list(own_campaigns),
            "now": now,
        },
    )
    due_call_ids = list(rows.scalars())
    if due_call_ids[:1] != [due_call_id]:
        return []
    return await load_candidates(
        session, due_call_ids, now=now, basis=basis, campaigns=campaigns, lock=True
    )
