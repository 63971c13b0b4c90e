"""`ownerline db`: the database's own commands."""

import typer

from ownerline.cli.app import EXIT_FAILED, app, say, settings_here

db = typer.Typer(help="The database: upgrade, check, url.", no_args_is_help=True)
app.add_typer(db, name="db")


@db.command()
def upgrade() -> None:
    """Bring the database to this program's version; safe twice, and from two machines at once."""
    from core.database import database_url_sync
    from ownerline import database

    with database_url_sync(settings_here()) as url:
        say(f"the database is at migration {database.upgrade(url)}")


@db.command()
def check() -> None:
    """Say whether the database is exactly what this program expects; exit 1 when not."""
    from core.database import database_url_sync
    from ownerline import database

    with database_url_sync(settings_here()) as url:
        found = database.check(url)
    if found.is_current:
        say(f"the database is at migration {found.current}, as this program expects")
        return
    say(f"the database is at migration {found.current}, this program expects {found.head}")
    for difference in found.differences:
        say(f"  {difference}")
    say("run: ownerline db upgrade")
    raise typer.Exit(EXIT_FAILED)


@db.command()
def url() -> None:
    """Print the database's URL, password included; our own server runs while somebody uses it."""
    from core.database import database_url_sync

    with database_url_sync(settings_here()) as found:
        say(found)
