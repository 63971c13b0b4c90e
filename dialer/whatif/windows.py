"""When the rules allow a due call on a day: the production verdict, asked where it can change.

The verdict says when a refusal lifts, not when an allowance ends. Allowances end where hours close,
so a twin of the facts without history is asked over the day, once for all calls alike; then the
call itself is asked at its opening, at every `until` and after every closing. How many calls its
person may still get is asked with invented attempts.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from callback.call_facts import CallFacts, PastAttempt
from callback.model import Decision
from callback.never_rung import is_test_number, never_rung, within_destinations
from callback.packs import Packs
from callback.rules import Rule, Verdict
from callback.verdict import judge
from dialer.whatif.model import Cause, Held, Window

_STEP = timedelta(minutes=15)  # no opening of any pack is shorter
_EXACT = timedelta(seconds=1)
_MOST_PIECES = 24
_MOST_CALLS = 8  # a day; no pack allows a person more and no list asks for more
_ELSEWHERE = frozenset({-1})  # a due call that there is not: its retry interval binds nobody else

_HOURS = frozenset(
    {
        Rule.NOT_BEFORE,
        Rule.NO_LAWFUL_HOUR,
        Rule.LAW_HOURS,
        Rule.REST_HOURS,
        Rule.HOLIDAY,
        Rule.HOUSE_HOURS,
        Rule.CAMPAIGN_HOURS,
    }
)
_COUNTS = frozenset(
    {
        Rule.SILENCE,
        Rule.ABANDONED_SILENCE,
        Rule.ATTEMPT_CAP,
        Rule.MINIMUM_GAP,
        Rule.RETRY_INTERVAL,
    }
)


def cause_of(rule: str | None) -> Cause:
    """Return what kind of limit a rule is."""
    if rule == Rule.CAMPAIGN_PAUSED:
        return Cause.PAUSED
    if rule in _COUNTS:
        return Cause.CAPS
    return Cause.HOURS if rule is None or rule in _HOURS else Cause.RULE


class Asking:
    """Asks the verdict about the due calls of one day; calls alike are asked once."""

    def __init__(self, packs: Packs, *, opens: datetime, closes: datetime) -> None:
        self._packs = packs
        self._opens = opens
        self._closes = closes
        self._closings: dict[object, tuple[datetime, ...]] = {}
        self._known: dict[object, Held] = {}

    def held(self, facts: CallFacts, *, since: datetime) -> Held:
        """Return what the rules say of a due call that is not looked at before `since`."""
        since = max(since, self._opens)
        alike = _alike(facts)
        own = facts.attempts or facts.due.appointment or facts.due.extension_until is not None
        late = facts.due.not_before is not None and facts.due.not_before > self._opens
        if own or late:
            return self._ask(facts, since, alike)
        key = (alike, since)
        if key not in self._known:
            self._known[key] = self._ask(facts, since, alike)
        return self._known[key]

    def _ask(self, facts: CallFacts, since: datetime, alike: object) -> Held:
        windows: list[tuple[datetime, datetime]] = []
        longest, rule = timedelta(), None
        at = since
        for _ in range(_MOST_PIECES):
            if at >= self._closes:
                break
            verdict = judge(at, facts, self._packs)
            if verdict.decision is Decision.ALLOW:
                end = self._ends(facts, at, verdict, alike)
                windows.append((at, end))
                at = end
                continue
            lifts = min(verdict.until or self._closes, self._closes)
            if lifts - at > longest:
                longest, rule = lifts - at, str(verdict.rule.value)
            at = max(lifts, at + _EXACT)
        found = tuple((self._s(start), self._s(end)) for start, end in windows)
        if not windows:
            return Held(windows=found, rule=rule, room=0, gap_s=0.0, hushed=False)
        room, gap_s, hushed = self._counts(facts, windows)
        return Held(windows=found, rule=rule, room=room, gap_s=gap_s, hushed=hushed)

    def _ends(self, facts: CallFacts, at: datetime, verdict: Verdict, alike: object) -> datetime:
        if facts.due.appointment or verdict.rule is Rule.APPOINTMENT:
            return self._closing_after(facts, at)
        if alike not in self._closings:
            self._closings[alike] = self._closings_of(_bare(facts))
        return next((each for each in self._closings[alike] if each > at), self._closes)

    def _closings_of(self, facts: CallFacts) -> tuple[datetime, ...]:
        found: list[datetime] = []
        at = self._opens
        while at < self._closes:
            verdict = judge(at, facts, self._packs)
            if verdict.decision is Decision.ALLOW:
                at = self._closing_after(facts, at)
                found.append(at)
            else:
                at = max(verdict.until or self._closes, at + _EXACT)
        return tuple(found)

    def _closing_after(self, facts: CallFacts, at: datetime) -> datetime:
        """Return the end of an allowance, to the second."""
        last = at
        while last < self._closes:
            following = min(last + _STEP, self._closes)
            if following < self._closes and self._allows(facts, following):
                last = following
                continue
            if following == self._closes and self._allows(facts, following - _EXACT):
                return self._closes
            while following - last > _EXACT:
                half = int((following - last).total_seconds()) // 2
                middle = last + timedelta(seconds=max(1, half))
                if self._allows(facts, middle):
                    last = middle
                else:
                    following = middle
            return following
        return self._closes

    def _counts(
        self, facts: CallFacts, windows: list[tuple[datetime, datetime]]
    ) -> tuple[int, float, bool]:
        """Return how many calls there is room for, the least gap, and if a talk silences it."""
        first, last = windows[0][0], windows[-1][1] - _EXACT
        room = _MOST_CALLS
        for calls in range(1, _MOST_CALLS):
            verdict = judge(last, _after(facts, first, calls=calls), self._packs)
            if verdict.rule is Rule.ATTEMPT_CAP:
                room = calls
                break
        soon = judge(first + _EXACT, _after(facts, first, calls=1), self._packs)
        gap_s = 0.0
        if soon.rule is Rule.MINIMUM_GAP and soon.until is not None:
            gap_s = (soon.until - first).total_seconds()
        spoken = judge(last, _after(facts, first, calls=1, spoken=True), self._packs)
        return room, gap_s, spoken.rule is Rule.SILENCE

    def _allows(self, facts: CallFacts, at: datetime) -> bool:
        return judge(at, facts, self._packs).decision is Decision.ALLOW

    def _s(self, at: datetime) -> float:
        return (at - self._opens).total_seconds()


def next_allowed(windows: tuple[Window, ...], at_s: float) -> float | None:
    """Return the first allowed second from `at_s` on; None: not on this day."""
    for start, end in windows:
        if at_s < end:
            return max(at_s, start)
    return None


def _after(facts: CallFacts, at: datetime, *, calls: int, spoken: bool = False) -> CallFacts:
    usable = [each.phone for each in facts.phones if not each.dead]
    attempt = PastAttempt(
        at=at,
        phone=usable[0],
        mode=facts.due.mode,
        purpose=facts.due.purpose,
        answered=spoken,
        conversation=spoken,
        debt_ids=facts.due.debt_ids,
        due_call_ids=_ELSEWHERE,
    )
    return replace(facts, attempts=(*facts.attempts, *(attempt for _ in range(calls))))


def _bare(facts: CallFacts) -> CallFacts:
    """Return the facts with nothing that ends during the day but hours."""
    due = replace(facts.due, not_before=None, appointment=False, extension_until=None)
    return replace(facts, due=due, attempts=())


def _alike(facts: CallFacts) -> object:
    """Return what the hours of a call depend on: calls that share it have the same."""
    order = {each.phone: nth for nth, each in enumerate(facts.phones)}
    due = facts.due
    setting = facts.setting
    return (
        facts.person.rest_hours,
        facts.person.deceased,
        facts.person.synthetic,
        tuple(
            (p.region, p.kind, p.time_zones, p.dead, p.position, p.on_national_list)
            for p in facts.phones
        ),
        # By number: what one may be rung, another may not.
        tuple(
            (
                never_rung(p.phone),
                within_destinations(p.phone, p.region, setting.destinations),
                is_test_number(p.phone, setting.test_numbers),
            )
            for p in facts.phones
        ),
        facts.place,
        setting,
        (due.purpose, due.mode, due.reason, due.asked_by_owner, due.asked_at, bool(due.debt_ids)),
        (due.disputed, due.reason_holds, due.appointment),
        tuple(
            (order.get(c.phone), c.purpose, c.mode, c.granted, c.given_at, c.until)
            for c in facts.consents
        ),
        tuple(
            (None if o.phone is None else order.get(o.phone, -1), o.reason, o.purpose)
            for o in facts.opt_outs
        ),
    )
