"""What owners think: survey scores by question, and what dissatisfies them (Pareto)."""

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
from callback.words import REASONS
from customers.figures import QuestionScores, survey_scores
from customers.model import Reason
from dialer.figures.dissatisfied import Cause, causes, vital_few

_OVERALL = "overall"  # the shipped survey's question about everything
_SHOWN_CAUSES = 12
_SCORE_COLUMNS = tuple(Column(word=f"score_{score}", shape=Shape.COUNT) for score in range(1, 6))
_SURVEY_COLUMNS = (
    Column(word="question"),
    *_SCORE_COLUMNS,
    Column(word="answers", shape=Shape.COUNT),
    Column(word="mean", shape=Shape.SCORE),
    Column(word="csat", shape=Shape.RATE),
    Column(word="nps", shape=Shape.COUNT),
)
_CAUSE_COLUMNS = (
    Column(word="cause"),
    Column(word="source"),
    Column(word="times", shape=Shape.COUNT),
    Column(word="share", shape=Shape.RATE),
    Column(word="share_so_far", shape=Shape.RATE),
)


async def surveys(asked: Asked) -> Report:
    """Return the scores by question, and of the question about everything CSAT and NPS."""
    owners, lines = await survey_scores(asked.page.work.session, asked.parameters())
    if not lines:
        return asked.empty("surveys", _SURVEY_COLUMNS)
    overall = next((line for line in lines if line.question == _OVERALL), None)
    judged = overall or QuestionScores(
        question=_OVERALL,
        scores=tuple(sum(line.scores[nth] for line in lines) for nth in range(5)),
    )
    best = max(lines, key=lambda line: (line.mean or 0, line.question))
    worst = min(lines, key=lambda line: (line.mean or 0, line.question))
    return Report(
        name="surveys",
        finding=asked.say(
            "surveys.finding",
            share=per_cent(judged.satisfied, judged.answers),
            mean=f"{judged.mean:.1f}",
        ),
        proof=asked.say(
            "surveys.proof",
            satisfied=judged.satisfied,
            answers=judged.answers,
            owners=owners,
            nps=f"{judged.net_promoters:+d}",
            best=_question(asked, best.question),
            best_mean=f"{best.mean:.1f}",
            worst=_question(asked, worst.question),
            worst_mean=f"{worst.mean:.1f}",
        ),
        columns=_SURVEY_COLUMNS,
        rows=[
            (
                _question(asked, line.question),
                *line.scores,
                line.answers,
                line.mean,
                rate(line.satisfied, line.answers),
                line.net_promoters,
            )
            for line in lines
        ],
        chart=Chart(
            labels=[_question(asked, line.question) for line in lines],
            stacked=True,
            lying=True,
            series=[
                Series(
                    label=asked.say("surveys.points", score=score),
                    tone=f"score{score}",
                    values=[float(line.scores[score - 1]) for line in lines],
                )
                for score in range(1, 6)
            ],
        ),
        notes=[*asked.small(owners), asked.say("surveys.nps_note")],
    )


async def dissatisfied(asked: Asked) -> Report:
    """Return the causes of dissatisfaction, the few that make most of it first."""
    found = await causes(asked.page.work.session, asked.parameters())
    total = sum(each.times for each in found)
    if not total:
        return asked.empty("dissatisfied", _CAUSE_COLUMNS)
    few = vital_few(found)
    most = sum(each.times for each in found[:few])
    so_far, rows = 0, []
    for each in found:
        so_far += each.times
        rows.append(
            (
                _cause(asked, each),
                asked.say(f"dissatisfied.source.{each.source}"),
                each.times,
                rate(each.times, total),
                rate(so_far, total),
            )
        )
    shown = rows[:_SHOWN_CAUSES]
    return Report(
        name="dissatisfied",
        finding=asked.say("dissatisfied.finding", few=few, share=per_cent(most, total)),
        proof=asked.say(
            "dissatisfied.proof",
            few=few,
            kinds=len(found),
            most=most,
            total=total,
            first=rows[0][0],
            times=found[0].times,
        ),
        columns=_CAUSE_COLUMNS,
        rows=rows,
        chart=Chart(
            labels=[str(row[0]) for row in shown],
            series=[
                Series(
                    label=asked.say("column.times"),
                    tone="bar",
                    values=[float(row[2]) for row in shown],
                ),
                Series(
                    label=asked.say("column.share_so_far"),
                    tone="line",
                    line=True,
                    values=[round(100 * float(row[4] or 0), 1) for row in shown],
                ),
            ],
        ),
        notes=asked.small(total),
    )


def _question(asked: Asked, question: str) -> str:
    key = f"reports.surveys.question.{question}"
    return asked.page.say(key) if asked.page.knows(key) else question


def _cause(asked: Asked, cause: Cause) -> str:
    if cause.source == "question":
        return _question(asked, cause.cause)
    if cause.source == "repair" and asked.page.knows(f"reports.deadlines.repair.{cause.cause}"):
        return asked.say(f"dissatisfied.repair.{cause.cause}")
    if cause.source == "reason" and cause.cause in set(Reason):
        return REASONS[Reason(cause.cause)][asked.page.language]
    return cause.cause
