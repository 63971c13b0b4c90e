"""What the demo's console has to show beside calls: teams, recordings, requests, a quality sample.

Recordings hold tones instead of voices and are named as invented; they go through the recordings
room's own door, as those of a bridge do.
"""

import asyncio
import math
import tempfile
import wave
from array import array
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow
from core.money import Money
from core.settings import Settings
from customers.accounts import request_extension
from customers.desk import add_note
from customers.model import RecordingConsent
from customers.people import opt_out
from customers.waiver_tables import WaiverKind
from customers.waivers import ask_waiver
from dialer.agents.portfolio import assign_portfolio
from dialer.agents.teams import Place, place_agent
from dialer.quality import Draw, NothingToDrawError, draw
from ownerline.books import campaigns_of
from ownerline.demo.complaining import complain
from ownerline.recorded import store_of
from ownerline.runtime import Runtime
from recordings.collecting import collect
from recordings.model import WHOLE_CALL, shipped_retention
from recordings.quality_model import shipped_quality
from recordings.service import Begun, Call, owe
from recordings.sources import FileSource

BY = "demo"
_TEAMS = (("一组", ("缴费", "分期")), ("二组", ("报修", "投诉")))
_MOST_RECORDINGS = 12
_RATE = 8_000
_TURN_S = (2.0, 5.0)
_LONGEST_S = 45.0
_LOUDNESS = 7_000
_WAIVERS, _EXTENSIONS = 2, 2

_TALKS = sa.text("""
    SELECT attempt_id, person_id, coalesce(met_at, answered_at) AS met_at, ended_at
    FROM attempt
    WHERE state = 'ended' AND answered_by = 'human' AND answered_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM recording WHERE recording.attempt_id = attempt.attempt_id)
    ORDER BY (met_at IS NOT NULL) DESC, answered_at DESC, attempt_id
    LIMIT :most
""")
_FEES = sa.text("""
    SELECT charge_id, liable_person_id, late_fee_minor, currency
    FROM charge
    WHERE late_fee_minor > 1000 AND amount_minor > paid_minor AND liable_person_id IS NOT NULL
      AND disputed_at IS NULL
      AND NOT EXISTS (SELECT FROM waiver WHERE waiver.charge_id = charge.charge_id)
      AND NOT EXISTS (SELECT FROM extension e WHERE e.charge_id = charge.charge_id)
    ORDER BY late_fee_minor DESC, charge_id
    LIMIT :most
""")
_NEIGHBOURS = sa.text("""
    SELECT person_id FROM person
    WHERE NOT EXISTS (SELECT FROM charge WHERE liable_person_id = person.person_id)
      AND deceased_at IS NULL
    ORDER BY person_id
    LIMIT 6
""")
_SAID = (  # of people who owe nothing, as colleagues wrote it down
    "表扬：三号楼门岗小赵冒雨帮忙搬行李，非常感谢。",
    "表扬：上次漏水处理得很快，师傅还把地拖干净了。",
)


async def furnish(runtime: Runtime, *, now: datetime, live_from: datetime) -> None:
    """Fill the rooms of a console whose company has lived a day, for the day that begins.

    Args:
        runtime: of the demo's home.
        now: an instant after the last call of the day before.
        live_from: when the day that is served begins.
    """
    async with runtime.sessions.begin() as session:
        await _place(session, now=live_from)
        await _ask(session, now=now)
        await _write_down(session, now=now)
        await complain(session, now=now)
        talks = (await session.execute(_TALKS, {"most": _MOST_RECORDINGS})).all()
    for talk in talks:
        await _record(runtime, talk, now=now)
    async with runtime.sessions.begin() as session:
        await _draw(session, runtime.settings, now=now)


async def _place(session: AsyncSession, *, now: datetime) -> None:
    """Give agents their teams and skills, and owners their agents."""
    agents = await session.scalars(sa.text("SELECT agent_id FROM agent ORDER BY agent_id"))
    for number, agent_id in enumerate(agents.all()):
        team, skills = _TEAMS[number % len(_TEAMS)]
        place = Place(team=team, skills=skills, languages=(), weight=1.0)
        await place_agent(session, agent_id, place, by=BY, now=now)
    communities = await session.scalars(sa.text("SELECT community_id FROM community ORDER BY 1"))
    for community_id in communities.all():
        await assign_portfolio(session, community_id=community_id, now=now)


async def _ask(session: AsyncSession, *, now: datetime) -> None:
    """Let owners ask for what a supervisor decides."""
    rows = (await session.execute(_FEES, {"most": _WAIVERS + _EXTENSIONS})).all()
    for nth, row in enumerate(rows):
        if nth < _WAIVERS:
            await ask_waiver(
                session,
                person_id=row.liable_person_id,
                charge_id=row.charge_id,
                kind=WaiverKind.LATE_FEE,
                amount=Money(amount_minor=row.late_fee_minor, currency=row.currency),
                because="住院期间没收到账单，愿意今天付清本金",
                asked_by="陈洁",
                limit_minor=0,
                now=now,
            )
        else:
            await request_extension(
                session,
                person_id=row.liable_person_id,
                charge_ids=[row.charge_id],
                until=(now + timedelta(days=14)).date(),
                attempt_id=None,
                now=now,
            )


async def _write_down(session: AsyncSession, *, now: datetime) -> None:
    """Let people complain and praise, and one of them be called no more."""
    people = (await session.scalars(_NEIGHBOURS)).all()
    for person_id, text in zip(people, _SAID, strict=False):
        await add_note(session, person_id=person_id, written_by="陈洁", text=text, now=now)
    if len(people) > len(_SAID):
        await opt_out(session, person_id=people[len(_SAID)], said_by="owner", how="letter", now=now)


async def _record(runtime: Runtime, talk: AnyRow, *, now: datetime) -> None:
    """Lay an invented recording of a talk into the store, as one that a bridge has left."""
    recording_id = uuid5(NAMESPACE_URL, f"ownerline-demo:{talk.attempt_id}")
    seconds = min(_LONGEST_S, max(4.0, (talk.ended_at - talk.met_at).total_seconds()))
    async with runtime.sessions.begin() as session:
        begun = Begun(
            name=WHOLE_CALL,
            location=f"invented:{talk.attempt_id}",
            started_at=talk.met_at,
            told_at=talk.ended_at,
            consent=RecordingConsent.ANNOUNCE,
        )
        call = Call(attempt_id=talk.attempt_id, person_id=talk.person_id)
        recording_id = await owe(session, recording_id, call, begun)
    with tempfile.TemporaryDirectory(prefix="ownerline-demo-") as folder:
        sides = Path(folder, "owner.wav"), Path(folder, "house.wav")
        await asyncio.to_thread(_sing, sides, seconds, Random(str(talk.attempt_id)))
        await collect(
            runtime.sessions,
            store_of(runtime.settings),
            recording_id,
            FileSource(sides),
            rules=shipped_retention(),
            now=now,
        )


def _sing(sides: tuple[Path, Path], seconds: float, rng: Random) -> None:
    """Write two channels that take turns: a low tone is the owner, a high one the house."""
    frames = int(seconds * _RATE)
    owner, house = array("h", bytes(2 * frames)), array("h", bytes(2 * frames))
    at, speaks, rests, tone = 0, house, owner, 330.0
    while at < frames:
        until = min(frames, at + int(rng.uniform(*_TURN_S) * _RATE))
        for frame in range(at, until - _RATE // 4):
            swell = 0.55 + 0.45 * math.sin(frame * 18 / _RATE)
            speaks[frame] = int(_LOUDNESS * swell * math.sin(frame * tone * math.tau / _RATE))
        at, speaks, rests = until, rests, speaks
        tone = 550.0 - tone
    for path, samples in zip(sides, (owner, house), strict=True):
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(_RATE)
            file.writeframes(samples.tobytes())


async def _draw(session: AsyncSession, settings: Settings, *, now: datetime) -> None:
    """Draw the month's quality sample; where nobody has talked there is none."""
    wanted = Draw(
        month=now.date().replace(day=1),
        seed=1,
        by=BY,
        rules=shipped_quality(),
        rest_days=campaigns_of(settings).survey.rest_days,
        time_zone=settings.time_zone,
    )
    try:
        async with session.begin_nested():
            await draw(session, wanted, now=now)
    except NothingToDrawError:
        return
