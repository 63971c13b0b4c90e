"""The last word before ringing: may this due call be placed now, on which phone, and why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from callback.call_facts import (
    CallFacts,
    Consent,
    DueFacts,
    OptOut,
    PastAttempt,
    PersonFacts,
    PhoneFacts,
    PlaceFacts,
    Setting,
)
from callback.model import Decision
from callback.packs import Packs
from callback.rules import Layer, Rule
from core.phone import PhoneNumber

__all__ = [
    "CallFacts",
    "Consent",
    "Decision",
    "DueFacts",
    "Layer",
    "OptOut",
    "PastAttempt",
    "PersonFacts",
    "PhoneFacts",
    "PlaceFacts",
    "Rule",
    "Setting",
    "Verdict",
    "judge",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The answer, with what it rests on; kept when decision, rule or until changes."""

    decision: Decision
    rule: Rule
    layer: Layer
    pack: str | None = None  # whose rule decided; of an allow all that were asked, joined by +
    pack_version: str | None = None
    until: datetime | None = None  # of a defer: aware, UTC; the rule no longer binds from then on
    phone: PhoneNumber | None = None  # to ring; of a refusal the phone it speaks of, if one
    facts: Mapping[str, object] = field(default_factory=dict)  # JSON values


def judge(now: datetime, facts: CallFacts, packs: Packs) -> Verdict:
    """Give the verdict on one due call at one instant (aware)."""
    raise NotImplementedError
