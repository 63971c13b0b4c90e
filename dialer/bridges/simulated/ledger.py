"""The simulated carrier's own book of every call it took, and the double calls found in it."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from core.errors import OwnerlineError
from dialer.model import AnsweredBy, TelephonyResult


class LedgerError(OwnerlineError):
    """The carrier's ledger was asked to go on with a call that has ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CarrierCall:
    """One call as the carrier knows it; instants are aware, UTC, None until they happen.

    `answered_by` is the truth, `result` what the carrier reported (detection may be wrong).
    `person` is the population's key of whoever holds the phone, None where nobody does.
    """

    call_id: UUID
    e164: str
    person: str | None
    trunk: str
    placed_at: datetime
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    answered_by: AnsweredBy | None = None
    result: TelephonyResult | None = None
    hangup_cause: int | None = None  # Q.850
    sip_code: int | None = None

    @property
    def live(self) -> bool:
        """Whether the line is up."""
        return self.ended_at is None

    @property
    def talk_seconds(self) -> float:
        """Seconds from the answer to the end; 0 when nobody answered or the line is up."""
        if self.answered_at is None or self.ended_at is None:
            return 0.0
        return (self.ended_at - self.answered_at).total_seconds()


class Ledger:
    """An append-only book of calls; a line is added at each stage and none is ever changed.

    `keep` is given each line as it is written (JSON, ended by a newline), say the `write` of a
    line-buffered file, so that the book outlives its process; the last line of a call holds.
    """

    def __init__(self, keep: Callable[[str], object] | None = None) -> None:
        self._keep = keep
        self._lines: list[CarrierCall] = []
        self._latest: dict[UUID, CarrierCall] = {}

    @classmethod
    def parse(cls, lines: Iterable[str], keep: Callable[[str], object] | None = None) -> "Ledger":
        """Return the book read from lines of JSON; only what follows goes to `keep`."""
        ledger = cls(keep)
        for line in lines:
            ledger._enter(_read_line(line))
        return ledger

    def write(self, call: CarrierCall) -> None:
        """Add a line: a new call, or the next stage of a live one.

        Raises:
            LedgerError: the call has ended already.
        """
        self._enter(call)
        if self._keep is not None:
            self._keep(_line(call))

    def _enter(self, call: CarrierCall) -> None:
        before = self._latest.get(call.call_id)
        if before is not None and not before.live:
            message = f"call {call.call_id} ended at {before.ended_at}: nothing may follow"
            raise LedgerError(message)
        self._lines.append(call)
        self._latest[call.call_id] = call

    def get(self, call_id: UUID) -> CarrierCall | None:
        """Return the call as it stands; None when it was never placed."""
        return self._latest.get(call_id)

    def calls(self) -> tuple[CarrierCall, ...]:
        """Return every call as it stands, in the order they were placed."""
        return tuple(self._latest.values())

    def lines(self) -> tuple[CarrierCall, ...]:
        """Return every line in the order it was written."""
        return tuple(self._lines)

    def live(self) -> tuple[CarrierCall, ...]:
        """Return the calls that are up, in the order they were placed."""
        return tuple(call for call in self._latest.values() if call.live)

    def write_jsonl(self, path: Path) -> None:
        """Write the book to a file, as `jsonl` has it."""
        path.write_text(self.jsonl(), encoding="utf-8")

    def jsonl(self) -> str:
        """Return one line of JSON a call as it stands, in the order they were placed."""
        return "".join(_line(call) for call in self.calls())


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptFacts:
    """What the dialer knows of one call: whom it rang, what for, and when each may be rung again.

    `retry_at` holds, by due call, the instant before which this attempt forbids the next one; for
    those in `other_numbers_free` it forbids only the number it rang.
    """

    call_id: UUID
    person_id: int
    due_call_ids: tuple[int, ...]
    retry_at: Mapping[int, datetime] = field(default_factory=dict)
    other_numbers_free: frozenset[int] = frozenset()


class DoubleKind(StrEnum):
    """What makes a ring one too many."""

    WHILE_LIVE = "while_live"  # another call to the person or number was up
    AFTER_FINAL = "after_final"  # the due call had its final outcome
    INSIDE_RETRY = "inside_retry"  # an earlier attempt forbade it until later


@dataclass(frozen=True, kw_only=True, slots=True)
class DoubleCall:
    """A ring that should not have been, with every reason why."""

    call_id: UUID
    kinds: tuple[DoubleKind, ...]


def double_calls(
    calls: Iterable[CarrierCall],
    attempts: Iterable[AttemptFacts],
    *,
    final_at: Mapping[int, datetime],
) -> tuple[DoubleCall, ...]:
    """Return the rings that were one too many, in the order they were placed.

    `final_at` holds the instant of the final outcome by due call. A call the dialer has no facts
    about is compared by its number alone.
    """
    facts = {attempt.call_id: attempt for attempt in attempts}
    up_until: dict[object, datetime | None] = {}  # by number and by person; None: still up
    retry_at: dict[tuple[int, str | None], datetime] = {}  # by due call, and number where it binds
    found = []
    for call in sorted(calls, key=lambda call: call.placed_at):
        known = facts.get(call.call_id)
        due_call_ids = known.due_call_ids if known else ()
        called: list[object] = [call.e164] + ([known.person_id] if known else [])
        at = call.placed_at
        signs = {
            DoubleKind.WHILE_LIVE: any(_up(up_until, key, at) for key in called),
            DoubleKind.AFTER_FINAL: any(final_at.get(due, at) < at for due in due_call_ids),
            DoubleKind.INSIDE_RETRY: any(
                at < retry_at.get((due, number), at)
                for due in due_call_ids
                for number in (None, call.e164)
            ),
        }
        kinds = tuple(kind for kind, shown in signs.items() if shown)
        if kinds:
            found.append(DoubleCall(call_id=call.call_id, kinds=kinds))
        for key in called:
            if key not in up_until or not _outlasts(up_until[key], call.ended_at):
                up_until[key] = call.ended_at
        for due, when in (known.retry_at if known else {}).items():
            key_of = (due, call.e164 if known and due in known.other_numbers_free else None)
            retry_at[key_of] = max(when, retry_at.get(key_of, when))
    return tuple(found)


def _up(up_until: Mapping[object, datetime | None], key: object, at: datetime) -> bool:
    return key in up_until and _outlasts(up_until[key], at)


def _outlasts(end: datetime | None, other: datetime | None) -> bool:
    """Say whether a line that ends at `end` is up after `other`; None is a line still up."""
    return end is None or (other is not None and end > other)


def _line(call: CarrierCall) -> str:
    values = {each.name: _plain(getattr(call, each.name)) for each in fields(call)}
    return json.dumps(values, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _read_line(line: str) -> CarrierCall:
    raw = json.loads(line)
    for name in ("placed_at", "ringing_at", "answered_at", "ended_at"):
        if raw[name] is not None:
            raw[name] = datetime.fromisoformat(raw[name])
    if raw["answered_by"] is not None:
        raw["answered_by"] = AnsweredBy(raw["answered_by"])
    if raw["result"] is not None:
        raw["result"] = TelephonyResult(raw["result"])
    raw["call_id"] = UUID(raw["call_id"])
    return CarrierCall(**raw)
