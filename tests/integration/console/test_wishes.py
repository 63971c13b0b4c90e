"""Do-not-call and consent: found, taken, ended on the owner's word, in and out as a list."""

import io

import openpyxl
import pytest

from api.model import ApiRole
from customers.model import Language, Role
from customers.tables import Community, Occupancy, Person, Phone, Unit
from tests.integration.console.house import House

EVIL = "<script>alert('x')</script>"
NUMBER = "+8613800138000"
SAID = {"said_by": "owner", "how": "on the phone"}


async def _owner(house: House, name: str = "王小明", packs: tuple[str, ...] = ("CN",)) -> int:
    office = house.office
    community_id = await office.add(
        Community,
        name="Garden",
        time_zone="Asia/Shanghai",
        region="CN",
        currency="CNY",
        packs=list(packs),
    )
    unit_id = await office.add(Unit, community_id=community_id, label="3-2-1201")
    person_id: int = await office.add(Person, name=name, language=Language.MANDARIN)
    await office.add(Occupancy, unit_id=unit_id, person_id=person_id, role=Role.OWNER)
    await office.add(Phone, person_id=person_id, e164=NUMBER, position=1)
    return person_id


async def test_an_opt_out_is_taken_shown_and_ended_on_the_owners_word(house: House) -> None:
    person_id = await _owner(house)
    async with house.browser(ApiRole.AGENT) as browser:
        form = SAID | {"person_id": str(person_id), "reason": "survey", "q": "3-2-1201"}
        taken = await browser.post("/wishes/opt-outs", data=form)
        assert taken.headers["Location"] == "/wishes?q=3-2-1201"
        assert "on the phone" in (await browser.get("/wishes?q=wangxiaoming")).text
        page = (await browser.get("/wishes?q=13800138000")).text
        for fact in ("王小明", NUMBER, "a survey", "on the phone", "holds"):
            assert fact in page
        opt_out = await house.office.one("SELECT do_not_call_id FROM do_not_call")
        path = f"/wishes/opt-outs/{opt_out}/end"
        silent = await browser.post(path, data={"said_by": "owner", "q": "3-2-1201"})
        assert silent.status_code == 422
        assert "Say whose word it is" in silent.text
        await browser.post(path, data=SAID | {"how": "asked to be called again"})
        again = await browser.post(path, data=SAID)
        assert again.status_code == 409
        assert "has ended already" in again.text
        assert "asked to be called again" in (await browser.get("/wishes?q=3-2-1201")).text
    assert await house.office.one("SELECT lifted_by FROM do_not_call") == "owner"
    actions = await house.office.one("SELECT string_agg(DISTINCT action, ',') FROM audit_entry")
    assert {"opt_out_taken", "opt_out_ended", "wishes_seen"} <= set(actions.split(","))


async def test_the_newest_word_on_a_number_counts(house: House) -> None:
    await _owner(house)
    form = SAID | {"number": "13800138000", "purpose": "survey", "mode": "automatic"}
    async with house.browser(ApiRole.AGENT) as browser:
        for said in ("yes", "no"):
            taken = await browser.post("/wishes/consents", data=form | {"said": said})
            assert taken.status_code == 303
        page = (await browser.get(f"/wishes?q={NUMBER.replace('+', '%2B')}")).text
        past = form | {"said": "yes", "until": "2020-01-01"}
        late = await browser.post("/wishes/consents", data=past)
    assert "a later word counts" in page
    assert late.status_code == 422
    assert "a day after today" in late.text
    assert await house.office.one("SELECT count(*) FROM consent") == 2


async def test_what_is_no_number_is_mended_with_what_was_typed(house: House) -> None:
    async with house.browser(ApiRole.AGENT) as browser:
        form = SAID | {"number": "12ab", "how": EVIL}
        refused = await browser.post("/wishes/opt-outs", data=form)
    assert refused.status_code == 422
    assert "This is no usable number" in refused.text
    assert 'value="12ab"' in refused.text
    assert EVIL not in refused.text


async def test_names_and_words_with_markup_stay_text(house: House) -> None:
    person_id = await _owner(house, name=EVIL)
    async with house.browser(ApiRole.AGENT) as browser:
        form = {"person_id": str(person_id), "said_by": EVIL, "how": EVIL}
        await browser.post("/wishes/opt-outs", data=form)
        page = (await browser.get("/wishes?q=3-2-1201")).text
        odd = (await browser.get("/wishes", params={"q": EVIL})).text
    assert EVIL not in page
    assert EVIL not in odd
    assert page.count("&lt;script&gt;") >= 3


async def test_a_list_comes_in_and_nobody_is_opted_in_by_it(house: House) -> None:
    await _owner(house)
    csv = "name,phone\nA,13800138000\nB,138 0013 8001\nC,nothing\nA,13800138000\n"
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        for taken, standing in ((2, 1), (0, 3)):
            answered = await browser.post(
                "/wishes/import", data=SAID, files={"file": ("dnc.csv", csv.encode(), "text/csv")}
            )
            assert answered.status_code == 200, answered.text
            counted = f"4 rows: {taken} taken, {standing} stood already, 1 could not be read"
            assert counted in answered.text
            assert "row 4: nothing" in answered.text
        no_table = await browser.post(
            "/wishes/import", data=SAID, files={"file": ("dnc.xlsx", b"PK\x03\x04 no", "x/y")}
        )
    assert no_table.status_code == 422
    assert "Nothing was imported" in no_table.text
    assert await house.office.one("SELECT count(*) FROM do_not_call") == 2
    assert await house.office.one("SELECT how FROM do_not_call") == "on the phone (dnc.csv)"


async def test_the_list_is_taken_away_without_formulas(house: House) -> None:
    person_id = await _owner(house, name="=HYPERLINK(1)")
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        form = SAID | {"person_id": str(person_id), "how": "+1+cmd"}
        await browser.post("/wishes/opt-outs", data=form)
        await browser.post("/wishes/opt-outs", data=SAID | {"number": NUMBER})
        text = (await browser.get("/wishes/list.csv")).text
        book = await browser.get("/wishes/list.xlsx")
    assert "'=HYPERLINK(1)" in text
    assert "'+1+cmd" in text
    assert f",{NUMBER}," in text
    sheet = openpyxl.load_workbook(io.BytesIO(book.content)).active
    assert sheet is not None
    assert sheet["A2"].value == "=HYPERLINK(1)"
    assert sheet["A2"].data_type == "s"
    assert (
        await house.office.one(
            "SELECT count(*) FROM audit_entry WHERE action = 'opt_outs_exported'"
        )
        == 2
    )


async def test_a_pack_that_wants_a_national_list_says_that_none_is_there(house: House) -> None:
    await _owner(house, packs=("CN", "US"))
    async with house.browser(ApiRole.AGENT) as browser:
        page = (await browser.get("/wishes")).text
    assert "Pack US wants a national list" in page


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        (ApiRole.AGENT, "POST", "/wishes/import", 403),
        (ApiRole.AGENT, "GET", "/wishes/list.csv", 403),
        (ApiRole.INTEGRATOR, "GET", "/wishes/list.xlsx", 403),
        (ApiRole.AGENT, "GET", "/wishes", 200),
        (ApiRole.AGENT, "POST", "/wishes/opt-outs/7/end", 422),
    ],
)
async def test_who_may_what(
    house: House, role: ApiRole, method: str, path: str, status: int
) -> None:
    async with house.browser(role) as browser:
        assert (await browser.request(method, path)).status_code == status
