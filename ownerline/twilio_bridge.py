"""The bridge to Twilio of the settings: a dialer's side of it, and what web processes answer."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.routing import Route

from api.routes.twilio import twilio_routes
from core.live import LiveFeed
from core.settings_model import MachineDetection
from dialer import control
from dialer.bridges.port import (
    Bridge,
    Capabilities,
    RecordingReady,
    RecordingStarted,
    TrunkLimits,
)
from dialer.bridges.twilio.answering import Answering
from dialer.bridges.twilio.book import Book
from dialer.bridges.twilio.bridge import TRUNK, TwilioBridge
from dialer.bridges.twilio.checking import check_hooks
from dialer.bridges.twilio.documents import Documents
from dialer.bridges.twilio.door import Door
from dialer.bridges.twilio.fates import Fates
from dialer.bridges.twilio.floor import TwilioFloor
from dialer.bridges.twilio.floor_hooks import FloorHooks
from dialer.bridges.twilio.hook import Hooks
from dialer.bridges.twilio.lines import Lines
from dialer.bridges.twilio.phones import DeskPhones
from dialer.bridges.twilio.placing import Placing, Shown
from dialer.bridges.twilio.prices import Prices
from dialer.bridges.twilio.recording import Recorder
from dialer.bridges.twilio.recording_book import RecordingBook
from dialer.bridges.twilio.recording_hooks import RecordingHooks
from dialer.bridges.twilio.rest import Rest, open_rest
from dialer.bridges.twilio.rooms import RoomDocuments
from dialer.bridges.twilio.seats import SeatBook
from dialer.bridges.twilio.spending import Spending
from dialer.bridges.twilio.sweeper import Sweeper
from dialer.bridges.twilio.talking import Stage, Talking
from dialer.bridges.twilio.tapes import Tapes
from dialer.bridges.twilio.teller import Teller
from dialer.bridges.twilio.tending import Tending
from dialer.bridges.twilio.watch import FloorWatch
from dialer.inbound.desk import InboundHost
from dialer.inbound.plan import language_of_region
from dialer.recording import note_recording
from ownerline.runtime import Runtime
from ownerline.services.process import Process
from ownerline.twilio_settings import TwilioPlan, plan_of
from ownerline.twilio_speech import twilio_voice
from ownerline.wiring import make_hosts


@dataclass(frozen=True, kw_only=True, slots=True)
class TwilioParts:
    """What both sides are made of: whoever places calls, and whoever answers Twilio."""

    plan: TwilioPlan
    rest: Rest
    book: Book
    seats: SeatBook
    lines: Lines
    rooms: RoomDocuments
    recordings: RecordingBook
    recorder: Recorder  # without a desk: it silences, and goes on
    floor: TwilioFloor
    bridge: TwilioBridge


@contextlib.asynccontextmanager
async def twilio_bridge(
    runtime: Runtime, feed: LiveFeed | None = None, *, speaks: bool = True
) -> AsyncIterator[Bridge]:
    """Hold the bridge of the settings for the block; its user starts and closes it.

    `feed` brings what webhooks are told as it comes, without it once a second. `speaks`: calls are
    to be placed, and agents' rooms tended, not only asked about and hung up.

    Raises:
        TwilioSettingsError: [twilio] is not whole.
    """
    async with _parts(runtime, feed, tends=speaks) as parts:
        yield parts.bridge


@contextlib.asynccontextmanager
async def twilio_webhooks(process: Process) -> AsyncIterator[list[Route]]:
    """Hold what this process answers Twilio for the block, as routes behind the door.

    Raises:
        TwilioSettingsError: [twilio] is not whole.
        SpeechError: twilio.speaks is "play" and no engine can be.
    """
    plan, clock = plan_of(process.runtime.settings), process.runtime.clock
    door = Door(
        public_url=plan.addresses.public_url, account_sid=plan.account.account_sid, token=plan.token
    )
    async with twilio_hooks(process) as hooks:
        yield twilio_routes(hooks, door, clock)


@contextlib.asynccontextmanager
async def twilio_hooks(process: Process) -> AsyncIterator[Hooks]:
    """Hold the hooks of every part of the bridge for the block."""
    runtime = process.runtime
    settings = runtime.settings
    async with (
        _parts(runtime, process.feed, tends=False) as parts,
        twilio_voice(settings, clock=runtime.clock) as voice,
    ):
        hosts = make_hosts(runtime, parts.bridge)
        recorder = _recorder(runtime, parts.recordings, parts.rest, parts.plan, desk=hosts.inbound)
        await parts.floor.start()
        documents = Documents(parts.book, parts.plan.addresses)
        talking = Talking(
            Stage(
                book=parts.book,
                host=hosts.talk,
                desk=hosts.inbound,
                renderer=voice.renderer,
                documents=documents,
                seats=parts.seats,
                rooms=parts.rooms,
                clock=runtime.clock,
                language=language_of_region(settings.region),
                recorder=recorder,
            )
        )
        answering = Answering(
            talking, parts.book, lines=parts.lines, addresses=parts.plan.addresses
        )
        try:
            yield (
                *answering.hooks(),
                *documents.hooks(),
                *FloorHooks(
                    runtime.sessions, parts.rooms, language=language_of_region(settings.region)
                ).hooks(),
                *RecordingHooks(
                    parts.book, recorder, parts.plan.addresses, voices=settings.twilio.voices
                ).hooks(),
                *voice.hooks,
                *check_hooks(parts.rooms.installation_id),
            )
        finally:
            await parts.floor.close()
            await recorder.settled()


@contextlib.asynccontextmanager
async def _parts(
    runtime: Runtime, feed: LiveFeed | None, *, tends: bool
) -> AsyncIterator[TwilioParts]:
    plan, settings, clock = plan_of(runtime.settings), runtime.settings, runtime.clock
    async with runtime.sessions() as session:
        installation_id = (await control.switches(session)).installation_id
    async with open_rest(plan.account) as rest:
        book, seats = Book(runtime.sessions), SeatBook(runtime.sessions)
        spending = None
        if plan.ceiling is not None:
            spending = Spending(plan.ceiling, runtime.sessions, clock)
        rooms = RoomDocuments(
            addresses=plan.addresses,
            installation_id=installation_id,
            voices=settings.twilio.voices,
        )
        phones = DeskPhones(
            rest,
            seats,
            rooms,
            ids=runtime.ids,
            clock=clock,
            from_number=plan.from_number,
            destinations=plan.destinations,
            check=None if spending is None else spending.check,
        )
        recordings = RecordingBook(runtime.sessions, owe=partial(_owe, runtime))
        recorder = _recorder(runtime, recordings, rest, plan)
        floor = TwilioFloor(
            phones,
            book,
            FloorWatch(
                seats,
                clock,
                feed=feed,
                tending=Tending(phones, book, clock) if tends else None,
                place=TRUNK,
            ),
            language=language_of_region(settings.region),
            recordings=recorder,
        )
        lines = Lines(rest, plan.addresses, detects=settings.twilio.detect_machines)
        yield TwilioParts(
            plan=plan,
            rest=rest,
            book=book,
            seats=seats,
            lines=lines,
            rooms=rooms,
            recordings=recordings,
            recorder=recorder,
            floor=floor,
            bridge=_bridge(
                runtime,
                plan,
                feed,
                rest=rest,
                book=book,
                lines=lines,
                floor=floor,
                spending=spending,
            ),
        )
        await recorder.settled()


def _bridge(
    runtime: Runtime,
    plan: TwilioPlan,
    feed: LiveFeed | None,
    *,
    rest: Rest,
    book: Book,
    lines: Lines,
    floor: TwilioFloor,
    spending: Spending | None,
) -> TwilioBridge:
    clock, twilio = runtime.clock, runtime.settings.twilio
    trunk = TrunkLimits(
        name=TRUNK,
        channels=twilio.channels,
        calls_per_second=twilio.calls_per_second,
        caller_id=plan.from_number,
        place=TRUNK,
    )
    teller = Teller(
        book,
        clock,
        feed=feed,
        waits_for_detection=twilio.detect_machines is MachineDetection.SYNC,
    )
    fates = Fates(book, lines, teller, clock, timeout_s=rest.timeout_s)
    return TwilioBridge(
        trunk,
        rest=rest,
        book=book,
        lines=lines,
        placing=Placing(
            trunk,
            book=book,
            lines=lines,
            teller=teller,
            clock=clock,
            shown=Shown(usual=plan.from_number, by_community=plan.caller_ids),
            detects=twilio.detect_machines,
            destinations=plan.destinations,
            spending=spending,
        ),
        teller=teller,
        fates=fates,
        sweeper=Sweeper(book, fates, lines, rest, clock),
        clock=clock,
        capabilities=Capabilities(
            rooms=True,
            seats=True,
            inbound=True,
            monitor=True,
            recording=True,
            machine_detection=twilio.detect_machines is not MachineDetection.OFF,
        ),
        rooms=floor,
        spending=spending,
        prices=Prices(rest, runtime.sessions, clock),
    )


def _recorder(
    runtime: Runtime,
    recordings: RecordingBook,
    rest: Rest,
    plan: TwilioPlan,
    *,
    desk: InboundHost | None = None,
) -> Recorder:
    return Recorder(
        recordings,
        Tapes(rest, plan.addresses, clock=runtime.clock),
        clock=runtime.clock,
        agent_calls=runtime.settings.recording.agent_calls,
        desk=desk,
    )


async def _owe(
    runtime: Runtime, session: AsyncSession, event: RecordingStarted | RecordingReady
) -> None:
    """Write that a file is owed, in the transaction that learns of it."""
    await note_recording(session, event, recording_id=runtime.ids.new())
