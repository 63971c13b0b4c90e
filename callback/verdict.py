"""The last word before ringing: may this due call be placed now, on which phone, and why not.

Rules are asked in one order, and the first that refuses gives the verdict:

1. the installation: restored and not reconciled, stopped, campaign paused, people of a demo on a
   real bridge;
2. the file, for good: reason gone, deceased, disputed, do-not-call wishes, no usable phone;
3. the due call: its time has not come, the interval after its last attempt;
4. then each phone, in the person's order, until one may be rung:
   never-rung numbers, destinations, arming, rehearsal, do-not-call wishes for the number,
   the law (lists, consent, hours, silences, caps), the owner's rest hours, the house's defaults.

What refuses for good stands before what only waits within a layer, and the law before the owner's
wish before the house. An appointment, while it holds, passes over the last two. When no phone may
be rung, the refusal that lifts first is the verdict; a denial only when every phone is denied.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from callback.call_facts import (
    CallFacts,
    Consent,
    DueFacts,
    OptOut,
    PastAttempt,
    PersonFacts,
    PhoneFacts,
    PlaceFacts,
    Setting,
)
from callback.count_rules import refused_by_house_counts, refused_by_law_counts
from callback.file_rules import (
    deferred_by_extension,
    deferred_by_file,
    refused_by_file,
    refused_by_installation,
    refused_by_opt_out,
)
from callback.hour_rules import (
    Asked,
    refused_by_house_hours,
    refused_by_law_hours,
    refused_by_owner_hours,
    zones_of,
)
from callback.model import Decision
from callback.number_rules import (
    refused_by_consent,
    refused_by_national_list,
    refused_by_number,
    refused_by_rehearsal,
)
from callback.pack_model import Pack
from callback.packs import Packs
from callback.rules import Layer, Rule, Verdict, deny

__all__ = [
    "CallFacts",
    "Consent",
    "Decision",
    "DueFacts",
    "Layer",
    "OptOut",
    "PastAttempt",
    "PersonFacts",
    "PhoneFacts",
    "PlaceFacts",
    "Rule",
    "Setting",
    "Verdict",
    "judge",
    "phones_in_turn",
]


def judge(now: datetime, facts: CallFacts, packs: Packs) -> Verdict:
    """Give the verdict on one due call at one instant (aware)."""
    now = now.astimezone(UTC)
    refusal = (
        refused_by_installation(facts) or refused_by_file(facts) or deferred_by_file(now, facts)
    )
    if refusal is not None:
        return refusal
    refusals: list[Verdict] = []
    for phone in phones_in_turn(facts):
        verdict = _judge_phone(now, facts, phone, packs).about(phone.phone)
        if verdict.decision is Decision.ALLOW:
            return verdict
        refusals.append(verdict)
    return _binding(refusals)


def phones_in_turn(facts: CallFacts) -> Iterator[PhoneFacts]:
    """Yield the usable phones, first to be tried first.

    The person's order, but after an unanswered attempt for this due call it goes on from there:
    from the next phone where the retry rule moves on, else from the same one.
    """
    usable = sorted((p for p in facts.phones if not p.dead), key=lambda phone: phone.position)
    first = _first_position(facts)
    yield from (phone for phone in usable if phone.position >= first)
    yield from (phone for phone in usable if phone.position < first)


def _first_position(facts: CallFacts) -> int:
    tried = [a for a in facts.attempts if facts.due.due_call_id in a.due_call_ids]
    last = max(tried, key=lambda attempt: attempt.at, default=None)
    if last is None or last.answered:
        return 0
    at = next((p.position for p in facts.phones if p.phone == last.phone), None)
    if at is None:
        return 0
    return at + 1 if last.next_phone else at


def _judge_phone(now: datetime, facts: CallFacts, phone: PhoneFacts, packs: Packs) -> Verdict:
    refusal = refused_by_number(facts, phone, packs)
    if refusal is not None:
        return refusal
    applying = packs.applying(facts.place.packs, facts.place.region, phone.region)
    if applying is None:
        return deny(Rule.NO_PACK, Layer.LAW, region=phone.region, packs=list(facts.place.packs))
    refusal = (
        refused_by_rehearsal(facts, phone, applying)
        or refused_by_opt_out(facts, phone.phone)
        or _refused_for_good_by_law(now, facts, phone, applying)
    )
    if refusal is not None:
        return refusal
    zones = zones_of(facts, phone)
    if zones is None:
        return deny(
            Rule.UNKNOWN_ZONE,
            Layer.LAW,
            place=facts.place.time_zone,
            phone=list(phone.time_zones),
        )
    return _judge_time(Asked(now=now, facts=facts, phone=phone, packs=applying, zones=zones))


def _refused_for_good_by_law(
    now: datetime, facts: CallFacts, phone: PhoneFacts, packs: tuple[Pack, ...]
) -> Verdict | None:
    for pack in packs:
        refusal = refused_by_national_list(facts, phone, pack) or refused_by_consent(
            now, facts, phone, pack
        )
        if refusal is not None:
            return refusal.under(pack.name, pack.version)
    return None


def _judge_time(asked: Asked) -> Verdict:
    by_law = refused_by_law_hours(asked) or refused_by_law_counts(asked)
    if by_law is not None:
        return by_law
    by_default = (
        refused_by_owner_hours(asked)
        or deferred_by_extension(asked.now, asked.facts)
        or refused_by_house_hours(asked)
        or refused_by_house_counts(asked)
    )
    appointment = asked.facts.due.appointment_holds(asked.now)
    if by_default is not None and not appointment:
        return by_default
    return Verdict(
        decision=Decision.ALLOW,
        rule=Rule.ALLOWED if by_default is None else Rule.APPOINTMENT,
        layer=Layer.HOUSE if by_default is None else Layer.OWNER,
        pack="+".join(pack.name for pack in asked.packs),
        pack_version="+".join(pack.version for pack in asked.packs),
        facts={
            "local_times": {
                name: asked.now.astimezone(zone).isoformat() for name, zone in asked.zones
            },
            "passed_over": None if by_default is None else by_default.rule,
        },
    )


def _binding(refusals: list[Verdict]) -> Verdict:
    """Return the deferral that lifts first, or the first denial when nothing lifts."""
    deferrals = [(r.until, r) for r in refusals if r.until is not None]
    if deferrals:
        return min(deferrals, key=lambda pair: pair[0])[1]
    return refusals[0]
