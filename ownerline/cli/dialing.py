"""Commands that place calls, and the switches that let them be placed."""

from typing import TYPE_CHECKING, Annotated

import typer

from ownerline.cli.app import app, print_json, run, say, settings_here
from ownerline.cli.serving import MetricsPort, run_dialer
from ownerline.instants import parse_instant

if TYPE_CHECKING:
    from ownerline.switches import Turn


@app.command()
def dialer(
    *,
    drain_: Annotated[
        bool, typer.Option("--drain", help="Place what is due and end when nothing is left.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(
            help="With --drain, on the simulated bridge: a virtual clock from there to day's end."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the simulated carrier's people.")] = 1,
    wait: Annotated[
        bool, typer.Option("--wait", help="When told to end, wait for the calls that are up.")
    ] = False,
    metrics_port: MetricsPort = None,
    json: Annotated[bool, typer.Option("--json", help="With --drain: one JSON object.")] = False,
) -> None:
    """Place the calls that become due until told to end; with --drain, those that are due now."""
    if not drain_:
        if at is not None or json:
            message = "--at and --json go with --drain: place what is due, then end"
            raise typer.BadParameter(message, param_hint="--drain")
        run_dialer(metrics_port=metrics_port, wait=wait, seed=seed)
        return
    from ownerline.drain import drain
    from ownerline.summary import print_dialing_summary

    settings = settings_here()
    instant = None if at is None else parse_instant(at, settings.time_zone)
    result = run(drain(settings, at=instant, seed=seed))
    if json:
        print_json(result.as_json())
    else:
        print_dialing_summary(result, settings.time_zone)


@app.command()
def arm() -> None:
    """Let this very installation ring owners on a real bridge."""
    from ownerline.switches import Turn

    _turn(Turn.ARM)


@app.command()
def disarm() -> None:
    """Let only the test numbers ring on a real bridge."""
    from ownerline.switches import Turn

    _turn(Turn.DISARM)


@app.command()
def stop() -> None:
    """Stop all dialling on all machines within a second."""
    from ownerline.switches import Turn

    _turn(Turn.STOP)


@app.command()
def resume() -> None:
    """Let dialling go on after a stop."""
    from ownerline.switches import Turn

    _turn(Turn.RESUME)


@app.command()
def campaign(
    name: Annotated[
        str, typer.Argument(help="overdue, repair, survey, promised, or list-N of a list.")
    ],
    *,
    pause: Annotated[bool, typer.Option("--pause", help="Place no more of its calls.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Let it go on.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a campaign, pause it, or let it go on."""
    if pause and resume:
        message = "say --pause or --resume, not both"
        raise typer.BadParameter(message, param_hint="--pause")
    from callback.uploaded_book import learn_campaigns
    from ownerline.books import campaigns_of
    from ownerline.runtime import open_runtime
    from ownerline.switches import is_paused, turn_campaign

    settings = settings_here()
    campaigns = campaigns_of(settings)

    async def work() -> bool:
        async with open_runtime(settings) as runtime:
            async with runtime.sessions() as session:
                await learn_campaigns(session, [name], campaigns)
            campaigns.get(name)
            if pause or resume:
                await turn_campaign(runtime, name, pause=pause)
            return await is_paused(runtime, name)

    paused = run(work())
    rules = campaigns.get(name)
    if json:
        print_json({"name": name, "paused": paused, **rules.model_dump(mode="json")})
    else:
        state = "paused" if paused else "running"
        say(f"{name}: {state}; {rules.mode} calls, purpose {rules.purpose}")


def _turn(turn: "Turn") -> None:
    from ownerline.runtime import open_runtime
    from ownerline.switches import turn_installation

    settings = settings_here()

    async def work() -> str:
        async with open_runtime(settings) as runtime:
            return await turn_installation(runtime, turn)

    say(run(work()))
