"""What would happen if a draft were started now: the start itself, batch by batch, taken back.

Each batch's people and due calls are written, judged as a claim judges them, and undone, so the
preview cannot differ from the start, and its memory does not grow with the list.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaigns, UploadedCampaign
from callback.model import DueCallState
from callback.packs import Packs
from callback.tables import DueCall
from callback.uploaded import load_list, needs_unit, script_of
from callback.uploaded_book import campaign_of
from callback.uploaded_matching import make_due_calls, match_rows
from callback.uploaded_model import ListState, UploadedListError, row_of_subject
from callback.uploaded_tables import UploadedList, UploadedRow
from callback.verdict import judge
from core.columns import AnyRow, table_of
from dialer.call_facts import Candidate, SettingBasis, load_candidates, load_matters
from dialer.plan import House, build_plan
from scripts.interpreter import advance, start
from scripts.library import Library
from scripts.model import AskKind, CallPlan, Reply, ReplyKind

BATCH = 500

# Of longer lists so many rows are judged, in batches spread evenly over the list.
JUDGED = 20_000

_SAMPLES = 3
_REFUSALS_SHOWN = 5
_SPEAKING_KEY = "1"  # "yes, that is me", in every shipped opening

_LIST, _ROW, _DUE_CALL = table_of(UploadedList), table_of(UploadedRow), table_of(DueCall)
_BLOCKS = sa.text("""
    SELECT min(row_number) AS first, max(row_number) AS last
    FROM (
        SELECT row_number, (row_number() OVER (ORDER BY row_number) - 1) / :size AS block
        FROM uploaded_row
        WHERE list_id = :list_id AND refusal IS NULL AND withdrawn_at IS NULL
    ) AS numbered
    GROUP BY block
    ORDER BY block
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewBasis:
    """What a preview goes by: the books, the rule packs, how we present ourselves, the switches."""

    campaigns: Campaigns
    library: Library
    packs: Packs
    house: House
    setting: SettingBasis


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleRow:
    """A row that would be called, and the first words its person would hear."""

    row_number: int
    match: str
    name: str
    phone: str | None
    variables: Mapping[str, Any]
    said: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "row": self.row_number,
            "match": self.match,
            "name": self.name,
            "phone": self.phone,
            "variables": dict(self.variables),
            "said": list(self.said),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusedRow:
    """A row that would not be called, and why."""

    row_number: int
    reason: str
    detail: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListPreview:
    """What a start at `at` would come to.

    `matched` counts rows by how their person was found (phone, unit, new), `refused` the rest by
    why; `verdicts` counts the judged rows by decision, then by the rule that decided.
    """

    list_id: int
    at: datetime
    rows: int
    matched: Mapping[str, int]
    refused: Mapping[str, int]
    judged: int
    verdicts: Mapping[str, Mapping[str, int]]
    refused_rows: tuple[RefusedRow, ...]
    samples: tuple[SampleRow, ...]

    @property
    def callable(self) -> int:
        """How many rows would become due calls."""
        return sum(self.matched.values())

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "list_id": self.list_id,
            "at": self.at.isoformat(),
            "rows": self.rows,
            "callable": self.callable,
            "matched": dict(self.matched),
            "refused": dict(self.refused),
            "judged": self.judged,
            "verdicts": {word: dict(rules) for word, rules in self.verdicts.items()},
            "refused_rows": [
                {"row": each.row_number, "reason": each.reason, "detail": each.detail}
                for each in self.refused_rows
            ],
            "samples": [each.as_json() for each in self.samples],
        }


@dataclass(slots=True)
class _Tally:
    judged: int = 0
    verdicts: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    samples: list[SampleRow] = field(default_factory=list)


async def preview_list(
    session: AsyncSession,
    *,
    list_id: int,
    basis: PreviewBasis,
    now: datetime,
    judge_at_most: int = JUDGED,
    on_judged: Callable[[int], None] | None = None,
) -> ListPreview:
    """Say what a start of a draft at `now` would come to; only whom its rows mean is kept.

    Raises:
        UploadedListError: it was started already, or there is none.
        VariableError: its script would miss something that the call itself should give.
    """
    uploaded = await load_list(session, list_id=list_id, lock=True)
    if uploaded.state is not ListState.DRAFT:
        message = (
            f"list {uploaded.name} was started already; `ownerline lists show` tells its course"
        )
        raise UploadedListError(message)
    script = script_of(uploaded, basis.library)
    await match_rows(session, uploaded, now=now, needs_unit=needs_unit(script))
    campaign = campaign_of(uploaded)
    own = PreviewBasis(
        campaigns=basis.campaigns.with_list(campaign),
        library=basis.library.with_script(script),
        packs=basis.packs,
        house=basis.house,
        setting=basis.setting,
    )
    tally = _Tally()
    for first, last in await _blocks(session, list_id, judge_at_most):
        async with session.begin_nested() as attempt:
            await _judge(session, uploaded, campaign, own, tally, first=first, last=last, now=now)
            await attempt.rollback()
        if on_judged is not None:
            on_judged(tally.judged)
    return await _preview(session, list_id, tally, now=now)


async def _blocks(session: AsyncSession, list_id: int, most: int) -> Sequence[tuple[int, int]]:
    rows = (await session.execute(_BLOCKS, {"list_id": list_id, "size": BATCH})).all()
    step = max(1, -(-len(rows) * BATCH // max(BATCH, most)))
    return [(row.first, row.last) for row in rows[::step]]


async def _judge(
    session: AsyncSession,
    uploaded: AnyRow,
    campaign: UploadedCampaign,
    basis: PreviewBasis,
    tally: _Tally,
    *,
    first: int,
    last: int,
    now: datetime,
) -> None:
    started = {"state": ListState.STARTED, "started_at": now}
    await session.execute(
        sa.update(_LIST).where(_LIST.c.list_id == uploaded.list_id).values(started)
    )
    await make_due_calls(session, uploaded, campaign, first=first, last=last, now=now)
    ids = await session.scalars(
        sa.select(_DUE_CALL.c.due_call_id)
        .where(_DUE_CALL.c.campaign == campaign.name, _DUE_CALL.c.state == DueCallState.WAITING)
        .order_by(_DUE_CALL.c.due_call_id)
    )
    candidates = await load_candidates(
        session,
        ids.all(),
        now=now,
        basis=basis.setting,
        campaigns=basis.campaigns,
        lock=False,
    )
    for candidate in candidates:
        verdict = judge(now, candidate.facts, basis.packs)
        tally.verdicts[verdict.decision.value][verdict.rule.value] += 1
        tally.judged += 1
    wanted = candidates[: max(0, _SAMPLES - len(tally.samples))]
    tally.samples += [await _sample(session, each, basis, now=now) for each in wanted]


async def _sample(
    session: AsyncSession, candidate: Candidate, basis: PreviewBasis, *, now: datetime
) -> SampleRow:
    list_id, row_number = row_of_subject(candidate.due_call.subject)
    matters = await load_matters(session, [candidate.due_call_id], now=now)
    match = await session.scalar(
        sa.select(_ROW.c.match).where(_ROW.c.list_id == list_id, _ROW.c.row_number == row_number)
    )
    return SampleRow(
        row_number=row_number,
        match=match or "",
        name=candidate.due_call.person_name,
        phone=next(iter(candidate.phone_ids), None),
        variables=candidate.subject.script_variables,
        said=first_words(basis.library, build_plan(matters, house=basis.house, now=now)),
    )


def first_words(library: Library, plan: CallPlan) -> tuple[str, ...]:
    """Return what a person hears first, and after saying that it is them."""
    state, turn = start(library, plan)
    said = turn.say
    if turn.ask is not None and turn.ask.kind is AskKind.KEY:
        _, turn = advance(library, state, Reply(kind=ReplyKind.KEYS, value=_SPEAKING_KEY))
        said += turn.say
    return said


async def _preview(
    session: AsyncSession, list_id: int, tally: _Tally, *, now: datetime
) -> ListPreview:
    counted = await session.execute(
        sa.select(_ROW.c.refusal, _ROW.c.match, sa.func.count())
        .where(_ROW.c.list_id == list_id, _ROW.c.withdrawn_at.is_(None))
        .group_by(_ROW.c.refusal, _ROW.c.match)
        .order_by(_ROW.c.refusal, _ROW.c.match)
    )
    matched: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for refusal, match, number in counted:
        if refusal is None:
            matched[match] += number
        else:
            refused[refusal] += number
    shown = await session.execute(
        sa.select(_ROW.c.row_number, _ROW.c.refusal, _ROW.c.refusal_detail)
        .where(_ROW.c.list_id == list_id, _ROW.c.refusal.is_not(None))
        .order_by(_ROW.c.row_number)
        .limit(_REFUSALS_SHOWN)
    )
    return ListPreview(
        list_id=list_id,
        at=now,
        rows=matched.total() + refused.total(),
        matched=dict(matched),
        refused=dict(refused),
        judged=tally.judged,
        verdicts={word: dict(rules) for word, rules in sorted(tally.verdicts.items())},
        refused_rows=tuple(
            RefusedRow(row_number=row.row_number, reason=row.refusal, detail=row.refusal_detail)
            for row in shown
        ),
        samples=tuple(tally.samples),
    )
