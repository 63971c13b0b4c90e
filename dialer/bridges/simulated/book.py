"""A carrier's book on a file: outlives its process, and takes little memory however long it is."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import UUID

from dialer.bridges.simulated.ledger import CarrierCall, Ledger, calls_in, read_line
from dialer.bridges.simulated.people import ENDINGS, Reaction
from dialer.model import TelephonyResult

# So many ended calls are at hand; older ones are looked up in the file.
AT_HAND = 1_000
_BLOCK = 64 * 1024


class Book(Ledger):
    """The ledger of a file; calls that ended long ago are read from there.

    Ids that grow with time (UUIDv7) make a new one known at once: only an id that is no greater
    than the greatest one put away is looked for in the file.
    """

    def __init__(self, path: Path, file: IO[str], *, at_hand: int = AT_HAND) -> None:
        super().__init__(file.write)
        self._path = path
        self._at_hand = at_hand
        self._ended = 0  # of those at hand
        self._greatest_away = UUID(int=0)
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                self._enter(read_line(line))

    def get(self, call_id: UUID) -> CarrierCall | None:
        """Return the call as it stands, from the file when it ended long ago."""
        found = super().get(call_id)
        if found is not None or call_id > self._greatest_away:
            return found
        named = str(call_id)
        with self._path.open(encoding="utf-8") as lines:
            found = None
            for line in lines:
                if named in line:
                    found = read_line(line)
        return found

    def calls(self) -> tuple[CarrierCall, ...]:
        """Return every call of the file as it stands, in the order they were placed."""
        return tuple(read_calls(self._path))

    def _enter(self, call: CarrierCall) -> None:
        super()._enter(call)
        self._ended += not call.live
        if self._ended > 2 * self._at_hand:
            self._put_away()

    def _put_away(self) -> None:
        ended = [call.call_id for call in self._latest.values() if not call.live]
        for call_id in ended[: -self._at_hand]:
            del self._latest[call_id]
            self._greatest_away = max(self._greatest_away, call_id)
        self._ended = self._at_hand


def read_calls(path: Path, start: int = 0) -> Iterator[CarrierCall]:
    """Yield the calls of a book's file behind an offset, one at a time, as they stand in the end.

    They come in the order they were placed.
    """
    with path.open(encoding="utf-8") as lines:
        lines.seek(start)
        yield from calls_in(lines)


@contextlib.contextmanager
def open_book(path: Path, *, now: datetime) -> Iterator[Book]:
    """Hold the book of a file for the block; calls an earlier process left up have ended with it.

    Each line is on the file once it is written; one that a killed process left half is cut off.
    """
    _cut_half_a_line(path)
    with path.open("a", encoding="utf-8", buffering=1) as file:
        book = Book(path, file)
        for call in book.live():
            book.write(_died(call, now))
        yield book


def _cut_half_a_line(path: Path) -> None:
    with path.open("a+b") as file:
        end = file.seek(0, 2)
        while end:
            start = max(0, end - _BLOCK)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                file.truncate(start + newline + 1)
                return
            end = start
        file.truncate(0)


def _died(call: CarrierCall, now: datetime) -> CarrierCall:
    answered = call.answered_at is not None
    ending = ENDINGS[Reaction.FAILURE]
    return replace(
        call,
        ended_at=max(now, call.answered_at or call.placed_at),
        result=TelephonyResult.ANSWERED if answered else ending.result,
        hangup_cause=ending.hangup_cause,
        sip_code=ending.sip_code,
    )
