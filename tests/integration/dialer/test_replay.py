"""A day that was recorded comes out the same, and whatever was changed since is named."""

import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.packs import Packs, shipped_packs
from core.phone import PhoneNumber
from customers.service import opt_out
from dialer.control import pause_campaign
from dialer.replay.findings import Found, Kind
from dialer.replay.looks import compare_looks
from dialer.replay.tables import ClaimRecord, WindowRecord
from dialer.replay.writing import DISPUTED
from tests.integration.dialer.day import RINGS_OUT, TODAY, Day, answers

SINCE = datetime(2026, 5, 19, 16, tzinfo=UTC)  # midnight in Shanghai
UNTIL = SINCE + timedelta(days=1)


@pytest.fixture
async def dialled(day: Day) -> Day:
    """A day with people of every kind: who answer, ring out, owe, said no, share a line."""
    owners = [
        await day.owner(answers("1", *"2468", "1") if n % 2 else RINGS_OUT) for n in range(16)
    ]
    for n, owner in enumerate(owners):
        await day.owes(owner)
        if n % 3 == 0:
            await day.repaired(owner)
    await day.share_number(owners[2], owners[4])
    await day.write(
        lambda session: opt_out(
            session, person_id=owners[0].person_id, said_by="x", how="y", now=day.clock.now()
        )
    )
    await day.write(
        lambda session: opt_out(
            session,
            phone=PhoneNumber(owners[1].phones[0]),
            said_by="x",
            how="y",
            now=day.clock.now(),
        )
    )
    await day.build()
    await day.dial(hours=1)
    await day.write(
        lambda session: pause_campaign(session, campaign="repair", by="x", now=day.clock.now())
    )
    await day.dial(hours=3)
    return day


_ROWS = {
    "LAST_ALLOWED": """verdict_id = (
        SELECT max(verdict_id) FROM verdict WHERE decision = 'allow')""",
    "FIRST": "attempt_id = (SELECT attempt_id FROM attempt ORDER BY started_at LIMIT 1)",
}

# What somebody changed in the database, and what a replay names: kinds, differing verdicts, claims.
_CHANGES = {
    "UPDATE verdict SET rule = 'holiday' WHERE LAST_ALLOWED": ({Kind.ON_FILE}, 1, 0),
    "UPDATE verdict SET e164 = '+8613999999999' WHERE LAST_ALLOWED": ({Kind.ON_FILE}, 1, 0),
    "UPDATE verdict SET facts = '{}' WHERE LAST_ALLOWED": ({Kind.ON_FILE}, 1, 0),
    "UPDATE verdict SET at = at + interval '1 s' WHERE LAST_ALLOWED": ({Kind.ON_FILE}, 1, 0),
    "UPDATE verdict SET claim_record_id = 999999 WHERE LAST_ALLOWED": (
        {Kind.MISSING, Kind.NO_RECORD},
        1,
        0,
    ),
    "DELETE FROM verdict WHERE LAST_ALLOWED": ({Kind.MISSING}, 1, 0),
    """DELETE FROM claim_record WHERE claim_record_id =
       (SELECT max(claim_record_id) FROM claim_record WHERE placed > 0)""": (
        {Kind.NO_RECORD},
        0,
        0,
    ),
    """UPDATE claim_record SET record = '\\x00' WHERE claim_record_id =
       (SELECT max(claim_record_id) FROM claim_record)""": ({Kind.UNREADABLE}, 0, 1),
    "UPDATE attempt SET trunk = 'b' WHERE FIRST": ({Kind.ATTEMPT}, 0, 1),
    "UPDATE attempt SET e164 = '+8613999999999' WHERE FIRST": ({Kind.ATTEMPT}, 0, 1),
    """DELETE FROM attempt_due_call WHERE position = 1 AND attempt_id =
       (SELECT attempt_id FROM attempt_due_call WHERE position = 1 LIMIT 1)""": (
        {Kind.ATTEMPT},
        0,
        1,
    ),
}


async def _compared(
    session: AsyncSession,
    *,
    limit: int = 50,
    campaign: str | None = None,
    packs: Packs | None = None,
) -> Found:
    found = Found(day=TODAY, zone="Asia/Shanghai", campaign=campaign, limit=limit)
    await compare_looks(session, found, since=SINCE, until=UNTIL, packs=packs or shipped_packs())
    return found


async def _replayed(day: Day, **more: Any) -> Found:
    async with day.sessions() as session:
        return await _compared(session, **more)


async def _rewrite(session: AsyncSession, sort: str) -> None:
    """Change the first record in which there is something of a sort to change."""
    rows = await session.execute(sa.select(ClaimRecord.claim_record_id, ClaimRecord.record))
    for row in rows.all():
        held = json.loads(zlib.decompress(row.record))
        if _is_changed(held, sort):
            await session.execute(
                sa.update(ClaimRecord)
                .where(ClaimRecord.claim_record_id == row.claim_record_id)
                .values(record=zlib.compress(json.dumps(held).encode()))
            )
            return
    pytest.fail(f"no record has a {sort} to change")


def _is_changed(held: dict[str, Any], sort: str) -> bool:
    people, placed = held["people"], held["placed"]
    match sort:
        case "fact":  # what is rung about is disputed
            for due_call in (each for person in people for each in person[8]):
                if due_call[15] == "allowed":
                    due_call[7] |= DISPUTED
                    return True
        case "call" if placed:
            placed[0][2] = "elsewhere"
            return True
        case "score" if len(people) > 1:
            people[0][4] = -1.0
            return True
    return False


async def test_a_dialled_day_comes_out_as_it_was(dialled: Day) -> None:
    found = await _replayed(dialled)

    assert found.differences == []
    assert found.is_equal
    assert found.verdicts.compared > 20
    assert found.claims.compared > 10
    assert not found.not_comparable
    assert not found.not_recorded

    parts = [await _replayed(dialled, campaign=name) for name in ("overdue", "repair")]
    assert all(part.is_equal and part.verdicts.compared for part in parts)
    assert sum(part.verdicts.compared for part in parts) == found.verdicts.compared
    assert (await _replayed(dialled, campaign="nonsense")).is_empty


async def test_whatever_was_changed_since_is_named(dialled: Day) -> None:
    for change, expected in _CHANGES.items():
        async with dialled.sessions() as session:
            statement = change
            for name, rows in _ROWS.items():
                statement = statement.replace(name, rows)
            changed = await session.execute(sa.text(statement))
            assert getattr(changed, "rowcount", 0) == 1, change
            found = await _compared(session)
            await session.rollback()
        kinds = {each.kind for each in found.differences}
        assert (kinds, found.verdicts.different, found.claims.different) == expected, change


async def test_a_changed_record_is_named_with_the_facts_that_were_judged(dialled: Day) -> None:
    named = {}
    for sort in ("fact", "call", "score"):
        async with dialled.sessions() as session:
            await _rewrite(session, sort)
            named[sort] = (await _compared(session)).differences
            await session.rollback()

    first = named["fact"][0]
    assert first.kind is Kind.VERDICT
    assert first.recorded["rule"] == "allowed"
    assert first.comes_out["rule"] == "disputed"
    assert first.facts is not None
    assert first.facts["due"]["disputed"] is True
    assert Kind.CHOICE in {each.kind for each in named["fact"]}
    assert [each.kind for each in named["call"]] == [Kind.CHOICE]
    assert [each.kind for each in named["score"]] == [Kind.ORDER]


async def test_verdicts_under_a_pack_that_is_not_here_are_not_guessed_at(dialled: Day) -> None:
    shipped = shipped_packs()
    newer = [
        shipped.named(name).model_copy(update={"version": "2099.1"} if name == "CN" else {})
        for name in shipped.names
    ]
    before = await _replayed(dialled)
    found = await _replayed(dialled, packs=Packs(newer))

    assert found.differences == []
    assert dict(found.not_comparable) == {
        f"CN {shipped.named('CN').version}": before.verdicts.compared
    }
    assert found.claims.compared == 0


async def test_only_so_many_differences_are_named_and_all_are_counted(dialled: Day) -> None:
    async with dialled.sessions() as session:
        changed = await session.execute(sa.text("UPDATE verdict SET layer = 'law'"))
        found = await _compared(session, limit=2)
        await session.rollback()
    assert len(found.differences) == 2
    assert 2 < found.different == found.verdicts.different <= getattr(changed, "rowcount", 0)


async def test_a_day_without_records_is_empty(day: Day) -> None:
    assert (await _replayed(day)).is_empty


async def test_refills_leave_the_first_of_the_window_on_record(dialled: Day) -> None:
    rows = await dialled.rows(sa.select(WindowRecord.held, WindowRecord.first))
    assert rows
    for row in rows:
        assert 0 < len(row.first) <= min(20, row.held)
        scores = [score for _, score in row.first]
        assert scores == sorted(scores, reverse=True)
