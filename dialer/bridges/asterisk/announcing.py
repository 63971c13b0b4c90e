"""A sentence played into an agent's room, so that everybody in it hears it."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from core.clock import Clock
from core.ids import IdSource
from customers.model import Language
from dialer.bridges.asterisk.lines import (
    ManagerEvent,
    ManagerGoneError,
    ManagerRefusedError,
    Server,
)
from dialer.bridges.asterisk.sounds import Sounds
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.asterisk.values import UnsafeValueError
from dialer.bridges.recorded_words import RECORDED_WORDS

log = structlog.get_logger(__name__)

# Returns the file of the sentence that announces a recording, as the trunk's server knows it.
Announcement = Callable[[Language, Trunk], Awaitable[str]]

_FLOOR = "ownerline-floor"
_LONGEST_S = 20.0  # an announcement is a sentence


class Announcer:
    """Plays files into rooms: one leg of ours goes in, the other speaks and hangs up."""

    def __init__(self, *, clock: Clock, ids: IdSource) -> None:
        self._clock = clock
        self._ids = ids
        self._speaking: dict[str, asyncio.Future[bool]] = {}

    def listen(self, server: Server) -> None:
        """Hear from a server when a sentence is over."""
        server.on("Hangup", self._hung_up)
        server.on("OriginateResponse", self._originated)

    async def say(self, server: Server, room: str, file: str) -> bool:
        """Play a file, named as the server knows it, and return when it is over.

        Returns:
            False when it was not heard to its end.
        """
        leg = f"announce-{self._ids.new().hex}"
        over = self._speaking[leg] = asyncio.get_running_loop().create_future()
        try:
            await server.act(
                "Originate",
                {
                    "Channel": f"Local/join@{_FLOOR}/n",
                    "Context": _FLOOR,
                    "Exten": "announce",
                    "Priority": "1",
                    "Timeout": "5000",
                    "Async": "true",
                    "ChannelId": leg,
                    "OtherChannelId": f"{leg}-room",
                },
                variables={"OWNERLINE_ROOM": room, "OWNERLINE_SAY": file},
            )
            return await asyncio.wait_for(over, _LONGEST_S)
        except (ManagerGoneError, ManagerRefusedError, UnsafeValueError, TimeoutError) as err:
            log.warning("announcement_not_played", room=room, error=str(err) or "not over in time")
            return False
        finally:
            del self._speaking[leg]

    def _hung_up(self, event: ManagerEvent) -> None:
        self._decide(event.get("Uniqueid"), heard=event.get("Cause") == "16")

    def _originated(self, event: ManagerEvent) -> None:
        if event.get("Response") == "Failure":
            self._decide(event.get("Uniqueid"), heard=False)

    def _decide(self, leg: str, *, heard: bool) -> None:
        over = self._speaking.get(leg)
        if over is not None and not over.done():
            over.set_result(heard)


def announce_by(sounds: Sounds) -> Announcement:
    """Return what has the announcement of a recording spoken."""

    async def announce(language: Language, trunk: Trunk) -> str:
        return await sounds.stem(RECORDED_WORDS[language], language, shared=trunk.shared)

    return announce
