"""The command that paces over stdin and stdout."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ownerline.cli.app import app


@app.command()
def pacer(
    *,
    learned: Annotated[
        Path | None,
        typer.Option(help="What earlier days have taught: read if there, written at the end."),
    ] = None,
    window_hours: Annotated[
        float, typer.Option(min=1.0, help="The pack counts abandoned calls over it.")
    ] = 720.0,
    progressive_below: Annotated[
        int, typer.Option(min=0, help="So few agents have one line an idle agent.")
    ] = 3,
    channels: Annotated[int | None, typer.Option(min=0, help="Lines of the trunks.")] = None,
    calls_per_second: Annotated[
        float | None, typer.Option(min=0.001, help="New calls the trunks take.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why beside each answer.")] = False,
) -> None:
    """Say how many calls to place: JSON lines of a campaign's state on stdin, answers on stdout."""
    from dialer.pacing.pacer import Learned
    from ownerline.pacer import Manner, Talk, read_learned, write_learned

    if learned is not None and not learned.absolute().parent.is_dir():
        message = f"{learned.parent} is no folder; make it first"
        raise typer.BadParameter(message, param_hint="--learned")
    manner = Manner(
        window_s=window_hours * 3600,
        progressive_below=progressive_below,
        channels=channels,
        calls_per_second=calls_per_second,
        explain=explain,
    )
    talk = Talk(manner, Learned() if learned is None else read_learned(learned))
    for answer in talk.answers(sys.stdin.buffer):
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()
    if learned is not None:
        write_learned(learned, talk.learned)
