"""What the bridge to Twilio is made of, by the settings; the same parts on both of its sides."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from core.live import LiveFeed
from core.settings_model import MachineDetection
from dialer import control
from dialer.bridges.port import (
    Capabilities,
    RecordingReady,
    RecordingStarted,
    TrunkLimits,
)
from dialer.bridges.twilio.book import Book
from dialer.bridges.twilio.bridge import TRUNK, TwilioBridge
from dialer.bridges.twilio.fates import Fates
from dialer.bridges.twilio.floor import TwilioFloor
from dialer.bridges.twilio.front import Front
from dialer.bridges.twilio.inbound_book import InboundBook
from dialer.bridges.twilio.lines import Lines
from dialer.bridges.twilio.lookback import Lookback
from dialer.bridges.twilio.phones import DeskPhones
from dialer.bridges.twilio.placing import Placing, Shown
from dialer.bridges.twilio.prices import Prices
from dialer.bridges.twilio.recording import Recorder
from dialer.bridges.twilio.recording_book import RecordingBook
from dialer.bridges.twilio.rest import Rest, open_rest
from dialer.bridges.twilio.rooms import RoomDocuments
from dialer.bridges.twilio.seats import SeatBook
from dialer.bridges.twilio.spending import Spending
from dialer.bridges.twilio.strangers import Strangers
from dialer.bridges.twilio.sweeper import Sweeper
from dialer.bridges.twilio.tapes import Tapes
from dialer.bridges.twilio.teller import Teller
from dialer.bridges.twilio.tending import Tending
from dialer.bridges.twilio.watch import FloorWatch
from dialer.inbound.desk import InboundHost
from dialer.inbound.plan import language_of_region
from dialer.recording import note_recording
from ownerline.runtime import Runtime
from ownerline.twilio_settings import TwilioPlan, plan_of


class Side(StrEnum):
    """Whose parts they are."""

    DIALER = "dialer"  # places calls, and tends the rooms
    WEB = "web"  # answers Twilio
    ASKER = "asker"  # after a restore: asks about calls, and hangs them up


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
    arrivals: InboundBook
    recorder: Recorder  # without a desk: it silences, and goes on
    floor: TwilioFloor
    bridge: TwilioBridge


@contextlib.asynccontextmanager
async def twilio_parts(
    runtime: Runtime, feed: LiveFeed | None, side: Side
) -> AsyncIterator[TwilioParts]:
    """Hold the parts for the block; `feed` brings what webhooks are told as it comes.

    Raises:
        TwilioSettingsError: [twilio] is not whole.
    """
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
        arrivals = InboundBook(
            book, runtime.sessions, ids=runtime.ids, trunk=TRUNK, region=settings.region
        )
        recordings = RecordingBook(runtime.sessions, owe=partial(_owe, runtime))
        recorder = recorder_of(runtime, recordings, rest, plan)
        floor = TwilioFloor(
            phones,
            book,
            FloorWatch(
                seats,
                clock,
                feed=feed,
                tending=Tending(phones, book, clock) if side is Side.DIALER else None,
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
            arrivals=arrivals,
            recorder=recorder,
            floor=floor,
            bridge=_bridge(
                runtime,
                plan,
                feed,
                side,
                rest=rest,
                book=book,
                lines=lines,
                floor=floor,
                arrivals=arrivals,
                spending=spending,
            ),
        )
        await recorder.close()


def _bridge(
    runtime: Runtime,
    plan: TwilioPlan,
    feed: LiveFeed | None,
    side: Side,
    *,
    rest: Rest,
    book: Book,
    lines: Lines,
    floor: TwilioFloor,
    arrivals: InboundBook,
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
        sweeper=Sweeper(book, fates, lines, rest, clock, arrivals=arrivals),
        clock=clock,
        capabilities=Capabilities(
            rooms=True,
            seats=True,
            inbound=True,
            monitor=True,
            recording=True,
            machine_detection=twilio.detect_machines is not MachineDetection.OFF,
        ),
        strangers=Strangers(book, plan.numbers, trunk=TRUNK) if side is Side.ASKER else None,
        rooms=floor,
        spending=spending,
        prices=Prices(rest, runtime.sessions, clock),
        front=Front(runtime.sessions),
        lookback=Lookback(rest, arrivals, numbers=plan.numbers, clock=clock),
    )


def recorder_of(
    runtime: Runtime,
    recordings: RecordingBook,
    rest: Rest,
    plan: TwilioPlan,
    *,
    desk: InboundHost | None = None,
) -> Recorder:
    """Return what records; with a desk it also keeps what callers leave."""
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
