"""`ownerline scripts`: check scripts, and walk through one."""

from pathlib import Path
from typing import Annotated

import typer

from customers.model import Language
from ownerline.cli.app import EXIT_FAILED, app, language_here, say

scripts = typer.Typer(help="Call scripts: check, walk.", no_args_is_help=True)
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
