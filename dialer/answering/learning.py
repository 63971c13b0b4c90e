"""Learning from the attempts on file: counted in the database, owners read a block at a time.

What it holds in memory does not grow with the attempts: counts of the communities' hours, a sample
of owners, one block of attempts, and a line of text for each owner.
"""

from asyncio import to_thread
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

import numpy as np
import sqlalchemy as sa
from psycopg import AsyncConnection
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.answering.fit import Fit, fit_of, owners_by, rung_of
from dialer.answering.history import Whole
from dialer.answering.usual import KINDS, Coded, Usual, code_sql, usual_of
from dialer.scoring import Scoring

# A person picked up, be it that nobody of ours was there. `a` is the attempt.
ANSWERED = """
    (a.telephony_result IN ('answered', 'abandoned') AND a.answered_by IS DISTINCT FROM 'machine')
"""
# What rang at somebody's: the others say nothing of who is at home.
RANG = """
    a.direction = 'outbound'
    AND a.telephony_result IN ('answered', 'abandoned', 'machine', 'busy', 'no_answer', 'rejected')
"""

_SAMPLE = 60_000  # attempts that the spread of owners is learned from
_BLOCK_BITS = 10  # of so many people's ids the attempts are read at once, to the power of two

_CODE = code_sql(
    kind="coalesce(array_position(CAST(:kinds AS text[]), CAST(phone.kind AS text)),"
    " cardinality(CAST(:kinds AS text[]))) - 1",
    weekend="extract(isodow FROM local.at) > 5",
    hour="CAST(extract(hour FROM local.at) AS int)",
    held_out="a.started_at > :held_out_since",
    answered=ANSWERED,
)
_GATHER = sa.text(f"""
    CREATE TEMP TABLE rung ON COMMIT DROP AS
    SELECT a.person_id, dc.community_id, {_CODE} AS code
    FROM attempt a
    JOIN attempt_due_call adc ON adc.attempt_id = a.attempt_id AND adc.position = 0
    JOIN due_call dc USING (due_call_id)
    JOIN community USING (community_id)
    JOIN phone ON phone.phone_id = a.phone_id
    CROSS JOIN LATERAL (SELECT a.started_at AT TIME ZONE community.time_zone AS at) AS local
    WHERE {RANG} AND a.started_at > :since AND a.started_at <= :until
""")  # noqa: S608 - the parts are constants of ours
_COUNTS = sa.text("""
    SELECT community_id, code, count(*) AS attempts
    FROM rung
    GROUP BY community_id, code
    ORDER BY community_id, code
""")
# One row a block of people, so that nobody is in two; within it the attempts lie as they come.
_ATTEMPTS = sa.text("""
    SELECT string_agg(int8send(person_id) || int8send(community_id) || int4send(code), '')
    FROM rung
    WHERE abs(hashint8(person_id) % 1000) < :share
    GROUP BY person_id >> :block_bits
    ORDER BY person_id >> :block_bits
""")
_ATTEMPT = np.dtype([("person", ">i8"), ("community", ">i8"), ("code", ">i4")])
_DONE = sa.text("DROP TABLE rung")
_FORGET_OWNERS = sa.text("DELETE FROM answer_owner")
_KEEP_OWNERS = "COPY answer_owner (person_id, attempts, answers, slopes, shifts) FROM STDIN"


@dataclass(frozen=True, kw_only=True, slots=True)
class Learned:
    """What was learned; each owner's own is on file already."""

    usual: Usual
    fit: Fit
    attempts: int
    owners: int


async def learn_from(
    session: AsyncSession,
    *,
    since: datetime,
    held_out_since: datetime,
    until: datetime,
    rules: Scoring,
) -> Learned:
    """Learn from the attempts of a period, and write what is each owner's own.

    Those after `held_out_since` only set right what the earlier ones foretell of them, until all is
    learned anew from all of them.
    """
    await session.execute(
        _GATHER,
        {
            "kinds": [kind.value for kind in KINDS],
            "since": since,
            "held_out_since": held_out_since,
            "until": until,
        },
    )
    counted = (await session.execute(_COUNTS)).all()
    places = Coded(
        community=np.array([row.community_id for row in counted], dtype=np.int64),
        code=np.array([row.code for row in counted], dtype=np.int64),
    )
    counts = np.array([row.attempts for row in counted], dtype=np.int64)
    attempts = int(counts.sum())
    usual, before = await to_thread(_usual_of_both, places, counts, rules)
    person, given = await _sample(session, attempts)
    found = await to_thread(fit_of, person, given, before=before, usual=usual)
    owners = await _learn_owners(session, usual, found)
    await session.execute(_DONE)
    return Learned(usual=usual, fit=found, attempts=attempts, owners=owners)


def _usual_of_both(places: Coded, counts: Whole, rules: Scoring) -> tuple[Usual, Usual]:
    """Return what is usual by all attempts, and by those before the days held out."""
    early = ~places.held_out
    before = Coded(community=places.community[early], code=places.code[early])
    given: dict[str, Any] = {"prior": rules.answer_chance, "learning": rules.learning}
    return usual_of(places, counts, **given), usual_of(before, counts[early], **given)


async def _sample(session: AsyncSession, attempts: int) -> tuple[Whole, Coded]:
    """Return the attempts at some owners, about so many that `_SAMPLE` is reached."""
    share = min(1000, ceil(1000 * _SAMPLE / max(1, attempts)))
    return _columns([block async for block in _blocks(session, share)])


async def _learn_owners(session: AsyncSession, usual: Usual, fit: Fit) -> int:
    """Write each owner's line; return of how many."""
    lines = [
        line
        async for block in _blocks(session, 1000)
        for line in await to_thread(_owner_lines, block, usual, fit)
    ]
    await session.execute(_FORGET_OWNERS)
    driver = await _driver(session)
    async with driver.cursor() as cursor, cursor.copy(_KEEP_OWNERS) as copy:
        for line in lines:
            await copy.write(line)
    return len(lines)


def _owner_lines(block: bytes, usual: Usual, fit: Fit) -> list[bytes]:
    """Return the owners of a block as COPY reads them."""
    person, given = _columns([block])
    rung = rung_of(person, given, usual)
    found = owners_by(fit, rung)
    people = np.unique(person).tolist()
    attempts = np.bincount(rung.owner, minlength=rung.owners).tolist()
    answers = np.bincount(rung.owner, weights=rung.answered, minlength=rung.owners).tolist()
    return [
        f"{person_id}\t{rang}\t{answered:.0f}\t{_array(slopes)}\t{_array(shifts)}\n".encode()
        for person_id, rang, answered, slopes, shifts in zip(
            people, attempts, answers, found.slopes.tolist(), found.shifts.tolist(), strict=True
        )
    ]


def _array(values: list[float]) -> str:
    return "{" + ",".join(f"{each:.5g}" for each in values) + "}"


async def _blocks(session: AsyncSession, share: int) -> AsyncIterator[bytes]:
    """Yield the attempts at so many of a thousand owners, a block of owners after the other."""
    blocks = await session.stream_scalars(
        _ATTEMPTS,
        {"share": share, "block_bits": _BLOCK_BITS},
        execution_options={"yield_per": 1},
    )
    async for block in blocks:
        yield block


def _columns(blocks: Sequence[bytes]) -> tuple[Whole, Coded]:
    """Return who was rung, and what is known of it."""
    rows = np.frombuffer(b"".join(blocks), dtype=_ATTEMPT)
    return rows["person"].astype(np.int64), Coded(
        community=rows["community"].astype(np.int64), code=rows["code"].astype(np.int64)
    )


async def _driver(session: AsyncSession) -> AsyncConnection[Any]:
    raw = await (await session.connection()).get_raw_connection()
    driver = raw.driver_connection
    if not isinstance(driver, AsyncConnection):
        message = f"learning needs psycopg's own connection, not {type(driver).__name__}"
        raise TypeError(message)
    return driver
