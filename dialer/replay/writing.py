"""Makes the record of a look at due calls: everything the verdicts and the choice rested on.

Made within the claim, so it is short and quick: lists by position, instants in microseconds, what
many have in common once, the phones by their ids. dialer/replay/reading.py reads it.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from pydantic import TypeAdapter

from callback.call_facts import PastAttempt, PhoneFacts, PlaceFacts, Setting
from callback.hours import LocalPeriod
from callback.packs import Packs
from core.phone import PhoneNumber
from dialer.bridges.port import TrunkLimits
from dialer.call_facts import Candidate
from dialer.claim_plan import Judged, NewAttempt
from dialer.replay.model import LookKind

VERSION = 1
SETTING, PLACE = TypeAdapter(Setting), TypeAdapter(PlaceFacts)

# Bits of an attempt, of a due call and of a person.
ANSWERED, CONVERSATION, INBOUND, ABANDONED, NEXT_PHONE = 1, 2, 4, 8, 16
APPOINTMENT, ASKED_BY_OWNER, DISPUTED, REASON_HOLDS = 1, 2, 4, 8
DECEASED, SYNTHETIC = 1, 2

_FASTEST = 1  # zlib's level: a claim waits for it


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What a look was, beside the verdicts: by which rules, on what, and what came of it."""

    kind: LookKind
    packs: Packs
    bridge: str
    agent_id: int | None = None
    trunks: Sequence[TrunkLimits] = ()  # a token each, in their order
    placed: Sequence[NewAttempt] = ()
    lost: Sequence[NewAttempt] = ()  # planned, and the line was taken meanwhile
    chosen: int | None = None  # the due call that an agent is meant to hear of
    scores: Mapping[int, float] = field(default_factory=dict)  # of the window, by person


def record_of(judged: Sequence[Judged], look: Look) -> bytes:
    """Return the record of a look; the verdicts are those that are kept."""
    shared = _Shared()
    people = [
        _person(person_id, list(group), shared, look.scores.get(person_id))
        for person_id, group in groupby(judged, key=lambda each: each.candidate.person_id)
    ]
    record = {
        "v": VERSION,
        "packs": look.packs.versions,
        "settings": shared.settings,
        "places": shared.places,
        "plans": [list(each) for each in shared.plans],
        "trunks": [each.name for each in look.trunks],
        "people": people,
        "placed": [_call(each) for each in look.placed],
        "lost": [each.lead.due_call_id for each in look.lost],
        "chosen": look.chosen,
    }
    return zlib.compress(json.dumps(record, separators=(",", ":")).encode(), _FASTEST)


@dataclass(slots=True)
class _Shared:
    """What many calls of one look have in common."""

    settings: dict[str, Any] = field(default_factory=dict)  # by campaign
    places: dict[int, Any] = field(default_factory=dict)  # by community
    plans: dict[tuple[Any, ...], int] = field(default_factory=dict)  # of numbers

    def note(self, candidate: Candidate) -> None:
        """Take in the campaign and the community of a call."""
        row, facts = candidate.due_call, candidate.facts
        if row.campaign not in self.settings:
            self.settings[row.campaign] = SETTING.dump_python(facts.setting, mode="json")
        if row.community_id not in self.places:
            self.places[row.community_id] = PLACE.dump_python(facts.place, mode="json")

    def plan(self, phone: PhoneFacts) -> int:
        """Return the place of what the numbering plan says of a number."""
        key = (phone.region, phone.kind, phone.time_zones)
        return self.plans.setdefault(key, len(self.plans))


def _person(
    person_id: int, judged: Sequence[Judged], shared: _Shared, score: float | None
) -> list[Any]:
    first = judged[0].candidate
    facts, phone_ids = first.facts, first.phone_ids
    person = facts.person
    at = {each.phone: place for place, each in enumerate(facts.phones)}
    return [
        person_id,
        DECEASED * person.deceased | SYNTHETIC * person.synthetic,
        person.language,
        None if person.rest_hours is None else [_period(each) for each in person.rest_hours],
        score,
        [
            [
                phone_ids[each.phone.e164],
                each.position,
                shared.plan(each),
                int(each.dead),
                each.on_national_list,
            ]
            for each in facts.phones
        ],
        [
            [_ref(c.phone, at), c.purpose, c.mode, int(c.granted), _us(c.given_at), _us(c.until)]
            for c in facts.consents
        ],
        [_attempt(each, at) for each in facts.attempts],
        [_due_call(each, shared, at) for each in judged],
    ]


def _attempt(each: PastAttempt, at: Mapping[PhoneNumber, int]) -> list[Any]:
    flags = (
        ANSWERED * each.answered
        | CONVERSATION * each.conversation
        | INBOUND * each.inbound
        | ABANDONED * each.abandoned
        | NEXT_PHONE * each.next_phone
    )
    return [
        _us(each.at),
        _ref(each.phone, at),
        each.mode,
        each.purpose,
        flags,
        sorted(each.debt_ids),
        sorted(each.due_call_ids),
        _us(each.retry_until),
    ]


def _due_call(judged: Judged, shared: _Shared, at: Mapping[PhoneNumber, int]) -> list[Any]:
    candidate, verdict = judged.candidate, judged.verdict
    shared.note(candidate)
    row, due = candidate.due_call, candidate.facts.due
    flags = (
        APPOINTMENT * due.appointment
        | ASKED_BY_OWNER * due.asked_by_owner
        | DISPUTED * due.disputed
        | REASON_HOLDS * due.reason_holds
    )
    return [
        due.due_call_id,
        due.reason,
        due.purpose,
        due.mode,
        _us(due.due_by),
        _us(due.not_before),
        sorted(due.debt_ids),
        flags,
        _us(due.asked_at),
        _us(due.extension_until),
        due.reason_gone,
        row.campaign,
        row.community_id,
        row.priority,
        [
            [None if w.phone is None else _ref(w.phone, at), w.reason, w.purpose, _us(w.since)]
            for w in candidate.facts.opt_outs
        ],
        verdict.rule,
        _us(verdict.until),
    ]


def _call(attempt: NewAttempt) -> list[Any]:
    return [str(attempt.attempt_id), list(attempt.due_call_ids), attempt.trunk.name]


def _ref(phone: PhoneNumber, at: Mapping[PhoneNumber, int]) -> int | str:
    """Return which of the person's phones it is; the number itself where they have it no more."""
    return at.get(phone, phone.e164)


def _period(period: LocalPeriod) -> list[str]:
    return [period.start.isoformat(), period.end.isoformat()]


def _us(at: datetime | None) -> int | None:
    """Return an instant in microseconds, exactly."""
    return None if at is None else round(at.timestamp() * 1_000_000)
