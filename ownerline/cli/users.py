"""Commands on users: people with a password for the console, systems with a token for the API."""

from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from api.model import ApiRole
from ownerline.cli.app import app, print_json, run, say, settings_here

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

user = typer.Typer(
    help="Users of the console and the API: add, ls, password, token, disable, enable.",
    no_args_is_help=True,
)
app.add_typer(user, name="user")

T = TypeVar("T")

_PASSWORDS: "Mapping[object, str]" = {
    None: "",
    "first": "first password, to be changed",
    "own": "password",
}

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
    password: Annotated[
        bool,
        typer.Option(
            "--password", help="Print a first password for the console, instead of a token."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Make a user and print the token, or the first password, this once."""
    from api.console.sign_in import give_password
    from api.users import add_user, make_user

    async def made(session: "AsyncSession", now: "datetime") -> str:
        if not password:
            return await add_user(session, name=name, role=role, agent_id=agent, now=now)
        await make_user(session, name=name, role=role, agent_id=agent, now=now)
        return await give_password(session, name=name, now=now)

    secret = _changed(made, action="api_user_added", name=name)
    if json:
        kind = "password" if password else "token"
        print_json({"name": name, "role": role.value, "agent_id": agent, kind: secret})
        return
    say(secret)


@user.command()
def ls(*, json: Json = False) -> None:
    """Show the users."""
    from api.users import SignsIn, users
    from ownerline.runtime import open_runtime

    settings = settings_here()

    async def work() -> list[dict[str, object]]:
        async with open_runtime(settings) as runtime, runtime.sessions() as session:
            return [
                {
                    "name": each.name,
                    "role": each.role.value,
                    "agent_id": each.agent_id,
                    "password": None if each.signs_in is SignsIn.NO else each.signs_in.value,
                    "has_token": each.has_token,
                    "created_at": each.created_at.isoformat(),
                    "last_used_at": _shown(each.last_used_at),
                    "locked_until": _shown(each.locked_until),
                    "disabled_at": _shown(each.disabled_at),
                }
                for each in await users(session)
            ]

    found = run(work())
    if json:
        print_json({"users": found})
        return
    for each in found:
        lets_in = [_PASSWORDS[each["password"]]] + ["token"] * bool(each["has_token"])
        state = (
            "disabled" if each["disabled_at"] else f"last used {each['last_used_at'] or 'never'}"
        )
        say(f"{each['name']}: {each['role']}, {state}, {' and '.join(filter(None, lets_in))}")


@user.command()
def disable(name: Name) -> None:
    """Let a user's token and password open nothing more, and sign their browsers out."""
    from api.users import disable_user

    async def disabled(session: "AsyncSession", now: "datetime") -> bool:
        return await disable_user(session, name=name, now=now)

    changed = _changed(disabled, action="api_user_disabled", name=name)
    say(f"{name}: disabled" if changed else f"{name}: already disabled")


@user.command()
def enable(name: Name) -> None:
    """Let a disabled user in again, by the token and the password they had."""
    from api.users import enable_user

    async def enabled(session: "AsyncSession", _now: "datetime") -> bool:
        return await enable_user(session, name=name)

    changed = _changed(enabled, action="api_user_enabled", name=name)
    say(f"{name}: enabled" if changed else f"{name}: was not disabled")


@user.command()
def password(name: Name, *, json: Json = False) -> None:
    """Give a user a first password and print it, this once; their browsers are signed out."""
    from api.console.sign_in import give_password

    async def given(session: "AsyncSession", now: "datetime") -> str:
        return await give_password(session, name=name, now=now)

    first = _changed(given, action="password_given", name=name)
    if json:
        print_json({"name": name, "password": first})
        return
    say(first)


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
