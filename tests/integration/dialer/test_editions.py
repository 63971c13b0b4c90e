"""Editions of scripts: the next talk speaks the one in use, and the attempt says which."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.script_tables import ScriptEdition
from callback.workshop import LAST_SHIPPED, shipped_text
from customers.model import Language
from dialer.script_use import uses_of
from dialer.tables import AttemptDueCall
from scripts.interpreter import advance, start
from scripts.library import load_library
from scripts.model import Reply, ReplyKind
from scripts.samples import sample_plan
from tests.integration.dialer.day import Day, answers

_VERSION = LAST_SHIPPED + 1
_SAID = "Good day from {company}. Press 0 for a colleague, or 9 for no more calls."


async def _publish(session: AsyncSession) -> None:
    whole = (
        load_library()
        .get("repair")
        .model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"include"})
    )
    whole["steps"]["greeting"]["say"]["en"] = _SAID
    session.add(
        ScriptEdition(
            name="repair",
            version=_VERSION,
            text=shipped_text("repair"),
            whole=whole,
            published_at=datetime(2026, 1, 1, tzinfo=UTC),
            published_by="a test",
        )
    )


async def test_the_edition_in_use_is_spoken_and_noted_on_the_attempt(day: Day) -> None:
    await day.write(_publish)
    await day.repaired(await day.owner(answers("1", "1")))
    await day.build()
    await day.dial()
    assert any(each.startswith("Good day from") for each in day.bridge.spoken)
    (served,) = await day.rows(sa.select(AttemptDueCall.script_version))
    assert served.script_version == _VERSION
    async with day.sessions() as session:
        uses = await uses_of(session, "repair")
    assert uses[_VERSION].calls == 1


def test_a_talk_goes_on_with_the_edition_it_began_with() -> None:
    library = load_library()
    shipped = library.get("repair")
    plan = sample_plan(shipped, Language.MANDARIN)
    state, _ = start(library, plan)
    other = shipped.model_copy(update={"version": _VERSION, "steps": {}})
    library.add(other)
    _, turn = advance(library, state, Reply(kind=ReplyKind.KEYS, value="1"))
    assert turn.ask is not None
    assert library.get("repair") is other
