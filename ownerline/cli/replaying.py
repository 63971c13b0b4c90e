"""`ownerline replay`: a day decided once more, or one instant of it as the dialer saw it."""

import datetime as clock
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from customers.model import Language
from ownerline.cli.app import (
    EXIT_FAILED,
    app,
    language_here,
    print_json,
    progress_line,
    run,
    say,
    settings_here,
)
from ownerline.instants import parse_clock, parse_date

if TYPE_CHECKING:
    from core.settings import Settings
    from dialer.replay.findings import Found
    from dialer.replay.instant_model import Instant


@app.command()
def replay(
    date: Annotated[str, typer.Argument(help="A local day, like 2026-11-23.")],
    *,
    at: Annotated[
        str | None, typer.Option(help="Show one instant as the dialer saw it, like 10:42.")
    ] = None,
    campaign: Annotated[
        str | None, typer.Option(help="Only calls of this campaign, like overdue or list-4.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000, help="So many differences are named; all are counted.")
    ] = 20,
    language: Annotated[
        Language | None, typer.Option(help="zh-CN or en; by the terminal's LANG without it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Decide a day once more from what was recorded; exit 1 when anything comes out otherwise."""
    day = parse_date(date)
    settings = settings_here()
    spoken = language or language_here()

    if at is not None:
        if campaign is not None:
            message = "--campaign narrows a whole day; an instant is shown as a whole"
            raise typer.BadParameter(message, param_hint="--campaign")
        instant = parse_clock(at, day, settings.time_zone)
        _show_instant(settings, day, instant, spoken, json=json)
        return

    from dialer.replay.wording import lines_of
    from ownerline.replaying import replay as replay_day
    from ownerline.runtime import open_runtime

    async def work() -> "Found":
        async with open_runtime(settings) as runtime:
            return await replay_day(
                runtime, day, campaign=campaign, limit=limit, progress=_progress
            )

    found = run(work())
    progress_line("")
    if json:
        print_json(found.as_json())
    else:
        for line in lines_of(found, spoken):
            say(line)
    if not found.is_equal:
        raise typer.Exit(EXIT_FAILED)


def _show_instant(
    settings: "Settings", day: clock.date, at: clock.datetime, language: Language, *, json: bool
) -> None:
    from dialer.replay.instant_wording import instant_json, instant_lines
    from ownerline.replaying import look_at
    from ownerline.runtime import open_runtime

    async def work() -> "Instant":
        async with open_runtime(settings) as runtime:
            return await look_at(runtime, day, at)

    instant, zone = run(work()), ZoneInfo(settings.time_zone)
    if json:
        print_json(instant_json(instant, language, zone))
        return
    for line in instant_lines(instant, language, zone):
        say(line)


def _progress(done: int, whole: int) -> None:
    progress_line(f"{done:,} / {whole:,}")
