"""A pacer's glances, limits and decisions as plain JSON, exact to the last bit, and back."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from dialer.pacing.model import Decision, Glance, Limits

# `now_s` counts from here: whole hours of it are whole hours everywhere on earth but a few.
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)

_GLANCE, _LIMITS = TypeAdapter(Glance), TypeAdapter(Limits)


def glance_as_json(glance: Glance) -> dict[str, Any]:
    """Return all a pacer was told."""
    told: dict[str, Any] = _GLANCE.dump_python(glance, mode="json")
    return told


def glance_from_json(kept: object) -> Glance:
    """Return what `glance_as_json` gave."""
    return _GLANCE.validate_python(kept)


def limits_as_json(limits: Limits) -> dict[str, Any]:
    """Return the limits a decision kept."""
    told: dict[str, Any] = _LIMITS.dump_python(limits, mode="json")
    return told


def limits_from_json(kept: object) -> Limits:
    """Return what `limits_as_json` gave."""
    return _LIMITS.validate_python(kept)


def figures_of(decision: Decision) -> dict[str, Any]:
    """Return a decision by the columns it is kept in, what was placed apart."""
    known = asdict(decision)
    return {
        "dial": decision.dial,
        "bound": decision.bound.value,
        "odds": decision.odds,
        "odds_limit": decision.limit,
        **{name: known[name] for name in ("chance", "free_soon", "due")},
    }
