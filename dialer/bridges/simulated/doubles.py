"""Double calls, found in the carrier's own book by what the dialer knows of each call."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from dialer.bridges.simulated.ledger import CarrierCall


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptFacts:
    """What the dialer knows of one call: whom it rang, what for, and when each may be rung again.

    `retry_at` holds, by due call, the instant before which this attempt forbids the next one; for
    those in `other_numbers_free` it forbids only the number it rang.
    """

    call_id: UUID
    person_id: int
    due_call_ids: tuple[int, ...]
    retry_at: Mapping[int, datetime] = field(default_factory=dict)
    other_numbers_free: frozenset[int] = frozenset()


class DoubleKind(StrEnum):
    """What makes a ring one too many."""

    WHILE_LIVE = "while_live"  # another call to the person or number was up
    AFTER_FINAL = "after_final"  # the due call had its final outcome
    INSIDE_RETRY = "inside_retry"  # an earlier attempt forbade it until later


@dataclass(frozen=True, kw_only=True, slots=True)
class DoubleCall:
    """A ring that should not have been, with every reason why."""

    call_id: UUID
    kinds: tuple[DoubleKind, ...]


class DoubleFinder:
    """Looks through a book part by part, and remembers only what may still forbid a call."""

    def __init__(self) -> None:
        self._up_until: dict[object, datetime | None] = {}  # by number and person; None: still up
        # By due call, and by number where only that one is bound.
        self._retry_at: dict[tuple[int, str | None], datetime] = {}

    def look(
        self,
        calls: Iterable[CarrierCall],
        facts: Mapping[UUID, AttemptFacts],
        *,
        final_at: Mapping[int, datetime],
    ) -> tuple[DoubleCall, ...]:
        """Return the rings that were one too many among calls placed after all before.

        Args:
            calls: in the order they were placed.
            facts: of them; a call the dialer has none about is compared by its number alone.
            final_at: the instant of the final outcome by due call.
        """
        found, last = [], None
        for call in calls:
            known = facts.get(call.call_id)
            kinds = self._kinds(call, known, final_at)
            if kinds:
                found.append(DoubleCall(call_id=call.call_id, kinds=kinds))
            self._remember(call, known)
            last = call.placed_at
        if last is not None:
            self._forget(last)
        return tuple(found)

    def _kinds(
        self, call: CarrierCall, known: AttemptFacts | None, final_at: Mapping[int, datetime]
    ) -> tuple[DoubleKind, ...]:
        at, due_call_ids = call.placed_at, known.due_call_ids if known else ()
        signs = {
            DoubleKind.WHILE_LIVE: any(
                _up(self._up_until, key, at) for key in _called(call, known)
            ),
            DoubleKind.AFTER_FINAL: any(final_at.get(due, at) < at for due in due_call_ids),
            DoubleKind.INSIDE_RETRY: any(
                at < self._retry_at.get((due, number), at)
                for due in due_call_ids
                for number in (None, call.e164)
            ),
        }
        return tuple(kind for kind, shown in signs.items() if shown)

    def _remember(self, call: CarrierCall, known: AttemptFacts | None) -> None:
        for key in _called(call, known):
            if key not in self._up_until or not _outlasts(self._up_until[key], call.ended_at):
                self._up_until[key] = call.ended_at
        for due, when in (known.retry_at if known else {}).items():
            key_of = (due, call.e164 if known and due in known.other_numbers_free else None)
            self._retry_at[key_of] = max(when, self._retry_at.get(key_of, when))

    def _forget(self, last: datetime) -> None:
        """Drop what binds no call that is placed at `last` or later."""
        self._up_until = {key: end for key, end in self._up_until.items() if _outlasts(end, last)}
        self._retry_at = {key: at for key, at in self._retry_at.items() if at > last}


def double_calls(
    calls: Iterable[CarrierCall],
    attempts: Iterable[AttemptFacts],
    *,
    final_at: Mapping[int, datetime],
) -> tuple[DoubleCall, ...]:
    """Return the rings that were one too many, in the order they were placed.

    `final_at` holds the instant of the final outcome by due call. A call the dialer has no facts
    about is compared by its number alone.
    """
    facts = {attempt.call_id: attempt for attempt in attempts}
    in_order = sorted(calls, key=lambda call: call.placed_at)
    return DoubleFinder().look(in_order, facts, final_at=final_at)


def _called(call: CarrierCall, known: AttemptFacts | None) -> tuple[object, ...]:
    return (call.e164, known.person_id) if known else (call.e164,)


def _up(up_until: Mapping[object, datetime | None], key: object, at: datetime) -> bool:
    return key in up_until and _outlasts(up_until[key], at)


def _outlasts(end: datetime | None, other: datetime | None) -> bool:
    """Say whether a line that ends at `end` is up after `other`; None is a line still up."""
    return end is None or (other is not None and end > other)
