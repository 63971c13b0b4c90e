"""Rules about how often: silences after a conversation, attempt caps, the gap between attempts."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from callback.call_facts import DueFacts, PastAttempt
from callback.hour_rules import Asked
from callback.hours import next_local_day
from callback.pack_model import AttemptCap, Pack, Silence
from callback.rules import Layer, Rule, Verdict, defer
from customers.model import Purpose


def refused_by_law_counts(asked: Asked) -> Verdict | None:
    """The law's silences and attempt caps."""
    for pack in asked.packs:
        refusal = (
            _silent(asked, pack.law.silences, Layer.LAW)
            or _abandoned(asked, pack)
            or _capped(asked, pack.law.attempt_caps, Layer.LAW)
        )
        if refusal is not None:
            return refusal.under(pack.name, pack.version)
    return None


def refused_by_house_counts(asked: Asked) -> Verdict | None:
    """The house's silences, attempt caps and least gap."""
    for pack in asked.packs:
        refusal = (
            _silent(asked, pack.house.silences, Layer.HOUSE)
            or _capped(asked, pack.house.attempt_caps, Layer.HOUSE)
            or _too_soon(asked, pack)
        )
        if refusal is not None:
            return refusal.under(pack.name, pack.version)
    return None


def _silent(asked: Asked, silences: Iterable[Silence], layer: Layer) -> Verdict | None:
    for silence in silences:
        if not _binds(asked, silence.purposes, silence.exempt_when_asked_days):
            continue
        talks = [
            attempt.at
            for group in _groups(asked, silence.per, silence.purposes)
            for attempt in group
            if attempt.conversation
        ]
        if not talks:
            continue
        last = max(talks)
        until = _silence_ends(asked, silence, last)
        if asked.now < until:
            return defer(
                Rule.SILENCE,
                layer,
                until,
                per=silence.per,
                conversation_at=last.isoformat(),
                hours=silence.hours,
                source=silence.source,
            )
    return None


def _silence_ends(asked: Asked, silence: Silence, talk: datetime) -> datetime:
    if silence.hours is not None:
        return talk + timedelta(hours=silence.hours)
    return max(next_local_day(talk, zone) for _, zone in asked.zones)


def _abandoned(asked: Asked, pack: Pack) -> Verdict | None:
    """A number that heard an abandoned call hears the next one from a waiting agent, or later."""
    rule = pack.law.abandoned_silence
    if rule is None or asked.facts.setting.agent_reserved:
        return None
    abandoned = [
        attempt.at
        for attempt in asked.facts.attempts
        if attempt.abandoned and attempt.phone == asked.phone.phone
    ]
    if not abandoned:
        return None
    last = max(abandoned)
    until = last + timedelta(hours=rule.hours)
    if asked.now >= until:
        return None
    return defer(
        Rule.ABANDONED_SILENCE,
        Layer.LAW,
        until,
        abandoned_at=last.isoformat(),
        hours=rule.hours,
        source=rule.source,
    )


def _capped(asked: Asked, caps: Iterable[AttemptCap], layer: Layer) -> Verdict | None:
    for cap in caps:
        if asked.facts.due.mode not in cap.modes or not _binds(
            asked, cap.purposes, cap.exempt_when_asked_days
        ):
            continue
        window = timedelta(hours=cap.window_hours)
        counted = [
            sorted(
                attempt.at
                for attempt in group
                if attempt.mode in cap.modes
                and not attempt.inbound
                and asked.now < attempt.at + window
            )
            for group in _groups(asked, cap.per, cap.purposes)
        ]
        full = [times for times in counted if len(times) >= cap.attempts]
        if full:
            # Below the cap again when all but one fewer than allowed have left the window.
            until = max(times[-cap.attempts] + window for times in full)
            return defer(
                Rule.ATTEMPT_CAP,
                layer,
                until,
                per=cap.per,
                attempts=max(len(times) for times in full),
                allowed=cap.attempts,
                window_hours=cap.window_hours,
                source=cap.source,
            )
    return None


def _too_soon(asked: Asked, pack: Pack) -> Verdict | None:
    gap = pack.house.minimum_gap
    last = max((attempt.at for attempt in asked.facts.attempts), default=None)
    if gap is None or last is None or asked.now >= last + timedelta(minutes=gap.minutes):
        return None
    return defer(
        Rule.MINIMUM_GAP,
        Layer.HOUSE,
        last + timedelta(minutes=gap.minutes),
        last_attempt_at=last.isoformat(),
        minutes=gap.minutes,
        source=gap.source,
    )


def _binds(asked: Asked, purposes: tuple[Purpose, ...], exempt_days: int | None) -> bool:
    """Say whether a rule speaks of this purpose and the owner's own request does not lift it."""
    due = asked.facts.due
    if due.purpose not in purposes:
        return False
    if exempt_days is None or not due.asked_by_owner or due.asked_at is None:
        return True
    # The day of the request is the first of the days (12 CFR 1006.14(b)(3)(i)), in every zone.
    return any(
        (asked.now.astimezone(zone).date() - due.asked_at.astimezone(zone).date()).days
        >= exempt_days
        for _, zone in asked.zones
    )


def _groups(
    asked: Asked, per: Literal["person", "debt"], purposes: tuple[Purpose, ...]
) -> list[list[PastAttempt]]:
    """Return the attempts that count, as one group a person or one group a debt of this call."""
    attempts = [attempt for attempt in asked.facts.attempts if attempt.purpose in purposes]
    if per == "person":
        return [attempts]
    due = asked.facts.due
    if due.debt_ids:
        return [
            [attempt for attempt in attempts if _about(attempt, debt_id)]
            for debt_id in due.debt_ids
        ]
    return (
        [[attempt for attempt in attempts if _about_debts(attempt)]] if _speaks_of_debt(due) else []
    )


def _about(attempt: PastAttempt, debt_id: int) -> bool:
    """Say whether an attempt counts for a debt; one about debts nobody noted counts for each."""
    return debt_id in attempt.debt_ids or (not attempt.debt_ids and attempt.purpose is Purpose.DEBT)


def _about_debts(attempt: PastAttempt) -> bool:
    return bool(attempt.debt_ids) or attempt.purpose is Purpose.DEBT


def _speaks_of_debt(due: DueFacts) -> bool:
    return due.purpose is Purpose.DEBT
