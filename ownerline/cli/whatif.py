"""`ownerline simulate`: a day to come, played many times before it comes."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from customers.model import Language
from ownerline.cli.app import (
    EXIT_INTERRUPTED,
    app,
    language_here,
    print_json,
    progress_line,
    run,
    say,
    settings_here,
)
from ownerline.instants import parse_date
from ownerline.usage import WrongUsageError

if TYPE_CHECKING:
    from core.settings import Settings
    from dialer.whatif.answer import Answer, Question
    from dialer.whatif.freeze import Frozen

_LARGEST_SEED = 2**32 - 1


@app.command()
def simulate(
    *,
    date: Annotated[str, typer.Option(help="The day: today or later.")],
    agents: Annotated[
        int | None, typer.Option(min=1, max=2000, help="So many agents; the roster's without it.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="agents, channels, calls_per_second, hours, dialling, target."),
    ] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option("--compare", help="Play the day this way, too, as agents=12; repeat it."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="How many agents for contacts=300, or deadlines=0.98?")
    ] = None,
    replications: Annotated[
        int, typer.Option(min=2, max=1000, help="How often the day is played.")
    ] = 100,
    seed: Annotated[
        int, typer.Option(min=0, max=_LARGEST_SEED, help="Equal seeds give equal figures.")
    ] = 1,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="The figures are the same with any number.")
    ] = 2,
    language: Annotated[
        Language | None, typer.Option(help="zh-CN or en; by the terminal's LANG without it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Rehearse a day: who will be reached, which deadlines cannot be met, and what would help.

    Nothing is dialled and nothing is kept. --set and --compare take key=value, among them
    hours=overdue:09:00-12:00,14:00-18:00 and dialling=overdue:predictive.
    """
    from dialer.whatif.answer import Question
    from dialer.whatif.model import WhatIfError
    from dialer.whatif.result import read_target
    from dialer.whatif.setting import read_change

    words = list(set_ or ())
    if agents is not None:
        words.append(f"agents={agents}")
    try:
        question = Question(
            day=parse_date(date),
            setting=read_change(words),
            compare=read_change(compare) if compare else None,
            target=None if target is None else read_target(target),
            replications=replications,
            seed=seed,
        )
    except WhatIfError as err:
        raise WrongUsageError(str(err)) from err
    settings = settings_here()
    frozen = run(_freeze(settings, question))
    found = _play(frozen, question, processes)
    if json:
        print_json(found.as_json())
        return
    from ownerline.whatif_lines import lines_of

    for line in lines_of(found, language or language_here()):
        say(line)


async def _freeze(settings: "Settings", question: "Question") -> "Frozen":
    from dialer.whatif.answer import frozen_day
    from ownerline.runtime import open_runtime
    from ownerline.whatif import freeze_basis

    async with open_runtime(settings) as runtime:
        frozen = await frozen_day(
            runtime.sessions,
            freeze_basis(settings),
            question,
            now=runtime.clock.now(),
            on_read=lambda done, of: progress_line(f"{done:,} of {of:,} due calls read"),
        )
    progress_line("")
    return frozen


def _play(frozen: "Frozen", question: "Question", processes: int) -> "Answer":
    from dialer.whatif.answer import answer

    try:
        found = answer(
            frozen,
            question,
            processes=processes,
            told=lambda done, of: progress_line(f"day {done} of {of}"),
        )
    except KeyboardInterrupt:
        progress_line("")
        sys.stderr.write("ownerline: interrupted; nothing was kept\n")
        raise SystemExit(EXIT_INTERRUPTED) from None
    progress_line("")
    return found
