"""Reads the record of a look at due calls: the very facts that were judged then.

A record names phones by their ids, so it is read in two steps: which phones, then all of it.
"""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast
from uuid import UUID

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
from callback.hours import LocalPeriod
from callback.rules import Rule
from callback.subject_facts import SubjectFacts
from core.columns import AnyRow
from core.errors import OwnerlineError
from core.phone import PhoneKind, PhoneNumber
from customers.model import CallMode, Language, Purpose, Reason
from dialer.call_facts import Candidate
from dialer.replay import writing as w

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class RecordError(OwnerlineError):
    """The record of a look cannot be read: it was changed, or is of a newer Ownerline."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the record cannot be read: {why}")


@dataclass(frozen=True, kw_only=True, slots=True)
class DueRow:
    """Of a due call's row, what a choice rests on."""

    due_call_id: int
    person_id: int
    community_id: int
    reason: Reason
    purpose: Purpose
    mode: CallMode
    campaign: str
    appointment: bool
    due_by: datetime
    priority: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """A due call that was looked at, with its facts and what was said of it then."""

    candidate: Candidate
    rule: Rule
    until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A call that was committed."""

    attempt_id: UUID
    due_call_ids: tuple[int, ...]
    trunk: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One look as it was."""

    packs: Mapping[str, str]  # version by name
    trunks: tuple[str, ...]
    people: tuple[tuple[Looked, ...], ...]  # in their order
    scores: tuple[float | None, ...]  # of the people
    placed: tuple[Placed, ...]
    lost: frozenset[int]  # leads of calls whose line was taken meanwhile
    chosen: int | None

    @property
    def looked(self) -> Iterable[Looked]:
        """Every due call, in their order."""
        return (each for person in self.people for each in person)


def unpack(record: bytes) -> dict[str, Any]:
    """Return what a record holds, as JSON has it.

    Raises:
        RecordError: it is no record of ours.
    """
    try:
        held = json.loads(zlib.decompress(record))
    except (zlib.error, ValueError) as err:
        raise RecordError(str(err)) from err
    if not isinstance(held, dict) or held.get("v") != w.VERSION:
        why = f"it is not of version {w.VERSION}"
        raise RecordError(why)
    return held


def phone_ids_of(held: Mapping[str, Any]) -> set[int]:
    """Return the phones a record names.

    Raises:
        RecordError: it is not as ours are.
    """
    try:
        return {int(phone[0]) for person in held["people"] for phone in person[5]}
    except (KeyError, TypeError, ValueError, IndexError) as err:
        raise RecordError(repr(err)) from err


def read(held: Mapping[str, Any], numbers: Mapping[int, str]) -> Seen:
    """Return a look, given the numbers (E.164) of its phones by their ids.

    Raises:
        RecordError: it is not as ours are, or a phone is gone.
    """
    try:
        shared = _Shared(held)
        return Seen(
            packs=dict(held["packs"]),
            trunks=tuple(held["trunks"]),
            people=tuple(_people(each, shared, numbers) for each in held["people"]),
            scores=tuple(each[4] for each in held["people"]),
            placed=tuple(
                Placed(attempt_id=UUID(attempt_id), due_call_ids=tuple(served), trunk=trunk)
                for attempt_id, served, trunk in held["placed"]
            ),
            lost=frozenset(held["lost"]),
            chosen=held["chosen"],
        )
    except (KeyError, TypeError, ValueError, IndexError, OwnerlineError) as err:
        raise RecordError(repr(err)) from err


class _Shared:
    """What the due calls of one record have in common."""

    def __init__(self, held: Mapping[str, Any]) -> None:
        self.settings: Mapping[str, Setting] = {
            name: w.SETTING.validate_python(each) for name, each in held["settings"].items()
        }
        self.places: Mapping[int, PlaceFacts] = {
            int(key): w.PLACE.validate_python(each) for key, each in held["places"].items()
        }
        self.plans = [
            (region, PhoneKind(kind), tuple(zones)) for region, kind, zones in held["plans"]
        ]


def _people(
    person: Sequence[Any], shared: _Shared, numbers: Mapping[int, str]
) -> tuple[Looked, ...]:
    person_id, flags, language, rest_hours, _, phones, consents, attempts, due_calls = person
    phone_ids = {numbers[phone_id]: phone_id for phone_id, *_ in phones}
    facts = tuple(
        PhoneFacts(
            phone=PhoneNumber(numbers[phone_id]),
            position=position,
            region=shared.plans[plan][0],
            kind=shared.plans[plan][1],
            time_zones=shared.plans[plan][2],
            dead=bool(dead),
            on_national_list=listed,
        )
        for phone_id, position, plan, dead, listed in phones
    )
    common: dict[str, Any] = {
        "person": PersonFacts(
            person_id=person_id,
            deceased=bool(flags & w.DECEASED),
            synthetic=bool(flags & w.SYNTHETIC),
            language=None if language is None else Language(language),
            rest_hours=None if rest_hours is None else tuple(_period(*each) for each in rest_hours),
        ),
        "phones": facts,
        "consents": tuple(
            Consent(
                phone=_phone(phone, facts),
                purpose=Purpose(purpose),
                mode=CallMode(mode),
                granted=bool(granted),
                given_at=_at(given_at),
                until=_maybe(until),
            )
            for phone, purpose, mode, granted, given_at, until in consents
        ),
        "attempts": tuple(_attempt(each, facts) for each in attempts),
    }
    return tuple(
        _looked(each, common=common, phone_ids=phone_ids, shared=shared) for each in due_calls
    )


def _attempt(kept: Sequence[Any], phones: Sequence[PhoneFacts]) -> PastAttempt:
    at, phone, mode, purpose, flags, debt_ids, due_call_ids, retry_until = kept
    return PastAttempt(
        at=_at(at),
        phone=_phone(phone, phones),
        mode=CallMode(mode),
        purpose=Purpose(purpose),
        answered=bool(flags & w.ANSWERED),
        conversation=bool(flags & w.CONVERSATION),
        inbound=bool(flags & w.INBOUND),
        abandoned=bool(flags & w.ABANDONED),
        debt_ids=frozenset(debt_ids),
        due_call_ids=frozenset(due_call_ids),
        retry_until=_maybe(retry_until),
        next_phone=bool(flags & w.NEXT_PHONE),
    )


def _looked(
    kept: Sequence[Any],
    *,
    common: Mapping[str, Any],
    phone_ids: Mapping[str, int],
    shared: _Shared,
) -> Looked:
    (
        due_call_id,
        reason,
        purpose,
        mode,
        due_by,
        not_before,
        debt_ids,
        flags,
        asked_at,
        extension_until,
        reason_gone,
        campaign,
        community_id,
        priority,
        opt_outs,
        rule,
        until,
    ) = kept
    due = DueFacts(
        due_call_id=due_call_id,
        reason=Reason(reason),
        purpose=Purpose(purpose),
        mode=CallMode(mode),
        due_by=_at(due_by),
        not_before=_maybe(not_before),
        debt_ids=frozenset(debt_ids),
        appointment=bool(flags & w.APPOINTMENT),
        asked_by_owner=bool(flags & w.ASKED_BY_OWNER),
        asked_at=_maybe(asked_at),
        disputed=bool(flags & w.DISPUTED),
        extension_until=_maybe(extension_until),
        reason_holds=bool(flags & w.REASON_HOLDS),
        reason_gone=reason_gone,
    )
    row = DueRow(
        due_call_id=due_call_id,
        person_id=common["person"].person_id,
        community_id=community_id,
        reason=due.reason,
        purpose=due.purpose,
        mode=due.mode,
        campaign=campaign,
        appointment=due.appointment,
        due_by=due.due_by,
        priority=priority,
    )
    facts = CallFacts(
        due=due,
        place=shared.places[community_id],
        setting=shared.settings[campaign],
        opt_outs=tuple(
            OptOut(
                since=_at(since),
                phone=None if phone is None else _phone(phone, common["phones"]),
                reason=None if about is None else Reason(about),
                purpose=None if wish_purpose is None else Purpose(wish_purpose),
            )
            for phone, about, wish_purpose, since in opt_outs
        ),
        **common,
    )
    candidate = Candidate(
        due_call=cast("AnyRow", row),
        subject=_subject(due),
        facts=facts,
        phone_ids=phone_ids,
    )
    return Looked(candidate=candidate, rule=Rule(rule), until=_maybe(until))


def _subject(due: DueFacts) -> SubjectFacts:
    return SubjectFacts(
        due_call_id=due.due_call_id,
        reason=due.reason,
        reason_holds=due.reason_holds,
        reason_gone=due.reason_gone,
        debt_ids=due.debt_ids,
        disputed=due.disputed,
        extension_until=due.extension_until,
        asked_at=due.asked_at,
    )


def _phone(ref: int | str, phones: Sequence[PhoneFacts]) -> PhoneNumber:
    return PhoneNumber(ref) if isinstance(ref, str) else phones[ref].phone


def _period(start: str, end: str) -> LocalPeriod:
    return LocalPeriod(time.fromisoformat(start), time.fromisoformat(end))


def _at(us: int) -> datetime:
    return _EPOCH + us * _MICROSECOND


def _maybe(us: int | None) -> datetime | None:
    return None if us is None else _at(us)
