"""Documents on their way to Twilio: whole where it takes them so, else part by part."""

from functools import partial
from http import HTTPStatus
from typing import Protocol
from uuid import UUID

from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.book import BookedCall
from dialer.bridges.twilio.hook import CALL_SID, Answer, Hook, Hooks, Visit, refused, twiml
from dialer.bridges.twilio.parts import NoSuchPartError, part_of

_PART = "/calls/{call_id}/steps/{turn_no}/parts/{part}"


class Calls(Protocol):
    """Where the document of a call is kept; part of `dialer.bridges.twilio.book`."""

    async def call(self, call_id: UUID) -> BookedCall | None:
        """Return a call; None: not in the book."""
        ...


class Documents:
    """Sends documents, and says on what was too long for one."""

    def __init__(self, calls: Calls, addresses: Addresses) -> None:
        self._calls = calls
        self._addresses = addresses

    def first(self, document: str, *, call_id: UUID, turn_no: int) -> Answer:
        """Return a turn's document as it is sent; the book has it whole."""
        return twiml(part_of(document, 1, address=self._address(call_id, turn_no)))

    def hooks(self) -> Hooks:
        """Return the address of parts."""
        return (Hook(path=_PART, answer=self._next, form={"CallSid": CALL_SID}),)

    async def _next(self, visit: Visit) -> Answer:
        try:
            call_id = UUID(visit.path["call_id"])
            turn_no, part = int(visit.path["turn_no"]), int(visit.path["part"])
        except ValueError:
            return refused(HTTPStatus.NOT_FOUND, "no such part of a turn")
        call = await self._calls.call(call_id)
        if call is None or call.document is None:
            return refused(HTTPStatus.NOT_FOUND, "no such part of a turn")
        if call.turn_no != turn_no or call.ended is not None:
            return refused(HTTPStatus.GONE, "another turn is being said")
        try:
            return twiml(part_of(call.document, part, address=self._address(call_id, turn_no)))
        except NoSuchPartError as err:
            return refused(HTTPStatus.NOT_FOUND, str(err))

    def _address(self, call_id: UUID, turn_no: int) -> "partial[str]":
        return partial(self._addresses.part, call_id, turn_no)
