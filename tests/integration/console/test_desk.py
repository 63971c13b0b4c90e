"""The agent's desk through a call: offer, dial, answer, screen pop, hang up, wrap-up."""

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from api.model import ApiRole
from customers.tables import AuditEntry
from dialer.agents.tables import AgentStateChange, FloorCommand, PreviewSkip
from tests.integration.console.desk_floor import DeskFloor

NUMBER = "021 5108 2000"


@pytest.fixture
async def floor(database: AsyncEngine) -> DeskFloor:
    """Ten in the morning; agents see repairs before they ring, and Li is at work with a phone."""
    return await DeskFloor.with_a_repair(database)


@pytest.fixture
async def talking(floor: DeskFloor) -> DeskFloor:
    """Li speaks with an owner, whom they had shown before."""
    async with floor.tab("before") as tab:
        await tab.post("/desk/next")
        await tab.post("/desk/dial")
        await floor.work(0.6)
        await tab.look()
        assert tab.mark.startswith("call-")
    return floor


async def test_a_call_goes_from_its_offer_to_its_wrap_up_on_screen(floor: DeskFloor) -> None:
    async with floor.tab() as tab:
        assert tab.mark == "ready"
        await tab.post("/desk/next")
        assert tab.mark.startswith("offer-")
        assert "王小明" in tab.text
        assert "Ring Mr 王" in tab.text
        await tab.post("/desk/dial")
        await floor.work(0.6)
        page = await tab.look()
        assert tab.mark.startswith("call-")
        assert 'hx-get="/desk/step"' in page
        assert "On call" in page
        assert "王小明" in page
        assert (await tab.post("/desk/hang-up")).status_code == 200
        await floor.work(0.1)
        page = await tab.look()
        assert tab.mark.startswith("wrap-")
        assert 'hx-get="/desk/result"' in page
        assert "Wrap-up" in page


async def test_a_refresh_in_the_middle_of_a_call_shows_the_same(talking: DeskFloor) -> None:
    async with talking.tab("one") as one:
        before = one.text
        page = await one.browser.get("/desk")
        assert page.status_code == 200
        for part in ("who", "say", "know", "foot"):
            assert _part(page.text, part) == _part(before, part)
        again = await one.look()
    assert again == before


async def test_only_the_newest_page_speaks_and_the_older_may_take_it_back(
    floor: DeskFloor,
) -> None:
    async with floor.tab("old") as old, floor.tab("young") as young:
        assert 'data-holder="false"' in await old.look()
        refused = await old.post("/desk/break", reason="lunch")
        assert refused.status_code == 409
        assert (await old.post("/desk/beat")).json() == {"holder": False}
        assert await floor.states() == ["ready"]
        await old.take()
        assert (await old.post("/desk/break", reason="lunch")).status_code == 200
        assert await floor.states() == ["break"]
        assert (await young.post("/desk/ready")).status_code == 409


async def test_a_page_that_is_behind_does_nothing_to_what_it_does_not_show(
    floor: DeskFloor,
) -> None:
    async with floor.tab() as tab:
        await tab.post("/desk/next")
        behind = tab.mark
        await tab.post("/desk/skip", reason="bad_moment")
        tab.mark = behind
        assert (await tab.post("/desk/dial")).status_code == 409
    assert await floor.states() == ["ready"]


async def test_a_skip_is_written_down_with_its_reason_and_says_when_it_comes_back(
    floor: DeskFloor,
) -> None:
    async with floor.tab() as tab:
        await tab.post("/desk/next")
        assert "I must prepare first<small>comes back in 30 min</small>" in tab.text
        await tab.post("/desk/skip", reason="needs_preparation")
        assert tab.mark == "ready"
        assert "Everything you may call now is done" in tab.text
        assert (await tab.post("/desk/skip", reason="of my own")).status_code == 422
    (skipped,) = await floor.rows(sa.select(PreviewSkip.reason))
    assert skipped.reason.value == "needs_preparation"


async def test_an_agent_is_at_no_desk_but_their_own(floor: DeskFloor) -> None:
    other = await floor.agent("Wu")
    async with floor.tab() as tab:
        tab.browser.cookies.set("ownerline_desk_of", str(other))
        await tab.post("/desk/at", agent_id=str(other))
        await tab.post("/desk/break", reason="rest")
    assert await floor.states() == ["break", "ready"]


async def test_an_admin_chooses_a_desk_and_every_step_there_is_written_down(
    floor: DeskFloor,
) -> None:
    async with floor.house.browser(ApiRole.ADMIN) as browser:
        pick = await browser.get("/desk")
        assert "Whose desk" in pick.text
        sat = await browser.post("/desk/at", data={"agent_id": "1"})
        assert sat.headers["Location"] == "/desk"
        assert "Acting as Li" in (await browser.get("/desk")).text
        headers = {"X-Desk-Tab": "admins", "HX-Request": "true"}
        await browser.post("/desk/take", headers=headers)
        await browser.post("/desk/break", data={"reason": "meeting"}, headers=headers)
        assert (await browser.post("/desk/at", data={"agent_id": "99"})).status_code == 404
    acted = await floor.rows(sa.select(AuditEntry).where(AuditEntry.action == "acted_as_agent"))
    assert len(acted) == 2
    assert await floor.states() == ["break"]


async def test_a_look_at_the_file_is_on_the_audit_once_a_call_and_part(
    talking: DeskFloor,
) -> None:
    async with talking.tab() as tab:
        for _ in range(2):
            await tab.look()
            assert (await tab.get("/desk/know?tab=brief")).status_code == 200
            assert (await tab.get("/desk/know?tab=repairs")).status_code == 200
    looked = await talking.rows(
        sa.select(AuditEntry.detail)
        .where(AuditEntry.action == "looked_at")
        .order_by(AuditEntry.audit_entry_id)
    )
    of_call = [row.detail["part"] for row in looked if "attempt_id" in row.detail]
    assert of_call == ["desk_who", "desk_brief", "desk_repairs"]


async def test_names_and_notes_stay_text(floor: DeskFloor) -> None:
    nasty = "<script>alert(1)</script>"
    await floor.write(
        lambda session: session.execute(
            sa.text("UPDATE person SET name = :name, note = :name"), {"name": nasty}
        )
    )
    async with floor.tab() as tab:
        await tab.post("/desk/next")
        page = tab.text + (await tab.browser.get("/desk")).text
        page += (await tab.get("/desk/know")).text
    assert nasty not in page
    assert "&lt;script&gt;" in page


async def _press(floor: DeskFloor, path: str, **fields: str) -> str:
    """Press a control, let the dialer look, and return the page."""
    async with floor.tab() as tab:
        pressed = await tab.post(path, **fields)
        assert pressed.status_code == 200, pressed.text
        assert 'aria-busy="true"' in tab.text
        await floor.keeper.look()
        return await tab.look()


async def test_controls_do_what_they_say_and_show_how_it_stands(talking: DeskFloor) -> None:
    assert "Owner on hold" in await _press(talking, "/desk/hold")
    assert "Owner on hold" not in await _press(talking, "/desk/back")
    assert "Resume rec." in await _press(talking, "/desk/pause")
    assert "Pause rec." in await _press(talking, "/desk/record")
    assert "Three-way" in await _press(talking, "/desk/outside", number=NUMBER, leave="false")
    assert "Three-way" not in await _press(talking, "/desk/dismiss")


@pytest.mark.parametrize(
    ("path", "control"),
    [("/desk/hold", "hold"), ("/desk/pause", "pause"), ("/desk/dismiss", "transfer")],
)
async def test_what_could_not_be_done_stands_beside_its_control(
    talking: DeskFloor, path: str, control: str
) -> None:
    async with talking.tab() as tab:
        await tab.post(path)
        await talking.write(
            lambda session: session.execute(
                sa.update(FloorCommand).values(expires_at=sa.func.clock_timestamp())
            )
        )
        page = await tab.look()
    assert f'id="trouble-{control}"' in page
    assert "nothing that carries the call took it within 10 s" in page


async def test_the_bridges_own_refusal_is_told_word_for_word(talking: DeskFloor) -> None:
    await _press(talking, "/desk/hold")
    talking.bridge.moves_nothing = True
    page = await _press(talking, "/desk/back")
    assert "is not moved" in page
    assert "Owner on hold" in page


async def test_a_call_goes_to_a_colleague_who_is_ready_and_to_nobody_else(
    talking: DeskFloor,
) -> None:
    async with talking.tab() as tab:
        assert "No colleague is ready" in (await tab.get("/desk/transfer")).text
        wu = await talking.agent("Wu", endpoint="PJSIP/102")
        await talking.work(0.1)
        assert "Wu" in (await tab.get("/desk/transfer")).text
        assert (await tab.post("/desk/to-agent", to="99")).status_code == 409
        await tab.post("/desk/to-agent", to=str(wu))
        await talking.keeper.look()
        await tab.look()
        assert tab.mark == "ready"
    assert await talking.states() == ["ready", "on_call"]


@pytest.mark.parametrize(
    ("number", "told"),
    [("twelve", "is no number here"), ("110", "is no number here"), ("+12015550123", "refused")],
)
async def test_an_outside_number_is_judged_and_stays_typed(
    talking: DeskFloor, number: str, told: str
) -> None:
    async with talking.tab() as tab:
        answer = await tab.post("/desk/outside", number=number, leave="true")
    assert told in answer.text
    assert f'value="{number}"' in answer.text
    assert await talking.states() == ["on_call"]


async def test_more_time_to_write_is_given_and_seen(talking: DeskFloor) -> None:
    async with talking.tab() as tab:
        await tab.post("/desk/hang-up")
        await talking.work(0.1)
        await tab.look()
        assert (await tab.post("/desk/more-time")).status_code == 200
    (asked,) = await talking.rows(
        sa.select(AgentStateChange).where(AgentStateChange.why == "more_time")
    )
    await talking.work(3)
    assert await talking.states() == ["wrap_up"]
    assert asked is not None


async def test_who_was_lost_or_sent_away_is_told_why(floor: DeskFloor) -> None:
    async with floor.tab() as tab:
        await floor.vanish(1)
        await floor.until(floor.clock.now().replace(minute=30))
        await floor.sweep()
        assert "Nothing was heard of this page" in await tab.look()
        await tab.post("/desk/sit")
        assert tab.mark == "ready"
    async with floor.house.office.client(ApiRole.SUPERVISOR) as supervisor:
        sent = {"to": "break", "why": "the fire drill"}
        await supervisor.post("/agents/1/force", json=sent)
    async with floor.tab() as tab:
        assert "the fire drill" in tab.text


async def test_phone_trouble_is_told_in_words_and_rung_away(floor: DeskFloor) -> None:
    floor.floor.hang_up("agent-1")
    await floor.keeper.look()
    async with floor.tab() as tab:
        assert "Phone was hung up" in tab.text
        await tab.post("/desk/phone")
        await floor.work(0.2)
        assert "Phone is there" in await tab.look()


def _part(page: str, name: str) -> str:
    """Return the key of a part of a page."""
    return page.partition(f'id="{name}" data-part="')[2].partition('"')[0]
