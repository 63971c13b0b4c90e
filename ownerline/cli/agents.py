"""Commands on agents: the roster of an installation that nobody steers over the API."""

from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from customers.model import Language
from ownerline.cli.app import app, print_json, run, say, settings_here

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from core.columns import AnyRow

agent = typer.Typer(
    help="Agents: add, list, phone, on, off. A token for one is made by `ownerline user add`.",
    no_args_is_help=True,
)
app.add_typer(agent, name="agent")

T = TypeVar("T")

AgentId = Annotated[int, typer.Argument(help="Of the agent.", min=1, max=2**63 - 1)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Endpoint = Annotated[
    str | None, typer.Option(help="The phone at which the agent is rung, as PJSIP/101.")
]


@agent.command()
def add(
    name: Annotated[str, typer.Argument(help="As reports show it.")],
    *,
    team: Annotated[str | None, typer.Option(help="Whose campaigns they call for.")] = None,
    skill: Annotated[list[str] | None, typer.Option(help="May be given more than once.")] = None,
    language: Annotated[
        list[Language] | None, typer.Option(help="May be given more than once; none: all.")
    ] = None,
    weight: Annotated[
        float, typer.Option(help="Share of owners beside the others.", min=0.01, max=100)
    ] = 1.0,
    endpoint: Endpoint = None,
    json: Json = False,
) -> None:
    """Put somebody on the roster, with a room of their own; prints their id."""
    from dialer.agents.service import add_agent

    async def added(session: "AsyncSession", now: "datetime") -> int:
        return await add_agent(
            session,
            name=name,
            team=team,
            skills=skill or (),
            languages=language or (),
            weight=weight,
            endpoint=endpoint,
            now=now,
        )

    agent_id = _changed(added, action="agent_added")
    if json:
        print_json({"agent_id": agent_id, "name": name})
        return
    say(f"{agent_id}")


@agent.command("list")
def list_agents(*, json: Json = False) -> None:
    """Show the roster: who stands where, and whose phone is in its room."""
    from dialer.agents.service import roster
    from ownerline.runtime import open_runtime

    settings = settings_here()

    async def work() -> "list[AnyRow]":
        async with open_runtime(settings) as runtime, runtime.sessions() as session:
            return list(await roster(session))

    rows = run(work())
    if json:
        print_json({"agents": [_shown(row) for row in rows]})
        return
    for row in rows:
        say(_line(row))


@agent.command()
def phone(
    agent_id: AgentId,
    endpoint: Annotated[
        str | None, typer.Argument(help="The phone, as PJSIP/101; without it they have none.")
    ] = None,
) -> None:
    """Give an agent another phone, or none."""
    from dialer.agents.seats import set_endpoint
    from ownerline.runtime import operator

    async def given(session: "AsyncSession", now: "datetime") -> None:
        await set_endpoint(session, agent_id, endpoint, by=operator(), now=now)

    _changed(given)
    say(f"agent {agent_id}: {endpoint or 'no phone'}")


@agent.command()
def on(agent_id: AgentId) -> None:
    """Put an agent on the roster again."""
    _set_on_roster(agent_id, active=True)


@agent.command()
def off(agent_id: AgentId) -> None:
    """Take an agent off the roster; they are signed out."""
    _set_on_roster(agent_id, active=False)


def _set_on_roster(agent_id: int, *, active: bool) -> None:
    from dialer.agents.service import set_on_roster
    from ownerline.runtime import operator

    async def turned(session: "AsyncSession", now: "datetime") -> None:
        await set_on_roster(session, agent_id, active=active, by=operator(), now=now)

    _changed(turned)
    say(f"agent {agent_id}: {'on' if active else 'off'} the roster")


def _changed(
    change: "Callable[[AsyncSession, datetime], Awaitable[T]]", *, action: str | None = None
) -> T:
    """Change an agent in one transaction; `action` where the use case keeps no audit itself."""
    from customers.service import audit
    from ownerline.runtime import open_runtime, operator

    settings = settings_here()

    async def work() -> T:
        async with open_runtime(settings) as runtime, runtime.sessions.begin() as session:
            now = runtime.clock.now()
            result = await change(session, now)
            if action is not None:
                subject = f"agent:{result}"
                await audit(session, now=now, actor=operator(), action=action, subject=subject)
            return result

    return run(work())


def _shown(row: "AnyRow") -> dict[str, object]:
    return {
        "agent_id": row.agent_id,
        "name": row.name,
        "team": row.team,
        "skills": list(row.skills),
        "languages": list(row.languages),
        "endpoint": row.endpoint,
        "active": row.active,
        "state": row.state.value,
        "seated_on": row.seated_on,
        "phone_trouble": row.phone_trouble and row.phone_trouble.value,
    }


def _line(row: "AnyRow") -> str:
    words = [
        row.team or "no team",
        ", ".join(row.skills) or "no skills",
        row.state.value if row.active else "off the roster",
        row.endpoint or "no phone",
    ]
    if row.seated_on is not None:
        words.append(f"in their room on {row.seated_on}")
    elif row.phone_trouble is not None:
        words.append(f"not in their room: {row.phone_trouble.value}")
    return f"{row.agent_id} {row.name}: {'; '.join(words)}"
