"""The script an agent goes by on a call: begun when they meet the person, answered, gone back in.

Every change is of one row, held, and raises its counter: what was sent from an older page changes
nothing, and the same answer sent twice counts once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from callback.conduct import recording_under
from callback.tables import DueCall
from callback.uploaded_book import learn_campaigns, learn_scripts
from core.columns import AnyRow, table_of
from core.errors import OwnerlineError
from core.phone import PhoneNumber
from customers.model import RecordingConsent
from customers.tables import Community
from dialer.agents.desk import Desk
from dialer.agents.guide_path import (
    Answer,
    Place,
    base_of_plan,
    base_of_talk,
    dump_answer,
    has_script,
    is_handed_over,
    load_answer,
    read_reply,
    said_of_recording,
    spent,
    taken,
    walk,
    with_answer,
    with_news,
)
from dialer.agents.guide_tables import ANNOUNCED, CallGuide
from dialer.call_facts import load_matters
from dialer.model import Direction
from dialer.news import news_of
from dialer.plan import House, build_plan
from dialer.script_use import note_versions
from dialer.tables import Attempt, AttemptDueCall
from scripts.library import Library
from scripts.model import Reply, Speaker, TalkState
from scripts.state import load_state

log = structlog.get_logger(__name__)

_GUIDE, _ATTEMPT, _SERVED = table_of(CallGuide), table_of(Attempt), table_of(AttemptDueCall)
_DUE_CALL, _COMMUNITY = table_of(DueCall), table_of(Community)
_MOST_NOTE = 2000

_OF = sa.select(_GUIDE).where(_GUIDE.c.attempt_id == sa.bindparam("attempt_id"))
_HELD = _OF.with_for_update()
_IDENTIFIED = sa.select(_GUIDE.c.identified).where(
    _GUIDE.c.attempt_id == sa.bindparam("attempt_id")
)
_CALL = sa.select(_ATTEMPT.c.talk, _ATTEMPT.c.direction).where(
    _ATTEMPT.c.attempt_id == sa.bindparam("attempt_id")
)
_SERVES = (
    sa.select(_SERVED.c.due_call_id)
    .where(_SERVED.c.attempt_id == sa.bindparam("attempt_id"))
    .order_by(_SERVED.c.position)
)
_PLACES = (
    sa.select(_ATTEMPT.c.e164, _COMMUNITY.c.packs, _COMMUNITY.c.region)
    .join(_SERVED, _SERVED.c.attempt_id == _ATTEMPT.c.attempt_id)
    .join(_DUE_CALL, _DUE_CALL.c.due_call_id == _SERVED.c.due_call_id)
    .join(_COMMUNITY, _COMMUNITY.c.community_id == _DUE_CALL.c.community_id)
    .where(_ATTEMPT.c.attempt_id == sa.bindparam("attempt_id"))
)
_WRITE = sa.update(_GUIDE).where(_GUIDE.c.attempt_id == sa.bindparam("of_attempt"))


class NoSuchGuideError(OwnerlineError):
    """A call is on no agent's screen; its page has to be opened first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Guide:
    """A call's guide as it stands; `places` is empty where no script can be followed."""

    attempt_id: UUID
    counter: int
    note: str
    drafts: Mapping[str, Any]
    base: Mapping[str, Any]
    answers: Sequence[Answer]
    typed: Mapping[str, str]  # what was typed at a step, and `pay_by` beside those of a promise
    wrong_proofs: int
    library: Library
    places: Sequence[Place]

    @property
    def here(self) -> Place | None:
        """Where the talk stands."""
        return self.places[-1] if self.places else None

    @property
    def is_handed_over(self) -> bool:
        """Whether a script spoke with the owner before the agent did."""
        return is_handed_over(self.base)

    @property
    def is_announced(self) -> bool:
        """Whether the line tells both, before they speak, that the call is recorded."""
        return bool(self.base.get(ANNOUNCED))


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A guide after somebody sent something, and what became of it.

    `was_late`: it came from an older page and changed nothing. `refused`: the value cannot be, and
    this is what the script says of it; nothing was changed either. `may_record`: what the owner has
    just said to whether the call may be recorded; one who has taken it back has said no.
    """

    guide: Guide
    was_late: bool = False
    refused: str | None = None
    may_record: bool | None = None


async def is_identified(session: AsyncSession, attempt_id: UUID) -> bool:
    """Say whether the owner on an agent's call has passed the strong identity check."""
    return bool(await session.scalar(_IDENTIFIED, {"attempt_id": attempt_id}))


async def find_guide(session: AsyncSession, attempt_id: UUID, *, desk: Desk) -> Guide | None:
    """Return a call's guide; None: none was begun."""
    row = (await session.execute(_OF, {"attempt_id": attempt_id})).one_or_none()
    return None if row is None else await _guide(session, row, desk=desk)


async def open_guide(
    session: AsyncSession, attempt_id: UUID, *, desk: Desk, house: House, now: datetime
) -> Guide:
    """Return a call's guide, begun now where there is none.

    A talk that a script handed over goes on where it stood.
    """
    found = await find_guide(session, attempt_id, desk=desk)
    if found is not None:
        return found
    base = await _beginning(session, attempt_id, desk=desk, house=house, now=now)
    identified = False
    if has_script(base):
        places = _walked(desk.settlement.library, base, ())[1]
        identified = bool(places) and places[-1].is_identified
        base = with_answer(base, places)
    await session.execute(
        insert(_GUIDE)
        .values(
            attempt_id=attempt_id,
            began_at=now,
            changed_at=now,
            base=base,
            identified=identified,
        )
        .on_conflict_do_nothing(index_elements=["attempt_id"])
    )
    row = (await session.execute(_OF, {"attempt_id": attempt_id})).one()
    return await _guide(session, row, desk=desk)


async def answer(
    session: AsyncSession,
    attempt_id: UUID,
    given: Reply,
    *,
    counter: int,
    typed: Mapping[str, str] | None = None,
    desk: Desk,
    now: datetime,
) -> Step:
    """Take an answer to the present step, with what the file tells by now.

    `typed` is kept by its names, for when the step is shown again. Of an identity check the reply
    has the digits said; they are kept nowhere.

    Raises:
        NoSuchGuideError: no guide was begun.
    """
    guide = await _held(session, attempt_id, desk=desk)
    here = guide.here
    if guide.counter != counter or here is None or here.state.ended:
        return Step(guide=guide, was_late=True)
    taking = read_reply(guide.library, here, given, wrong_before=guide.wrong_proofs)
    if isinstance(taking, str):
        return Step(guide=guide, refused=taking)
    facts, withdrawn = await news_of(session, here.state, now=now)
    taking = with_news(taking, facts, withdrawn)
    state, turn = taken(guide.library, here.state, taking)
    place = Place(number=here.number + 1, state=state, turn=turn)
    after = replace(
        guide,
        counter=guide.counter + 1,
        answers=(*guide.answers, taking),
        typed={**guide.typed, **(typed or {})},
        places=(*guide.places, place),
        wrong_proofs=guide.wrong_proofs + (taking.is_right is False),
        drafts={},
    )
    await _write(session, after, now=now)
    return Step(guide=after, may_record=said_of_recording(guide.here, after.here))


async def go_back(
    session: AsyncSession,
    attempt_id: UUID,
    *,
    to: int,
    counter: int,
    typed: Mapping[str, str] | None = None,
    desk: Desk,
    now: datetime,
) -> Step:
    """Go back to where the talk stood after `to` answers: the later ones are taken away.

    What was typed stays, and `typed` with it, for when their steps are shown again.

    Raises:
        NoSuchGuideError: no guide was begun.
    """
    guide = await _held(session, attempt_id, desk=desk)
    if guide.counter != counter or not 0 <= to < len(guide.places):
        return Step(guide=guide, was_late=True)
    after = replace(
        guide,
        counter=guide.counter + 1,
        answers=guide.answers[:to],
        typed={**guide.typed, **(typed or {})},
        places=guide.places[: to + 1],
        drafts={},
    )
    await _write(session, after, now=now)
    return Step(guide=after, may_record=said_of_recording(guide.here, after.here))


async def keep_note(session: AsyncSession, attempt_id: UUID, note: str, *, now: datetime) -> None:
    """Keep what an agent writes beside the call, as it is by now; the last word counts."""
    await _change(session, attempt_id, {"note": note[:_MOST_NOTE], "changed_at": now})


async def keep_draft(
    session: AsyncSession,
    attempt_id: UUID,
    drafts: Mapping[int, Mapping[str, Any]],
    *,
    desk: Desk,
    now: datetime,
) -> Guide:
    """Keep what an agent wants to write for due calls instead of what the script came to.

    Raises:
        NoSuchGuideError: no guide was begun.
    """
    guide = await _held(session, attempt_id, desk=desk)
    kept = {**guide.drafts, **{str(key): dict(each) for key, each in drafts.items()}}
    await _change(session, attempt_id, {"drafts": kept, "changed_at": now})
    return replace(guide, drafts=kept)


async def close_guide(session: AsyncSession, attempt_id: UUID, *, now: datetime) -> None:
    """Forget what was said once it is written down; which scripts were spoken stays."""
    row = (await session.execute(_HELD, {"attempt_id": attempt_id})).one_or_none()
    if row is not None:
        bare = {"base": spent(row.base), "answers": [], "typed": {}, "note": "", "drafts": {}}
        await _change(session, attempt_id, {**bare, "counter": row.counter + 1, "changed_at": now})


async def _beginning(
    session: AsyncSession, attempt_id: UUID, *, desk: Desk, house: House, now: datetime
) -> dict[str, Any]:
    of_call = {"attempt_id": attempt_id}
    call = (await session.execute(_CALL, of_call)).one_or_none()
    due_call_ids = list((await session.execute(_SERVES, of_call)).scalars())
    if call is None or not due_call_ids:
        return {}
    library = desk.settlement.library
    talk: Mapping[str, Any] = call.talk or {}
    if "state" in talk:
        state = await _with_consent(session, attempt_id, load_state(talk["state"]), desk=desk)
        scripts = [each.script for each in state.plan.sections]
        await learn_scripts(session, scripts, library, versions=state.position["versions"])
        return base_of_talk(state)
    matters = await load_matters(session, due_call_ids, now=now)
    due_calls = [each.due_call for each in matters]
    await learn_campaigns(session, [each.campaign for each in due_calls], desk.campaigns)
    await learn_scripts(session, [each.script for each in due_calls], library)
    standing = [each for each in matters if each.subject.reason_holds]
    if not standing:
        return {}
    consent = await _consent(session, attempt_id, desk=desk)
    plan = build_plan(
        standing,
        house=replace(house, agents_available=True),
        now=now,
        recording=_asked_by_agent(consent),
        inbound=call.direction is Direction.INBOUND,
    )
    base = base_of_plan(library, replace(plan, speaker=Speaker.AGENT))
    await note_versions(session, attempt_id, base["versions"])
    return {**base, ANNOUNCED: consent is RecordingConsent.ANNOUNCE}


async def _with_consent(
    session: AsyncSession, attempt_id: UUID, state: TalkState, *, desk: Desk
) -> TalkState:
    """Let the agent ask for the recording where the script has not; what it asked is answered."""
    if state.plan.recording is not RecordingConsent.NEVER:
        return state
    consent = await _consent(session, attempt_id, desk=desk)
    return replace(state, plan=replace(state.plan, recording=_asked_by_agent(consent)))


async def _consent(session: AsyncSession, attempt_id: UUID, *, desk: Desk) -> RecordingConsent:
    """Return what the recording of an agent's call needs; `never` also where none are recorded."""
    if not desk.records:
        return RecordingConsent.NEVER
    rows = (await session.execute(_PLACES, {"attempt_id": attempt_id})).all()
    country = PhoneNumber(rows[0].e164).region if rows else None
    return recording_under(desk.packs, [(row.packs, row.region) for row in rows], country)


def _asked_by_agent(consent: RecordingConsent) -> RecordingConsent:
    """Return what an agent says of it: they ask; what is announced both hear from the line."""
    return consent if consent is RecordingConsent.ASK else RecordingConsent.NEVER


async def _held(session: AsyncSession, attempt_id: UUID, *, desk: Desk) -> Guide:
    row = (await session.execute(_HELD, {"attempt_id": attempt_id})).one_or_none()
    if row is None:
        message = f"call {attempt_id} is on no agent's screen yet; open its page"
        raise NoSuchGuideError(message)
    return await _guide(session, row, desk=desk)


async def _guide(session: AsyncSession, row: AnyRow, *, desk: Desk) -> Guide:
    library, answers = desk.settlement.library, tuple(load_answer(each) for each in row.answers)
    places: Sequence[Place] = ()
    if has_script(row.base):
        versions = row.base["versions"]
        await learn_scripts(session, list(versions), library, versions=versions)
        library, places = _walked(library, row.base, answers)
    return Guide(
        attempt_id=row.attempt_id,
        counter=row.counter,
        note=row.note,
        drafts=row.drafts,
        base=row.base,
        answers=answers,
        typed=row.typed,
        wrong_proofs=row.wrong_proofs,
        library=library,
        places=places,
    )


def _walked(
    library: Library, base: Mapping[str, Any], answers: Sequence[Answer]
) -> tuple[Library, Sequence[Place]]:
    try:
        return walk(library, base, answers)
    except OwnerlineError as err:  # a script that changed, or speaks of what the file has not
        log.warning("guide_not_followed", reason=str(err))
        return library, ()


async def _write(session: AsyncSession, guide: Guide, *, now: datetime) -> None:
    await _change(
        session,
        guide.attempt_id,
        {
            "base": with_answer(guide.base, guide.places),
            "answers": [dump_answer(each) for each in guide.answers],
            "typed": dict(guide.typed),
            "counter": guide.counter,
            "wrong_proofs": guide.wrong_proofs,
            "drafts": dict(guide.drafts),
            "identified": guide.here is not None and guide.here.is_identified,
            "changed_at": now,
        },
    )


async def _change(session: AsyncSession, attempt_id: UUID, values: Mapping[str, Any]) -> None:
    await session.execute(_WRITE, {"of_attempt": attempt_id, **values})
