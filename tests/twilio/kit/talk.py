"""What goes on on a call at the emulated carrier: documents are fetched and their verbs obeyed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urljoin

from tests.twilio.kit.legs import Leg
from tests.twilio.kit.owners import HANGS_UP, Act, Presses, Prompt, Speaks
from tests.twilio.kit.post import Postman, Reply
from tests.twilio.kit.verbs import TwimlError, Verb, read

_DOCUMENTS = 200  # in one call; more is a loop
_UNREACHABLE, _RETRIEVAL_FAILED = 11205, 11200


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How long things take, in real seconds; `second` is what a second of waiting takes."""

    sentence_s: float = 0.01
    second: float = 0.02
    detection_s: float = 0.02
    recording_s: float = 0.02  # until a recording that has ended is ready
    extra_ring_s: float = 0.0  # "a 5-second buffer" where some routes have it


@dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """What Twilio's debugger would show."""

    call_sid: str
    code: int
    url: str
    why: str


class Exchange(Protocol):
    """What a talk needs of the carrier."""

    postman: Postman
    pace: Pace
    complaints: list[Complaint]

    def answered(self, leg: Leg) -> None:
        """Note that a call that came in is taken."""
        ...

    async def confer(self, leg: Leg, verb: Verb) -> None:
        """Have a call in a conference until it leaves it."""
        ...

    async def connect(self, leg: Leg, dial: Verb, noun: Verb) -> Mapping[str, str]:
        """Ring somebody and join the two; returns what the action is told."""
        ...

    def keep(self, leg: Leg, verb: Verb, *, seconds: float) -> Mapping[str, str]:
        """Keep what was said as a recording; returns what the action is told."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Next:
    """The document to go on with."""

    url: str
    method: str = "POST"
    params: Mapping[str, str] = field(default_factory=dict)


class Talk:
    """The documents of one call, from an address on."""

    def __init__(self, exchange: Exchange, leg: Leg) -> None:
        self._exchange = exchange
        self._leg = leg

    async def run(self, url: str, *, method: str = "POST") -> None:
        """Go from document to document until one ends without a next."""
        step: Next | None = Next(url=url, method=method)
        while step is not None:
            verbs = await self._fetch(step)
            if verbs is None:
                return
            step = await self._obey(verbs, base=step.url)

    async def say(self, document: str) -> None:
        """Obey a document that was given in the request itself."""
        verbs = read(document.encode(), media_type="application/xml")
        step = await self._obey(verbs, base="")
        if step is not None:
            await self.run(step.url, method=step.method)

    async def _fetch(self, step: Next) -> tuple[Verb, ...] | None:
        """Return a document, or that of the fallback; None: neither can be had."""
        if len(self._leg.documents) >= _DOCUMENTS:
            self._complain(12100, step.url, "documents without end")
            return None
        params = self._leg.params() | dict(step.params)
        if self._leg.answered_by is not None:
            params["AnsweredBy"] = self._leg.answered_by
        try:
            return await self._read(step, params)
        except TwimlError as err:
            self._complain(err.code, step.url, str(err))
            fallback = self._leg.terms.fallback_url
            if not fallback:
                return None
            told = params | {"ErrorCode": str(err.code), "ErrorUrl": step.url}
            try:
                return await self._read(Next(url=fallback), told)
            except TwimlError as again:
                self._complain(again.code, fallback, str(again))
                return None

    async def _read(self, step: Next, params: Mapping[str, str]) -> tuple[Verb, ...]:
        reply = await self._exchange.postman.ask(step.url, params, method=step.method)
        if not reply.is_fine:
            raise _failure(reply)
        verbs = read(reply.body, media_type=reply.media_type)
        self._leg.documents.append(reply.body.decode())
        return verbs

    async def _obey(self, verbs: Sequence[Verb], *, base: str) -> Next | None:
        if not verbs or verbs[0].name != "Reject":
            self._exchange.answered(self._leg)
        for verb in verbs:
            match verb.name:
                case "Redirect":
                    return Next(url=urljoin(base, verb.text), method=verb.get("method", "POST"))
                case "Hangup" | "Reject":
                    return None
                case "Gather":
                    step = await self._gather(verb, base=base)
                case "Record":
                    step = await self._record(verb, base=base)
                case "Dial":
                    step = await self._dial(verb, base=base)
                case _:
                    await self._speak(verb)
                    step = None
            if step is not None:
                return step
        return None

    async def _speak(self, verb: Verb) -> None:
        pace = self._exchange.pace
        match verb.name:
            case "Say":
                self._leg.heard.append(verb.text)
                await asyncio.sleep(pace.sentence_s)
            case "Play":
                reply = await self._exchange.postman.ask(verb.text, {}, method="GET")
                if not reply.is_fine or not reply.media_type.startswith("audio/"):
                    self._complain(12300, verb.text, f"{reply.status} {reply.media_type}")
                self._leg.heard.append(verb.text)
                await asyncio.sleep(pace.sentence_s)
            case "Pause":
                await asyncio.sleep(verb.number("length", 1) * pace.second)

    async def _gather(self, verb: Verb, *, base: str) -> Next | None:
        leg = self._leg
        while not leg.pressed.empty():
            leg.pressed.get_nowait()
        act = self._act(verb)
        if leg.owner.barges_in:
            self._do(act)
        for each in verb.nested:
            if not leg.pressed.empty():
                break  # the first key ends what is being said
            await self._speak(each)
        if not leg.owner.barges_in:
            self._do(act)
        digits, finished_on = await self._keys(verb)
        if not digits and not finished_on and not verb.flag("actionOnEmptyResult", default=False):
            return None
        told = {"Digits": digits} | ({"FinishedOnKey": finished_on} if finished_on else {})
        return self._action(verb, base=base, params=told)

    async def _keys(self, verb: Verb) -> tuple[str, str]:
        """Return the keys pressed, and the one that ended them."""
        ends_on = verb.get("finishOnKey", "#")
        most = verb.number("numDigits", 0)
        patience_s = verb.number("timeout", 5) * self._exchange.pace.second
        digits = ""
        while not most or len(digits) < most:
            try:
                key = await asyncio.wait_for(self._leg.pressed.get(), patience_s)
            except TimeoutError:
                return digits, ""
            if key == ends_on:
                return digits, key
            digits += key
        return digits, ""

    async def _record(self, verb: Verb, *, base: str) -> Next | None:
        pace = self._exchange.pace
        act = self._act(verb, wants_speech=True)
        if act is HANGS_UP:
            told = dict(self._exchange.keep(self._leg, verb, seconds=1.0)) | {"Digits": "hangup"}
            await self._fetch(self._action(verb, base=base, params=told))
            self._do(act)
        ends_on = verb.get("finishOnKey", "1234567890*#")
        key, seconds = "", 0.0
        if isinstance(act, Presses) and act.keys[:1] and act.keys[0] in ends_on:
            key, seconds = act.keys[0], 1.0
        elif isinstance(act, Speaks):
            seconds = min(act.seconds, verb.number("maxLength", 3600))
        if not seconds:  # nothing was said: the next verb
            await asyncio.sleep(verb.number("timeout", 5) * pace.second)
            return None
        await asyncio.sleep(seconds * pace.second)
        kept = dict(self._exchange.keep(self._leg, verb, seconds=seconds))
        return self._action(verb, base=base, params=kept | ({"Digits": key} if key else {}))

    async def _dial(self, verb: Verb, *, base: str) -> Next | None:
        if not verb.nested and not verb.text:
            raise TwimlError(13221, "Dial of nobody")
        noun = verb.nested[0] if verb.nested else Verb(name="Number", attributes={}, text=verb.text)
        if noun.name == "Conference":
            await self._exchange.confer(self._leg, noun)
            told: Mapping[str, str] = {"DialCallStatus": "completed"}
        else:
            told = await self._exchange.connect(self._leg, verb, noun)
        return self._action(verb, base=base, params=told) if verb.get("action") else None

    def _action(self, verb: Verb, *, base: str, params: Mapping[str, str]) -> Next:
        url = urljoin(base, verb.get("action")) if verb.get("action") else base
        return Next(url=url, method=verb.get("method", "POST"), params=params)

    def _act(self, verb: Verb, *, wants_speech: bool = False) -> Act:
        said = [each.text for each in verb.nested] or self._leg.heard[-1:]
        prompt = Prompt(number=self._leg.prompts, said=said, wants_speech=wants_speech)
        act = self._leg.owner.acts(prompt)
        if wants_speech or not isinstance(act, Speaks):
            self._leg.prompts += 1  # who has something to say waits until it is recorded
        return act

    def _do(self, act: Act) -> None:
        if isinstance(act, Presses):
            for key in act.keys:
                self._leg.pressed.put_nowait(key)
        elif act is HANGS_UP:
            self._leg.hang_up(by_us=False)

    def _complain(self, code: int, url: str, why: str) -> None:
        self._exchange.complaints.append(
            Complaint(call_sid=self._leg.sid, code=code, url=url, why=why)
        )


def _failure(reply: Reply) -> TwimlError:
    if reply.status is None:
        return TwimlError(_UNREACHABLE, "nobody answers")
    return TwimlError(_RETRIEVAL_FAILED, f"{reply.status}: {reply.body[:200]!r}")
