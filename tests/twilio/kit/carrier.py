"""The emulated carrier: an account whose calls wait their turn, ring, are answered and end."""

import asyncio
import secrets
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.clock import Clock, SystemClock
from tests.twilio.kit.account import OurNumber, Own
from tests.twilio.kit.faults import Faults
from tests.twilio.kit.legs import Leg, Terms
from tests.twilio.kit.owners import LISTENS, REFUSALS, Owner, Reaction
from tests.twilio.kit.post import Postman
from tests.twilio.kit.rooms import Entry, Rooms
from tests.twilio.kit.talk import Complaint, Pace, Talk
from tests.twilio.kit.tapes import Tapes
from tests.twilio.kit.verbs import TwimlError, Verb

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "f" * 32
KEY_SID, KEY_SECRET = "SK" + "fedcba9876543210" * 2, "key-secret"
OUR_NUMBER = "+12025550100"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    """A telephone was rung; `beside` is another call that was up to it."""

    number: str
    at: datetime
    call_sid: str
    beside: str | None


@dataclass(kw_only=True)
class Carrier:
    """One account at the emulated carrier; `kit.api` is its API."""

    pace: Pace = field(default_factory=Pace)
    calls_per_second: float = 100.0
    account_sid: str = ACCOUNT_SID
    auth_token: str = AUTH_TOKEN
    keys: dict[str, str] = field(default_factory=lambda: {KEY_SID: KEY_SECRET})
    account_status: str = "active"
    account_type: str = "Full"
    numbers: list[OurNumber] = field(default_factory=lambda: [OurNumber(e164=OUR_NUMBER)])
    verified: list[str] = field(default_factory=list)
    own: Own = field(default_factory=Own)
    owners: dict[str, Owner] = field(default_factory=dict)
    anybody: Owner = LISTENS
    clock: Clock = field(default_factory=SystemClock)
    faults: Faults = field(default_factory=Faults)
    legs: dict[str, Leg] = field(default_factory=dict)
    rings: list[Rung] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    base_url: str = ""
    price_a_minute: float = 0.02
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _next_slot: float = 0.0

    def __post_init__(self) -> None:
        self.postman = Postman(auth_token=self.auth_token)
        self.rooms = Rooms(account_sid=self.account_sid, clock=self.clock, postman=self.postman)
        self.tapes = Tapes(
            account_sid=self.account_sid,
            clock=self.clock,
            postman=self.postman,
            pace=self.pace,
            begin=self._begin,
            base_url=lambda: self.base_url,
        )

    async def start(self) -> None:
        """Take calls from now on."""
        await self.postman.start()

    async def close(self) -> None:
        """End everything at once; nobody is told."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.postman.close()

    def place(self, form: Mapping[str, Sequence[str]], *, conference: str = "") -> Leg:
        """Take an order for a call, which waits its turn."""
        to = form["To"][0]
        leg = self._leg(
            to=to,
            from_=form["From"][0],
            direction="outbound-api",
            terms=Terms.of(form, conference=conference),
        )
        entry = Entry.of_form(form)
        if conference:
            self.rooms.open(conference, entry)
        self._begin(self._live(leg, entry))
        return leg

    async def ring_us(
        self, caller: str, *, dialled: str = OUR_NUMBER, owner: Owner = LISTENS
    ) -> Leg:
        """Let somebody ring a number of ours; returns their call."""
        number = next(each for each in self.numbers if each.e164 == dialled)
        terms = Terms(
            url=number.voice_url,
            method=number.voice_method,
            fallback_url=number.voice_fallback_url,
            status_callback=number.status_callback,
        )
        leg = self._leg(to=dialled, from_=caller, direction="inbound", terms=terms, owner=owner)
        leg.started_at = self.clock.now()
        leg.becomes("ringing")
        self._begin(self._talk(leg))
        return leg

    def of(self, number: str) -> list[Leg]:
        """Return every call there was to a telephone, the oldest first."""
        return [each for each in self.legs.values() if number in {each.to, each.from_}]

    def up(self, number: str) -> Leg:
        """Return the call that is up to a telephone."""
        return next(each for each in reversed(self.of(number)) if not each.is_over)

    def live(self) -> list[Leg]:
        """Return the calls that have not ended."""
        return [each for each in self.legs.values() if not each.is_over]

    async def until(self, leg: Leg, *statuses: str) -> None:
        """Wait until a call has one of these statuses."""
        while leg.status not in statuses:
            await leg.changed.wait()

    async def until_idle(self) -> None:
        """Wait until every call is over and told of."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self.postman.until_idle()

    # What a talk asks of the carrier.

    async def confer(self, leg: Leg, verb: Verb) -> None:
        """Have a call in a conference until it leaves it."""
        await self.rooms.stay(leg, verb.text, Entry.of_verb(verb))

    async def connect(self, leg: Leg, dial: Verb, noun: Verb) -> Mapping[str, str]:
        """Ring somebody and join the two until one hangs up."""
        terms = Terms(
            status_callback=noun.get("statusCallback"),
            events=frozenset(noun.get("statusCallbackEvent", "completed").split()),
            timeout_s=float(dial.number("timeout", 30)),
            limit_s=float(dial.number("timeLimit", 14_400)),
        )
        child = self._leg(
            to=f"client:{noun.text}" if noun.name == "Client" else noun.text,
            from_=dial.get("callerId") or leg.to,
            direction="outbound-dial",
            terms=terms,
            parent=leg.sid,
        )
        try:
            await self._live(child, None)
        finally:
            child.hang_up(by_us=True)
            if not child.is_over:
                self._end(child, "completed" if child.answered_at else "canceled")
        status = "completed" if child.answered_at is not None else child.status
        return {
            "DialCallStatus": status,
            "DialCallSid": child.sid,
            "DialCallDuration": str(child.seconds),
            "DialBridged": "true" if child.answered_at is not None else "false",
        }

    def keep(self, leg: Leg, verb: Verb, *, seconds: float) -> Mapping[str, str]:
        """Keep what was said as a recording."""
        tape = self.tapes.start(
            leg,
            source="RecordVerb",
            callback=verb.get("recordingStatusCallback"),
            events=verb.get("recordingStatusCallbackEvent", "completed").split(),
        )
        self.tapes.stop(tape, seconds=seconds)
        return self.tapes.params(tape)

    # The life of a call.

    def _leg(
        self,
        *,
        to: str,
        from_: str,
        direction: str,
        terms: Terms,
        owner: Owner | None = None,
        parent: str | None = None,
    ) -> Leg:
        leg = Leg(
            sid=f"CA{secrets.token_hex(16)}",
            account_sid=self.account_sid,
            to=to,
            from_=from_,
            direction=direction,
            terms=terms,
            owner=owner or self.owners.get(to, self.anybody),
            created_at=self.clock.now(),
            parent=parent,
        )
        self.legs[leg.sid] = leg
        return leg

    async def _live(self, leg: Leg, entry: Entry | None) -> None:
        if not await self._turn(leg):
            self._end(leg, "canceled")
            return
        self._note_ring(leg)
        leg.started_at = self.clock.now()
        self._tell(leg, "initiated")
        refusal = REFUSALS.get(leg.owner.reaction)
        if refusal is None or refusal.rings:
            leg.becomes("ringing")
            self._tell(leg, "ringing")
        if await self._rings(leg):
            self._end(leg, "canceled", sip_code=487)
        elif refusal is not None:
            leg.error_code = refusal.error_code
            self._end(leg, refusal.status, sip_code=refusal.sip_code)
        elif leg.owner.after_s > leg.terms.timeout_s:
            self._end(leg, "no-answer", sip_code=487)
        else:
            await self._talk(leg, entry)

    async def _turn(self, leg: Leg) -> bool:
        """Wait until the account may place another call; False: it was called off meanwhile."""
        now = asyncio.get_running_loop().time()
        slot = max(now, self._next_slot)
        self._next_slot = slot + 1 / self.calls_per_second
        return not await _within(leg.gone, slot - now)

    def _note_ring(self, leg: Leg) -> None:
        others = (each for each in self.legs.values() if each.to == leg.to and each is not leg)
        beside = next((each for each in others if each.started_at and not each.is_over), None)
        self.rings.append(
            Rung(
                number=leg.to,
                at=self.clock.now(),
                call_sid=leg.sid,
                beside=None if beside is None else beside.sid,
            )
        )

    async def _rings(self, leg: Leg) -> bool:
        """Let it ring as long as its owner does; True: it was called off meanwhile."""
        rings_s = leg.owner.after_s
        if leg.owner.reaction is Reaction.RINGS_OUT:
            rings_s = leg.terms.timeout_s + self.pace.extra_ring_s
        return await _within(leg.gone, min(rings_s, leg.terms.timeout_s + self.pace.extra_ring_s))

    async def _talk(self, leg: Leg, entry: Entry | None = None) -> None:
        if leg.direction != "inbound":
            leg.answered_at = self.clock.now()
            leg.becomes("in-progress")
            self._tell(leg, "answered")
        if leg.terms.records:
            self.tapes.start(
                leg,
                source="OutboundAPI",
                callback=leg.terms.recording_callback,
                channels=leg.terms.channels,
            )
        ends_at = asyncio.get_running_loop().time() + leg.terms.limit_s
        going_on = asyncio.create_task(self._go_on(leg, entry))
        gone = asyncio.create_task(leg.gone.wait())
        if not leg.owner.stays:
            leg.hang_up(by_us=False)
        try:
            while True:
                redirect = asyncio.create_task(leg.redirected.get())
                left_s = ends_at - asyncio.get_running_loop().time()
                await asyncio.wait(
                    [going_on, gone, redirect],
                    timeout=max(0.0, left_s),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not redirect.done() or gone.done():
                    redirect.cancel()
                    break
                going_on.cancel()
                await asyncio.wait([going_on])
                url, method = redirect.result()
                going_on = asyncio.create_task(self._redirected(leg, url, method))
        finally:
            for task in (going_on, gone):
                task.cancel()
            await asyncio.wait([going_on, gone])
            self._note_failure(leg, going_on)
        self._end(leg, "completed", sip_code=200)

    def _note_failure(self, leg: Leg, going_on: asyncio.Task[None]) -> None:
        if going_on.cancelled() or (err := going_on.exception()) is None:
            return
        code = err.code if isinstance(err, TwimlError) else 0
        self.complaints.append(
            Complaint(call_sid=leg.sid, code=code, url=leg.terms.url, why=repr(err))
        )

    async def _go_on(self, leg: Leg, entry: Entry | None) -> None:
        await self._detect(leg)
        talk = Talk(self, leg)
        if leg.terms.conference:
            assert entry is not None, "a participant has an entry"
            await self.rooms.stay(leg, leg.terms.conference, entry)
        elif leg.direction == "outbound-dial":
            await asyncio.Event().wait()  # the two talk
        elif leg.terms.twiml:
            await talk.say(leg.terms.twiml)
        else:
            await talk.run(leg.terms.url, method=leg.terms.method)

    async def _redirected(self, leg: Leg, url: str, method: str) -> None:
        talk = Talk(self, leg)
        await (talk.run(url, method=method) if method else talk.say(url))

    async def _detect(self, leg: Leg) -> None:
        if not leg.terms.detects:
            return
        if not leg.terms.detects_beside:
            await asyncio.sleep(self.pace.detection_s)
            leg.answered_by = leg.detected
            return
        self._begin(self._detect_beside(leg))

    async def _detect_beside(self, leg: Leg) -> None:
        await asyncio.sleep(self.pace.detection_s)
        leg.answered_by = leg.detected
        if leg.terms.detection_callback:
            said = leg.params() | {
                "AnsweredBy": leg.answered_by,
                "MachineDetectionDuration": str(round(self.pace.detection_s * 1000)),
            }
            self.postman.tell(leg.terms.detection_callback, said, of=leg.sid)

    def answered(self, leg: Leg) -> None:
        """Note that a call that came in was taken: its first document came."""
        if leg.answered_at is None:
            leg.answered_at = self.clock.now()
            leg.becomes("in-progress")

    def _end(self, leg: Leg, status: str, *, sip_code: int | None = None) -> None:
        if leg.is_over:
            return
        leg.ended_at = self.clock.now()
        if leg.direction == "inbound" and leg.answered_at is None:
            status = "no-answer"
        leg.sip_code = sip_code
        for tape in self.tapes.running(leg):
            self.tapes.stop(tape)
        leg.becomes(status)
        minutes = -(-leg.seconds // 60)
        leg.price = f"-{minutes * self.price_a_minute:.5f}"
        self._tell(leg, "completed")

    def _tell(self, leg: Leg, event: str) -> None:
        if leg.terms.status_callback and event in leg.terms.events:
            said = leg.progress(event=event, at=self.clock.now())
            self.postman.tell(leg.terms.status_callback, said, of=leg.sid)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (err := task.exception()) is not None:
            self.complaints.append(Complaint(call_sid="", code=0, url="", why=repr(err)))


async def _within(event: asyncio.Event, seconds: float) -> bool:
    """Wait so long for an event; says whether it came."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True
