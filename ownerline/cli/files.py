"""Commands that bring workbooks in, take tables out, and set what a community is."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ownerline.cli.app import app, print_json, progress_line, run, say, settings_here

if TYPE_CHECKING:
    from customers.importing.model import Progress


class Table(StrEnum):
    """What can be exported."""

    CONTACTS = "contacts"
    CHARGES = "charges"
    WORK_ORDERS = "work-orders"
    DUE_CALLS = "due-calls"
    ATTEMPTS = "attempts"
    VERDICTS = "verdicts"


@app.command(name="import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Workbooks: .xlsx or .csv.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be imported, keep nothing.")
    ] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Where rejected rows are written (.xlsx).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Import workbooks into the customer file; each file is one transaction.

    Owners, charges, payments and work orders are told apart by their header rows, in Chinese or
    English. Rows that cannot be used go to a workbook of rejects, each with its reason.
    """
    from ownerline.importing import import_files

    settings = settings_here()

    def progress(state: "Progress") -> None:
        doing = "merging" if state.merging else "reading"
        progress_line(f"{state.file}: {doing}, {state.rows:,} rows")

    report = run(
        import_files(settings, files, dry_run=dry_run, rejects=rejects, on_progress=progress)
    )
    progress_line("")
    if json:
        print_json(report.as_json())
        return
    for line in report.lines():
        say(line)


@app.command()
def export(
    table: Annotated[Table, typer.Argument(help="What to write.")],
    file: Annotated[str, typer.Argument(help="A .csv or .xlsx file, or - for CSV on stdout.")],
) -> None:
    """Write a table of the installation to a file."""
    from ownerline.exports import export_table
    from ownerline.runtime import open_runtime, operator

    settings = settings_here()

    async def work() -> int:
        async with open_runtime(settings) as runtime:
            return await export_table(runtime, table=table, target=file, actor=operator())

    count = run(work())
    if file != "-":
        say(f"{count:,} rows of {table} written to {file}")


@app.command()
def community(
    name: Annotated[str, typer.Argument(help="The community's name.")],
    *,
    time_zone: Annotated[str | None, typer.Option(help="IANA zone, like Asia/Shanghai.")] = None,
    region: Annotated[str | None, typer.Option(help="ISO 3166 country, like CN.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 currency, like CNY.")] = None,
    pack: Annotated[list[str] | None, typer.Option(help="Rule pack; may be repeated.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make a community, show it, or set its zone, region, currency and rule packs."""
    from callback.packs import shipped_packs
    from customers.communities import CommunityChange, set_community, show_community
    from customers.importing.model import Defaults
    from customers.service import audit
    from ownerline.runtime import open_runtime, operator

    settings = settings_here()
    change = CommunityChange(
        time_zone=time_zone, region=region, currency=currency, packs=tuple(pack) if pack else None
    )

    async def work() -> dict[str, object]:
        async with open_runtime(settings) as runtime, runtime.sessions.begin() as session:
            made = await set_community(
                session,
                name=name,
                change=change,
                defaults=Defaults(
                    region=settings.region,
                    time_zone=settings.time_zone,
                    currency=settings.currency,
                    packs=settings.packs,
                ),
                known_packs=shipped_packs().names,
            )
            if made or change != CommunityChange():
                await audit(
                    session,
                    now=runtime.clock.now(),
                    actor=operator(),
                    action="community_set",
                    subject=f"community:{name}",
                )
            return {"made": made, **(await show_community(session, name=name)).as_json()}

    shown = run(work())
    if json:
        print_json(shown)
    else:
        if shown.pop("made"):
            say("there was none of that name: made now")
        for key, value in shown.items():
            say(f"{key}: {', '.join(value) if isinstance(value, list) else value}")
