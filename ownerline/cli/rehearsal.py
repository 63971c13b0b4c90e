"""`ownerline demo`: an invented company's day, played by the production engine."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from callback.campaign_model import Dialling
from ownerline.cli.app import app, print_json, run, say, settings_here
from ownerline.cli.serving import say_at_once
from ownerline.instants import parse_date
from ownerline.services.defaults import LOOPBACK, PORT

if TYPE_CHECKING:
    from core.settings import Settings
    from ownerline.demo.figures import Figures
    from ownerline.demo.rehearsal import Plan

MOST_OWNERS = 20_000
MOST_DAYS = 31
_LARGEST_SEED = 2**63 - 1


@app.command()
def demo(
    *,
    owners: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_OWNERS, help="How many owners; 2000 without it."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="So many days in a row.")] = 1,
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=_LARGEST_SEED, help="Equal seeds give equal days; 1 without it."),
    ] = None,
    date: Annotated[
        str | None, typer.Option(help="The first day; 2026-12-16, a Wednesday, without it.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on with the company of the last demo.")
    ] = False,
    agents_calls: Annotated[
        Dialling | None,
        typer.Option(help="How calls reach the agents; preview without it."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the console over the day after, live.")
    ] = False,
    host: Annotated[str, typer.Option(help="With --serve: the address to listen on.")] = LOOPBACK,
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --serve: 0 takes any.")] = PORT,
) -> None:
    """Watch an invented property company's calling day; no telephone rings.

    It has a home of its own below OWNERLINE_HOME, made fresh each time, with a database of its own.
    """
    from core.log import configure_logging
    from core.settings import LogLevel
    from ownerline.demo.rehearsal import Plan

    day = None if date is None else parse_date(date)
    settings = settings_here()
    if settings.source_of("log_level") == "default":
        configure_logging(LogLevel.WARNING)  # thousands of calls end well
    plan = Plan(owners=owners, seed=seed, day=day, days=days, keep=keep, agents_calls=agents_calls)
    if serve:
        if json:
            message = "a console is no JSON: leave --json away, or --serve"
            raise typer.BadParameter(message)
        from ownerline.demo.serving import Serving, serve_demo

        run(serve_demo(settings, Serving(host=host, port=port, plan=plan), say=say_at_once))
        return
    figures = run(_play(settings, plan, silent=json))
    if json:
        print_json(figures.as_json())
    else:
        _tell(settings, figures)


async def _play(settings: "Settings", plan: "Plan", *, silent: bool) -> "Figures":
    from ownerline.demo.home import DemoHome
    from ownerline.demo.rehearsal import rehearse

    try:
        if silent:
            return await rehearse(settings, plan)
        if sys.stdout.isatty():
            return await _play_on_a_board(settings, plan)
        from ownerline.demo.board import Lines

        return await rehearse(settings, plan, observer_of=Lines(say).watch)
    except asyncio.CancelledError:
        folder = DemoHome.below(settings.home).folder
        sys.stderr.write(f"ownerline: the day so far lies in {folder}; its server stops\n")
        raise


async def _play_on_a_board(settings: "Settings", plan: "Plan") -> "Figures":
    from rich.live import Live

    from ownerline.demo.board import FRAMES_A_SECOND, Board
    from ownerline.demo.rehearsal import rehearse

    board = Board()
    with Live(board, refresh_per_second=FRAMES_A_SECOND, transient=True):
        return await rehearse(settings, plan, observer_of=board.watch)


def _tell(settings: "Settings", figures: "Figures") -> None:
    from rich.console import Console

    from ownerline.demo.home import DemoHome
    from ownerline.demo.telling import tell

    home = DemoHome.below(settings.home)
    tell(figures, home=home.folder, reports=home.reports, console=Console())
