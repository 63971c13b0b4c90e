"""Commands on the holders of API tokens."""

from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from api.model import ApiRole
from ownerline.cli.app import app, print_json, run, say, settings_here

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

user = typer.Typer(help="Holders of API tokens: add, ls, disable, token.", no_args_is_help=True)
app.add_typer(user, name="user")

T = TypeVar("T")

Name = Annotated[str, typer.Argument(help="A person or a system, say `accounting`.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@user.command()
def add(
    name: Name,
    *,
    role: Annotated[ApiRole, typer.Option(help="What the token may be used for.")],
    agent: Annotated[
        int | None,
        typer.Option(
            help="The agent this user is, by id; of the role agent.", min=1, max=2**63 - 1
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Make a user and print the token, this once."""
    from api.users import add_user

    async def made(session: "AsyncSession", now: "datetime") -> str:
        return await add_user(session, name=name, role=role, agent_id=agent, now=now)

    token = _changed(made, action="api_user_added", name=name)
    if json:
        print_json({"name": name, "role": role.value, "agent_id": agent, "token": token})
        return
    say(token)


@user.command()
def ls(*, json: Json = False) -> None:
    """Show the users."""
    from api.users import users
    from ownerline.runtime import open_runtime

    settings = settings_here()

    async def work() -> list[dict[str, object]]:
        async with open_runtime(settings) as runtime, runtime.sessions() as session:
            return [
                {
                    "name": each.name,
                    "role": each.role.value,
                    "created_at": each.created_at.isoformat(),
                    "last_used_at": _shown(each.last_used_at),
                    "disabled_at": _shown(each.disabled_at),
                }
                for each in await users(session)
            ]

    found = run(work())
    if json:
        print_json({"users": found})
        return
    for each in found:
        state = (
            "disabled" if each["disabled_at"] else f"last used {each['last_used_at'] or 'never'}"
        )
        say(f"{each['name']}: {each['role']}, {state}")


@user.command()
def disable(name: Name) -> None:
    """Let a user's token open nothing more."""
    from api.users import disable_user

    async def disabled(session: "AsyncSession", now: "datetime") -> bool:
        return await disable_user(session, name=name, now=now)

    changed = _changed(disabled, action="api_user_disabled", name=name)
    say(f"{name}: disabled" if changed else f"{name}: already disabled")


@user.command()
def token(name: Name, *, json: Json = False) -> None:
    """Give a user a new token and print it, this once; the old one is dead."""
    from api.users import new_token

    async def made(session: "AsyncSession", _now: "datetime") -> str:
        return await new_token(session, name=name)

    fresh = _changed(made, action="api_token_renewed", name=name)
    if json:
        print_json({"name": name, "token": fresh})
        return
    say(fresh)


def _changed(
    change: "Callable[[AsyncSession, datetime], Awaitable[T]]", *, action: str, name: str
) -> T:
    """Change a user in one transaction, and write down who did it."""
    from customers.service import audit
    from ownerline.runtime import open_runtime, operator

    settings = settings_here()

    async def work() -> T:
        async with open_runtime(settings) as runtime, runtime.sessions.begin() as session:
            now = runtime.clock.now()
            result = await change(session, now)
            await audit(session, now=now, actor=operator(), action=action, subject=f"api:{name}")
            return result

    return run(work())


def _shown(at: "datetime | None") -> str | None:
    return None if at is None else at.isoformat()
