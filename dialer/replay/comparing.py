"""Compares a recorded look with what comes out of it once more. Pure."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from pydantic import TypeAdapter

from callback.call_facts import CallFacts
from callback.packs import Packs
from callback.rules import Verdict
from core.columns import AnyRow
from dialer.replay.deciding import Choice, Decided, decide, packs_missing
from dialer.replay.findings import Difference, Found, Kind
from dialer.replay.on_file import RecordedLook
from dialer.replay.reading import Looked, Placed, RecordError, Seen

_FACTS = TypeAdapter(CallFacts)


def compare(look: RecordedLook, found: Found, *, packs: Packs) -> int:
    """Compare one look; returns how many verdicts it gave."""
    if isinstance(look.seen, RecordError):
        found.claims.compared += 1
        found.claims.different += 1
        found.name(
            Difference(
                kind=Kind.UNREADABLE,
                at=look.at,
                subject=f"claim:{look.claim_record_id}",
                recorded={"error": str(look.seen)},
                comes_out={},
            )
        )
        return 0
    looked = list(look.seen.looked)
    missing = {each.candidate.due_call_id: packs_missing(each, look.seen, packs) for each in looked}
    decided = decide(look.kind, look.seen, at=look.at, packs=packs)
    for each in looked:
        if _is_left_out(each.candidate.due_call.campaign, found):
            continue
        if lacking := missing[each.candidate.due_call_id]:
            found.not_comparable[", ".join(lacking)] += 1
            continue
        found.verdicts.compared += 1
        difference = _verdict_differs(look, each, decided)
        if difference is not None:
            found.verdicts.different += 1
            found.name(difference)
    if not any(missing.values()):
        _compare_choice(look, look.seen, decided, found)
    return len(looked)


def _is_left_out(campaign: str, found: Found) -> bool:
    return found.campaign is not None and campaign != found.campaign


def _verdict_differs(look: RecordedLook, each: Looked, decided: Decided) -> Difference | None:
    due_call_id = each.candidate.due_call_id
    verdict = decided.verdicts.get(due_call_id)
    row, before = look.verdicts.get(due_call_id), look.before.get(due_call_id)
    # None: the claim would have ended before it came to this one.
    if verdict is None or (verdict.rule, verdict.until) != (each.rule, each.until):
        kind, recorded = Kind.VERDICT, {"rule": each.rule.value, "until": _iso(each.until)}
    elif row is not None:
        recorded = _on_file(row)
        if recorded == _given(verdict) and row.at == look.at:
            return None
        kind, recorded = Kind.ON_FILE, {**recorded, "at": row.at.isoformat()}
    elif before is None or (before.decision, before.rule, before.until) != (
        verdict.decision.value,
        verdict.rule.value,
        verdict.until,
    ):
        kind, recorded = Kind.MISSING, {}
    else:
        return None
    return Difference(
        kind=kind,
        at=look.at,
        subject=f"due_call:{due_call_id}",
        campaign=each.candidate.due_call.campaign,
        recorded=recorded,
        comes_out={} if verdict is None else _given(verdict),
        facts=_FACTS.dump_python(each.candidate.facts, mode="json"),
    )


def _on_file(row: AnyRow) -> dict[str, Any]:
    return {
        "decision": row.decision,
        "rule": row.rule,
        "layer": row.layer,
        "pack": row.pack,
        "pack_version": row.pack_version,
        "until": _iso(row.until),
        "phone": row.e164,
        "facts": row.facts,
    }


def _given(verdict: Verdict) -> dict[str, Any]:
    return {
        "decision": verdict.decision.value,
        "rule": verdict.rule.value,
        "layer": verdict.layer.value,
        "pack": verdict.pack,
        "pack_version": verdict.pack_version,
        "until": _iso(verdict.until),
        "phone": None if verdict.phone is None else verdict.phone.e164,
        "facts": json.loads(json.dumps(dict(verdict.facts), default=str)),
    }


def _compare_choice(look: RecordedLook, seen: Seen, decided: Decided, found: Found) -> None:
    campaigns = {
        each.candidate.due_call_id: each.candidate.due_call.campaign for each in seen.looked
    }
    if all(_is_left_out(each, found) for each in campaigns.values()):
        return
    found.claims.compared += 1
    subject = f"claim:{look.claim_record_id}"
    named: list[tuple[Kind, str, Mapping[str, Any], Mapping[str, Any]]] = []
    recorded = [_called(each.due_call_ids, each.trunk) for each in seen.placed]
    comes_out = [_called(each.due_call_ids, each.trunk) for each in decided.calls]
    if recorded != comes_out or seen.chosen != decided.chosen:
        named.append(
            (
                Kind.CHOICE,
                subject,
                {"calls": recorded, "chosen": seen.chosen},
                {"calls": comes_out, "chosen": decided.chosen},
            )
        )
    else:
        for placed, choice in zip(seen.placed, decided.calls, strict=True):
            rung = _attempt(look.attempts.get(placed.attempt_id))
            planned = _expected(placed, choice, look.at)
            if rung != planned:
                named.append((Kind.ATTEMPT, f"attempt:{placed.attempt_id}", rung, planned))
    scores = [each for each in seen.scores if each is not None]
    if any(one < other for one, other in pairwise(scores)):
        in_order = sorted(scores, reverse=True)
        named.append((Kind.ORDER, subject, {"scores": scores}, {"scores": in_order}))
    found.claims.different += bool(named)
    for kind, about, on_file, expected in named:
        found.name(
            Difference(kind=kind, at=look.at, subject=about, recorded=on_file, comes_out=expected)
        )


def _called(due_call_ids: Sequence[int], trunk: str) -> dict[str, Any]:
    return {"due_call_ids": list(due_call_ids), "trunk": trunk}


def _attempt(row: AnyRow | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {
        **_called(row.due_call_ids, row.trunk),
        "phone": row.e164,
        "at": row.started_at.isoformat(),
    }


def _expected(placed: Placed, choice: Choice, at: datetime) -> dict[str, Any]:
    return {
        **_called(placed.due_call_ids, choice.trunk),
        "phone": choice.e164,
        "at": at.isoformat(),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
