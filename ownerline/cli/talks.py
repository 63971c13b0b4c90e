"""`ownerline scripts`: check scripts, walk through one, and have one spoken."""

from pathlib import Path
from typing import Annotated

import typer

from customers.model import Language
from ownerline.cli.app import (
    EXIT_FAILED,
    app,
    language_here,
    print_json,
    run,
    say,
    settings_here,
)

scripts = typer.Typer(help="Call scripts: check, walk, speak.", no_args_is_help=True)
app.add_typer(scripts, name="scripts")


@scripts.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; the shipped ones without any.")
    ] = None,
    *,
    language: Annotated[Language | None, typer.Option(help="zh-CN or en.")] = None,
) -> None:
    """Find what is wrong with scripts; exit 1 when anything is."""
    from scripts.checking import check_scripts

    spoken = language or language_here()
    looked_at, findings = check_scripts(paths or ())
    for finding in findings:
        say(finding.message(spoken))
    say(f"scripts looked at: {looked_at}, findings: {len(findings)}")
    if findings:
        raise typer.Exit(EXIT_FAILED)


@scripts.command()
def walk(
    name: Annotated[str, typer.Argument(help="A script of the library, like repair.")],
    *,
    language: Annotated[Language | None, typer.Option(help="zh-CN or en.")] = None,
) -> None:
    """Print every way a talk by the script may go."""
    from scripts.library import load_library
    from scripts.telling import tell

    say(tell(load_library(), name, language or language_here()))


@scripts.command()
def speak(
    name: Annotated[str, typer.Argument(help="A script of the library, like repair.")],
    *,
    language: Annotated[Language | None, typer.Option(help="zh-CN or en.")] = None,
    out: Annotated[Path | None, typer.Option(help="A folder to copy the audio into.")] = None,
    sheet: Annotated[
        bool, typer.Option("--sheet", help="Write a recording sheet for a studio instead.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make the audio of all that sample talks by the script say, and tell where it lies."""
    from ownerline.speaking import speak_script, write_sheet

    spoken = language or language_here()
    if sheet and out is not None:
        message = "a sheet lies among the studio recordings: --out goes without --sheet"
        raise typer.BadParameter(message)
    made = (
        write_sheet(settings_here(), name, spoken)
        if sheet
        else run(speak_script(settings_here(), name, spoken, out=out))
    )
    if json:
        print_json(made.as_json())
    else:
        for line in made.lines():
            say(line)
