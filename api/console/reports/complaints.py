"""Complaints taken in the days, by category: how many, and who was answered in time."""

from api.console.reports.model import Asked, Chart, Column, Report, Series, Shape, per_cent, rate
from customers.complaint_figures import complaint_lines

_COLUMNS = (
    Column(word="kind"),
    Column(word="taken", shape=Shape.COUNT),
    Column(word="on_time", shape=Shape.RATE),
    Column(word="met", shape=Shape.COUNT),
    Column(word="missed", shape=Shape.COUNT),
    Column(word="open", shape=Shape.COUNT),
    Column(word="closed", shape=Shape.COUNT),
    Column(word="reopened", shape=Shape.COUNT),
    Column(word="satisfied", shape=Shape.COUNT),
)


async def complaints(asked: Asked) -> Report:
    """Return what was complained of, and how many had their answer before its deadline."""
    lines = await complaint_lines(asked.page.work.session, asked.parameters())
    if not lines:
        return asked.empty("complaints", _COLUMNS)
    names = [asked.page.say(f"complaints.category.{each.category}") for each in lines]
    met, judged = sum(each.met for each in lines), sum(each.judged for each in lines)
    facts = {
        "taken": sum(each.taken for each in lines),
        "most": names[0],
        "met": met,
        "judged": judged,
        "share": per_cent(met, judged) if judged else "–",
        "reopened": sum(each.reopened for each in lines),
    }
    return Report(
        name="complaints",
        finding=asked.say("complaints.finding" if judged else "complaints.finding_open", **facts),
        proof=asked.say("complaints.proof", **facts),
        columns=_COLUMNS,
        rows=[
            (
                name,
                each.taken,
                rate(each.met, each.judged),
                each.met,
                each.missed,
                each.open,
                each.closed,
                each.reopened,
                each.satisfied,
            )
            for name, each in zip(names, lines, strict=True)
        ],
        chart=Chart(
            labels=names,
            lying=True,
            stacked=True,
            series=[
                Series(
                    label=asked.say(f"column.{word}"),
                    tone=tone,
                    values=[float(getattr(each, word)) for each in lines],
                )
                for word, tone in (("met", "bar"), ("missed", "broken"), ("open", "soft"))
            ],
        ),
        notes=asked.small(judged) if judged else [],
    )
