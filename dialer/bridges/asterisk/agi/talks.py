"""The talks of the bridge: lets each answered call in, and speaks with whoever is on it.

A session that ends without OWNERLINE_NEXT (we failed, or are gone) makes the dialplan apologise.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Protocol
from uuid import UUID

import structlog

from core.clock import Clock
from core.errors import OwnerlineError
from core.ids import IdSource
from customers.model import Language
from dialer.bridges.asterisk.agi.answers import Answers
from dialer.bridges.asterisk.agi.keys import Keys
from dialer.bridges.asterisk.agi.preparing import Preparing
from dialer.bridges.asterisk.agi.seats import Seats
from dialer.bridges.asterisk.agi.server import AgiServer, Visit, split_address
from dialer.bridges.asterisk.agi.session import AgiSession, CallGoneError
from dialer.bridges.asterisk.agi.signing import Signer
from dialer.bridges.asterisk.agi.sources import InboundTurns, OutboundTurns, TurnSource
from dialer.bridges.asterisk.agi.talk import Audio, Stage, Talk
from dialer.bridges.asterisk.amd import answered_by_of
from dialer.bridges.asterisk.lines import ManagerEvent
from dialer.bridges.asterisk.parts import Board, Recordings
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.asterisk.values import Kind, safe
from dialer.bridges.floor import Floor
from dialer.bridges.port import OutboundCall
from dialer.model import AnsweredBy

log = structlog.get_logger(__name__)

_DIGITS = frozenset("0123456789*#")
# From the answer to the session: detection, and Asterisk on a bad day.
_SESSION_WITHIN_S = 60.0
# After a hang-up: Asterisk closes a recording, and the database takes it in.
_LAST_WORD_S = 5.0
# The manager interface tells a key within a millisecond of the session; a busy process, later.
_MANAGER_WITHIN_S = 0.5
_EXPECTED_KEPT = 2_000
_NEXT, _ROOM = "OWNERLINE_NEXT", "OWNERLINE_ROOM"


class TalksError(OwnerlineError):
    """Talks were asked for something before the bridge has started."""


class Speech(Audio, Protocol):
    """What talks need of `dialer.bridges.asterisk.sounds.Sounds`."""

    def sorry(self, language: Language, *, shared: str) -> str:
        """Return the apology's audio as a server sees it."""
        ...


class AsteriskTalks:
    """Speaks with whoever has picked up, and with whoever rang; a part of the bridge."""

    def __init__(
        self,
        *,
        clock: Clock,
        sounds: Speech,
        ids: IdSource,
        folder: Path,
        listen: str = "127.0.0.1:0",
        advertise: str | None = None,
        rooms: Floor | None = None,
        recordings: Recordings | None = None,
        detects: bool = True,
        leave_within_s: float = 0.0,
    ) -> None:
        """Put talks together.

        Args:
            clock: of tokens and events.
            sounds: makes and publishes the audio of sentences.
            ids: names free answers.
            folder: the shared folder as we see it.
            listen: host:port; port 0: any.
            advertise: host:port the servers reach us by; None: as `listen`, with the real port.
            rooms: says whose phone is in its room; None: agents' calls are abandoned.
            recordings: records turns that are to be; None: nothing is.
            detects: whether machines are listened for where a call asks for it.
            leave_within_s: how long talks may go on when the bridge closes.
        """
        self._sounds = sounds
        self._advertise = advertise
        self._listen = listen
        self._leave_within_s = leave_within_s
        self._detects = detects
        self._recordings = recordings
        self._clock = clock
        self._signer = Signer(clock)
        self._server = AgiServer(clock=clock, signer=self._signer, meet=self._meet)
        self._answers = Answers(folder=folder, ids=ids)
        self._seats = None if rooms is None else Seats(rooms)
        self._board: Board | None = None
        self._keys: dict[str, Keys] = {}  # of the sessions, by channel id
        self._preparing = Preparing(sounds)
        self._expected: OrderedDict[UUID, Trunk] = OrderedDict()  # calls that came in
        self._talking: dict[UUID, asyncio.Future[None]] = {}

    # A part of the bridge.

    async def start(self, board: Board) -> None:
        """Listen for sessions, and for keys on every server.

        Raises:
            AgiAddressError: the address cannot be listened on.
            AnswersFolderError: the shared folder cannot be written.
        """
        await self._answers.start()
        await self._server.start(self._listen)
        self._board = board
        for server in board.servers.values():
            server.on("DTMFBegin", self._key_begun)
            server.on("DTMFEnd", self._key_told)
        board.lines.on_ringing(self._rings)
        board.lines.on_over(self._over)

    async def close(self) -> None:
        """Take no session any more; talks that go on are cut, and the dialplan apologises."""
        await self._server.close(within_s=self._leave_within_s)
        self._board = None

    @property
    def talking(self) -> frozenset[UUID]:
        """The calls that are being spoken with."""
        return frozenset(self._talking)

    # What the dialplan is given.

    @property
    def address(self) -> str:
        """Where the servers reach us."""
        if self._advertise is not None:
            return self._advertise
        host, _ = split_address(self._listen)
        return f"[{host}]:{self._server.port}" if ":" in host else f"{host}:{self._server.port}"

    def variables(self, call: OutboundCall, trunk: Trunk) -> Mapping[str, str]:
        """Return the channel variables by which the dialplan reaches the talk of a call."""
        return {
            **self._reached_by(call.attempt_id, call.ring_timeout_s + _SESSION_WITHIN_S),
            "OWNERLINE_DETECT": call.language.value
            if call.detect_machine and self._detects
            else "",
            "OWNERLINE_SORRY": self._sounds.sorry(call.language, shared=trunk.shared),
        }

    def inbound_variables(
        self, call_id: UUID, trunk: Trunk, language: Language
    ) -> Mapping[str, str]:
        """Expect a call that came in, and return the variables it needs to come to its talk."""
        self._expected[call_id] = trunk
        while len(self._expected) > _EXPECTED_KEPT:
            self._expected.popitem(last=False)
        return {
            "OWNERLINE_CALL": str(call_id),
            **self._reached_by(call_id, _SESSION_WITHIN_S),
            "OWNERLINE_DETECT": "",
            "OWNERLINE_SORRY": self._sounds.sorry(language, shared=trunk.shared),
        }

    async def until_said(self, call_id: UUID) -> None:
        """Wait until the talk of a call has taken its last reply in, or a little while."""
        talked = self._talking.get(call_id)
        if talked is not None:
            await asyncio.wait([talked], timeout=_LAST_WORD_S)

    def _reached_by(self, call_id: UUID, lives_s: float) -> dict[str, str]:
        return {
            "OWNERLINE_AGI": safe(Kind.ADDRESS, self.address),
            "OWNERLINE_TOKEN": self._signer.token(call_id, lives_s=lives_s),
        }

    # While a phone rings.

    async def prepare(self, attempt_id: UUID) -> None:
        """Have the audio of what a person will probably hear first; never raises."""
        if self._board is not None:
            await self._preparing.prepare(self._board, attempt_id)

    # Sessions.

    async def _meet(self, visit: Visit) -> None:
        loop = asyncio.get_running_loop()
        keys = Keys(loop.time, manager_within_s=_MANAGER_WITHIN_S)
        session = AgiSession(visit.reader, visit.writer, header=visit.header, keys=keys)
        self._keys[session.channel_id] = keys
        talked: asyncio.Future[None] = loop.create_future()
        self._begun().lines.end_after(visit.call_id, talked)
        self._talking[visit.call_id] = talked
        try:
            await self._talk(visit, session)
        except CallGoneError:
            log.debug("call_gone_in_talk", call_id=str(visit.call_id))
        except Exception:  # the edge of a call session: the dialplan apologises, the others go on
            log.exception("talk_failed", call_id=str(visit.call_id))
        finally:
            talked.set_result(None)
            del self._talking[visit.call_id]
            del self._keys[session.channel_id]
            session.close()

    async def _talk(self, visit: Visit, session: AgiSession) -> None:
        board, call_id = self._begun(), visit.call_id
        expected = self._expected.pop(call_id, None)
        if expected is not None and board.inbound is not None:
            source = InboundTurns(call_id, desk=board.inbound)
            talk = Talk(self._stage(session, call_id, source, expected))
            await _leave(session, room=await talk.run())
            return
        call = board.lines.call(call_id)
        if call is None:
            log.warning("talk_of_unknown_call", call_id=str(call_id))
            return
        status, cause, *_ = visit.arguments
        answered_by = answered_by_of(status, cause)
        log.info(
            "call_met", attempt_id=str(call_id), answered_by=answered_by.value, detection=cause
        )
        await self._with_called(session, call, answered_by)

    async def _with_called(
        self, session: AgiSession, call: OutboundCall, answered_by: AnsweredBy
    ) -> None:
        board = self._begun()
        turns = OutboundTurns(
            call.attempt_id, answered_by, host=board.host, lines=board.lines, clock=self._clock
        )
        talk = Talk(self._stage(session, call.attempt_id, turns, board.trunks[call.trunk]))
        prepared = self._preparing.take(call.attempt_id)
        if answered_by is AnsweredBy.MACHINE:
            await _leave(session, room=await talk.run())
        elif call.room is None:
            await _leave(session, room=await talk.run(prepared))
        else:
            await board.lines.met(call.attempt_id, answered_by)
            await self._with_agent(session, call, call.room, talk)

    async def _with_agent(
        self, session: AgiSession, call: OutboundCall, room: str, talk: Talk
    ) -> None:
        """Put a person through to the agent who is to speak; abandoned if that one is not there."""
        board = self._begun()
        server = board.lines.server(call.attempt_id)
        left_s = call.room_within_s - board.lines.answered_s(call.attempt_id)
        if (
            self._seats is not None
            and server is not None
            and await self._seats.is_in(room, place=server.place, within_s=left_s)
        ):
            await _leave(session, room=room)
            return
        await session.check_up()  # who has hung up is not abandoned
        board.lines.abandon(call.attempt_id)
        log.info("call_abandoned", attempt_id=str(call.attempt_id), room=room)
        await talk.speak_last(await board.host.abandoned(call.attempt_id))
        await _leave(session, room=None)

    def _stage(self, session: AgiSession, call_id: UUID, source: TurnSource, trunk: Trunk) -> Stage:
        return Stage(
            session=session,
            source=source,
            audio=self._sounds,
            answers=self._answers,
            shared=trunk.shared,
            follow=partial(self._follow, call_id, session.channel_id),
        )

    async def _follow(self, call_id: UUID, channel: str, recorded: bool) -> None:  # noqa: FBT001 - of a turn
        if self._recordings is not None:
            await self._recordings.follow(call_id, recorded=recorded, channel=channel)

    # What the servers tell.

    def _key_begun(self, event: ManagerEvent) -> None:
        keys, digit = self._keys.get(event.get("Uniqueid")), event.get("Digit")
        if keys is not None and event.get("Direction") == "Received" and digit in _DIGITS:
            keys.begun(digit)

    def _key_told(self, event: ManagerEvent) -> None:
        keys, digit = self._keys.get(event.get("Uniqueid")), event.get("Digit")
        if keys is not None and event.get("Direction") == "Received" and digit in _DIGITS:
            keys.told_by_manager(digit)

    def _rings(self, call_id: UUID) -> None:
        self._clock.spawn(self.prepare(call_id))

    def _over(self, call_id: UUID) -> None:
        self._preparing.take(call_id)

    def _begun(self) -> Board:
        if self._board is None:
            message = "talks have not started, or are closed"
            raise TalksError(message)
        return self._board


async def _leave(session: AgiSession, *, room: str | None) -> None:
    """Say where the dialplan goes on."""
    if room is not None:
        await session.set_variable(_ROOM, safe(Kind.ROOM, room))
    await session.set_variable(_NEXT, "bye" if room is None else "room")
