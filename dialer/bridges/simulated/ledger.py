"""The simulated carrier's own book of every call it took."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
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

    `keep` is given each line as it is written (JSON, ended by a newline); the last line of a call
    holds. `dialer.bridges.simulated.book` keeps one on a file, which outlives its process.
    """

    def __init__(self, keep: Callable[[str], object] | None = None) -> None:
        self._keep = keep
        self._latest: dict[UUID, CarrierCall] = {}

    @classmethod
    def parse(cls, lines: Iterable[str], keep: Callable[[str], object] | None = None) -> "Ledger":
        """Return the book read from lines of JSON; only what follows goes to `keep`."""
        ledger = cls(keep)
        for line in lines:
            ledger._enter(read_line(line))
        return ledger

    def write(self, call: CarrierCall) -> None:
        """Add a line: a new call, or the next stage of a live one.

        Raises:
            LedgerError: the call has ended already.
        """
        self._enter(call)
        if self._keep is not None:
            self._keep(line_of(call))

    def _enter(self, call: CarrierCall) -> None:
        before = self._latest.get(call.call_id)
        if before is not None and not before.live:
            message = f"call {call.call_id} ended at {before.ended_at}: nothing may follow"
            raise LedgerError(message)
        self._latest[call.call_id] = call

    def get(self, call_id: UUID) -> CarrierCall | None:
        """Return the call as it stands; None when it was never placed."""
        return self._latest.get(call_id)

    def calls(self) -> tuple[CarrierCall, ...]:
        """Return every call as it stands, in the order they were placed."""
        return tuple(self._latest.values())

    def live(self) -> tuple[CarrierCall, ...]:
        """Return the calls that are up, in the order they were placed."""
        return tuple(call for call in self._latest.values() if call.live)

    def write_jsonl(self, path: Path) -> None:
        """Write the book to a file, as `jsonl` has it."""
        path.write_text(self.jsonl(), encoding="utf-8")

    def jsonl(self) -> str:
        """Return one line of JSON a call as it stands, in the order they were placed."""
        return "".join(line_of(call) for call in self.calls())


def calls_in(lines: Iterable[str]) -> Iterator[CarrierCall]:
    """Yield the calls of a book's lines as they stand in the end, in the order they were placed.

    It keeps no more in memory than was placed since the oldest call that is still up.
    """
    standing: dict[UUID, CarrierCall] = {}
    for line in lines:
        call = read_line(line)
        standing[call.call_id] = call
        while standing and not (first := next(iter(standing.values()))).live:
            del standing[first.call_id]
            yield first
    yield from standing.values()


def line_of(call: CarrierCall) -> str:
    """Return a call as one line of JSON."""
    values = {each.name: _plain(getattr(call, each.name)) for each in fields(call)}
    return json.dumps(values, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def read_line(line: str) -> CarrierCall:
    """Return the call that a line of JSON holds."""
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
