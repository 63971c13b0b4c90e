"""What an agent may need of a household while they speak: brief, charges, repairs, calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow

_MOST = 30
_LATELY = timedelta(days=60)

_UNITS = """
    SELECT o.unit_id FROM occupancy o
    WHERE o.person_id = :person_id AND daterange(o.valid_from, o.valid_until) @> :today
"""
_ORDERS = sa.text(f"""
    SELECT w.work_order_id, w.reference, w.category, w.category_as_given, w.reported_on,
           w.completed_on, w.reopened_at, w.cycle, w.contractor, w.in_warranty, w.description,
           unit.label AS unit, due.due_by, due.state AS callback_state
    FROM work_order w
    JOIN unit USING (unit_id)
    LEFT JOIN LATERAL (
        SELECT dc.due_by, dc.state FROM due_call dc
        WHERE dc.reason = 'repair' AND dc.subject = 'work_order:' || w.work_order_id
        ORDER BY dc.due_call_id DESC LIMIT 1
    ) AS due ON true
    WHERE w.unit_id IN ({_UNITS})
    ORDER BY coalesce(w.completed_on, w.reported_on) DESC, w.work_order_id DESC
    LIMIT :limit
""")  # noqa: S608 - the parts are constants of this module
_CHARGES = sa.text("""
    SELECT h.charge_id, h.reference, h.kind, h.currency, h.due_on, h.disputed_at, h.amount_minor,
           h.paid_minor, h.late_fee_minor, unit.label AS unit
    FROM charge h
    JOIN unit USING (unit_id)
    WHERE h.liable_person_id = :person_id
    ORDER BY h.amount_minor <= h.paid_minor, h.due_on DESC, h.charge_id DESC
    LIMIT :limit
""")
_PROMISES = sa.text("""
    SELECT promise_id, amount_minor, currency, promised_on, pay_by, made_at, state FROM promise
    WHERE person_id = :person_id ORDER BY made_at DESC LIMIT :limit
""")
_CALLS = sa.text("""
    SELECT a.attempt_id, a.started_at, a.ringing_at, a.answered_at, a.ended_at, a.direction, a.mode,
           a.telephony_result, a.agent_id, agent.name AS agent, served.wrap_up_code, due.reason,
           sound.recording_id, sound.seconds
    FROM attempt a
    LEFT JOIN agent USING (agent_id)
    LEFT JOIN LATERAL (
        SELECT due_call_id, wrap_up_code FROM attempt_due_call s
        WHERE s.attempt_id = a.attempt_id ORDER BY s.position LIMIT 1
    ) AS served ON true
    LEFT JOIN due_call due ON due.due_call_id = served.due_call_id
    LEFT JOIN LATERAL (
        SELECT r.recording_id, r.seconds FROM recording r
        WHERE r.attempt_id = a.attempt_id AND r.state = 'stored'
        ORDER BY r.started_at LIMIT 1
    ) AS sound ON true
    WHERE a.person_id = :person_id AND a.state = 'ended'
    ORDER BY a.started_at DESC
    LIMIT :limit
""")
_COUNTS = sa.text(f"""
    SELECT (SELECT count(*) FROM work_order w WHERE w.unit_id IN ({_UNITS})) AS repairs,
           (SELECT count(*) FROM attempt a
            WHERE a.person_id = :person_id AND a.state = 'ended') AS calls,
           (SELECT count(*) FROM charge h WHERE h.liable_person_id = :person_id
              AND h.amount_minor > h.paid_minor) AS open_charges,
           (SELECT count(*) FROM complaint c WHERE c.person_id = :person_id
              AND c.closed_at IS NULL) AS complaints
""")  # noqa: S608 - the parts are constants of this module
_WITH_THEM = sa.text(f"""
    SELECT DISTINCT ON (person.person_id) person.person_id, person.name, person.honorific,
           o.role, person.deceased_at
    FROM occupancy o
    JOIN person USING (person_id)
    WHERE o.unit_id IN ({_UNITS}) AND o.person_id <> :person_id
      AND daterange(o.valid_from, o.valid_until) @> :today
    ORDER BY person.person_id
    LIMIT 8
""")  # noqa: S608 - the parts are constants of this module
_OTHER_CALLS = sa.text("""
    SELECT dc.due_call_id, dc.reason, dc.due_by, dc.not_before, dc.appointment
    FROM due_call dc
    WHERE dc.person_id = :person_id AND dc.state = 'waiting'
      AND dc.due_call_id <> ALL (CAST(:but AS bigint[]))
    ORDER BY dc.due_by LIMIT 8
""")
_TASKS = sa.text("""
    SELECT kind, created_at FROM agent_task
    WHERE person_id = :person_id AND done_at IS NULL ORDER BY created_at DESC LIMIT 8
""")
_WISHES = sa.text("""
    SELECT reason, since FROM do_not_call
    WHERE person_id = :person_id AND lifted_at IS NULL ORDER BY since DESC LIMIT 8
""")
_NOTES = sa.text("""
    SELECT at, written_by, text FROM note
    WHERE person_id = :person_id ORDER BY note_id DESC LIMIT 3
""")
_EXTENSIONS = sa.text("""
    SELECT e.until, e.state, h.reference FROM extension e JOIN charge h USING (charge_id)
    WHERE e.person_id = :person_id AND e.state <> 'refused' AND e.until >= :today
    ORDER BY e.until DESC LIMIT 4
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class Brief:
    """What to know before one speaks: each empty where there is nothing."""

    repairs: Sequence[AnyRow]  # finished lately, reopened or still open
    promises: Sequence[AnyRow]  # open or broken
    extensions: Sequence[AnyRow]
    others: Sequence[AnyRow]  # who lives there too
    other_calls: Sequence[AnyRow]  # due to the same person, not of this call
    tasks: Sequence[AnyRow]
    wishes: Sequence[AnyRow]
    notes: Sequence[AnyRow]

    def __bool__(self) -> bool:
        return any(
            (
                self.repairs,
                self.promises,
                self.extensions,
                self.others,
                self.other_calls,
                self.tasks,
                self.wishes,
                self.notes,
            )
        )


async def brief_of(
    session: AsyncSession, person_id: int, *, but: Sequence[int], today: date
) -> Brief:
    """Return what to know of a person before one rings; `but` are the due calls of the call."""
    of_person = {"person_id": person_id}
    of_day = {**of_person, "today": today}
    orders = (await session.execute(_ORDERS, {**of_day, "limit": _MOST})).all()
    promises = (await session.execute(_PROMISES, {**of_person, "limit": 5})).all()
    since = today - _LATELY
    return Brief(
        repairs=[
            each
            for each in orders
            if each.completed_on is None or each.reopened_at or each.completed_on >= since
        ][:3],
        promises=[each for each in promises if each.state != "kept"][:2],
        extensions=(await session.execute(_EXTENSIONS, of_day)).all(),
        others=(await session.execute(_WITH_THEM, of_day)).all(),
        other_calls=(await session.execute(_OTHER_CALLS, {**of_person, "but": list(but)})).all(),
        tasks=(await session.execute(_TASKS, of_person)).all(),
        wishes=(await session.execute(_WISHES, of_person)).all(),
        notes=(await session.execute(_NOTES, of_person)).all(),
    )


async def charges_of(session: AsyncSession, person_id: int) -> Sequence[AnyRow]:
    """Return what a person was billed, the open first."""
    return (await session.execute(_CHARGES, {"person_id": person_id, "limit": _MOST})).all()


async def promises_of(session: AsyncSession, person_id: int) -> Sequence[AnyRow]:
    """Return what a person promised, the latest first."""
    return (await session.execute(_PROMISES, {"person_id": person_id, "limit": _MOST})).all()


async def repairs_of(session: AsyncSession, person_id: int, *, today: date) -> Sequence[AnyRow]:
    """Return the repairs at a person's homes, the latest first."""
    asked = {"person_id": person_id, "today": today, "limit": _MOST}
    return (await session.execute(_ORDERS, asked)).all()


async def calls_of(
    session: AsyncSession, person_id: int, *, limit: int = _MOST
) -> Sequence[AnyRow]:
    """Return the calls with a person that have ended, the latest first."""
    return (await session.execute(_CALLS, {"person_id": person_id, "limit": limit})).all()


async def counts_of(session: AsyncSession, person_id: int, *, today: date) -> AnyRow:
    """Return how many repairs, calls, open charges and open complaints a person's file has."""
    return (await session.execute(_COUNTS, {"person_id": person_id, "today": today})).one()
