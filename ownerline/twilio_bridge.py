"""The bridge to Twilio of the settings: a dialer's side of it, and what web processes answer."""

import contextlib
from collections.abc import AsyncIterator

from starlette.routing import Route

from api.routes.twilio import twilio_routes
from core.live import LiveFeed
from dialer.bridges.port import (
    Bridge,
)
from dialer.bridges.twilio.answering import Answering
from dialer.bridges.twilio.arrivals import Arrivals
from dialer.bridges.twilio.checking import check_hooks
from dialer.bridges.twilio.documents import Documents
from dialer.bridges.twilio.door import Door
from dialer.bridges.twilio.floor_hooks import FloorHooks
from dialer.bridges.twilio.front import Serving
from dialer.bridges.twilio.hook import Hooks
from dialer.bridges.twilio.recording_hooks import RecordingHooks
from dialer.bridges.twilio.talking import Stage, Talking
from dialer.inbound.plan import language_of_region
from ownerline.runtime import Runtime
from ownerline.services.process import Process
from ownerline.twilio_parts import Side, recorder_of, twilio_parts
from ownerline.twilio_settings import plan_of
from ownerline.twilio_speech import twilio_voice
from ownerline.wiring import make_hosts


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
    async with twilio_parts(runtime, feed, Side.DIALER if speaks else Side.ASKER) as parts:
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
    serving = Serving(process.runtime.database_url)
    async with twilio_hooks(process) as hooks:
        await serving.start()
        try:
            yield twilio_routes(hooks, door, clock)
        finally:
            await serving.close()


@contextlib.asynccontextmanager
async def twilio_hooks(process: Process) -> AsyncIterator[Hooks]:
    """Hold the hooks of every part of the bridge for the block."""
    runtime = process.runtime
    settings = runtime.settings
    async with (
        twilio_parts(runtime, process.feed, Side.WEB) as parts,
        twilio_voice(settings, clock=runtime.clock) as voice,
    ):
        hosts = make_hosts(runtime, parts.bridge)
        recorder = recorder_of(
            runtime, parts.recordings, parts.rest, parts.plan, desk=hosts.inbound
        )
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
                *Arrivals(parts.arrivals, hosts.inbound, talking).hooks(),
                *documents.hooks(),
                *FloorHooks(
                    runtime.sessions,
                    parts.rooms,
                    language=language_of_region(settings.region),
                    recorder=recorder,
                ).hooks(),
                *RecordingHooks(
                    parts.book, recorder, parts.plan.addresses, voices=settings.twilio.voices
                ).hooks(),
                *voice.hooks,
                *check_hooks(parts.rooms.installation_id),
            )
        finally:
            await parts.floor.close()
            await recorder.close()
