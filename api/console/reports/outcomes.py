"""How calls ended, and how many who answered met nobody."""

from collections.abc import Sequence

import sqlalchemy as sa

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
from callback.explain import show_cause
from callback.pack_model import Abandonment
from callback.words import REASONS
from customers.model import Reason
from customers.tables import Community
from dialer.figures.calls import AbandonedDay, abandoned_days, outcome_counts, result_counts

_OUTCOME_COLUMNS = (
    Column(word="kind"),
    Column(word="reason"),
    Column(word="outcome"),
    Column(word="times", shape=Shape.COUNT),
    Column(word="share", shape=Shape.RATE),
)
_DAY_H = 24
_ABANDONED_COLUMNS = (
    Column(word="campaign"),
    Column(word="day", shape=Shape.DAY),
    Column(word="live", shape=Shape.COUNT),
    Column(word="abandoned", shape=Shape.COUNT),
    Column(word="abandonment_rate", shape=Shape.RATE),
    Column(word="ceiling", shape=Shape.RATE),
)


async def outcomes(asked: Asked) -> Report:
    """Return telephony results of calls, and wrap-up codes of talks by reason."""
    figures = await asked.calls()
    results = result_counts(figures)
    if not results:
        return asked.empty("outcomes", _OUTCOME_COLUMNS)
    talks = outcome_counts(figures)
    calls, spoken = sum(times for _, times in results), sum(each.talks for each in talks)
    language = asked.page.language
    by_code: dict[str, int] = {}
    for each in talks:
        by_code[each.code] = by_code.get(each.code, 0) + each.talks
    codes = sorted(by_code.items(), key=lambda pair: (-pair[1], pair[0]))
    first = codes[0] if codes else results[0]
    whole = spoken if codes else calls
    return Report(
        name="outcomes",
        finding=asked.say(
            "outcomes.finding" if codes else "outcomes.finding_calls",
            outcome=show_cause(first[0], language),
            share=per_cent(first[1], whole),
        ),
        proof=asked.say(
            "outcomes.proof",
            outcome=show_cause(first[0], language),
            times=first[1],
            spoken=spoken,
            calls=calls,
        ),
        columns=_OUTCOME_COLUMNS,
        rows=[
            *(
                (
                    asked.say("outcomes.talk"),
                    REASONS[Reason(each.reason)][language],
                    show_cause(each.code, language),
                    each.talks,
                    rate(each.talks, spoken),
                )
                for each in talks
            ),
            *(
                (
                    asked.say("outcomes.call"),
                    "",
                    asked.say("outcomes.answered")
                    if word == "answered"
                    else show_cause(word, language),
                    times,
                    rate(times, calls),
                )
                for word, times in results
            ),
        ],
        chart=Chart(
            labels=[show_cause(code, language) for code, _ in codes],
            lying=True,
            series=[
                Series(
                    label=asked.say("outcomes.talk"),
                    tone="bar",
                    values=[float(times) for _, times in codes],
                )
            ],
        )
        if codes
        else None,
        notes=asked.small(whole),
    )


async def abandonment(asked: Asked) -> Report:
    """Return how many who answered met nobody, by campaign and day, against the ceiling."""
    found = abandoned_days(await asked.calls())
    lines = [each for each in found if each.live]
    if not lines:
        return asked.empty("abandonment", _ABANDONED_COLUMNS)
    rule = await _ceiling(asked)
    ceiling = None if rule is None else rule.ceiling
    live, lost = sum(each.live for each in lines), sum(each.abandoned for each in lines)
    over = _over(lines, rule)
    word = "finding" if ceiling is None else "finding_over" if over else "finding_under"
    facts = {
        "share": per_cent(lost, live),
        "abandoned": lost,
        "live": live,
        "days": over,
        "ceiling": "" if ceiling is None else f"{100 * ceiling:g}%",
    }
    return Report(
        name="abandonment",
        finding=asked.say(f"abandonment.{word}", **facts),
        proof=asked.say("abandonment.proof", **facts),
        columns=_ABANDONED_COLUMNS,
        rows=[
            (
                each.campaign,
                each.day,
                each.live,
                each.abandoned,
                rate(each.abandoned, each.live),
                ceiling,
            )
            for each in lines
        ],
        chart=_by_day(asked, lines, ceiling),
        notes=[*asked.small(live), asked.say("abandonment.note")],
    )


def _by_day(asked: Asked, lines: Sequence[AbandonedDay], ceiling: float | None) -> Chart:
    """Return the rate of each day; one on which nobody answered is a gap."""
    sums: dict[object, tuple[int, int]] = {}
    for each in lines:
        lost, live = sums.get(each.day, (0, 0))
        sums[each.day] = (lost + each.abandoned, live + each.live)
    days = asked.period.days
    values = [
        None if each not in sums else round(100 * sums[each][0] / sums[each][1], 2) for each in days
    ]
    series = [Series(label=asked.say("column.abandonment_rate"), tone="abandoned", values=values)]
    if ceiling is not None:
        top: list[float | None] = [round(100 * ceiling, 2)] * len(days)
        series.append(Series(label=asked.say("column.ceiling"), tone="line", values=top, line=True))
    return Chart(labels=[asked.short_day(each) for each in days], series=series, per_cent=True)


async def _ceiling(asked: Asked) -> Abandonment | None:
    """Return the strictest ceiling of the packs in force; None where none has one."""
    query = sa.select(Community.packs)
    if asked.community_id is not None:
        query = query.where(Community.community_id == asked.community_id)
    packs = asked.page.deps.desk.packs
    names = {name for each in await asked.page.work.session.scalars(query) for name in each}
    rules = [
        rule
        for name in sorted(names & set(packs.names))
        for rule in (packs.named(name).law.abandonment, packs.named(name).house.abandonment)
        if rule is not None
    ]
    return min(rules, key=lambda rule: (rule.ceiling, rule.window_hours), default=None)


def _over(lines: Sequence[AbandonedDay], rule: Abandonment | None) -> int:
    """Return how many campaigns' days, or campaigns where more days count, are over the ceiling."""
    if rule is None:
        return 0
    sums: dict[object, tuple[int, int]] = {}
    for each in lines:
        key = (each.campaign, each.day if rule.window_hours <= _DAY_H else None)
        lost, live = sums.get(key, (0, 0))
        sums[key] = (lost + each.abandoned, live + each.live)
    return sum(lost > rule.ceiling * live for lost, live in sums.values())
