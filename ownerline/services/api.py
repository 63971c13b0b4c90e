"""The web application of this installation: the API, with the probes beside it."""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.routing import BaseRoute

from api.app import make_app
from api.deps import ApiDeps, ApiLimits
from api.proxies import BehindProxies
from callback.packs import shipped_packs
from core.settings import BridgeName, Settings, describe
from customers.importing.model import Defaults
from dialer.agents.browsers import BrowserTokens
from dialer.agents.desk import Desk
from dialer.bridges.asterisk.browser_pool import tokens_of as asterisk_tokens
from dialer.bridges.twilio.tokens import tokens_of as twilio_tokens
from dialer.outcome import Settlement
from ownerline.books import campaigns_of, house_of
from ownerline.recorded import store_of
from ownerline.services.probes import Probes
from ownerline.services.process import Process
from ownerline.speaking import speech_of
from ownerline.spending import held_back_by
from ownerline.trunk_limits import trunks_of
from scripts.library import load_library


def make_web_app(process: Process, probes: Probes, webhooks: Sequence[BaseRoute] = ()) -> FastAPI:
    """Return the API over this process's runtime and feed, with what a carrier asks of us."""
    runtime, settings = process.runtime, process.runtime.settings
    app = make_app(
        ApiDeps(
            sessions=runtime.sessions,
            clock=runtime.clock,
            ids=runtime.ids,
            desk=Desk(
                settlement=Settlement(campaigns=campaigns_of(settings), library=load_library()),
                packs=shipped_packs(),
                bridge=settings.bridge.value,
                bridge_is_real=settings.bridge is not BridgeName.SIMULATED,
                test_numbers=settings.test_numbers,
                destinations=settings.reach,
            ),
            house=house_of(settings),
            defaults=Defaults(
                region=settings.region,
                time_zone=settings.time_zone,
                currency=settings.currency,
                packs=settings.packs,
            ),
            webhook_hosts=settings.webhook_hosts,
            held_back=held_back_by(settings),
            browser_tokens=_browser_tokens(settings),
            recordings=store_of(settings),
            speech=speech_of(settings),
            feed=process.feed,
            trunks=trunks_of(settings),
            limits=ApiLimits(requests_per_minute=settings.api.requests_per_minute),
            settings=tuple(describe(settings)),
        )
    )
    if settings.api.proxies:
        app.add_middleware(BehindProxies, proxies=settings.api.proxies)
    app.router.routes[:0] = [*probes.routes(), *webhooks]
    return app


def _browser_tokens(settings: Settings) -> BrowserTokens | None:
    match settings.bridge:
        case BridgeName.TWILIO:
            return twilio_tokens(settings.twilio)
        case BridgeName.ASTERISK:
            return asterisk_tokens(settings.asterisk.browsers)
        case _:
            return None
