"""Freezes a day: its due calls with what the rules allow each, its agents, its lines.

One transaction reads everything and is rolled back: the lists of the day are built in it by the
production builder, and nobody else ever sees them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.building import build_lists
from callback.call_facts import CallFacts
from callback.campaigns import Campaign, Campaigns
from callback.conduct import conduct_under
from callback.hours import WeekHours
from callback.model import DueCallState
from callback.packs import Packs
from callback.tables import DueCall
from core.columns import AnyRow, table_of
from customers.model import CallMode, WrapUpCode
from dialer.bridges.port import TrunkLimits
from dialer.call_facts import Candidate, SettingBasis, load_candidates
from dialer.claim_plan import may_share
from dialer.control import switches
from dialer.retry import DEAD_NUMBER, FINAL_CODES, is_conversation
from dialer.scoring import Scoring
from dialer.whatif.measuring import read_roster, read_seen, words_of
from dialer.whatif.model import (
    BUCKET_S,
    Day,
    DayOverError,
    Due,
    Follow,
    Lane,
    Lines,
    Manner,
    NothingDueError,
    Place,
    TooMuchDueError,
)
from dialer.whatif.seats import seats_of
from dialer.whatif.windows import Asking
from dialer.whatif.world import Seen

MOST_DUE = 100_000
_BATCH = 500
_TARGET = 0.03  # where no pack names a ceiling
_MOST_BUILD_S = 120
_FRIDAY = 4

_DUE_CALL = table_of(DueCall)
_LAST = sa.select(sa.func.max(_DUE_CALL.c.due_call_id))
_WAITING = (
    sa.select(_DUE_CALL.c.due_call_id)
    .where(
        _DUE_CALL.c.state.in_([DueCallState.WAITING, DueCallState.CLAIMED]),
        _DUE_CALL.c.next_at < sa.bindparam("closes"),
        _DUE_CALL.c.not_before < sa.bindparam("closes"),
    )
    .order_by(_DUE_CALL.c.person_id, _DUE_CALL.c.due_call_id)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FreezeBasis:
    """What a freeze goes by: the books, the packs, the lines, and how the bridge stands."""

    campaigns: Campaigns
    packs: Packs
    scoring: Scoring
    lines: Lines
    bridge_is_real: bool
    test_numbers: tuple[str, ...]
    destinations: tuple[str, ...]
    time_zone: str


def lines_of(trunks: Iterable[TrunkLimits]) -> Lines:
    """Return what trunks carry together; of none that take calls, nothing."""
    open_now = [each for each in trunks if each.channels]
    return Lines(
        channels=sum(each.channels for each in open_now),
        calls_per_second=sum(each.calls_per_second for each in open_now) or 1.0,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Frozen:
    """A frozen day and what is known of people; `other` is the day under other hours, if asked."""

    day: Day
    seen: Seen
    other: Day | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherHours:
    """A campaign's hours for the other setting."""

    campaign: str
    hours: WeekHours


async def freeze(
    session: AsyncSession,
    *,
    day: date,
    now: datetime,
    basis: FreezeBasis,
    hours: OtherHours | None = None,
    other_hours: OtherHours | None = None,
    most_due: int = MOST_DUE,
    on_read: Callable[[int, int], None] | None = None,
) -> Frozen:
    """Read a day; the caller rolls the transaction back, nothing of it may be kept.

    Args:
        session: in a transaction of its own, which has read nothing yet.
        day: today or later, local to the house.
        now: aware; of today only what is left is rehearsed.
        basis: what it goes by.
        hours: of a campaign, in place of its own.
        most_due: more are refused.
        other_hours: freezes the day a second time under these.
        on_read: told how many of how many due calls were read.

    Raises:
        DayOverError: the day is over.
        NothingDueError: nothing is due on it.
        TooMuchDueError: more than `most_due` is.
    """
    zone = ZoneInfo(basis.time_zone)
    midnight = datetime.combine(day, datetime.min.time(), zone)
    closes = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)
    today = now.astimezone(zone).date()
    if day < today:
        message = f"{day} is over; a day from {today} on can be rehearsed"
        raise DayOverError(message)
    since = max(now, midnight)
    await session.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    await session.execute(sa.text(f"SET LOCAL statement_timeout = '{_MOST_BUILD_S}s'"))
    on_file = int(await session.scalar(_LAST) or 0)
    await build_lists(session, now=since, date=day, campaigns=basis.campaigns)
    notes: list[str] = []
    if day > today + timedelta(days=1):
        notes.append("days_between")
    ids = list(await session.scalars(_WAITING, {"closes": closes}))
    if not ids:
        message = f"nothing is due on {day}: import charges and work orders, or start a list"
        raise NothingDueError(message)
    if len(ids) > most_due:
        message = f"{len(ids):,} calls are due on {day}; at most {most_due:,} can be rehearsed"
        raise TooMuchDueError(message)
    setting, told = await _setting(session, basis)
    notes += told
    reading = _Reading(
        basis,
        on_file=on_file,
        opens=midnight,
        closes=closes,
        since=since,
        weekend=day.weekday() > _FRIDAY,
    )
    reading.hours, reading.other_hours = hours, other_hours
    for first in range(0, len(ids), _BATCH):
        batch = ids[first : first + _BATCH]
        words = await words_of(session, batch)
        for candidate in await load_candidates(
            session, batch, now=since, basis=setting, campaigns=basis.campaigns, lock=False
        ):
            reading.take(candidate, words.get(candidate.due_call_id, {}))
        if on_read is not None:
            on_read(min(first + _BATCH, len(ids)), len(ids))
    seen = await read_seen(
        session,
        now=since,
        history_days=basis.scoring.learning.history_days,
        time_zone=basis.time_zone,
        curve=basis.scoring.answer_chance,
    )
    if not seen.attempts:
        notes.append("no_history")
    roster = await read_roster(session, now=since, day=day, time_zone=basis.time_zone)
    due, others = reading.due()
    began = (since - midnight).total_seconds()
    found = Day(
        day=day,
        opens=midnight,
        closes=closes,
        time_zone=basis.time_zone,
        places=tuple(reading.places.values()),
        lanes=tuple(reading.lanes.values()),
        due=due,
        seats=seats_of(roster, reading.campaigns, since_s=began),
        lines=basis.lines,
        begins_s=began,
        notes=tuple(notes),
    )
    if roster and not any(each.days for each in roster):
        found = replace(found, notes=(*found.notes, "no_shifts"))
    return Frozen(
        day=found, seen=seen, other=None if others is None else replace(found, due=others)
    )


async def _setting(session: AsyncSession, basis: FreezeBasis) -> tuple[SettingBasis, list[str]]:
    """Return the switches as they are supposed that day, and what was supposed."""
    turned = await switches(session)
    notes = ["stopped"] if turned.stopped or not turned.reconciled else []
    if basis.bridge_is_real and not turned.armed:
        notes.append("not_armed")
    setting = SettingBasis(
        bridge_is_real=basis.bridge_is_real,
        armed=True,
        stopped=False,
        paused_campaigns=turned.paused_campaigns,
        test_numbers=basis.test_numbers,
        destinations=basis.destinations,
    )
    return setting, notes


class _Reading:
    """Takes in due calls one by one, and keeps of each what a replication needs."""

    def __init__(
        self,
        basis: FreezeBasis,
        *,
        on_file: int,
        opens: datetime,
        closes: datetime,
        since: datetime,
        weekend: bool,
    ) -> None:
        self._basis, self._on_file = basis, on_file
        self._opens, self._closes, self._since = opens, closes, since
        self._weekend = weekend
        self._asking = Asking(basis.packs, opens=opens, closes=closes)
        self.hours: OtherHours | None = None
        self.other_hours: OtherHours | None = None
        self.places: dict[int, Place] = {}
        self.lanes: dict[tuple[str, str, str], Lane] = {}
        self._persons: dict[int, int] = {}
        self._place_at: dict[int, int] = {}
        self._lane_at: dict[tuple[str, str, str], int] = {}
        self._rows: list[AnyRow] = []
        self._due: list[Due] = []
        self._others: list[Due] = []

    def take(self, candidate: Candidate, words: Mapping[str, int]) -> None:
        row, facts = candidate.due_call, _under(self.hours, candidate)
        since = max(row.next_at, self._since)
        if row.community_id not in self.places:
            self._place_at[row.community_id] = len(self.places)
            self.places[row.community_id] = self._place(row)
        campaign = self._basis.campaigns.get(row.campaign)
        manner = manner_of(campaign, row.mode)
        key = (row.campaign, manner.value, row.language)
        if key not in self.lanes:
            self._lane_at[key] = len(self.lanes)
            self.lanes[key] = self._lane(campaign, manner, row)
        due = Due(
            due_call_id=row.due_call_id if row.due_call_id <= self._on_file else None,
            person=self._persons.setdefault(row.person_id, len(self._persons)),
            place=self._place_at[row.community_id],
            lane=self._lane_at[key],
            reason=row.reason.value,
            unit=row.unit or "",
            due_s=(row.due_by - self._opens).total_seconds(),
            priority=row.priority,
            appointment=row.appointment,
            attempts=row.attempts,
            words=dict(words),
            phones=sum(1 for phone in facts.phones if not phone.dead),
            mates=(),
            held=self._asking.held(facts, since=since),
        )
        self._rows.append(row)
        self._due.append(due)
        if self.other_hours is not None:
            under = facts
            if row.campaign == self.other_hours.campaign:
                under = _under(self.other_hours, candidate)
            self._others.append(replace(due, held=self._asking.held(under, since=since)))

    @property
    def campaigns(self) -> list[tuple[Lane, Campaign]]:
        """The lanes, each with its campaign."""
        known = self._basis.campaigns
        return [(lane, known.get(lane.campaign)) for lane in self.lanes.values()]

    def due(self) -> tuple[tuple[Due, ...], tuple[Due, ...] | None]:
        """Return what was taken in, with who may share a call."""
        mates = self._mates()
        due = tuple(replace(d, mates=m) if m else d for d, m in zip(self._due, mates, strict=True))
        if self.other_hours is None:
            return due, None
        return due, tuple(
            replace(d, mates=m) if m else d for d, m in zip(self._others, mates, strict=True)
        )

    def _mates(self) -> list[tuple[int, ...]]:
        of_person: dict[int, list[int]] = {}
        for nth, each in enumerate(self._due):
            of_person.setdefault(each.person, []).append(nth)
        return [
            tuple(
                other
                for other in of_person[each.person]
                if other != nth
                and self._rows[other].mode == self._rows[nth].mode
                and self._rows[other].community_id == self._rows[nth].community_id
                and may_share(self._rows[nth], self._rows[other])
            )
            for nth, each in enumerate(self._due)
        ]

    def _place(self, row: AnyRow) -> Place:
        zone = ZoneInfo(row.time_zone)
        buckets = int((self._closes - self._opens).total_seconds() // BUCKET_S) + 1
        starts = (self._opens + timedelta(seconds=BUCKET_S * nth) for nth in range(buckets))
        return Place(
            community_id=row.community_id,
            name=row.community,
            hours=tuple(at.astimezone(zone).hour for at in starts),
            weekend=self._weekend,
        )

    def _lane(self, campaign: Campaign, manner: Manner, row: AnyRow) -> Lane:
        applying = self._basis.packs.applying(tuple(row.packs), row.region, row.region)
        rules = conduct_under(applying).abandonment if applying else ()
        return Lane(
            campaign=campaign.name,
            manner=manner,
            language=row.language,
            team=campaign.team,
            skills=campaign.skills,
            max_attempts=campaign.max_attempts,
            follow={word: follow_of(campaign, word) for word in _WORDS},
            otherwise=follow_of(campaign, ""),
            target=min((rule.ceiling for rule in rules), default=_TARGET),
        )


def _under(hours: OtherHours | None, candidate: Candidate) -> CallFacts:
    """Return the facts as they are under other hours of a campaign."""
    facts = candidate.facts
    if hours is None or candidate.due_call.campaign != hours.campaign:
        return facts
    return replace(facts, setting=replace(facts.setting, campaign_hours=hours.hours))


_CODES = frozenset(code.value for code in WrapUpCode)
_WORDS = tuple(
    dict.fromkeys(
        (
            *(code.value for code in WrapUpCode),
            *("answered", "machine", "busy", "no_answer", "rejected", "invalid_number"),
            *("congestion", "carrier_error", "abandoned", "cancelled", "lost"),
        )
    )
)


def manner_of(campaign: Campaign, mode: CallMode) -> Manner:
    """Return how calls of a campaign come about in a mode."""
    return Manner.AUTOMATIC if mode is CallMode.AUTOMATIC else Manner(campaign.dialling.value)


def follow_of(campaign: Campaign, word: str) -> Follow:
    """Return what follows a word under a campaign, as `dialer.retry.decide` has it."""
    rule = campaign.retry.get(word, campaign.otherwise)
    return Follow(
        final=word in FINAL_CODES,
        after_s=rule.after.total_seconds(),
        times=rule.times,
        phone_dies=word in DEAD_NUMBER,
        talked=word in _CODES and is_conversation(WrapUpCode(word)),
    )
