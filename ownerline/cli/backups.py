"""Commands that keep an installation safe: back it up, restore it, and find out what it missed."""

from pathlib import Path
from typing import Annotated

import typer

from ownerline.cli.app import app, print_json, run, say, settings_here


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; only you may read it.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write the whole database to a file, as it stands at this instant; others go on working."""
    from core.clock import SystemClock
    from core.database import database_url
    from ownerline.backups.archive import Manifest
    from ownerline.backups.backup import take_backup

    settings = settings_here()

    async def work() -> Manifest:
        async with database_url(settings) as url:
            return await take_backup(settings, url, file, clock=SystemClock(), overwrite=force)

    manifest = run(work())
    if json:
        print_json({"file": str(file), **manifest.as_json()})
        return
    rows = ", ".join(f"{table} {count:,}" for table, count in manifest.rows.items())
    say(f"backed up to {file}: {rows}")


@app.command()
def restore(
    file: Annotated[Path | None, typer.Argument(help="A file that `backup` wrote.")] = None,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of data; they are backed up.")
    ] = False,
    abandon: Annotated[
        bool, typer.Option("--abandon", help="Remove what an interrupted restore left.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Put a backup in the place of the database; nothing is dialled until `ownerline reconcile`."""
    if (file is None) is not abandon:
        message = "name the file of a backup, or say --abandon"
        raise typer.BadParameter(message, param_hint="FILE")
    from core.clock import SystemClock
    from ownerline.backups import restore as restoring
    from ownerline.runtime import operator

    settings = settings_here()
    if file is None:
        found = run(restoring.abandon(settings))
        if json:
            print_json({"abandoned": found})
        else:
            say("what it left is removed" if found else "no interrupted restore left anything")
        return
    done = run(
        restoring.restore(settings, file, clock=SystemClock(), actor=operator(), over_data=replace)
    )
    if json:
        print_json(done.as_json())
        return
    rows = ", ".join(f"{table} {count:,}" for table, count in done.manifest.rows.items())
    say(f"restored {file} of {done.manifest.taken_at:%Y-%m-%d %H:%M} UTC: {rows}")
    if done.safety_backup is not None:
        say(f"what was there before is in {done.safety_backup}")
    say("disarmed, and nothing is dialled until `ownerline reconcile`")


@app.command()
def reconcile(
    *,
    confirm_nothing_was_rung: Annotated[
        bool,
        typer.Option(
            "--confirm-nothing-was-rung",
            help="Your word, where the carrier cannot say; it goes on the audit.",
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """After a restore: ask the carrier what was rung since the backup, then let the queue go on."""
    from ownerline.reconciling import reconcile_restored

    settings = settings_here()
    done = run(reconcile_restored(settings, confirmed_nothing_rung=confirm_nothing_was_rung))
    if json:
        print_json(done.as_json())
    else:
        say(done.sentence())
