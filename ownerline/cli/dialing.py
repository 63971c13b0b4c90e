"""Commands that place calls, and the switches that let them be placed."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import shipped_campaigns
from customers.service import audit
from dialer import control
from ownerline.cli.app import app, print_json, run, say, settings_here
from ownerline.drain import drain
from ownerline.instants import parse_instant
from ownerline.runtime import open_runtime, operator
from ownerline.summary import print_dialing_summary


@app.command()
def dialer(
    *,
    drain_: Annotated[
        bool, typer.Option("--drain", help="Place what is due and end when nothing is left.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(help="Simulated bridge only: a virtual clock from this instant to day's end."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the simulated carrier's people.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Place the calls that are due."""
    if not drain_:
        message = "say --drain: place what is due, then end"
        raise typer.BadParameter(message, param_hint="--drain")
    settings = settings_here()
    instant = None if at is None else parse_instant(at, settings.time_zone)
    result = run(drain(settings, at=instant, seed=seed))
    if json:
        print_json(result.as_json())
    else:
        print_dialing_summary(result)


@app.command()
def arm() -> None:
    """Let this very installation ring owners on a real bridge."""

    async def turn(session: AsyncSession, now: datetime) -> str:
        if await control.arm(session, by=operator(), now=now):
            return "armed: this installation rings owners from now on"
        return "already armed"

    _switch(turn, "arm")


@app.command()
def disarm() -> None:
    """Let only the test numbers ring on a real bridge."""

    async def turn(session: AsyncSession, _: datetime) -> str:
        if await control.disarm(session):
            return "disarmed: on a real bridge only the test numbers ring"
        return "already disarmed"

    _switch(turn, "disarm")


@app.command()
def stop() -> None:
    """Stop all dialling on all machines within a second."""

    async def turn(session: AsyncSession, now: datetime) -> str:
        if await control.stop(session, by=operator(), now=now):
            return "stopped: nothing is dialled until `ownerline resume`"
        return "already stopped"

    _switch(turn, "stop")


@app.command()
def resume() -> None:
    """Let dialling go on after a stop."""

    async def turn(session: AsyncSession, _: datetime) -> str:
        if await control.resume(session):
            return "resumed: what is due is dialled again"
        return "not stopped; nothing to resume"

    _switch(turn, "resume")


@app.command()
def campaign(
    name: Annotated[str, typer.Argument(help="overdue, repair, survey or promised.")],
    *,
    pause: Annotated[bool, typer.Option("--pause", help="Place no more of its calls.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Let it go on.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a campaign, pause it, or let it go on."""
    if pause and resume:
        message = "say --pause or --resume, not both"
        raise typer.BadParameter(message, param_hint="--pause")
    rules = shipped_campaigns().get(name)

    async def work() -> bool:
        async with open_runtime(settings_here()) as runtime, runtime.sessions.begin() as session:
            now = runtime.clock.now()
            if pause:
                await control.pause_campaign(session, campaign=name, by=operator(), now=now)
            if resume:
                await control.resume_campaign(session, campaign=name)
            if pause or resume:
                await audit(
                    session,
                    now=now,
                    actor=operator(),
                    action="campaign_paused" if pause else "campaign_resumed",
                    subject=f"campaign:{name}",
                )
            return name in (await control.switches(session)).paused_campaigns

    paused = run(work())
    if json:
        print_json({"name": name, "paused": paused, **rules.model_dump(mode="json")})
    else:
        state = "paused" if paused else "running"
        say(f"{name}: {state}; {rules.mode} calls, purpose {rules.purpose}")


def _switch(turn: Callable[[AsyncSession, datetime], Awaitable[str]], action: str) -> None:
    async def work() -> str:
        async with open_runtime(settings_here()) as runtime, runtime.sessions.begin() as session:
            said = await turn(session, runtime.clock.now())
            await audit(
                session,
                now=runtime.clock.now(),
                actor=operator(),
                action=action,
                subject="installation",
            )
            return said

    say(run(work()))
