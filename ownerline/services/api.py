"""The web application of this installation: the API, with the probes beside it."""

from fastapi import FastAPI

from api.app import make_app
from api.deps import ApiDeps
from callback.packs import shipped_packs
from customers.importing.model import Defaults
from ownerline.books import campaigns_of
from ownerline.services.probes import Probes
from ownerline.services.process import Process


def make_web_app(process: Process, probes: Probes) -> FastAPI:
    """Return the API over this process's runtime and feed."""
    runtime, settings = process.runtime, process.runtime.settings
    app = make_app(
        ApiDeps(
            sessions=runtime.sessions,
            clock=runtime.clock,
            ids=runtime.ids,
            campaigns=campaigns_of(settings),
            packs=shipped_packs(),
            defaults=Defaults(
                region=settings.region,
                time_zone=settings.time_zone,
                currency=settings.currency,
                packs=settings.packs,
            ),
            feed=process.feed,
        )
    )
    app.router.routes[:0] = probes.routes()
    return app
