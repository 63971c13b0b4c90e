"""Commands for whoever runs the Twilio account that Ownerline dials through."""

from datetime import datetime
from typing import Annotated

import typer

from ownerline.cli.app import EXIT_FAILED, app, print_json, run, say, settings_here

twilio = typer.Typer(
    help="The Twilio account that places the calls: connect, spent.", no_args_is_help=True
)
app.add_typer(twilio, name="twilio")


@twilio.command()
def connect(
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Take numbers over that lead elsewhere, too.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Lead those who ring our numbers to us: from_number and caller_ids of [twilio].

    A number that leads somewhere else already stays as it is; the command then says so and ends
    with 1.
    """
    from ownerline.twilio_account import connect_numbers

    done = run(connect_numbers(settings_here(), force=force))
    if json:
        print_json({"numbers": [each.as_json() for each in done]})
    else:
        for each in done:
            say(f"{each.e164}: {each.told}")
    if any(each.why_not for each in done):
        raise typer.Exit(EXIT_FAILED)


@twilio.command()
def spent(
    *,
    date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Another day than today, in our own time zone."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what a day's calls have cost, as far as Twilio has billed them, and the ceiling."""
    from ownerline.twilio_account import spent_of

    day = run(spent_of(settings_here(), None if date is None else date.date()))
    if json:
        print_json(day.as_json())
    else:
        say(day.line())
