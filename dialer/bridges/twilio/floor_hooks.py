"""What Twilio asks and tells of rooms, and of the phones of our side; answered by any process."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.columns import AnyRow, table_of
from customers.model import Language
from dialer.bridges.floor import PhoneTrouble
from dialer.bridges.twilio.book import Told, merge
from dialer.bridges.twilio.hook import (
    CALL_SID,
    CONFERENCE_SID,
    NOTHING,
    Answer,
    Hook,
    Hooks,
    Visit,
    refused,
    twiml,
)
from dialer.bridges.twilio.results import (
    OVER,
    CallStatus,
    instant_of,
    number_of,
    second_of,
    status_of,
)
from dialer.bridges.twilio.rooms import Part, RoomDocuments
from dialer.bridges.twilio.seats import Seat, SeatBook
from dialer.bridges.twilio.tables import TwilioCall
from dialer.bridges.twilio.troubles import trouble_of

log = structlog.get_logger(__name__)

_CALL = table_of(TwilioCall)
_STATUSES = "|".join(each.value for each in CallStatus)
_EVENT = r"(conference|participant)-[a-z-]{1,40}"

_IN_ROOM = (
    sa.select(_CALL.c.call_id, _CALL.c.room, _CALL.c.in_room_at)
    .where(_CALL.c.sid == sa.bindparam("sid"))
    .with_for_update()
)


class Meetings(Protocol):
    """What rooms need of `dialer.bridges.twilio.recording.Recorder`."""

    async def met(self, call_id: UUID, conference_sid: str) -> None:
        """Record an owner who has come into an agent's room, where the rules allow."""
        ...


class FloorHooks:
    """Answers for the rooms; keeps nothing itself."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        documents: RoomDocuments,
        *,
        language: Language = Language.MANDARIN,
        recorder: Meetings | None = None,
    ) -> None:
        """Put it together.

        Args:
            sessions: of the database.
            documents: of the rooms.
            language: what agents' phones hear, and owners of no known one.
            recorder: hears of owners who have come to their agent; None: nothing is recorded.
        """
        self._sessions = sessions
        self._seats = SeatBook(sessions)
        self._documents = documents
        self._language = language
        self._recorder = recorder

    def hooks(self) -> Hooks:
        """Return the addresses it answers."""
        called = {"CallSid": CALL_SID}
        return (
            Hook(path="/phones/{seat_id}/answer", answer=self._picked_up, form=called),
            Hook(
                path="/phones/{seat_id}/status",
                answer=self._phone_over,
                form={**called, "CallStatus": _STATUSES},
            ),
            Hook(
                path="/rooms/{room}/events",
                answer=self._event,
                form={"ConferenceSid": CONFERENCE_SID, "StatusCallbackEvent": _EVENT},
            ),
            Hook(path="/calls/{call_id}/passed-on", answer=self._passed_on, form=called),
        )

    async def _picked_up(self, visit: Visit) -> Answer:
        """Say where a phone of ours goes; one that nobody waits for any more hangs up."""
        seat_id = _id(visit.path, "seat_id")
        seat = None if seat_id is None else await self._seats.rung(seat_id, visit.form["CallSid"])
        if seat is None or seat.gone_at is not None or seat.sid != visit.form["CallSid"]:
            log.info("phone_not_wanted", seat_id=visit.path["seat_id"])
            return twiml(self._documents.bye())
        if _may_be_a_mailbox(seat) and not visit.form.get("Digits"):
            return twiml(self._documents.key_first(seat.seat_id, self._language))
        coached = await self._coached(seat) if seat.part is Part.WHISPER else None
        return twiml(self._documents.phone(seat.room, seat.part, coached=coached))

    async def _coached(self, seat: Seat) -> str | None:
        """Return the call of the agent to whom is whispered."""
        agents = await self._seats.open_in(seat.room, Part.SEAT)
        return next((each.sid for each in agents if each.seated_at is not None), None)

    async def _phone_over(self, visit: Visit) -> Answer:
        """Note why a phone of ours is gone."""
        seat_id = _id(visit.path, "seat_id")
        status = status_of(visit.form["CallStatus"])
        seat = None if seat_id is None else await self._seats.rung(seat_id, visit.form["CallSid"])
        if seat is None or seat.sid != visit.form["CallSid"]:
            return refused(HTTPStatus.NOT_FOUND, "no such phone")
        if status is None or status not in OVER:
            return NOTHING
        trouble = trouble_of(status, sip_code=number_of(visit.form.get("SipResponseCode")))
        if seat.seated_at is not None:
            trouble = PhoneTrouble.HUNG_UP
        await self._seats.gone([seat.seat_id], at=visit.at, trouble=trouble)
        log.info("phone_gone", part=seat.part.value, room=seat.room, status=status.value)
        return NOTHING

    async def _event(self, visit: Visit) -> Answer:
        """Note who has come into a room, and who has gone."""
        form, room = visit.form, visit.path["room"]
        conference_sid, call_sid = form["ConferenceSid"], form.get("CallSid", "")
        if form.get("FriendlyName", "") != self._documents.conference(room):
            return refused(HTTPStatus.UNPROCESSABLE_ENTITY, "another room's address")
        at = instant_of(form.get("Timestamp"), at=visit.at)
        match form["StatusCallbackEvent"]:
            case "participant-join":
                if not await self._seats.joined(call_sid, conference_sid=conference_sid, at=at):
                    await self._owner_in(call_sid, room=room, visit=visit)
            case "participant-leave":
                await self._seats.left(call_sid, at=at)
            case "conference-end":
                await self._seats.conference_over(conference_sid, at=at)
            case _:
                pass  # starts, and what was not asked for
        return NOTHING

    async def _owner_in(self, call_sid: str, *, room: str, visit: Visit) -> None:
        """Note that an owner is in a room, unless they are, or are to be, in another by now."""
        at = instant_of(visit.form.get("Timestamp"), at=visit.at)
        async with self._sessions.begin() as session:
            row = (await session.execute(_IN_ROOM, {"sid": call_sid})).one_or_none()
            if row is None or (room != row.room and not _is_later(visit, row)):
                return
            await merge(session, row.call_id, Told(room=room, in_room_at=at))
        if self._recorder is not None:
            await self._recorder.met(row.call_id, visit.form["ConferenceSid"])

    async def _passed_on(self, visit: Visit) -> Answer:
        """End a call whose outside number has hung up; where nobody picked up, say so first."""
        call_id = _id(visit.path, "call_id")
        outside = [] if call_id is None else await self._seats.outside_of(call_id)
        await self._seats.gone([each.seat_id for each in outside], at=visit.at)
        if visit.form.get("DialCallStatus") in {"completed", "answered"}:
            return twiml(self._documents.bye())
        return twiml(self._documents.sorry(self._language))


def _may_be_a_mailbox(seat: Seat) -> bool:
    """Say whether a telephone's mailbox may have picked up; a guest's is heard by the agent."""
    return seat.endpoint.startswith("+") and seat.part is not Part.GUEST


def _is_later(visit: Visit, row: AnyRow) -> bool:
    """Say whether they surely came in after they came into the room on file, or had none."""
    second = second_of(visit.form.get("Timestamp"))
    came: datetime | None = row.in_room_at
    return row.room is None or (second is not None and came is not None and second > came)


def _id(path: Mapping[str, str], name: str) -> UUID | None:
    try:
        return UUID(path[name])
    except ValueError:
        return None
