"""One instant of a day in words, and as plain JSON."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from callback.explain import explain_verdict, show_cause, show_instant
from callback.words import AND
from customers.model import Language
from dialer.pacing.wording import sentence
from dialer.replay.instant_model import Instant, LookedThen, LookThen

_EN, _ZH = Language.ENGLISH, Language.MANDARIN
_SHOWN = 10

_SAID = {
    "armed": {_EN: "armed", _ZH: "已启用实呼"},
    "disarmed": {_EN: "disarmed", _ZH: "未启用实呼"},
    "stopped": {_EN: "stopped", _ZH: "已停止外呼"},
    "running": {_EN: "not stopped", _ZH: "未停止外呼"},
    "paused": {_EN: "paused: {names}", _ZH: "已暂停任务：{names}"},
    "waiting": {
        _EN: "{campaign} ({reason}): {waiting:,} wait, {due:,} due, {late:,} late",
        _ZH: "{campaign}（{reason}）：等待{waiting:,}件，到时{due:,}件，逾期{late:,}件",
    },
    "rules": {
        _EN: "last verdicts of {of:,} due: {rules}",
        _ZH: "到时{of:,}件的最近判定：{rules}",
    },
    "window": {
        _EN: "first of {held:,} in the window at {at}: {first}",
        _ZH: "{at}待呼窗口{held:,}件，最前：{first}",
    },
    "live": {
        _EN: "{campaign} on {trunk}: {ringing:,} ringing, {talking:,} talking",
        _ZH: "{campaign} 经{trunk}：振铃{ringing:,}通，通话{talking:,}通",
    },
    "seats": {_EN: "agents: {seats}", _ZH: "坐席：{seats}"},
    "look": {
        _EN: "{at} {looked_at:,} looked at, {refused:,} refused, {placed:,} calls placed",
        _ZH: "{at} 选呼{looked_at:,}件，拒绝{refused:,}件，拨出{placed:,}通",
    },
    "rung": {_EN: "chosen", _ZH: "选中"},
    "not_here": {
        _EN: "{rule}; its rule pack is not here any more",
        _ZH: "{rule}；当时的规则包已不在这里",
    },
    "more": {_EN: "and {count:,} more looks", _ZH: "另有{count:,}次选呼"},
    "empty": {_EN: "nothing is known of this instant", _ZH: "这一时刻没有任何记录"},
    "next": {
        _EN: "next look {look}, next refusal {refusal}, next pacing decision {pacing}",
        _ZH: "下一次选呼 {look}，下一次拒绝 {refusal}，下一次节奏决定 {pacing}",
    },
}


def instant_lines(instant: Instant, language: Language, zone: ZoneInfo) -> list[str]:
    """Return an instant as lines."""
    lines = [show_instant(instant.at, language, zone)]
    several = AND[language].join

    def say(key: str, **facts: object) -> str:
        return _SAID[key][language].format(**facts)

    switches = instant.switches
    lines.append(
        "  "
        + several(
            [
                say("armed" if switches.armed else "disarmed"),
                say("stopped" if switches.stopped else "running"),
                *([say("paused", names=several(switches.paused))] if switches.paused else []),
            ]
        )
    )
    if instant.is_empty:
        return [*lines, "  " + say("empty")]
    lines += [
        "  "
        + say(
            "waiting",
            campaign=each.campaign,
            reason=each.reason.value,
            waiting=each.waiting,
            due=each.due,
            late=each.late,
        )
        for each in instant.waiting
    ]
    if instant.rules:
        told = several(f"{show_cause(e.rule, language)} {e.count:,}" for e in instant.rules)
        lines.append("  " + say("rules", of=instant.rules_of, rules=told))
    if instant.window is not None:
        first = several(
            f"#{each.due_call_id} {each.score:g}" for each in instant.window.first[:_SHOWN]
        )
        at = _clock(instant.window.at, zone)
        lines.append("  " + say("window", at=at, held=instant.window.held, first=first))
    lines += [
        "  "
        + say(
            "live",
            campaign=each.campaign,
            trunk=each.trunk,
            ringing=each.ringing,
            talking=each.talking,
        )
        for each in instant.live
    ]
    if instant.seats:
        seats = several(f"{each.name} {each.state.value}" for each in instant.seats)
        lines.append("  " + say("seats", seats=seats))
    lines += [f"  {e.campaign}: {sentence(e.decision, language)}" for e in instant.pacing]
    for look in instant.looks:
        lines += _look(look, language, zone)
    if instant.more_looks:
        lines.append("  " + say("more", count=instant.more_looks))
    steps = instant.steps
    lines.append(
        say(
            "next",
            look=_clock(steps.next_look, zone),
            refusal=_clock(steps.next_refusal, zone),
            pacing=_clock(steps.next_pacing, zone),
        )
    )
    return lines


def _look(look: LookThen, language: Language, zone: ZoneInfo) -> list[str]:
    head = _SAID["look"][language].format(
        at=_clock(look.at, zone),
        looked_at=look.looked_at,
        refused=look.refused,
        placed=look.placed,
    )
    if look.unreadable is not None:
        return [f"  {head}: {look.unreadable}"]
    return [
        f"  {head}",
        *(
            f"    #{each.due_call_id} ({each.campaign}) {said_of(each, language, zone)}"
            for each in look.looked
        ),
    ]


def said_of(each: LookedThen, language: Language, zone: ZoneInfo) -> str:
    """Return why a due call was chosen or refused."""
    if each.verdict is None:
        rule = show_cause(each.rule, language)
        return _SAID["not_here"][language].format(rule=rule)
    told = explain_verdict(each.verdict, language, zone)
    return f"{_SAID['rung'][language]}: {told}" if each.rung else told


def instant_json(instant: Instant, language: Language, zone: ZoneInfo) -> dict[str, Any]:
    """Return an instant as the one object of `--json`."""
    held = asdict(instant)
    held["pacing"] = [
        {
            "campaign": each.campaign,
            "at": each.at,
            "placed": each.placed,
            **asdict(each.decision),
            "sentence": sentence(each.decision, language),
        }
        for each in instant.pacing
    ]
    held["looks"] = [
        {
            **{name: value for name, value in asdict(look).items() if name != "looked"},
            "looked": [
                {
                    "due_call_id": each.due_call_id,
                    "person_id": each.person_id,
                    "campaign": each.campaign,
                    "rule": each.rule,
                    "until": each.until,
                    "rung": each.rung,
                    "sentence": said_of(each, language, zone),
                }
                for each in look.looked
            ],
        }
        for look in instant.looks
    ]
    plain: dict[str, Any] = _plain(held)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _clock(at: datetime | None, zone: ZoneInfo) -> str:
    return "–" if at is None else f"{at.astimezone(zone):%H:%M:%S}"
