"""A replay in words, for whoever runs the house."""

from datetime import datetime
from zoneinfo import ZoneInfo

from callback.explain import show_cause
from callback.words import AND
from customers.model import Language
from dialer.replay.findings import Difference, Found, Kind, Tally

_EN, _ZH = Language.ENGLISH, Language.MANDARIN

_COUNTS = {
    "verdicts": {
        _EN: "verdicts: {compared:,} judged once more, {equal:,} the same",
        _ZH: "规则判定：重新判定{compared:,}条，一致{equal:,}条",
    },
    "claims": {
        _EN: "choices: {compared:,} made once more, {equal:,} the same",
        _ZH: "选呼：重新推算{compared:,}次，一致{equal:,}次",
    },
    "pacing": {
        _EN: "pacing: {compared:,} decided once more, {equal:,} the same",
        _ZH: "拨号节奏：重新推算{compared:,}次，一致{equal:,}次",
    },
}
_HEAD = {_EN: "{day} ({zone})", _ZH: "{day} ({zone})"}
_NOT_COMPARABLE = {
    _EN: "not comparable: pack {pack} is not here; {count:,} verdicts were given under it",
    _ZH: "无法比对：这里没有规则包{pack}；当时据此判定{count:,}条",
}
_NOT_RECORDED = {
    _EN: "not recorded: {count:,} verdicts are older than the records of what was judged",
    _ZH: "没有记录：{count:,}条判定早于判定依据的记录",
}
_EQUAL = {
    _EN: "nothing differs",
    _ZH: "没有差异",
}
_DIFFERS = {
    _EN: "{count:,} differ; the database was changed by hand, or this program decides otherwise "
    "than the one that dialled. {named:,} of them:",
    _ZH: "差异{count:,}处：数据库被人改动过，或者当前程序与当日外呼时的程序判定不同。"
    "列出{named:,}处：",
}
_KINDS = {
    Kind.VERDICT: {
        _EN: "the recorded facts give another verdict",
        _ZH: "按记录的依据，判定结果不同",
    },
    Kind.ON_FILE: {
        _EN: "the verdict on file is not the one that was given",
        _ZH: "档案中的判定与当时给出的不同",
    },
    Kind.MISSING: {
        _EN: "the verdict that was given is not on file",
        _ZH: "当时给出的判定不在档案中",
    },
    Kind.NO_RECORD: {
        _EN: "there is no record of the look this verdict was given in",
        _ZH: "给出这条判定的那次选呼没有记录",
    },
    Kind.CHOICE: {_EN: "another choice comes out", _ZH: "选出的呼叫不同"},
    Kind.ATTEMPT: {
        _EN: "the call on file is not the one that was placed",
        _ZH: "档案中的呼叫与当时拨出的不同",
    },
    Kind.ORDER: {_EN: "the order is not by score", _ZH: "先后次序与评分不符"},
    Kind.UNREADABLE: {_EN: "the record cannot be read", _ZH: "记录无法读取"},
    Kind.PACING: {_EN: "the pacer decides otherwise", _ZH: "拨号节奏推算结果不同"},
}
_SIDES = {
    _EN: "recorded: {recorded}; comes out: {comes_out}",
    _ZH: "记录：{recorded}；推算：{comes_out}",
}
_NOTHING = {_EN: "nothing", _ZH: "无"}
_MEND = {
    _EN: "look at it with: ownerline replay {day} --at {at} ; in full with --json",
    _ZH: "查看当时情形：ownerline replay {day} --at {at} ；详情加 --json",
}


def lines_of(found: Found, language: Language) -> list[str]:
    """Return a replay as lines."""
    lines = [_HEAD[language].format(day=found.day, zone=found.zone)]
    for name, tally in (
        ("verdicts", found.verdicts),
        ("claims", found.claims),
        ("pacing", found.pacing),
    ):
        lines.append("  " + _count(name, tally, language))
    for pack, count in sorted(found.not_comparable.items()):
        lines.append("  " + _NOT_COMPARABLE[language].format(pack=pack, count=count))
    if found.not_recorded:
        lines.append("  " + _NOT_RECORDED[language].format(count=found.not_recorded))
    if found.is_equal:
        return [*lines, _EQUAL[language]]
    named = len(found.differences)
    lines.append(_DIFFERS[language].format(count=found.different, named=named))
    zone = ZoneInfo(found.zone)
    for each in found.differences:
        lines += _told(each, language, zone)
    if found.differences:
        at = f"{_local(found.differences[0].at, zone):%H:%M}"
        lines.append(_MEND[language].format(day=found.day, at=at))
    return lines


def _count(name: str, tally: Tally, language: Language) -> str:
    return _COUNTS[name][language].format(compared=tally.compared, equal=tally.equal)


def _told(each: Difference, language: Language, zone: ZoneInfo) -> list[str]:
    campaign = "" if each.campaign is None else f" ({each.campaign})"
    sides = _SIDES[language].format(
        recorded=_side(each.recorded, each.comes_out, language),
        comes_out=_side(each.comes_out, each.recorded, language),
    )
    head = f"  {_local(each.at, zone):%H:%M:%S} {each.subject}{campaign}"
    return [f"{head}: {_KINDS[each.kind][language]}", f"    {sides}"]


def _side(one: object, other: object, language: Language) -> str:
    """Return what one side says that the other does not."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return _NOTHING[language]
    own = {name: value for name, value in one.items() if other.get(name) != value}
    words = [
        f"{name} {show_cause(str(value), language) if name == 'rule' else value}"
        for name, value in own.items()
    ]
    return AND[language].join(words) or _NOTHING[language]


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone)
