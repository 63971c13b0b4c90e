"""Calls at Twilio that the book does not have: after a restore it is as old as the backup.

Twilio does not know our ids; a call of another book has one made of Twilio's name for it, always
the same.
"""

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from core.phone import PhoneNumber
from dialer.bridges.port import PlacedCall
from dialer.bridges.twilio.book import Book, BookedCall
from dialer.bridges.twilio.reports import Listed
from dialer.bridges.twilio.results import Before, judge

_NAMES = UUID("5b1f4bde-6d2c-5f0e-9a55-6b6a3c5d7e21")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def stranger_id(sid: str) -> UUID:
    """Return the id of a call that the book does not have; none that we make is like it."""
    return uuid5(_NAMES, sid)


class Strangers:
    """Tells owners' calls among the account's: created over the API, from a number of ours."""

    def __init__(self, book: Book, numbers: Collection[str], *, trunk: str) -> None:
        self._book = book
        self._numbers = frozenset(numbers)
        self._trunk = trunk

    async def among(self, calls: Sequence[Listed]) -> dict[UUID, Listed]:
        """Return the calls that are owners', by id: ours where the book has them."""
        mine = [each for each in calls if self._is_owners(each)]
        booked = await self._by_sid([each.sid for each in mine])
        return {
            booked[each.sid].call_id if each.sid in booked else stranger_id(each.sid): each
            for each in mine
        }

    async def placed(self, calls: Sequence[Listed]) -> tuple[PlacedCall, ...]:
        """Return the owners' calls as the port tells them, the oldest first."""
        found = [self._placed(call_id, call) for call_id, call in (await self.among(calls)).items()]
        return tuple(sorted(found, key=lambda call: call.placed_at))

    def _placed(self, call_id: UUID, call: Listed) -> PlacedCall:
        told, answered_at = call.told, call.told.answered_at
        ended_at: datetime | None = None
        result = None
        if told.gone is not None:
            before = Before(
                answered_at=answered_at,
                answered_by=told.answered_by,
                is_abandoned=False,
                is_cut=False,
            )
            verdict = judge(told.gone, before)
            ended_at, answered_at, result = told.gone.at, verdict.answered_at, verdict.result
        return PlacedCall(
            attempt_id=call_id,
            to=PhoneNumber(call.to),
            trunk=self._trunk,
            placed_at=call.placed_at,
            answered_at=answered_at,
            ended_at=ended_at,
            result=result,
        )

    async def _by_sid(self, sids: Sequence[str]) -> dict[str, BookedCall]:
        booked = await self._book.calls_of(sids)
        return {each.sid: each for each in booked if each.sid is not None}

    def _is_owners(self, call: Listed) -> bool:
        return call.is_created and call.shown in self._numbers and bool(_E164.fullmatch(call.to))
