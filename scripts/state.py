"""The state of a talk as plain JSON and back, so that any process can carry on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from customers.model import Language, RecordingConsent, WrapUpCode
from scripts.model import CallPlan, Section, SectionOutcome, Speaker, TalkState


def dump_state(state: TalkState) -> dict[str, Any]:
    """Return the state as a JSON object; it shares no mutable value that a talk changes."""
    return {
        "plan": dump_plan(state.plan),
        "position": dict(state.position),
        "outcomes": [
            {
                "due_call_id": outcome.due_call_id,
                "wrap_up_code": outcome.wrap_up_code.value,
                "data": dict(outcome.data),
            }
            for outcome in state.outcomes
        ],
        "ended": state.ended,
    }


def load_state(data: Mapping[str, Any]) -> TalkState:
    """Make the state whole again from `dump_state`'s object."""
    return TalkState(
        plan=load_plan(data["plan"]),
        position=dict(data["position"]),
        outcomes=tuple(
            SectionOutcome(
                due_call_id=outcome["due_call_id"],
                wrap_up_code=WrapUpCode(outcome["wrap_up_code"]),
                data=dict(outcome["data"]),
            )
            for outcome in data["outcomes"]
        ),
        ended=data["ended"],
    )


def dump_plan(plan: CallPlan) -> dict[str, Any]:
    """Return a call's plan as a JSON object."""
    return {
        "language": plan.language.value,
        "now": plan.now.isoformat(),
        "currency": plan.currency,
        "variables": dict(plan.variables),
        "sections": [
            {
                "due_call_id": section.due_call_id,
                "script": section.script,
                "variables": dict(section.variables),
            }
            for section in plan.sections
        ],
        "identity": plan.identity,
        "recording": plan.recording.value,
        "free_answers": plan.free_answers,
        "speaker": plan.speaker.value,
    }


def load_plan(data: Mapping[str, Any]) -> CallPlan:
    """Make a call's plan whole again from `dump_plan`'s object."""
    return CallPlan(
        language=Language(data["language"]),
        now=datetime.fromisoformat(data["now"]),
        currency=data["currency"],
        variables=dict(data["variables"]),
        sections=tuple(
            Section(
                due_call_id=section["due_call_id"],
                script=section["script"],
                variables=dict(section["variables"]),
            )
            for section in data["sections"]
        ),
        identity=data["identity"],
        # A talk that was saved by an older version has none of these.
        recording=RecordingConsent(data.get("recording", RecordingConsent.NEVER)),
        free_answers=data.get("free_answers", True),
        speaker=Speaker(data.get("speaker", Speaker.SCRIPT)),
    )
