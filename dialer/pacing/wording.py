"""A decision of the pacer in one line, for a supervisor."""

from customers.model import Language
from dialer.pacing.model import Bound, Decision

_EN, _ZH = Language.ENGLISH, Language.MANDARIN

_HEAD = {
    _EN: "{dial} now: {idle} free and {free_soon:.1f} more soon, {ringing} ringing with {due:.1f} "
    "answers due, {chance:.0%} answer",
    _ZH: "现在拨{dial}通：空闲坐席{idle}人，即将空闲约{free_soon:.1f}人，振铃{ringing}通，"
    "预计接听{due:.1f}人，接听率{chance:.0%}",
}
_THEN = {_EN: "; ", _ZH: "；"}
_TAIL = {
    _EN: "{abandoned} of {live} abandoned today, target {target:.1%}",
    _ZH: "今日接听{live}人，无人应答{abandoned}人，目标{target:.1%}",
}
_WHY = {
    Bound.ODDS: {
        _EN: "one more would meet nobody with {odds:.1%}, {limit:.1%} is the limit",
        _ZH: "再拨一通，对方接听后无人应答的可能为{odds:.1%}，上限{limit:.1%}",
    },
    Bound.SURELY_ABOVE: {
        _EN: "the rate is above the target and is brought down: one more would meet nobody with "
        "{odds:.1%}, {limit:.1%} is the limit",
        _ZH: "放弃率已超目标，正在回落：再拨一通无人应答的可能为{odds:.1%}，上限{limit:.1%}",
    },
    Bound.SPENT: {
        _EN: "the budget is spent: one line an idle agent",
        _ZH: "放弃额度已用完：每名空闲坐席一通",
    },
    Bound.PROGRESSIVE: {
        _EN: "one line an idle agent is asked for",
        _ZH: "按要求每名空闲坐席一通",
    },
    Bound.SMALL_TEAM: {
        _EN: "the team is small: one line an idle agent",
        _ZH: "坐席人数少：每名空闲坐席一通",
    },
    Bound.CHANNELS: {_EN: "the trunks have no more lines", _ZH: "中继线路已满"},
    Bound.RATE: {_EN: "the trunks take no more calls a second", _ZH: "已达每秒呼叫上限"},
    Bound.MOST: {_EN: "no more lines an agent are placed", _ZH: "已达每名坐席的线路上限"},
}


def sentence(decision: Decision, language: Language = Language.ENGLISH) -> str:
    """Return what was decided and why, in one line."""
    parts = (_HEAD[language], _WHY[decision.bound][language], _TAIL[language])
    return (
        _THEN[language]
        .join(parts)
        .format(
            dial=decision.dial,
            idle=decision.idle,
            free_soon=decision.free_soon,
            ringing=decision.ringing,
            due=decision.due,
            chance=decision.chance,
            odds=decision.odds or 0.0,
            limit=decision.limit or 0.0,
            abandoned=decision.abandoned,
            live=decision.live,
            target=decision.target,
        )
    )
