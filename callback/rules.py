"""The words of the rules: who speaks in one, its name, and the verdict it gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from callback.model import Decision
from core.phone import PhoneNumber


class Layer(StrEnum):
    """Who speaks in a rule; law over the owner's wish over house defaults."""

    SYSTEM = "system"  # the state of the installation or of the file; nobody overrides it
    LAW = "law"
    OWNER = "owner"
    HOUSE = "house"


class Rule(StrEnum):
    """The rule that decided, in the order rules are asked."""

    # the installation
    NOT_RECONCILED = "not_reconciled"
    STOPPED = "stopped"
    CEILING_REACHED = "ceiling_reached"  # no verdict: no trunk takes a call, so nobody claims
    CAMPAIGN_PAUSED = "campaign_paused"
    SYNTHETIC_ON_REAL_BRIDGE = "synthetic_on_real_bridge"
    # the file
    REASON_GONE = "reason_gone"
    DECEASED = "deceased"
    DISPUTED = "disputed"
    OPTED_OUT = "opted_out"
    OPTED_OUT_OF_PURPOSE = "opted_out_of_purpose"
    OPTED_OUT_OF_REASON = "opted_out_of_reason"
    NO_USABLE_PHONE = "no_usable_phone"
    NOT_BEFORE = "not_before"
    EXTENSION_RUNNING = "extension_running"
    RETRY_INTERVAL = "retry_interval"
    LIVE_CALL = "live_call"  # found by the claim, not by the verdict: the line is taken
    NO_AGENT = "no_agent"  # no verdict either: a person must take it up, and nobody has
    # the number
    EMERGENCY_NUMBER = "emergency_number"
    SHORT_NUMBER = "short_number"
    INVALID_NUMBER = "invalid_number"
    SATELLITE_NUMBER = "satellite_number"
    PREMIUM_NUMBER = "premium_number"
    SHARED_COST_NUMBER = "shared_cost_number"
    OUTSIDE_DESTINATIONS = "outside_destinations"
    NOT_ARMED = "not_armed"
    REHEARSAL_ONLY_TEST_NUMBERS = "rehearsal_only_test_numbers"
    # the law, and the owner's and the house's share of the same subjects
    NO_PACK = "no_pack"
    UNKNOWN_ZONE = "unknown_zone"
    NATIONAL_LIST = "national_list"
    NOT_SCREENED = "not_screened"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_EXPIRED = "consent_expired"
    CONSENT_UNKNOWN = "consent_unknown"
    NO_LAWFUL_HOUR = "no_lawful_hour"
    LAW_HOURS = "law_hours"
    SILENCE = "silence"
    ABANDONED_SILENCE = "abandoned_silence"
    ATTEMPT_CAP = "attempt_cap"
    REST_HOURS = "rest_hours"
    HOLIDAY = "holiday"
    HOUSE_HOURS = "house_hours"
    CAMPAIGN_HOURS = "campaign_hours"
    MINIMUM_GAP = "minimum_gap"
    # allowed
    APPOINTMENT = "appointment"
    ALLOWED = "allowed"


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

    def under(self, pack: str, version: str) -> "Verdict":
        """Return this verdict as one of a pack."""
        return replace(self, pack=pack, pack_version=version)

    def about(self, phone: PhoneNumber) -> "Verdict":
        """Return this verdict as one on a phone."""
        return replace(self, phone=phone)


def deny(rule: Rule, layer: Layer, **facts: object) -> Verdict:
    """Refuse for good, or until somebody changes what the rule speaks of."""
    return Verdict(decision=Decision.DENY, rule=rule, layer=layer, facts=facts)


def defer(rule: Rule, layer: Layer, until: datetime, **facts: object) -> Verdict:
    """Refuse until an instant."""
    return Verdict(
        decision=Decision.DEFER, rule=rule, layer=layer, until=until.astimezone(UTC), facts=facts
    )
