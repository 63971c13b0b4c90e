"""`ownerline doctor`."""

from typing import Annotated

import typer

from ownerline.cli.app import EXIT_FAILED, app, print_json, run, say, settings_here


@app.command()
def doctor(
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show every setting and where it comes from, and what is wrong; exit 1 if anything is."""
    from ownerline.doctor import examine

    diagnosis = run(examine(settings_here()))
    if json:
        print_json(diagnosis.as_json())
    else:
        for line in diagnosis.lines():
            say(line)
    if not diagnosis.sound:
        raise typer.Exit(EXIT_FAILED)
