"""Quality samples of agents' calls: drawn at random of a month, once, read with their scores."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from callback.rebuild import rebuild_soon
from core.columns import AnyRow, table_of
from core.errors import OwnerlineError
from customers.after_service import Round, ask_after_service
from customers.periods import Period, within
from recordings.quality_model import Level, QualityRules, SampleRules, lot
from recordings.quality_tables import QualityItem, QualitySample

_SAMPLE, _ITEM = table_of(QualitySample), table_of(QualityItem)
_LONGEST_MONTH = 31

# An agent's talks with owners that have their outcome; lots as `recordings.quality_model.lot`.
_DRAW = sa.text(f"""
    WITH talk AS (
        SELECT a.attempt_id, served.due_call_id, a.agent_id, a.person_id, dc.community_id,
               dc.reason, a.met_at AS talked_at,
               sha256(convert_to('draw:' || CAST(:seed AS text) || ':' || a.attempt_id, 'UTF8'))
                   AS lot
        FROM attempt a
        JOIN attempt_due_call served
            ON served.attempt_id = a.attempt_id AND served.position = 0
        JOIN due_call dc ON dc.due_call_id = served.due_call_id
        JOIN community c ON c.community_id = dc.community_id
        WHERE a.state = 'ended' AND a.agent_id IS NOT NULL AND a.met_at IS NOT NULL
          AND served.wrap_up_code IS NOT NULL AND {within("a.started_at")}
          AND served.settled_at <= :counted_until
    ), ranked AS (
        SELECT talk.*, row_number() OVER (PARTITION BY agent_id ORDER BY lot) AS place,
               count(*) OVER (PARTITION BY agent_id) AS of_agent, count(*) OVER () AS population
        FROM talk
    )
    SELECT attempt_id, due_call_id, agent_id, person_id, community_id, reason, talked_at, population
    FROM ranked
    WHERE place <= least(:most, greatest(:least,
                                         ceil(round(CAST(:share * of_agent AS numeric), 9))))
    ORDER BY agent_id, lot
""")  # noqa: S608 - a condition of ours
_ITEMS = """
    SELECT item.*, agent.name AS agent, agent.team, served.wrap_up_code, served.outcome,
           score.total, score.finished_at, score.finished_by, score.saved_at, score.comment,
           coalesce(score.revision, 0) AS revision, score.answers, score.sheet,
           recording.recording_id, recording.state AS recording_state,
           c.name AS community, c.time_zone, dc.campaign,
           again.answers AS again, again_call.state AS again_state,
           (SELECT count(*) FROM quality_correction corrected
            WHERE corrected.item_id = item.item_id) AS corrections
    FROM quality_item item
    JOIN agent ON agent.agent_id = item.agent_id
    JOIN community c ON c.community_id = item.community_id
    JOIN due_call dc ON dc.due_call_id = item.due_call_id
    JOIN attempt_due_call served
        ON served.attempt_id = item.attempt_id AND served.due_call_id = item.due_call_id
    LEFT JOIN quality_score score ON score.item_id = item.item_id
    LEFT JOIN LATERAL (
        SELECT recording_id, state FROM recording
        WHERE recording.attempt_id = item.attempt_id AND kind = 'call'
        ORDER BY started_at
        LIMIT 1
    ) AS recording ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_object_agg(question, answer.score) AS answers
        FROM survey_answer answer
        WHERE answer.survey_target_id = item.survey_target_id AND answer.score IS NOT NULL
    ) AS again ON true
    LEFT JOIN due_call again_call
        ON again_call.reason = 'survey'
       AND again_call.subject = 'survey_target:' || item.survey_target_id
    WHERE {where}
    ORDER BY {order}
    LIMIT :most
"""
_OF_SAMPLE = sa.text(
    _ITEMS.format(where="item.sample_id = :sample_id", order="agent.name, item.item_id")
)
_ONE = sa.text(_ITEMS.format(where="item.item_id = :item_id", order="item.item_id"))
_MINE = sa.text(
    _ITEMS.format(
        where="item.agent_id = :agent_id AND score.finished_at IS NOT NULL",
        order="item.talked_at DESC",
    )
)
_NEXT = sa.text("""
    SELECT item.item_id
    FROM quality_item item LEFT JOIN quality_score score USING (item_id)
    WHERE item.sample_id = :sample_id AND score.finished_at IS NULL AND item.item_id <> :item_id
    ORDER BY item.item_id < :item_id, item.item_id
    LIMIT 1
""")
_CORRECTIONS = sa.text("""
    SELECT at, by, why, sheet, answers, comment, total
    FROM quality_correction WHERE item_id = :item_id
    ORDER BY correction_id
""")
MOST_ITEMS = 2000


class DrawnAlreadyError(OwnerlineError):
    """The month has its sample; it is drawn once."""


class NothingToDrawError(OwnerlineError):
    """No agent spoke with an owner in the month so far."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draw:
    """How a month is drawn: by whom, with which seed, under which rules."""

    month: date  # its first day
    seed: int
    by: str
    rules: QualityRules
    rest_days: int  # in which no owner is surveyed twice
    time_zone: str  # of the house, in which today is meant

    @property
    def days(self) -> Period:
        """The days of the month, in each community's own zone."""
        return days_of(self.month)


async def draw(session: AsyncSession, wanted: Draw, *, now: datetime) -> int:
    """Draw a month's sample and ask some of its owners again; returns the sample's id.

    Raises:
        DrawnAlreadyError: the month has one.
        NothingToDrawError: there is no call to draw from.
    """
    sample = wanted.rules.sample
    sample_id = await session.scalar(
        insert(_SAMPLE)
        .values(
            month=wanted.days.first,
            until=now,
            seed=wanted.seed,
            share=sample.share,
            least=sample.least,
            most=sample.most,
            rules=wanted.rules.version,
            population=0,
            drawn_at=now,
            drawn_by=wanted.by,
        )
        .on_conflict_do_nothing(index_elements=["month"])
        .returning(_SAMPLE.c.sample_id)
    )
    if sample_id is None:
        message = f"{wanted.days.first:%Y-%m} has its sample already; it is drawn once"
        raise DrawnAlreadyError(message)
    rows = await _drawn(session, wanted.days, wanted.seed, sample, until=now)
    if not rows:
        message = f"no agent spoke with an owner in {wanted.days.first:%Y-%m}: nothing to draw from"
        raise NothingToDrawError(message)
    targets = await _ask_again(session, wanted, rows, now=now)
    await session.execute(
        sa.insert(_ITEM),
        [
            {
                "sample_id": sample_id,
                "attempt_id": row.attempt_id,
                "due_call_id": row.due_call_id,
                "agent_id": row.agent_id,
                "person_id": row.person_id,
                "community_id": row.community_id,
                "reason": row.reason,
                "talked_at": row.talked_at,
                "survey_target_id": targets.get(row.attempt_id),
            }
            for row in rows
        ],
    )
    await session.execute(
        sa.update(_SAMPLE)
        .where(_SAMPLE.c.sample_id == sample_id)
        .values(population=rows[0].population)
    )
    return int(sample_id)


async def is_drawn_again(session: AsyncSession, sample_id: int) -> bool:
    """Say whether the seed and the rules on file draw these very calls once more."""
    row = (await session.execute(sa.select(_SAMPLE).where(_SAMPLE.c.sample_id == sample_id))).one()
    rules = SampleRules(share=row.share, least=row.least, most=row.most)
    again = await _drawn(session, days_of(row.month), row.seed, rules, until=row.until)
    kept = await session.scalars(
        sa.select(_ITEM.c.attempt_id).where(_ITEM.c.sample_id == sample_id)
    )
    return {each.attempt_id for each in again} == set(kept)


async def _drawn(
    session: AsyncSession, days: Period, seed: int, rules: SampleRules, *, until: datetime
) -> Sequence[AnyRow]:
    found = await session.execute(
        _DRAW,
        {
            **days.parameters(),
            "seed": seed,
            "share": rules.share,
            "least": rules.least,
            "most": rules.most,
            "counted_until": until,
        },
    )
    return found.all()


async def _ask_again(
    session: AsyncSession, wanted: Draw, rows: Sequence[AnyRow], *, now: datetime
) -> Mapping[UUID, int]:
    """Have owners of some drawn calls asked by the survey; return their targets by call."""
    again = wanted.rules.again
    fitting = [row for row in rows if row.reason in again.reasons]
    fitting.sort(key=lambda row: lot(wanted.seed, row.attempt_id, "again"))
    asked = fitting[: again.count(len(rows))]
    if not asked:
        return {}
    drawn = await ask_after_service(
        session,
        Round(
            name=f"{wanted.days.first:%Y-%m} quality",
            day=now.astimezone(ZoneInfo(wanted.time_zone)).date(),
            open_days=again.open_days,
            rest_days=wanted.rest_days,
            seed=wanted.seed,
            share=again.share,
        ),
        [row.person_id for row in asked],
        now=now,
    )
    await session.execute(
        sa.update(_SAMPLE)
        .where(_SAMPLE.c.month == wanted.days.first)
        .values(survey_id=drawn.survey_id)
    )
    await rebuild_soon(session, drawn.community_ids, now=now)
    return {
        row.attempt_id: drawn.targets[row.person_id]
        for row in asked
        if row.person_id in drawn.targets
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentAverage:
    """An agent's finished scores; no mean of none."""

    agent_id: int
    agent: str
    team: str | None
    drawn: int
    scored: int
    mean: float | None


async def samples(session: AsyncSession, *, most: int = 36) -> Sequence[AnyRow]:
    """Return the samples there are, the latest month first."""
    return (
        await session.execute(sa.select(_SAMPLE).order_by(_SAMPLE.c.month.desc()).limit(most))
    ).all()


async def items_of(session: AsyncSession, sample_id: int) -> Sequence[AnyRow]:
    """Return a sample's calls with their scores and the owners' own answers, by agent."""
    found = await session.execute(_OF_SAMPLE, {"sample_id": sample_id, "most": MOST_ITEMS})
    return found.all()


async def item_of(session: AsyncSession, item_id: int) -> AnyRow | None:
    """Return one drawn call; None: there is none of that id."""
    return (await session.execute(_ONE, {"item_id": item_id, "most": 1})).one_or_none()


async def scores_of(session: AsyncSession, agent_id: int, *, most: int = 100) -> Sequence[AnyRow]:
    """Return an agent's own finished scores, the latest call first."""
    return (await session.execute(_MINE, {"agent_id": agent_id, "most": most})).all()


async def next_open(session: AsyncSession, sample_id: int, item_id: int) -> int | None:
    """Return the next call of a sample that has no finished sheet, after this one."""
    found: int | None = await session.scalar(_NEXT, {"sample_id": sample_id, "item_id": item_id})
    return found


async def corrections_of(session: AsyncSession, item_id: int) -> Sequence[AnyRow]:
    """Return what a sheet said before each correction, oldest first."""
    return (await session.execute(_CORRECTIONS, {"item_id": item_id})).all()


def averages(items: Iterable[AnyRow]) -> list[AgentAverage]:
    """Return the mean of each agent's finished scores, by name, with how many there are."""
    by_agent: dict[int, list[Any]] = {}
    for item in items:
        by_agent.setdefault(item.agent_id, []).append(item)
    return [
        AgentAverage(
            agent_id=agent_id,
            agent=mine[0].agent,
            team=mine[0].team,
            drawn=len(mine),
            scored=len(totals := [each.total for each in mine if each.finished_at is not None]),
            mean=round(sum(totals) / len(totals), 1) if totals else None,
        )
        for agent_id, mine in by_agent.items()
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class WeakPoint:
    """A criterion of the sheet that was often not met, in finished scores."""

    key: str
    missed: int
    partly: int
    judged: int  # how often it was judged at all

    @property
    def times(self) -> int:
        """How often it was not met, or only in part."""
        return self.missed + self.partly


def weak_points(items: Iterable[AnyRow], *, most: int = 5) -> list[WeakPoint]:
    """Return the criteria that were met least often, the most frequent first."""
    levels: dict[str, Counter[str]] = {}
    for item in items:
        if item.finished_at is not None:
            for key, level in item.answers.items():
                levels.setdefault(key, Counter())[level] += 1
    found = [
        WeakPoint(
            key=key,
            missed=counts[Level.NO],
            partly=counts[Level.PARTLY],
            judged=counts.total() - counts[Level.NOT_ASKED],
        )
        for key, counts in levels.items()
    ]
    weak = sorted(found, key=lambda each: (-each.times, -each.missed, each.key))
    return [each for each in weak if each.times][:most]


def days_of(month: date) -> Period:
    """Return the days of a month."""
    first = month.replace(day=1)
    return Period.of(first, (first + timedelta(days=_LONGEST_MONTH)).replace(day=1))


def month_before(now: datetime, time_zone: str) -> date:
    """Return the first day of the month that is over."""
    first = now.astimezone(ZoneInfo(time_zone)).date().replace(day=1)
    return (first - timedelta(days=1)).replace(day=1)
