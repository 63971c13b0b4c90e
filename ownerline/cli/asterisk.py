"""Commands for whoever runs the Asterisk that Ownerline dials through."""

from pathlib import Path
from typing import Annotated

import typer

from ownerline.cli.app import EXIT_FAILED, app, print_json, run, say, settings_here

asterisk = typer.Typer(help="The Asterisk that places the calls: config.", no_args_is_help=True)
app.add_typer(asterisk, name="asterisk")


@asterisk.command()
def config(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write, say /etc/asterisk/ownerline.")
    ],
    *,
    server: Annotated[
        str | None, typer.Option(help="Which of several: its name in asterisk.servers.")
    ] = None,
    dialer_address: Annotated[
        list[str] | None,
        typer.Option(help="From where dialers reach it; again for more. Else loopback only."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over files that were changed by hand, too.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write the files that an Asterisk 18 to 22 includes, and say how.

    The manager's secret is made where there is none, and never shown. Files that were changed by
    hand stay as they are; the command then shows the difference and ends with 1.
    """
    from ownerline.asterisk_files import publish_audio, write_snippets

    settings = settings_here(secrets_may_lack=True)
    written = write_snippets(
        settings,
        folder,
        server=server,
        dialer_addresses=dialer_address or (),
        force=force,
        audio=run(publish_audio(settings)),
    )
    if json:
        print_json(written.as_json())
    else:
        for line in written.lines():
            say(line)
        if written.kept:
            say("Files that were changed by hand are kept; write over them with --force.")
    if written.kept:
        raise typer.Exit(EXIT_FAILED)
