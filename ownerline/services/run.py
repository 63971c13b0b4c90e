"""`serve`, `api`, `dialer`, `scheduler` and `worker`: which parts make which process."""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from starlette.routing import Route
from starlette.types import ASGIApp

from core.log import configure_logging
from core.settings import BridgeName, Settings
from ownerline.services.api import make_web_app
from ownerline.services.defaults import LOOPBACK, PORT
from ownerline.services.dialer import DialerPart
from ownerline.services.probes import Probes
from ownerline.services.process import Part, Process, open_process, run_parts
from ownerline.services.scheduler import SchedulerPart
from ownerline.services.standing import lacking_at_the_door, obstacles
from ownerline.services.web import WebPart, listen, url_of
from ownerline.services.worker import WorkerPart
from ownerline.twilio_bridge import twilio_webhooks


class Kind(StrEnum):
    """The processes there are."""

    SERVE = "serve"
    API = "api"
    DIALER = "dialer"
    SCHEDULER = "scheduler"
    WORKER = "worker"


_WEB = frozenset({Kind.SERVE, Kind.API})


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How a process is started."""

    host: str = LOOPBACK
    port: int = PORT  # of the API; 0 takes any that is free
    metrics_port: int | None = None  # of probes alone, on loopback
    wait: bool = False  # on ending: for the calls that are up
    seed: int = 1  # of the simulated carrier's people


async def run_process(
    settings: Settings, kind: Kind, options: Options, *, say: Callable[[str], None]
) -> None:
    """Run a process until it is told to end; `say` is given its one line once it is up.

    Raises:
        AddressTakenError: where it shall listen is taken.
        OwnerlineError: its bridge's settings cannot be, with the mend.
    """
    configure_logging(settings.log_level, log_format=settings.log_format, process=kind.value)
    async with open_process(settings, kind.value) as process, _webhooks(process, kind) as webhooks:
        parts, where = _parts(process, kind, options, webhooks)
        say(await _line(process, kind, where))
        await _run(process, parts)


async def _run(process: Process, parts: Sequence[Part]) -> None:
    try:
        await run_parts(process, parts)
    except ExceptionGroup as failed:  # one sentence, or one traceback, is told
        first: Exception = failed
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        raise first from None


@contextlib.asynccontextmanager
async def _webhooks(process: Process, kind: Kind) -> AsyncIterator[Sequence[Route]]:
    """Hold what the carrier of the settings asks of web processes for the block."""
    if kind in _WEB and process.runtime.settings.bridge is BridgeName.TWILIO:
        async with twilio_webhooks(process) as routes:
            yield routes
    else:
        yield ()


def _parts(
    process: Process, kind: Kind, options: Options, webhooks: Sequence[Route]
) -> tuple[list[Part], list[str]]:
    probes = Probes(process)
    parts: list[Part] = []
    where: list[str] = []

    def serve(name: str, app: ASGIApp, *, host: str, port: int) -> None:
        listener = listen(host, port)
        parts.append(WebPart(name, app, listener))
        where.append(f"{name} on {url_of(listener)}")

    if kind in _WEB:
        app = make_web_app(process, probes, webhooks)
        serve("API", app, host=options.host, port=options.port)
    if options.metrics_port is not None:
        serve("metrics", probes.app(), host=LOOPBACK, port=options.metrics_port)
    if kind in {Kind.SERVE, Kind.SCHEDULER}:
        parts.append(SchedulerPart())
    if kind in {Kind.SERVE, Kind.WORKER}:
        parts.append(WorkerPart())
    if kind in {Kind.SERVE, Kind.DIALER}:
        parts.append(DialerPart(seed=options.seed, wait=options.wait))
    return parts, where


async def _line(process: Process, kind: Kind, where: Sequence[str]) -> str:
    parts = [f"ownerline {kind.value}", *where]
    if kind in _WEB and (lacking := await lacking_at_the_door(process.runtime)) is not None:
        parts.append(lacking)
    if kind in {Kind.SERVE, Kind.DIALER}:
        silent = await obstacles(process.runtime)
        parts.append(f"bridge {process.runtime.settings.bridge}")
        parts.append(f"not dialling: {'; '.join(silent)}" if silent else "dials what is due")
    return "; ".join(parts)
