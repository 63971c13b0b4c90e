"""The phones of owners and agents: what each does by itself, and what it is told while it is up."""

import asyncio
import contextlib
import wave
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

from core.errors import OwnerlineError
from core.phone import PhoneNumber
from tests.asterisk.kit.instance import WATCHER, Instance
from tests.asterisk.kit.manager import Manager, ManagerSaidNoError, Message, manager_at
from tests.asterisk.kit.sounds import Samples, read_wav, write_wav

_ARRIVES_WITHIN_S = 0.25  # through jitter buffers and a conference
_WITHIN_S = 10.0
_FAMILIES = ("phone", "keys", "says", "info", "tape")


class Does(StrEnum):
    """What a phone does by itself: the extensions of `conf/phones/extensions.conf`."""

    ANSWERS = "answers"  # says hello, then listens for as long as the call lasts
    SILENT = "silent"  # picks up and never says a word
    HANGS_UP = "hangs_up"  # after its hello
    MACHINE = "machine"  # eight seconds of message, a beep, silence
    PRESSES = "presses"  # hears each prompt to its end and presses what comes next
    SAYS = "says"  # a sound, again and again
    DESK = "desk"  # an agent's: a tone, so that a recording tells who was on it
    BUSY = "busy"  # 486
    REJECTS = "rejects"  # 403; 603 is SIPp's
    UNKNOWN = "unknown"  # 404
    CONGESTED = "congested"  # 503
    UNAVAILABLE = "unavailable"  # 480
    SWITCHED_OFF = "switched_off"  # 408
    RINGS = "rings"  # is never picked up
    ANNOUNCED = "announced"  # the network says something before an answer (183)
    TUNE = "tune"  # a tune is heard in place of ringing, then somebody picks up


class PhoneSilentError(OwnerlineError):
    """A phone did not come to do in time what a test waits for."""


@dataclass(kw_only=True)
class Leg:
    """One call at a phone."""

    number: str
    channel: str
    is_up: bool = False
    is_over: bool = False
    presses: int = 0  # how often it has done as `press` said
    sayings: int = 0  # and as `say` said
    cause: str = ""  # Q.850, of the end


Number = PhoneNumber | str


class Phones:
    """The phones' Asterisk as a test sees it; every number is a phone, and answers if not told."""

    def __init__(self, instance: Instance, manager: Manager) -> None:
        self.instance = instance
        self._manager = manager
        self._legs: dict[str, Leg] = {}
        self._by_number: dict[str, list[Leg]] = defaultdict(list)
        self._ringing: dict[str, str] = {}  # the numbers of phones that ring us, by channel id
        self._changed = asyncio.Event()
        manager.listen(self._heard)

    async def behave(self, number: Number, does: Does, *, keys: str = "", says: str = "") -> None:
        """Let a phone do something from its next call on.

        Args:
            number: a phone number, or an agent's endpoint (agent-1).
            does: what it does by itself.
            keys: for PRESSES, one group a prompt: `1-0311#-2`.
            says: for SAYS, ANNOUNCED and TUNE, a sound's name: words, machine, or one of `sound`.
        """
        await self._put("phone", number, does.value)
        if keys:
            await self._put("keys", number, keys)
        if says:
            await self._put("says", number, says)

    async def by_info(self, number: Number) -> None:
        """Let a phone send its keys as SIP INFO instead of RFC 4733."""
        await self._put("info", number, "1")

    async def tape(self, number: Number) -> None:
        """Let a phone keep what it hears in its next call, for `heard`."""
        path = self._tape(number)
        path.unlink(missing_ok=True)
        await self._put("tape", number, str(path.with_suffix("")))

    async def heard(self, number: Number) -> Samples:
        """Return what a phone that kept it has heard, once its call is over."""
        await self.until_over(number)
        async with asyncio.timeout(_WITHIN_S):
            while not _is_whole(self._tape(number)):  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.02)
        return read_wav(self._tape(number))

    def sound(self, name: str, samples: Samples) -> str:
        """Give the phones a sound of this name to say."""
        write_wav(self.instance.folder / f"sounds/{name}.wav", samples)
        return name

    async def press(self, number: Number, keys: str) -> None:
        """Let a phone that is up press keys; returns when all have been sent, or it hung up."""
        leg = self._up(number)
        before = leg.presses
        await self._redirect(leg, context="press", exten=keys)
        await self.until(
            lambda: leg.is_over or leg.presses > before, what=f"{number} presses {keys}"
        )

    async def say(self, number: Number, sound: str) -> None:
        """Let a phone that is up say a sound, and be silent afterwards."""
        leg = self._up(number)
        with contextlib.suppress(ManagerSaidNoError):  # hung up meanwhile, which the test will see
            await self._manager.act("Setvar", Channel=leg.channel, Variable="SAYS", Value=sound)
        await self._redirect(leg, context="does", exten="say")

    async def say_out(self, number: Number, sound: str) -> None:
        """Let a phone that is up say a sound; returns when all of it has arrived, or it hung up."""
        leg = self._up(number)
        before = leg.sayings
        await self.say(number, sound)
        await self.until(lambda: leg.is_over or leg.sayings > before, what=f"{number} says {sound}")
        await asyncio.sleep(_ARRIVES_WITHIN_S)

    async def hang_up(self, number: Number, *, cause: int = 16) -> None:
        """Let a phone hang up, or decline what rings; on a line that is gone nothing changes."""
        for leg in self.legs(number):
            if not leg.is_over:
                with contextlib.suppress(ManagerSaidNoError):  # gone just now
                    await self._manager.act("Hangup", Channel=leg.channel, Cause=str(cause))

    async def ring(
        self,
        dialled: str,
        *,
        caller: Number,
        does: Does = Does.ANSWERS,
        withheld: bool = False,
    ) -> None:
        """Let an owner ring a number of ours; once we answer, the phone does as it is told."""
        number, channel_id = _digits(caller), f"rings-{uuid4()}"
        self._ringing[channel_id] = number
        shown = "Anonymous <anonymous>" if withheld else f"<{caller}>"  # RFC 3323, section 4.1.1.3
        await self._manager.originate(
            {
                "Channel": f"PJSIP/{dialled}@ownerline",
                "CallerID": shown,
                "Context": "does",
                "Exten": does.value,
                "Priority": "1",
                "Timeout": "60000",
                "ChannelId": channel_id,
            },
            {"NUMBER": number},
        )

    def rings(self, number: Number) -> int:
        """Return how often a phone was rung since the test began: one INVITE each."""
        return len(self.legs(number))

    def rung(self) -> Counter[str]:
        """Return how often each phone was rung."""
        return Counter(leg.number for leg in self._legs.values())

    def legs(self, number: Number) -> list[Leg]:
        """Return the calls at a phone in their order."""
        return self._by_number[_digits(number)]

    def every_leg(self) -> list[Leg]:
        """Return the calls at all phones."""
        return [*self._legs.values()]

    async def until(
        self, holds: Callable[[], bool], *, what: str, within_s: float = _WITHIN_S
    ) -> None:
        """Wait until something holds; it is looked at whenever a phone's call changes.

        Raises:
            PhoneSilentError: it does not come to hold in time.
        """
        try:
            async with asyncio.timeout(within_s):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as err:
            message = f"not within {within_s} s: {what}; {[*self._legs.values()][-5:]}"
            raise PhoneSilentError(message) from err

    async def until_rung(self, number: Number, *, within_s: float = _WITHIN_S) -> None:
        """Wait until a phone has been rung."""
        await self.until(lambda: bool(self.legs(number)), what=f"{number} rings", within_s=within_s)

    async def until_up(self, number: Number, *, within_s: float = _WITHIN_S) -> None:
        """Wait until a phone is picked up."""
        await self.until(
            lambda: any(leg.is_up and not leg.is_over for leg in self.legs(number)),
            what=f"{number} is up",
            within_s=within_s,
        )

    async def until_over(self, number: Number, *, within_s: float = _WITHIN_S) -> None:
        """Wait until a phone that was rung has no call any more."""
        await self.until(
            lambda: bool(legs := self.legs(number)) and all(leg.is_over for leg in legs),
            what=f"{number} is idle again",
            within_s=within_s,
        )

    async def until_idle(self, *, within_s: float = _WITHIN_S) -> None:
        """Wait until no phone has a call any more."""
        await self.until(
            lambda: all(leg.is_over for leg in self._legs.values()),
            what="all phones are idle",
            within_s=within_s,
        )

    async def reset(self) -> None:
        """Hang up whatever is up, and forget what phones were told."""
        await self._manager.act("Hangup", Channel="/.*/")
        for family in _FAMILIES:
            await self._manager.command(f"database deltree {family}")

    def _tape(self, number: Number) -> Path:
        return self.instance.folder / f"tape-{_digits(number)}.heard.wav"

    def _up(self, number: Number) -> Leg:
        for leg in reversed(self.legs(number)):
            if leg.is_up:
                return leg
        message = f"{number} has no call that was picked up"
        raise PhoneSilentError(message)

    async def _redirect(self, leg: Leg, *, context: str, exten: str) -> None:
        with contextlib.suppress(ManagerSaidNoError):  # hung up meanwhile, which the test will see
            await self._manager.act(
                "Redirect", Channel=leg.channel, Context=context, Exten=exten, Priority="1"
            )

    async def _put(self, family: str, number: Number, value: str) -> None:
        await self._manager.act("DBPut", Family=family, Key=_digits(number), Val=value)

    def _heard(self, event: Message) -> None:
        uniqueid = event.get("Uniqueid", "")
        match event.get("Event"):
            case "Newchannel":
                number = self._ringing.get(uniqueid, event["Exten"])
                leg = Leg(number=number, channel=event["Channel"])
                self._legs[uniqueid] = leg
                self._by_number[number].append(leg)
            case "Newstate" if event["ChannelStateDesc"] == "Up" and uniqueid in self._legs:
                self._legs[uniqueid].is_up = True
            case "UserEvent" if event["UserEvent"] == "Pressed" and uniqueid in self._legs:
                self._legs[uniqueid].presses += 1
            case "UserEvent" if event["UserEvent"] == "Said" and uniqueid in self._legs:
                self._legs[uniqueid].sayings += 1
            case "Hangup" if uniqueid in self._legs:
                self._legs[uniqueid].is_over = True
                self._legs[uniqueid].cause = event["Cause"]
            case _:
                return
        self._changed.set()


def _digits(number: Number) -> str:
    return number.e164.removeprefix("+") if isinstance(number, PhoneNumber) else number


def _is_whole(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        return len(read_wav(path)) > 0
    except (wave.Error, EOFError):  # not even its header is there
        return False


@contextlib.asynccontextmanager
async def phones_at(instance: Instance) -> AsyncIterator[Phones]:
    """Hold the phones of a running instance for the block; their calls end with it."""
    async with manager_at(instance.ports.ami, username=WATCHER, secret=WATCHER) as manager:
        phones = Phones(instance, manager)
        await phones.reset()
        try:
            yield phones
        finally:
            await phones.reset()
