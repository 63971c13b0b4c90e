"""One household in a minute: who it is, how to reach them, what they owe, promised and were given.

Every list is bounded; amounts are in minor units.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import BIGINTS, AnyRow
from customers.desk import UnknownSubjectError

MOST = 50  # rows of any list

_PERSON = """
    SELECT p.person_id, p.name, p.honorific, p.language, p.vip, p.synthetic, p.deceased_at,
           p.rest_hours, p.note, p.identity_digits IS NOT NULL AS identity_known,
           c.name AS community
    FROM person p LEFT JOIN community c USING (community_id) WHERE p.person_id = :person_id
"""
_TIES = """
    SELECT o.occupancy_id, o.unit_id, u.label AS unit, c.community_id, c.name AS community,
           c.time_zone, c.currency, o.role, o.valid_from, o.valid_until, o.moved_in,
           daterange(o.valid_from, o.valid_until) @> l.today AS holds, l.today
    FROM occupancy o JOIN unit u USING (unit_id) JOIN community c USING (community_id)
    CROSS JOIN LATERAL (
        SELECT CAST(CAST(:now AS timestamptz) AT TIME ZONE c.time_zone AS date) AS today) l
    WHERE o.person_id = :person_id
    ORDER BY holds DESC, o.valid_from DESC NULLS LAST, o.occupancy_id LIMIT :most
"""
_PHONES = """
    SELECT phone_id, e164, position, source, dead_at, dead_because FROM phone
    WHERE person_id = :person_id ORDER BY dead_at IS NOT NULL, position, phone_id LIMIT :most
"""
_OTHERS = """
    SELECT DISTINCT ON (p.person_id) p.person_id, p.name, p.honorific, o.role, u.label AS unit
    FROM occupancy o JOIN person p USING (person_id) JOIN unit u USING (unit_id)
    JOIN community c ON c.community_id = u.community_id
    WHERE o.unit_id = ANY(:units) AND p.person_id <> :person_id
      AND daterange(o.valid_from, o.valid_until)
          @> CAST(CAST(:now AS timestamptz) AT TIME ZONE c.time_zone AS date)
    ORDER BY p.person_id LIMIT :most
"""
_CHARGES = """
    SELECT h.charge_id, h.reference, h.kind, h.amount_minor, h.paid_minor, h.late_fee_minor,
           h.amount_minor - h.paid_minor AS open_minor, h.currency, h.due_on, h.disputed_at,
           u.label AS unit,
           CAST(CAST(:now AS timestamptz) AT TIME ZONE c.time_zone AS date) - h.due_on AS days
    FROM charge h JOIN unit u USING (unit_id) JOIN community c ON c.community_id = h.community_id
    WHERE h.liable_person_id = :person_id AND h.amount_minor > h.paid_minor
    ORDER BY h.due_on, h.charge_id LIMIT :most
"""
_SUMS = """
    SELECT h.currency, sum(amount_minor - paid_minor) AS open_minor,
           sum(late_fee_minor) AS late_minor, count(*) AS charges,
           coalesce(sum(amount_minor - paid_minor) FILTER (
               WHERE due_on < CAST(CAST(:now AS timestamptz) AT TIME ZONE c.time_zone AS date)
           ), 0) AS overdue_minor
    FROM charge h JOIN community c USING (community_id)
    WHERE liable_person_id = :person_id AND amount_minor > paid_minor
    GROUP BY h.currency ORDER BY h.currency
"""
_PROMISES = """
    SELECT promise_id, amount_minor, currency, promised_on, pay_by, made_at, state, settled_at
    FROM promise WHERE person_id = :person_id ORDER BY made_at DESC, promise_id DESC LIMIT :most
"""
_KEPT = """
    SELECT count(*) FILTER (WHERE state = 'kept') AS kept,
           count(*) FILTER (WHERE state <> 'open') AS settled
    FROM promise WHERE person_id = :person_id
"""
_EXTENSIONS = """
    SELECT e.extension_id, h.reference, h.kind, e.asked_at, e.until, e.state, e.decided_at,
           e.decided_by
    FROM extension e JOIN charge h USING (charge_id) WHERE e.person_id = :person_id
    ORDER BY e.asked_at DESC, e.extension_id DESC LIMIT :most
"""
_WAIVERS = """
    SELECT w.waiver_id, h.reference, w.kind, w.amount_minor, w.forgiven_minor, w.currency,
           w.asked_at, w.asked_by, w.state, w.decided_at, w.decided_by
    FROM waiver w JOIN charge h USING (charge_id) WHERE w.person_id = :person_id
    ORDER BY w.asked_at DESC, w.waiver_id DESC LIMIT :most
"""
_WORK_ORDERS = """
    SELECT w.work_order_id, w.reference, w.category, w.category_as_given, w.reported_on,
           w.completed_on, w.reopened_at, w.contractor, w.in_warranty, w.description,
           u.label AS unit
    FROM work_order w JOIN unit u USING (unit_id) WHERE w.unit_id = ANY(:units)
    ORDER BY w.completed_on IS NOT NULL, w.reported_on DESC, w.work_order_id DESC LIMIT :most
"""
_OPT_OUTS = """
    SELECT do_not_call_id, e164, reason, since, said_by, how FROM do_not_call
    WHERE lifted_at IS NULL AND (person_id = :person_id
          OR e164 IN (SELECT e164 FROM phone WHERE person_id = :person_id))
    ORDER BY since DESC, do_not_call_id DESC LIMIT :most
"""
# The newest word on each number, purpose and mode is the one that counts.
_CONSENTS = """
    SELECT DISTINCT ON (e164, purpose, mode) consent_id, e164, purpose, mode, granted, given_at,
           valid_until, given_by, how
    FROM consent WHERE e164 IN (SELECT e164 FROM phone WHERE person_id = :person_id)
    ORDER BY e164, purpose, mode, given_at DESC, consent_id DESC LIMIT :most
"""
_CALLBACKS = """
    SELECT callback_request_id, call_at, about, asked_at FROM callback_request
    WHERE person_id = :person_id AND cancelled_at IS NULL AND call_at >= :now
    ORDER BY call_at LIMIT :most
"""
_TASKS = """
    SELECT agent_task_id, kind, subject, created_at FROM agent_task
    WHERE person_id = :person_id AND done_at IS NULL ORDER BY agent_task_id LIMIT :most
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Household:
    """What is on file of a person and of the units they hold; rows as their queries name them."""

    person: AnyRow
    ties: Sequence[AnyRow]
    phones: Sequence[AnyRow]
    others: Sequence[AnyRow]
    charges: Sequence[AnyRow]
    sums: Sequence[AnyRow]
    promises: Sequence[AnyRow]
    kept: int
    settled: int
    extensions: Sequence[AnyRow]
    waivers: Sequence[AnyRow]
    work_orders: Sequence[AnyRow]
    opt_outs: Sequence[AnyRow]
    consents: Sequence[AnyRow]
    callbacks: Sequence[AnyRow]
    tasks: Sequence[AnyRow]

    @property
    def home(self) -> AnyRow | None:
        """The unit that stands for the household: held now, the latest; None where none is."""
        return self.ties[0] if self.ties else None

    @property
    def held(self) -> Sequence[AnyRow]:
        """The units held now."""
        return [tie for tie in self.ties if tie.holds]

    @property
    def unit_ids(self) -> list[int]:
        """The ids of the units held now."""
        return sorted({tie.unit_id for tie in self.held})

    @property
    def first_phone(self) -> AnyRow | None:
        """The number that is tried first; None where none is in use."""
        return next((phone for phone in self.phones if phone.dead_at is None), None)


async def household_of(session: AsyncSession, person_id: int, *, now: datetime) -> Household:
    """Return the household of a person.

    Raises:
        UnknownSubjectError: no such person.
    """
    facts: dict[str, object] = {"person_id": person_id, "now": now, "most": MOST}

    async def rows(statement: str) -> Sequence[AnyRow]:
        query = sa.text(statement)
        if ":units" in statement:
            query = query.bindparams(sa.bindparam("units", type_=BIGINTS))
        names = {name: value for name, value in facts.items() if f":{name}" in statement}
        return (await session.execute(query, names)).all()

    person = await rows(_PERSON)
    if not person:
        raise UnknownSubjectError(what="person", subject_id=person_id)
    ties = await rows(_TIES)
    facts["units"] = sorted({tie.unit_id for tie in ties if tie.holds})
    kept = (await rows(_KEPT))[0]
    return Household(
        person=person[0],
        ties=ties,
        phones=await rows(_PHONES),
        others=await rows(_OTHERS),
        charges=await rows(_CHARGES),
        sums=await rows(_SUMS),
        promises=await rows(_PROMISES),
        kept=kept.kept,
        settled=kept.settled,
        extensions=await rows(_EXTENSIONS),
        waivers=await rows(_WAIVERS),
        work_orders=await rows(_WORK_ORDERS),
        opt_outs=await rows(_OPT_OUTS),
        consents=await rows(_CONSENTS),
        callbacks=await rows(_CALLBACKS),
        tasks=await rows(_TASKS),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Who holds a unit, will or did."""

    person_id: int
    name: str
    honorific: str | None
    role: str
    valid_from: date | None
    valid_until: date | None
    holds: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitFound:
    """A unit with everybody tied to it, who holds it now first."""

    unit_id: int
    unit: str
    community: str
    holders: Sequence[Holder] = field(default_factory=tuple)


_UNIT = """
    SELECT u.unit_id, u.label AS unit, c.name AS community FROM unit u
    JOIN community c USING (community_id) WHERE u.unit_id = :unit_id
"""
_HOLDERS = """
    SELECT p.person_id, p.name, p.honorific, o.role, o.valid_from, o.valid_until,
           daterange(o.valid_from, o.valid_until)
               @> CAST(CAST(:now AS timestamptz) AT TIME ZONE c.time_zone AS date) AS holds
    FROM occupancy o JOIN person p USING (person_id) JOIN unit u USING (unit_id)
    JOIN community c ON c.community_id = u.community_id
    WHERE o.unit_id = :unit_id
    ORDER BY holds DESC, o.role <> 'owner', o.role <> 'tenant', o.valid_from DESC NULLS LAST,
             o.occupancy_id DESC
    LIMIT :most
"""


async def unit_of(session: AsyncSession, unit_id: int, *, now: datetime) -> UnitFound:
    """Return a unit with its holders.

    Raises:
        UnknownSubjectError: no such unit.
    """
    unit = (await session.execute(sa.text(_UNIT), {"unit_id": unit_id})).one_or_none()
    if unit is None:
        raise UnknownSubjectError(what="unit", subject_id=unit_id)
    facts = {"unit_id": unit_id, "now": now, "most": MOST}
    holders = await session.execute(sa.text(_HOLDERS), facts)
    return UnitFound(
        unit_id=unit.unit_id,
        unit=unit.unit,
        community=unit.community,
        holders=[Holder(**row) for row in holders.mappings()],
    )
