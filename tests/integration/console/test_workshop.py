"""The script workshop: drafts are checked, published editions are spoken, a walk goes as a call."""

import re

import httpx
import pytest

from api.model import ApiRole
from callback.editions import use_present_editions
from callback.workshop import LAST_SHIPPED, shipped_text
from scripts.library import load_library
from tests.integration.console.house import House

_NEW = {
    "mandarin": "您好，<b>维修</b>的事想听听您的意见。",
    "english": "Hello, we ring about the <b>repair</b>.",
}


def _hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found is not None, name
    return found[1]


async def _draft(browser: httpx.AsyncClient, name: str = "repair") -> str:
    await browser.post(f"/scripts/{name}/draft")
    page = await browser.get(f"/scripts/{name}")
    return _hidden(page.text, "saves")


async def test_every_script_is_shown_with_its_steps_and_no_findings(house: House) -> None:
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        for name, script in load_library().scripts.items():
            page = await browser.get(f"/scripts/{name}")
            assert page.status_code == 200
            assert page.text.count('<li id="step-') == len(script.steps)
            assert "Every check passed" in page.text


async def test_words_changed_by_the_form_are_checked_before_they_are_published(
    house: House,
) -> None:
    async with house.browser() as browser:
        saves = await _draft(browser)
        given = {**_NEW, "step": "greeting", "saves": saves}
        saved = await browser.post("/scripts/repair/words", data=given)
        assert saved.headers["Location"] == "/scripts/repair?step=greeting"
        page = await browser.get("/scripts/repair?step=greeting")
        assert "&lt;b&gt;repair&lt;/b&gt;" in page.text
        refused = await browser.post(
            "/scripts/repair/publish", data={"saves": _hidden(page.text, "saves")}
        )
        assert refused.status_code == 422  # the opening names neither the company nor the way out
    assert "findings; mend them first" in refused.text


async def test_an_edition_in_use_is_what_the_next_talk_speaks(house: House) -> None:
    text = shipped_text("repair") + "\n# a word of the house's own\n"
    async with house.browser() as browser:
        saves = await _draft(browser)
        await browser.post("/scripts/repair/edit", data={"saves": saves, "text": text})
        saves = str(int(saves) + 1)
        done = await browser.post("/scripts/repair/publish", data={"saves": saves})
        assert done.status_code == 303
        library = load_library()
        async with house.office.deps.sessions() as session:
            await use_present_editions(session, ["repair", "survey"], library)
        assert library.get("repair").version == LAST_SHIPPED + 1
        assert library.get("survey").version < LAST_SHIPPED
        begun = load_library().get("repair")
        assert library.at({"repair": begun.version}).get("repair") == begun
        page = await browser.get("/scripts/repair")
        assert f"v{LAST_SHIPPED + 1} in use" in page.text
        compared = await browser.get(f"/scripts/repair/compare/{begun.version}")
        assert "<ins>+ # a word of the house&#39;s own</ins>" in compared.text
        again = await browser.post("/scripts/repair/use", data={"version": begun.version})
        assert again.status_code == 303
        async with house.office.deps.sessions() as session:
            await use_present_editions(session, ["repair"], library)
        assert library.get("repair").version == begun.version
    audited = await house.office.one(
        "SELECT count(*) FROM audit_entry WHERE subject = 'script:repair'"
    )
    assert audited == 2


async def test_two_authors_do_not_overwrite_one_another(house: House) -> None:
    async with house.browser() as browser:
        saves = await _draft(browser)
        first = {"saves": saves, "text": "name: repair\n"}
        assert (await browser.post("/scripts/repair/edit", data=first)).status_code == 303
        late = await browser.post(
            "/scripts/repair/edit", data={"saves": saves, "text": "my <text>"}
        )
    assert late.status_code == 409
    assert "my &lt;text&gt;" in late.text


@pytest.mark.parametrize(
    "text", ["", "<script>alert(1)</script>", "name: [", "name: survey\n", "a: &x 1\nb: *x\n"]
)
async def test_a_draft_that_cannot_be_read_says_so_and_is_not_published(
    house: House, text: str
) -> None:
    async with house.browser() as browser:
        saves = await _draft(browser)
        await browser.post("/scripts/repair/edit", data={"saves": saves, "text": text})
        page = await browser.get("/scripts/repair")
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "to mend before publishing" in page.text
        refused = await browser.post("/scripts/repair/publish", data={"saves": str(int(saves) + 1)})
        assert refused.status_code == 422


async def test_a_walk_by_hand_goes_to_the_end_of_a_talk(house: House) -> None:
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        page = await browser.get("/scripts/repair/walk")
        for _ in range(12):
            if "The talk has ended" in page.text:
                break
            replies = _hidden(page.text, "replies").replace("&#34;", '"')
            given = {"replies": replies, "kind": "keys", "value": "1"}
            page = await browser.post("/scripts/repair/walk", data=given)
    assert "The talk has ended" in page.text
    assert "Outcome: " in page.text


@pytest.mark.parametrize("replies", ["{", '[{"kind": "shout"}]', "[[]]", "[" * 5000])
async def test_a_walk_that_was_tampered_with_is_refused(house: House, replies: str) -> None:
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        refused = await browser.post("/scripts/repair/walk", data={"replies": replies})
    assert refused.status_code == 422


async def test_what_is_no_script_is_not_found(house: House) -> None:
    async with house.browser() as browser:
        for path in ("/scripts/nothing", "/scripts/repair/compare/999"):
            assert (await browser.get(path)).status_code == 404


async def test_supervisors_read_and_do_not_change(house: House) -> None:
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        assert (await browser.post("/scripts/repair/draft")).status_code == 403
        assert "Begin a draft" not in (await browser.get("/scripts/repair")).text
