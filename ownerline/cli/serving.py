"""Commands that run until they are told to end: all in one process, or one each."""

import sys
from typing import Annotated, Any

import typer

from ownerline.cli.app import app, run, say, settings_here
from ownerline.services.defaults import LOOPBACK, PORT

Host = Annotated[str, typer.Option(help="The address to listen on.")]
PortOption = Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")]
MetricsPort = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Answer /health, /ready and /metrics there, on loopback."),
]


@app.command()
def serve(*, host: Host = LOOPBACK, port: PortOption = PORT) -> None:
    """Run API, scheduler, dialer and worker in one process."""
    _run("serve", host=host, port=port)


@app.command()
def api(*, host: Host = LOOPBACK, port: PortOption = PORT) -> None:
    """Run the API alone."""
    _run("api", host=host, port=port)


@app.command()
def scheduler(*, metrics_port: MetricsPort = None) -> None:
    """Run the scheduler alone; a second one stands by."""
    _run("scheduler", metrics_port=metrics_port)


@app.command()
def worker(*, metrics_port: MetricsPort = None) -> None:
    """Run a worker alone: list building, deliveries, retention."""
    _run("worker", metrics_port=metrics_port)


def run_dialer(*, metrics_port: int | None, wait: bool, seed: int) -> None:
    """Run a dialer alone."""
    _run("dialer", metrics_port=metrics_port, wait=wait, seed=seed)


def _run(kind: str, **options: Any) -> None:
    from ownerline.services.run import Kind, Options, run_process

    settings = settings_here()
    run(run_process(settings, Kind(kind), Options(**options), say=say_at_once))


def say_at_once(line: str) -> None:
    """Say a line now, also where nobody watches a terminal."""
    say(line)
    sys.stdout.flush()
