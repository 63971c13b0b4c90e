"""What the figures say, as the sentences that head the report's charts."""

from babel.dates import format_date
from babel.lists import format_list

from callback.words import REASONS
from core.money import Money
from customers.model import Language, Reason
from ownerline.demo.figures import Figures, HourLine, Promised, QuestionLine
from ownerline.demo.wording import counted, per_cent

_NAMES = {
    Reason.OVERDUE: "overdue reminders",
    Reason.REPAIR: "repair callbacks",
    Reason.SURVEY: "survey calls",
    Reason.PROMISED: "promised calls",
}


def reason_name(reason: Reason) -> str:
    """Return what the calls of a reason are called."""
    return _NAMES.get(reason, REASONS[reason][Language.ENGLISH])


def days(figures: Figures) -> str:
    """Return the day, or the first and the last one."""
    first = format_date(figures.first_day, "EEEE d MMMM y", locale="en_GB")
    if figures.first_day == figures.last_day:
        return first
    return f"{first} to {format_date(figures.last_day, 'EEEE d MMMM y', locale='en_GB')}"


def headline(figures: Figures) -> str:
    """Return the finding of the whole report."""
    twice = counted(figures.double_calls, "call") + " too many" if figures.double_calls else ""
    return (
        f"{figures.done} of {counted(figures.due, 'due call')} done, "
        f"{twice or 'nobody called twice'}"
    )


def of_reasons(figures: Figures) -> str:
    """Return which reason came furthest."""
    due = [line for line in figures.reasons if line.due]
    if not due:
        return "Nothing was due"
    best = max(due, key=lambda line: (line.done / line.due, line.reason))
    name = reason_name(best.reason)
    return f"{name.capitalize()} came furthest: {best.done} of {best.due} done"


def of_hours(figures: Figures) -> str:
    """Return when most people answered."""
    best = _best_hour(figures)
    if best is None:
        return "Nobody was rung"
    share = per_cent(best.answered, best.attempts)
    return f"People answered best from {best.hour:02d}:00 to {best.hour + 1:02d}:00 ({share})"


def of_telephony(figures: Figures) -> str:
    """Return how many answered."""
    answered = figures.dialing.telephony.get("answered", 0)
    attempts = figures.dialing.attempts
    return f"{answered} of {counted(attempts, 'attempt')} answered ({per_cent(answered, attempts)})"


def of_talks(figures: Figures) -> str:
    """Return what the talks came to."""
    promises = figures.changes.promises
    if not promises:
        return f"{counted(sum(figures.dialing.wrap_up.values()), 'talk')} ended with a wrap-up code"
    sums = format_list([money_of(each) for each in promises], locale="en")
    count = sum(each.count for each in promises)
    return f"{counted(count, 'promise')} to pay {sums}"


def of_deadlines(figures: Figures) -> str:
    """Return how many deadlines were met."""
    judged = figures.met + figures.missed
    if not figures.missed:
        return f"No deadline was missed, {figures.met} were met"
    return f"{figures.met} deadlines met, {figures.missed} of {judged} missed"


def of_refusals(figures: Figures) -> str:
    """Return why most of what waits was not called."""
    if not figures.not_called:
        return "Everybody who was due has been called"
    waiting = sum(each.due_calls for each in figures.not_called)
    first = figures.not_called[0]
    rule = first.rule.replace("_", " ")
    return f"{counted(waiting, 'call')} still to be made, {first.due_calls} of them held by: {rule}"


def of_survey(figures: Figures) -> str:
    """Return the best and the worst answer of the survey."""
    lines = [line for line in figures.changes.survey if line.answers]
    if not lines:
        return "Nobody answered a survey"
    best, worst = (pick(lines, key=lambda line: (line.mean, line.question)) for pick in (max, min))
    if best is worst:
        return f"{best.question.capitalize()}: {best.mean:.1f} of 5"
    return (
        f"Best is {_named(best)}, worst is {_named(worst)}"
        if best.mean > worst.mean
        else f"Every answer has a mean of {best.mean:.1f} of 5"
    )


def money_of(promised: Promised) -> str:
    """Return a sum of promises."""
    money = Money(amount_minor=promised.amount_minor, currency=promised.currency)
    return f"{money.to_decimal():,} {money.currency}"


def _named(line: QuestionLine) -> str:
    return f"{line.question} ({line.mean:.1f} of 5)"


def _best_hour(figures: Figures) -> HourLine | None:
    rung = [line for line in figures.hours if line.attempts]
    busy = [line for line in rung if line.attempts * len(rung) * 2 >= figures.dialing.attempts]
    return max(busy, key=lambda line: (line.answered / line.attempts, -line.hour), default=None)
