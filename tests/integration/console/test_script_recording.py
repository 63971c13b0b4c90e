"""What an agent asks before the recording, and what the owner's answer does to it."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.campaigns import Dialling
from callback.packs import Packs, shipped_packs
from customers.model import Language, RecordingConsent
from dialer.agents.tables import FloorCommand
from tests.integration.console.desk_floor import DeskFloor, Tab
from tests.integration.dialer.agents.floor import agents_campaigns
from tests.integration.dialer.day import answers
from tests.unit.api.forms import form_of

ASKED = {
    Language.ENGLISH: "so that we can be held to what we say. Do you agree?",
    Language.MANDARIN: "我们希望对本次通话录音，您同意吗？",
}
_COMMANDS = sa.select(FloorCommand.kind).order_by(FloorCommand.command_id)


def _packs(consent: RecordingConsent) -> Packs:
    """Return the shipped packs, all with this before a call is recorded."""
    shipped = shipped_packs()
    packs = []
    for name in shipped.names:
        pack = shipped.named(name)
        recording = pack.law.recording.model_copy(update={"consent": consent})
        law = pack.law.model_copy(update={"recording": recording})
        packs.append(pack.model_copy(update={"law": law}))
    return Packs(packs)


async def _speaking(
    database: AsyncEngine,
    consent: RecordingConsent,
    *,
    records: bool = True,
    language: Language = Language.ENGLISH,
) -> DeskFloor:
    floor = await DeskFloor.opened(database, campaigns=agents_campaigns(Dialling.PROGRESSIVE))
    await floor.repaired(await floor.owner(answers(), language=language))
    app = floor.house.office.app
    desk = replace(app.state.deps.desk, packs=_packs(consent), records=records)
    app.state.deps = replace(app.state.deps, desk=desk)
    await floor.speaks()
    return floor


async def _press(tab: Tab, choice: str) -> str:
    """Answer the step that is shown."""
    sent = form_of((await tab.get("/desk/step")).text, "step").press(choice)
    return (await tab.post("/desk/step", **sent)).text


async def _asked_for(floor: DeskFloor) -> list[str]:
    return [row.kind.value for row in await floor.rows(_COMMANDS)]


@pytest.mark.parametrize("language", list(Language))
async def test_where_a_yes_is_needed_it_is_asked_first_and_a_yes_begins_the_recording(
    database: AsyncEngine, language: Language
) -> None:
    floor = await _speaking(database, RecordingConsent.ASK, language=language)
    async with floor.tab() as tab:
        assert ASKED[language] in (await tab.get("/desk/step")).text
        refused = await tab.post("/desk/record")
        assert refused.status_code == 409
        assert "owner has not agreed to be recorded" in refused.text
        assert await _asked_for(floor) == []
        assert ASKED[language] not in await _press(tab, "1")
        assert await _asked_for(floor) == ["resume_recording"]
        await tab.post("/desk/step/back", counter="1", to="0")
        assert await _asked_for(floor) == ["resume_recording", "pause_recording"]


@pytest.mark.parametrize("answer", ["2", "silence"])
async def test_a_no_stops_the_recording_and_the_talk_goes_on(
    database: AsyncEngine, answer: str
) -> None:
    floor = await _speaking(database, RecordingConsent.ASK)
    async with floor.tab() as tab:
        page = await _press(tab, answer)
        assert "Very well, this call is not recorded." in page
        assert "Am I speaking to" in page
        assert await _asked_for(floor) == ["pause_recording"]
        assert (await tab.post("/desk/record")).status_code == 409
        assert await _asked_for(floor) == ["pause_recording"]


@pytest.mark.parametrize(
    ("consent", "records"),
    [
        (RecordingConsent.ASK, False),
        (RecordingConsent.NEVER, True),
        (RecordingConsent.ONE_PARTY, True),
        (RecordingConsent.ANNOUNCE, True),
    ],
)
async def test_where_no_yes_is_needed_none_is_asked_for(
    database: AsyncEngine, consent: RecordingConsent, records: bool
) -> None:
    floor = await _speaking(database, consent, records=records)
    async with floor.tab() as tab:
        page = (await tab.get("/desk/step")).text
        assert "Am I speaking to" in page
        assert ("The line says" in page) is (consent is RecordingConsent.ANNOUNCE)
        assert "press F9" not in await _press(tab, "1")
        assert await _asked_for(floor) == []


async def test_of_what_is_not_recorded_the_line_says_nothing(database: AsyncEngine) -> None:
    floor = await _speaking(database, RecordingConsent.ANNOUNCE, records=False)
    async with floor.tab() as tab:
        assert "The line says" not in (await tab.get("/desk/step")).text
