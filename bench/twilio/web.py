"""The web processes under load: ours with talks on a real book, or a bare route of FastAPI."""

import asyncio
import contextlib
import random
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from urllib.parse import parse_qsl
from uuid import UUID

import uvicorn
from fastapi import FastAPI, Request, Response

from api.routes.twilio import twilio_routes
from bench.dialing import only_warnings
from bench.queue_world import NOW
from callback.campaigns import shipped_campaigns
from core.clock import Clock, ScaledClock
from core.database import create_engine, session_factory
from core.ids import IdSource
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.answering import Answering
from dialer.bridges.twilio.book import Book
from dialer.bridges.twilio.documents import Documents
from dialer.bridges.twilio.door import Door
from dialer.bridges.twilio.hook import PREFIX, Hooks
from dialer.bridges.twilio.rooms import RoomDocuments
from dialer.bridges.twilio.seats import SeatBook
from dialer.bridges.twilio.talking import Stage, Talking
from dialer.bridges.twilio.twiml import Renderer
from dialer.inbound.desk import InboundHost
from dialer.inbound.service import InboundRules
from dialer.outcome import Settlement
from dialer.talk import TalkHost, TalkRules
from scripts.library import load_library
from tests.integration.dialer.green_homes import GREEN_HOMES

ACCOUNT, TOKEN = "AC" + "a" * 32, "12345678901234567890123456789012"
PUBLIC_URL = "https://calls.example.com"
BARE_PATH, CPU_PATH = f"{PREFIX}/bare", "/cpu"
_WORDS = (
    '<?xml version="1.0" encoding="UTF-8"?><Response><Gather input="dtmf" numDigits="1">'
    "<Say>Press 1.</Say></Gather></Response>"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Web:
    """What a web process is told; `url` None: it is the bare one."""

    url: str | None
    origin: datetime


class NobodyThere:
    """Leads no call anywhere: no machine is found late here."""

    async def lead(self, sid: str, address: str) -> bool:
        """Say that the call is gone."""
        del sid, address
        return False


def serve(web: Web, listener: socket.socket, ready: Connection) -> None:
    """Serve until killed; says when it is up. Runs in a process of its own."""
    only_warnings()
    asyncio.run(_serve(web, listener, ready))


async def _serve(web: Web, listener: socket.socket, ready: Connection) -> None:
    app = FastAPI()
    app.add_api_route(CPU_PATH, _cpu, methods=["GET"])
    async with contextlib.AsyncExitStack() as held:
        if web.url is None:
            app.add_api_route(BARE_PATH, _bare, methods=["POST"])
        else:
            clock = ScaledClock(NOW, factor=1.0, origin=web.origin)
            hooks = await held.enter_async_context(_hooks(web.url, clock))
            door = Door(public_url=PUBLIC_URL, account_sid=ACCOUNT, token=TOKEN)
            app.router.routes.extend(twilio_routes(hooks, door, clock))
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        ready.send("ready")
        await uvicorn.Server(config).serve(sockets=[listener])


async def _cpu() -> Response:
    return Response(str(time.process_time()))


async def _bare(request: Request) -> Response:
    form = dict(parse_qsl((await request.body()).decode()))
    return Response(_WORDS if "CallSid" in form else "", media_type="application/xml")


@contextlib.asynccontextmanager
async def _hooks(url: str, clock: Clock) -> AsyncIterator[Hooks]:
    engine = create_engine(url, name="bench")
    sessions = session_factory(engine)
    campaigns, library = shipped_campaigns(), load_library()
    talk = TalkHost(
        sessions=sessions,
        clock=clock,
        rules=TalkRules(library=library, campaigns=campaigns, house=GREEN_HOMES),
    )
    book, addresses = Book(sessions), Addresses(public_url=PUBLIC_URL)
    stage = Stage(
        book=book,
        host=talk,
        desk=InboundHost(
            sessions=sessions,
            clock=clock,
            ids=IdSource(clock, random.Random(1)),
            talk=talk,
            settlement=Settlement(campaigns=campaigns, library=library),
            house=GREEN_HOMES,
            rules=InboundRules(
                bridge="twilio",
                is_real=False,
                region="CN",
                time_zone="Asia/Shanghai",
                currency="CNY",
                communities={},
            ),
        ),
        renderer=Renderer(addresses),
        documents=Documents(book, addresses),
        seats=SeatBook(sessions),
        rooms=RoomDocuments(addresses=addresses, installation_id=UUID(int=1)),
        clock=clock,
    )
    answering = Answering(Talking(stage), book, lines=NobodyThere(), addresses=addresses)
    try:
        yield answering.hooks()
    finally:
        await engine.dispose()
