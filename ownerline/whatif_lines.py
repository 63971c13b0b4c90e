"""A rehearsed day as lines for a person, in Mandarin and English."""

from collections.abc import Iterator

from callback.words import REASONS
from customers.model import Language, Reason
from dialer.whatif.answer import Answer
from dialer.whatif.result import Difference, Forecast, Spread

ZH, EN = Language.MANDARIN, Language.ENGLISH
SHOWN = 15  # deadlines; `--json` has more

_WORDS: dict[str, dict[Language, str]] = {
    "head": {
        ZH: "{date}：推演 {replications} 次，依据 {days} 天、{attempts} 次呼叫的记录",
        EN: "{date}, rehearsed {replications} times; history: {days} days, {attempts} calls",
    },
    "with": {
        ZH: "坐席 {agents} 名，线路 {channels} 条，每秒 {rate} 次；待呼叫 {due} 件",
        EN: "{agents} agents, {channels} lines, {rate} calls a second; {due} calls due",
    },
    "figure": {
        ZH: "  {name}：{mean}（95% 在 {low} 到 {high} 之间）",
        EN: "  {name}: {mean} (95% of such days: {low} to {high})",
    },
    "attempts": {ZH: "呼叫", EN: "calls placed"},
    "contacts": {ZH: "与人通话", EN: "people spoken with"},
    "settled": {ZH: "办结", EN: "due calls settled"},
    "promises": {ZH: "承诺缴款", EN: "promises to pay"},
    "withdrawn": {ZH: "途中撤下", EN: "withdrawn on the way"},
    "abandoned": {ZH: "接通无人应答", EN: "abandoned"},
    "missed": {ZH: "错过期限", EN: "deadlines missed"},
    "utilisation": {ZH: "坐席忙碌占比", EN: "agents busy"},
    "reason": {
        ZH: "  {reason}：待呼叫 {due}，呼叫 {attempts}，通话 {contacts}，办结 {settled}",
        EN: "  {reason}: {due} due, {attempts} calls, {contacts} spoken with, {settled} settled",
    },
    "deadlines": {
        ZH: "当天到期 {due} 件，很可能错过 {missed} 件",
        EN: "{due} deadlines fall on the day; probably missed: {missed}",
    },
    "named": {
        ZH: "  {due_by} {community} {unit} {reason}:{cause}({share})",
        EN: "  {due_by} {community} {unit} {reason}: {cause} ({share})",
    },
    "more": {ZH: "  另有 {more} 件；--json 里更多", EN: "  and {more} more; --json has more"},
    "compare": {ZH: "若 {setting}，则每天多", EN: "with {setting}, a day comes to more by"},
    "difference": {
        ZH: "  {name}：{mean}（均值的 95% 区间 {low} 到 {high}）",
        EN: "  {name}: {mean} (95% interval of the mean: {low} to {high})",
    },
    "needed": {
        ZH: "要达到 {name} {least}，需要坐席 {agents} 名（平均 {reached}）",
        EN: "for {name} of {least}: {agents} agents (mean {reached})",
    },
    "not_needed": {
        ZH: "多少坐席都达不到 {name} {least}，最多 {reached}：受时段、规则或线路所限",
        EN: "no number of agents reaches {name} of {least}; most: {reached}. Hours, rules or lines "
        "bind",
    },
    "deadlines_kept": {ZH: "按期办结的占比", EN: "deadlines kept"},
}
_CAUSES: dict[str, dict[Language, str]] = {
    "hours": {ZH: "期限前没有可呼叫的时段", EN: "no allowed hour before it"},
    "caps": {ZH: "次数上限、静默期或间隔", EN: "attempt caps, a silence or a gap"},
    "rule": {ZH: "规则不允许呼叫", EN: "a rule refuses the call"},
    "paused": {ZH: "外呼任务已暂停", EN: "its campaign is paused"},
    "agents": {ZH: "坐席不够", EN: "too few agents"},
    "trunks": {ZH: "线路不够", EN: "too few lines"},
    "unreached": {ZH: "打过但没联系上", EN: "tried, and nobody was reached"},
}
_NOTES: dict[str, dict[Language, str]] = {
    "stopped": {
        ZH: "注意：现在外呼是停止的；推演假定到时已恢复",
        EN: "note: dialling is stopped now; the day is rehearsed as if it were resumed",
    },
    "not_armed": {
        ZH: "注意：系统尚未启用真实呼叫；推演假定到时已启用",
        EN: "note: the installation is not armed; the day is rehearsed as if it were",
    },
    "days_between": {
        ZH: "注意：中间的日子没有推演，现在待呼叫的都按仍待呼叫计算",
        EN: "note: the days between are not rehearsed; what waits now is taken to wait still",
    },
    "no_history": {
        ZH: "注意：没有呼叫记录，按出厂设定估算，误差会很大",
        EN: "note: there is no history; shipped figures stand in, and may be far off",
    },
    "no_shifts": {
        ZH: "注意：没有坐席的出勤记录，按 9:00-12:00、14:00-19:30 计算",
        EN: "note: no agent has a day on file; shifts are taken as 9:00-12:00 and 14:00-19:30",
    },
}


def lines_of(answer: Answer, language: Language) -> Iterator[str]:
    """Yield what a person reads of a rehearsed day."""
    asked, found = answer.question, answer.forecast
    yield _say(
        "head",
        language,
        date=asked.day.isoformat(),
        replications=asked.replications,
        days=answer.history_days,
        attempts=f"{answer.history_attempts:,}",
    )
    for note in answer.notes:
        yield _NOTES[note][language]
    yield _say(
        "with",
        language,
        agents=found.agents,
        channels=found.channels,
        rate=f"{found.calls_per_second:g}",
        due=f"{sum(found.due.values()):,}",
    )
    yield from _figures(found, language)
    for reason, figures in found.reasons.items():
        yield _say(
            "reason",
            language,
            reason=REASONS[Reason(reason)][language],
            due=f"{found.due[reason]:,}",
            **{name: f"{each.mean:,.0f}" for name, each in figures.items()},
        )
    yield from _deadlines(found, language)
    yield from _compared(answer, language)
    yield from _needed(answer, language)


def _figures(found: Forecast, language: Language) -> Iterator[str]:
    for name, each in found.figures.items():
        yield _figure(name, each, language, "{:,.0f}", 1)
    if found.utilisation is not None:
        yield _figure("utilisation", found.utilisation, language, "{:.1f}%", 100)


def _figure(name: str, spread: Spread, language: Language, form: str, times: float) -> str:
    return _say(
        "figure",
        language,
        name=_WORDS[name][language],
        mean=form.format(spread.mean * times),
        low=form.format(spread.low * times),
        high=form.format(spread.high * times),
    )


def _deadlines(found: Forecast, language: Language) -> Iterator[str]:
    yield _say("deadlines", language, due=found.deadlines, missed=found.named_total)
    for each in found.named[:SHOWN]:
        yield _say(
            "named",
            language,
            due_by=each.due_by[:16].replace("T", " "),
            community=each.community,
            unit=each.unit,
            reason=REASONS[Reason(each.reason)][language],
            cause=_CAUSES[each.cause][language],
            share=f"{each.probability:.0%}",
        )
    if found.named_total > SHOWN:
        yield _say("more", language, more=found.named_total - SHOWN)


def _compared(answer: Answer, language: Language) -> Iterator[str]:
    compare = answer.question.compare
    if compare is None:
        return
    yield _say("compare", language, setting=" ".join(compare.written))
    for name, each in answer.differences.items():
        share = name == "utilisation"
        yield _difference(name, each, language, "{:+.1f}%" if share else "{:+,.1f}", share=share)


def _difference(name: str, each: Difference, language: Language, form: str, *, share: bool) -> str:
    times = 100 if share else 1
    return _say(
        "difference",
        language,
        name=_WORDS[name][language],
        mean=form.format(each.mean * times),
        low=form.format(each.low * times),
        high=form.format(each.high * times),
    )


def _needed(answer: Answer, language: Language) -> Iterator[str]:
    needed = answer.needed
    if needed is None:
        return
    kept = needed.target.name == "deadlines"
    form = "{:.1%}" if kept else "{:,.0f}"
    yield _say(
        "not_needed" if needed.agents is None else "needed",
        language,
        name=_WORDS["deadlines_kept" if kept else needed.target.name][language],
        least=form.format(needed.target.least),
        agents=needed.agents,
        reached=form.format(needed.reached),
    )


def _say(word: str, language: Language, **facts: object) -> str:
    return _WORDS[word][language].format(**facts)
