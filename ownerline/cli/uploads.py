"""`ownerline lists`: lists of one's own, uploaded, previewed, started, paused, ended."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from callback.uploaded_model import ListKind
from customers.model import CallMode, Language, Purpose
from ownerline.cli.app import language_here, print_json, progress_line, run, say, settings_here
from ownerline.cli.lists import lists

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from ownerline.runtime import Runtime

T = TypeVar("T")

Name = Annotated[str, typer.Argument(help="The list's name.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Spoken = Annotated[
    Language | None, typer.Option(help="zh-CN or en; by the terminal's LANG without it.")
]
At = Annotated[str | None, typer.Option(help="As of this instant instead of now, for a rehearsal.")]


@lists.command()
def upload(
    file: Annotated[Path, typer.Argument(help="A workbook or CSV file of any shape.")],
    *,
    name: Annotated[str, typer.Option(help="What the list is called from now on.")],
    community: Annotated[str, typer.Option(help="The community its people are called for.")],
    script: Annotated[str, typer.Option(help="A script of the library, or a YAML file.")],
    kind: Annotated[
        ListKind, typer.Option(help="uploaded: people to be told; prospect: to be invited.")
    ] = ListKind.UPLOADED,
    mode: Annotated[CallMode | None, typer.Option(help="automatic or agent.")] = None,
    purpose: Annotated[
        Purpose | None, typer.Option(help="What consent is asked by; the script's without it.")
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=FIELD",
            help="What a column holds: phone, name, unit, community, honorific, language, "
            "do_not_call, ignore, or a variable of the script. May be repeated.",
        ),
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="A YAML file of the list's own rules.")] = None,
    at: At = None,
    language: Spoken = None,
    json: Json = False,
) -> None:
    """Make a draft of a file and preview it; nothing is called before `lists start`.

    Again under the same name it replaces the draft.
    """
    from callback.uploaded import NewList
    from ownerline.uploading import read_mapping, rules_in, script_named
    from ownerline.uploading import upload as upload_list

    script_name, own_script = script_named(script)
    new = NewList(
        name=name,
        community=community,
        script=script_name,
        own_script=own_script,
        kind=kind,
        purpose=purpose,
        mode=mode,
        columns=read_mapping(map_ or []),
        rules=rules_in(rules),
    )
    shown = _run(
        lambda runtime: upload_list(
            runtime,
            file=file,
            new=new,
            now=_instant(runtime, at),
            on_rows=lambda rows: progress_line(f"{file}: reading, {rows:,} rows"),
            on_judged=_tell_judged,
        )
    )
    _print_shown(shown, language=language, json=json)


@lists.command()
def show(name: Name, *, at: At = None, language: Spoken = None, json: Json = False) -> None:
    """Show a list as it stands; a draft with what would happen if it were started now."""
    from ownerline.uploading import show as show_list

    shown = _run(
        lambda runtime: show_list(
            runtime, name=name, now=_instant(runtime, at), on_judged=_tell_judged
        )
    )
    _print_shown(shown, language=language, json=json)


@lists.command()
def start(name: Name, *, at: At = None, language: Spoken = None, json: Json = False) -> None:
    """Let a draft's calls be due; twice changes nothing."""
    from ownerline.uploading import start as start_list

    made = _run(lambda runtime: start_list(runtime, name=name, now=_instant(runtime, at)))
    _print(
        {"name": name, "made": made},
        word="started" if made else "started_before",
        language=language,
        json=json,
    )


@lists.command()
def pause(name: Name, *, language: Spoken = None, json: Json = False) -> None:
    """Place no more of a list's calls until it is resumed."""
    from ownerline.uploading import pause as pause_list

    changed = _run(lambda runtime: pause_list(runtime, name=name))
    word = "paused" if changed else "paused_before"
    _print({"name": name, "changed": changed}, word=word, language=language, json=json)


@lists.command()
def resume(name: Name, *, language: Spoken = None, json: Json = False) -> None:
    """Let a paused list go on."""
    from ownerline.uploading import resume as resume_list

    changed = _run(lambda runtime: resume_list(runtime, name=name))
    word = "resumed" if changed else "resumed_before"
    _print({"name": name, "changed": changed}, word=word, language=language, json=json)


@lists.command()
def end(name: Name, *, language: Spoken = None, json: Json = False) -> None:
    """End a list for good: what waits is withdrawn; a draft is thrown away."""
    from ownerline.uploading import end as end_list

    withdrawn = _run(lambda runtime: end_list(runtime, name=name))
    _print({"name": name, "withdrawn": withdrawn}, word="ended", language=language, json=json)


@lists.command()
def ls(*, language: Spoken = None, json: Json = False) -> None:
    """Show every list, the newest first."""
    from ownerline.list_lines import lines_of_all
    from ownerline.uploading import every

    summaries = _run(every)
    if json:
        print_json({"lists": [each.as_json() for each in summaries]})
        return
    for text in lines_of_all(summaries, language or language_here()):
        say(text)


def _run(work: "Callable[[Runtime], Awaitable[T]]") -> T:
    from ownerline.runtime import open_runtime

    settings = settings_here()

    async def opened() -> T:
        async with open_runtime(settings) as runtime:
            return await work(runtime)

    result = run(opened())
    progress_line("")
    return result


def _instant(runtime: "Runtime", at: str | None) -> "datetime":
    from ownerline.instants import parse_instant

    return runtime.clock.now() if at is None else parse_instant(at, runtime.settings.time_zone)


def _tell_judged(judged: int) -> None:
    progress_line(f"judging, {judged:,} rows")


def _print_shown(shown: Any, *, language: Language | None, json: bool) -> None:
    from ownerline.list_lines import lines_of

    if json:
        preview = None if shown.preview is None else shown.preview.as_json()
        print_json({**shown.summary.as_json(), "preview": preview})
        return
    for text in lines_of(shown, language or language_here()):
        say(text)


def _print(facts: dict[str, object], *, word: str, language: Language | None, json: bool) -> None:
    from ownerline.list_lines import line

    if json:
        print_json(facts)
    else:
        say(line(word, language or language_here(), **facts))
