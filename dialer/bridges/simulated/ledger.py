"""The simulated carrier's own book: every call it took, and what it says of double calls."""

import json
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

    With a `path` each line is also appended to that file as it is written, so that the book
    outlives its process; the last line of a call holds.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lines: list[CarrierCall] = []
        self._latest: dict[UUID, CarrierCall] = {}

    @classmethod
    def read(cls, path: Path) -> "Ledger":
        """Return the book kept in a file; it goes on appending there."""
        ledger = cls()
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                ledger.write(_read_line(line))
        ledger._path = path
        return ledger

    def write(self, call: CarrierCall) -> None:
        """Add a line: a new call, or the next stage of a live one.

        Raises:
            LedgerError: the call has ended already.
        """
        before = self._latest.get(call.call_id)
        if before is not None and not before.live:
            message = f"call {call.call_id} ended at {before.ended_at}: nothing may follow"
            raise LedgerError(message)
        self._lines.append(call)
        self._latest[call.call_id] = call
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line(call))

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
        """Write one JSON object a call, in the order they were placed."""
        path.write_text("".join(_line(call) for call in self.calls()), encoding="utf-8")


def _line(call: CarrierCall) -> str:
    values = {field.name: _plain(getattr(call, field.name)) for field in fields(call)}
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
