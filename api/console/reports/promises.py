"""Promises to pay, by the week they fell due: kept, kept in part, broken."""

from datetime import timedelta

from api.console.reports.model import (
    Asked,
    Chart,
    Column,
    Report,
    Series,
    Shape,
    per_cent,
    rate,
)
from core.money import Money
from customers.figures import PromiseWeek, promise_weeks

_COLUMNS = (
    Column(word="week", shape=Shape.DAY),
    Column(word="kept", shape=Shape.COUNT),
    Column(word="in_part", shape=Shape.COUNT),
    Column(word="broken", shape=Shape.COUNT),
    Column(word="still_open", shape=Shape.COUNT),
    Column(word="kept_rate", shape=Shape.RATE),
    Column(word="promised_amount", shape=Shape.MONEY),
    Column(word="kept_amount", shape=Shape.MONEY),
    Column(word="currency"),
)


async def promises(asked: Asked) -> Report:
    """Return what became of the promises that fell due."""
    weeks = await promise_weeks(asked.page.work.session, asked.parameters())
    if not weeks:
        return asked.empty("promises", _COLUMNS)
    kept, judged = sum(each.kept for each in weeks), sum(each.judged for each in weeks)
    still_open = sum(each.open for each in weeks)
    facts = {
        "kept": kept,
        "judged": judged,
        "share": per_cent(kept, judged),
        "in_part": sum(each.in_part for each in weeks),
        "broken": sum(each.broken for each in weeks),
        "open": still_open,
    }
    return Report(
        name="promises",
        finding=asked.say("promises.finding" if judged else "promises.finding_open", **facts),
        proof=asked.say("promises.proof", **facts),
        columns=_COLUMNS,
        rows=[
            (
                each.week,
                each.kept,
                each.in_part,
                each.broken,
                each.open,
                rate(each.kept, each.judged),
                Money(amount_minor=each.promised_minor, currency=each.currency).to_decimal(),
                Money(amount_minor=each.kept_minor, currency=each.currency).to_decimal(),
                each.currency,
            )
            for each in weeks
        ],
        chart=_chart(asked, list(weeks)),
        notes=[
            *(asked.small(judged) if judged else []),
            *([asked.say("promises.unfinished")] if _is_unfinished(asked, weeks[-1]) else []),
        ],
    )


def _is_unfinished(asked: Asked, week: PromiseWeek) -> bool:
    return asked.now.date() < week.week + timedelta(days=7)


def _chart(asked: Asked, weeks: list[PromiseWeek]) -> Chart:
    """Return stacked columns a week, every currency together: they count promises, not money."""
    mondays = sorted({each.week for each in weeks})
    sums = {monday: [each for each in weeks if each.week == monday] for monday in mondays}

    def counts(name: str) -> list[float | None]:
        return [float(sum(getattr(each, name) for each in sums[monday])) for monday in mondays]

    judged = counts("judged")
    return Chart(
        labels=[asked.short_day(monday) for monday in mondays],
        stacked=True,
        series=[
            Series(label=asked.say("column.kept"), tone="bar", values=counts("kept")),
            Series(label=asked.say("column.in_part"), tone="soft", values=counts("in_part")),
            Series(label=asked.say("column.broken"), tone="broken", values=counts("broken")),
            Series(
                label=asked.say("column.kept_rate"),
                tone="line",
                line=True,
                values=[
                    None if not whole else round(100 * (part or 0) / whole, 1)
                    for part, whole in zip(counts("kept"), judged, strict=True)
                ],
            ),
        ],
    )
