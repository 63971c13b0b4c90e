"""Commands on dial lists: build them, and explain why an owner was, or was not, called."""

from typing import Annotated

import typer

from customers.model import Language
from ownerline.cli.app import app, language_here, print_json, run, say, settings_here
from ownerline.instants import build_instant, parse_date

lists = typer.Typer(help="Dial lists: build them, and run lists of your own.", no_args_is_help=True)
app.add_typer(lists, name="lists")


@lists.command()
def build(
    *,
    date: Annotated[
        str | None, typer.Option(help="The local day to build for; today without it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Build every dial list; twice changes nothing."""
    from callback.building import build_lists
    from ownerline.books import campaigns_of
    from ownerline.runtime import open_runtime

    settings = settings_here()
    day = None if date is None else parse_date(date)
    campaigns = campaigns_of(settings)

    async def work() -> dict[str, object]:
        async with open_runtime(settings) as runtime, runtime.sessions.begin() as session:
            now = build_instant(day, runtime.clock.now(), settings.time_zone)
            built = await build_lists(session, now=now, date=day, campaigns=campaigns)
            return built.to_json()

    report = run(work())
    if json:
        print_json(report)
        return
    say(f"lists of {report['date']}:")
    for word in ("created", "open", "withdrawn"):
        counts = report[word]
        if isinstance(counts, dict):
            parts = ", ".join(f"{reason} {count:,}" for reason, count in counts.items() if count)
            say(f"  {word}: {parts or 'none'}")


@app.command()
def explain(
    target: Annotated[
        list[str], typer.Argument(help="[COMMUNITY] UNIT, PHONE or REFERENCE of a charge or order.")
    ],
    *,
    date: Annotated[str | None, typer.Option(help="Only what concerns this local day.")] = None,
    language: Annotated[
        Language | None, typer.Option(help="zh-CN or en; by the terminal's LANG without it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say why an owner was, or was not, called."""
    from ownerline.explaining import explain as explain_target
    from ownerline.runtime import open_runtime, operator

    if len(target) not in {1, 2}:
        message = "give a unit, phone or reference, with the community before it if need be"
        raise typer.BadParameter(message, param_hint="TARGET")
    settings = settings_here()
    day = None if date is None else parse_date(date)
    spoken = language or language_here()

    async def work() -> dict[str, object]:
        async with open_runtime(settings) as runtime:
            return await explain_target(
                runtime,
                query=target[-1],
                community=target[0] if len(target) == 2 else None,  # noqa: PLR2004
                day=day,
                language=spoken,
                actor=operator(),
            )

    story = run(work())
    if json:
        print_json(story)
        return
    for line in lines_of(story):
        say(line)


def lines_of(story: dict[str, object]) -> list[str]:
    """Return the story as indented sentences."""
    lines: list[str] = []
    people = story["persons"]
    for person in people if isinstance(people, list) else []:
        lines.append(f"{person['name']}, {', '.join(person['units'])}")
        for due_call in person["due_calls"]:
            about = due_call["about"].replace(";", ", ")
            lines.append(f"  #{due_call['due_call_id']} ({about}) {due_call['sentence']}")
            lines += [f"    {each['at_local']}  {each['sentence']}" for each in due_call["events"]]
        lines += [f"  {each['at_local']}  {each['sentence']}" for each in person["rang_us"]]
        lines += [f"  {each['sentence']}" for each in person["not_due"]]
    return lines
