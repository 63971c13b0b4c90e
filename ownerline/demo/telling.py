"""Tells what a rehearsal came to, on a terminal."""

from pathlib import Path

from rich.columns import Columns
from rich.console import Console
from rich.table import Table

from ownerline.demo import findings
from ownerline.demo.figures import Figures
from ownerline.demo.report import PAGE, WORKBOOK


def tell(figures: Figures, *, home: Path, reports: Path, console: Console) -> None:
    """Print the findings, the tables behind them, and where the rest lies."""
    console.print()
    console.print(f"[bold]{findings.days(figures)}: {findings.headline(figures)}[/bold]")
    console.print(
        f"{findings.of_telephony(figures)}. {findings.of_talks(figures)}. "
        f"{findings.of_deadlines(figures)}. {findings.of_survey(figures)}."
    )
    console.print()
    console.print(_reasons(figures))
    console.print()
    console.print(
        Columns(
            [
                _counts("telephony result", dict(figures.dialing.telephony)),
                _counts("wrap-up code", dict(figures.dialing.wrap_up)),
                _counts("in the customer file", _file(figures)),
            ],
            padding=(0, 4),
        )
    )
    console.print()
    console.print(_not_called(figures))
    console.print()
    console.print(f"report    {reports / PAGE}", soft_wrap=True)
    console.print(f"rows      {reports / WORKBOOK}", soft_wrap=True)
    console.print(
        f"look on   OWNERLINE_HOME={home} ownerline explain {figures.communities[0]} 1-1-101",
        soft_wrap=True,
    )
    console.print(
        f"took {figures.wall_seconds:.1f} s and at most {figures.peak_memory_mib} MiB of memory"
    )


def _reasons(figures: Figures) -> Table:
    table = Table("due calls", box=None)
    for name in ("due", "done", "withdrawn", "waiting", "given up", "in time", "late"):
        table.add_column(name, justify="right")
    for line in figures.reasons:
        numbers = (
            line.due,
            line.done,
            line.withdrawn,
            line.waiting,
            line.exhausted + line.expired,
            line.met,
            line.missed,
        )
        table.add_row(findings.reason_name(line.reason), *(f"{each:,}" for each in numbers))
    return table


def _counts(title: str, counts: dict[str, int]) -> Table:
    table = Table(title, box=None)
    table.add_column("", justify="right")
    for word, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        if count:
            table.add_row(word.replace("_", " "), f"{count:,}")
    return table


def _file(figures: Figures) -> dict[str, int]:
    changes = figures.changes
    return {
        **{f"promises in {each.currency}": each.count for each in changes.promises},
        "promises kept": changes.promises_kept,
        "promises broken": changes.promises_broken,
        "payments": changes.payments,
        "extensions asked for": changes.extensions,
        "disputes": changes.disputes,
        "rework notices": changes.rework_notices,
        "calls asked for": changes.callbacks_asked,
        "opt-outs": changes.opt_outs,
        "dead numbers": changes.dead_phones,
        "tasks for agents": sum(changes.agent_tasks.values()),
    }


def _not_called(figures: Figures) -> Table:
    table = Table("still to be called, because of", box=None)
    table.add_column("", justify="right")
    table.add_column("for example")
    for each in figures.not_called:
        table.add_row(each.rule.replace("_", " "), f"{each.due_calls:,}", each.example)
    return table
