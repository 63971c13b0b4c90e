"""What each agent did: calls, talk, wrap-up, breaks and what their talks came to."""

from api.console.reports.model import Asked, Chart, Column, Report, Series, Shape
from callback.explain import show_cause
from dialer.figures.agents import agent_lines

_COLUMNS = (
    Column(word="agent"),
    Column(word="team"),
    Column(word="signed_in", shape=Shape.SPAN),
    Column(word="calls", shape=Shape.COUNT),
    Column(word="talks", shape=Shape.COUNT),
    Column(word="talk_time", shape=Shape.SPAN),
    Column(word="wrap_up_time", shape=Shape.SPAN),
    Column(word="break_time", shape=Shape.SPAN),
    Column(word="outcomes"),
)
_MOST_CHARTED = 40
_MINUTE_S = 60


async def agents(asked: Asked) -> Report:
    """Return a line for each agent who was there or called."""
    lines = await agent_lines(asked.page.work.session, await asked.calls(), asked.parameters())
    if not lines:
        return asked.empty("agents", _COLUMNS)
    calls, talks = sum(line.calls for line in lines), sum(line.talks for line in lines)
    hours = sum(line.talk_s for line in lines) / 3600
    shown = sorted(lines, key=lambda line: (-line.talk_s, line.name))[:_MOST_CHARTED]

    def minutes(name: str) -> list[float | None]:
        return [round(getattr(line, name) / _MINUTE_S, 1) for line in shown]

    return Report(
        name="agents",
        finding=asked.say("agents.finding", agents=len(lines), talks=talks),
        proof=asked.say("agents.proof", calls=calls, talks=talks, hours=f"{hours:.1f}"),
        columns=_COLUMNS,
        rows=[
            (
                line.name,
                line.team or "",
                line.signed_in_s,
                line.calls,
                line.talks,
                line.talk_s,
                line.wrap_up_s,
                line.break_s,
                _told(asked, dict(line.codes)),
            )
            for line in lines
        ],
        chart=Chart(
            labels=[line.name for line in shown],
            stacked=True,
            lying=True,
            series=[
                Series(
                    label=asked.say("agents.minutes", of=asked.say(f"column.{word}")),
                    tone=tone,
                    values=minutes(name),
                )
                for word, tone, name in (
                    ("talk_time", "talking", "talk_s"),
                    ("wrap_up_time", "wrap", "wrap_up_s"),
                    ("break_time", "rest", "break_s"),
                )
            ],
        ),
        notes=[*asked.small(talks), asked.say("agents.note")],
    )


def _told(asked: Asked, codes: dict[str, int]) -> str:
    comma = asked.say("agents.comma")
    return comma.join(
        f"{show_cause(code, asked.page.language)} {times}"
        for code, times in sorted(codes.items(), key=lambda pair: (-pair[1], pair[0]))
    )
