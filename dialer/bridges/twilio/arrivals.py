"""Calls that come in: Twilio asks any process what they hear, and tells any how they end."""

from datetime import timedelta
from http import HTTPStatus

import structlog

from dialer.bridges.inbound import InboundDesk
from dialer.bridges.twilio.booked import BookedCall
from dialer.bridges.twilio.hook import CALL_SID, NOTHING, Answer, Hook, Hooks, Visit, refused
from dialer.bridges.twilio.inbound_book import Arrival, InboundBook
from dialer.bridges.twilio.replies import ReplyFormError
from dialer.bridges.twilio.reports import told_by_form
from dialer.bridges.twilio.talking import Talking
from dialer.model import AnsweredBy, Direction

log = structlog.get_logger(__name__)

_WHO = r"[^\x00-\x1f\x7f]{0,128}"  # numbers, SIP addresses, words for those who withhold theirs
_WORD = r"[a-z]{1,20}(?:-[a-z]{1,20}){0,3}"
_TOLD_WITHIN = timedelta(minutes=10)


class Arrivals:
    """Answers for our numbers; keeps nothing itself."""

    def __init__(self, book: InboundBook, desk: InboundDesk, talking: Talking) -> None:
        self._book = book
        self._desk = desk
        self._talking = talking

    def hooks(self) -> Hooks:
        """Return the addresses that our numbers lead to."""
        form = {"CallSid": CALL_SID, "From": _WHO, "To": _WHO}
        return (
            Hook(path="/inbound", answer=self._rings, form=form),
            Hook(path="/inbound/status", answer=self._status, form={**form, "CallStatus": _WORD}),
        )

    async def _rings(self, visit: Visit) -> Answer:
        """Say the first document; as the fallback of our numbers, go on where it stands."""
        arrival = _arrival(visit)
        call = await self._book.enter(arrival)
        if call.direction is not Direction.INBOUND:
            log.error("twilio_call_is_another", call_id=str(call.call_id))
            return self._talking.sorry()
        if call.ended is not None:
            return refused(HTTPStatus.GONE, "the call is over")
        if call.document is not None:
            return await self._go_on(call, visit)
        if not await self._desk.take(self._book.told(call, arrival)):
            log.warning("inbound_call_not_taken", call_id=str(call.call_id))
            return self._talking.sorry()
        log.info("inbound_call_taken", call_id=str(call.call_id))
        answer = await self._talking.begin(call, visit, who=AnsweredBy.HUMAN)
        await self._end_if_over(arrival)
        return answer

    async def _go_on(self, call: BookedCall, visit: Visit) -> Answer:
        """Say the same again to the same request, and go on after one that failed."""
        if visit.token and visit.token == call.token:
            return self._talking.as_kept(call) or self._talking.sorry()
        if "ErrorCode" not in visit.form:
            return refused(HTTPStatus.CONFLICT, "the call was answered before")
        log.warning("twilio_fell_back", call_id=str(call.call_id), turn_no=call.turn_no)
        try:
            return await self._talking.recover(call, visit)
        except ReplyFormError as err:
            return refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(err))
        except Exception:  # a call session's edge: else Twilio says what nobody understands
            log.exception("twilio_talk_failed", call_id=str(call.call_id))
            return self._talking.sorry(self._talking.language_of(call))

    async def _end_if_over(self, arrival: Arrival) -> None:
        """End a call that went while it was being taken: its end found nothing to end."""
        call = await self._book.enter(arrival)
        if call.ended is not None:
            await self._book.over(self._desk, call, at=call.ended.at)

    async def _status(self, visit: Visit) -> Answer:
        """Note how a call ended; one that nobody answered is missed."""
        told = told_by_form(visit.form, at=visit.at)
        if told.gone is None:
            return NOTHING
        arrival = _arrival(visit)
        call = await self._book.known(arrival.sid)
        if call is None:
            await self._book.missed(self._desk, arrival, told)
        elif call.direction is not Direction.INBOUND:
            return refused(HTTPStatus.CONFLICT, "the call did not come in")
        elif call.ended is not None and visit.at - call.ended.at > _TOLD_WITHIN:
            return refused(HTTPStatus.GONE, "the call is over")
        else:
            await self._book.over(self._desk, call, at=told.gone.at, told=told)
        return NOTHING


def _arrival(visit: Visit) -> Arrival:
    form = visit.form
    return Arrival(sid=form["CallSid"], written=form["From"], dialled=form["To"], at=visit.at)
