"""Agents, lists, webhooks and tokens over the API, from the first step to the last."""

import zipfile
from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest

from api.model import ApiRole
from api.users import ApiUserError, add_user, disable_user, new_token, users
from tests.integration.api.office import TEN, Office
from tests.integration.api.town import debtor

_ROWS = """name,phone,event,event_day,event_place
Li Lei,+8613800990001,the open day,2026-05-23,the hall
Han Meimei,12,the open day,2026-05-23,the hall
"""


async def test_an_agent_works_as_oneself_and_as_nobody_else(office: Office) -> None:
    async with office.client(ApiRole.SUPERVISOR) as client:
        first, second = [
            (await client.post("/agents", json={"name": name})).json() for name in ("李娜", "张伟")
        ]
        again = await client.post("/agents", json={"name": "李娜"})
        assert again.status_code == 409
    async with office.deps.sessions.begin() as session:
        token = await add_user(
            session, name="li.na", role=ApiRole.AGENT, agent_id=first["agent_id"], now=TEN
        )
    own, other = f"/agents/{first['agent_id']}", f"/agents/{second['agent_id']}"
    async with office.stranger(Authorization=f"Bearer {token}") as client:
        assert (await client.post(f"{own}/ready")).status_code == 409  # not signed in
        assert (await client.post(f"{own}/sign-in")).json()["state"] == "ready"
        assert (await client.post(f"{own}/heartbeat")).status_code == 200
        assert (await client.post(f"{own}/offer")).json() == {"offer": None}
        assert (await client.post(f"{own}/dial")).status_code == 409
        away = await client.post(f"{own}/break", json={"reason": "lunch"})
        assert (away.json()["state"], away.json()["break_reason"]) == ("break", "lunch")
        assert (await client.post(f"{own}/sign-out")).json()["state"] == "offline"
        assert (await client.post(f"{other}/sign-in")).status_code == 403
    async with office.client(ApiRole.SUPERVISOR) as client:
        assert [each["name"] for each in (await client.get("/agents")).json()] == ["张伟", "李娜"]


def _trap() -> str:
    """Return a small workbook that unpacks to more than a list may."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/sharedStrings.xml", bytes(257 * 1024**2))
    return b64encode(content.getvalue()).decode()


async def test_what_an_admin_does_for_an_agent_is_on_the_audit(office: Office) -> None:
    async with office.client() as client:
        agent_id = (await client.post("/agents", json={"name": "李娜"})).json()["agent_id"]
        assert (await client.post(f"/agents/{agent_id}/sign-in")).status_code == 200
    last = "SELECT actor || ' ' || action || ' ' || subject FROM audit_entry"
    assert (
        await office.one(f"{last} WHERE action = 'acted_as_agent'")
        == f"api:admin acted_as_agent agent:{agent_id}"
    )


async def test_a_list_is_uploaded_looked_at_started_paused_and_ended(office: Office) -> None:
    await debtor(office)
    given: dict[str, Any] = {
        "name": "通知",
        "community": "翠湖花园",
        "script": "invitation",
        "purpose": "service",
        "file_name": "list.csv",
        "content": b64encode(_ROWS.encode()).decode(),
    }
    async with office.client(ApiRole.INTEGRATOR) as client:
        broken = await client.post("/lists", json=given | {"content": "AAA"})
        assert broken.status_code == 422
        trap = await client.post("/lists", json=given | {"content": _trap()})
        assert (trap.status_code, "unpacks to" in trap.json()["detail"]) == (422, True)
        for script in ("steps: [1]", "title: 2026-13-45", "constants: &a {b: *a}"):
            no_script = await client.post("/lists", json=given | {"own_script": script})
            assert no_script.status_code == 422
        unknown = await client.post("/lists", json=given | {"community": "哪里"})
        assert (unknown.status_code, "翠湖花园" in unknown.json()["detail"]) == (422, True)
        assert (await client.get("/lists/77")).status_code == 404
        made = await client.post("/lists", json=given)
        assert made.status_code == 201, made.text
        assert (made.json()["state"], made.json()["rows"]) == ("draft", 2)
        address = f"/lists/{made.json()['list_id']}"
        preview = (await client.post(f"{address}/preview")).json()
        assert (preview["callable"], sum(preview["refused"].values())) == (1, 1)
        assert (await client.post(f"{address}/start")).json() == {"due_calls": 1}
        for step, changed in (("pause", True), ("pause", False), ("resume", True)):
            assert (await client.post(f"{address}/{step}")).json() == {"changed": changed}
        assert (await client.post(f"{address}/end")).json() == {"due_calls": 1}
        assert (await client.get("/lists")).json()[0]["state"] == "ended"


async def test_a_webhook_is_told_its_secret_once(office: Office) -> None:
    async with office.client(ApiRole.INTEGRATOR) as client:
        for url in ("http://10.0.0.1/x", "http://127.0.0.1:5432/x", "https://[::1]/x"):
            inner = await client.post("/webhooks", json={"url": url, "kinds": ["attempt_ended"]})
            assert inner.status_code == 422
        made = await client.post(
            "/webhooks",
            json={"url": "https://crm.example.com/hear", "kinds": ["attempt_ended"]},
        )
        assert made.status_code == 201, made.text
        listed = await client.get("/webhooks")
        assert made.json()["secret"] not in listed.text
        address = f"/webhooks/{made.json()['webhook_id']}/disable"
        assert [(await client.post(address)).json()["changed"] for _ in range(2)] == [True, False]
        assert (await client.post("/webhooks/77/disable")).status_code == 404


async def test_a_disabled_user_and_an_old_token_open_nothing(office: Office) -> None:
    async with office.deps.sessions.begin() as session:
        token = await add_user(session, name="crm", role=ApiRole.INTEGRATOR, now=TEN)
    assert token.startswith("owl_")
    assert len(token) > 40
    async with office.stranger(Authorization=f"Bearer {token}") as client:
        assert (await client.get("/communities")).status_code == 200
        async with office.deps.sessions.begin() as session:
            fresh = await new_token(session, name="crm")
        assert (await client.get("/communities")).status_code == 401
    async with office.stranger(Authorization=f"Bearer {fresh}") as client:
        assert (await client.get("/communities")).status_code == 200
        async with office.deps.sessions.begin() as session:
            assert await disable_user(session, name="crm", now=TEN)
            assert not await disable_user(session, name="crm", now=TEN)
        assert (await client.get("/communities")).status_code == 401
    async with office.deps.sessions() as session:
        shown = next(each for each in await users(session) if each.name == "crm")
    assert (shown.last_used_at, shown.disabled_at) == (TEN, TEN)
    kept = await office.one("SELECT string_agg(encode(token_hash, 'escape'), '') FROM api_user")
    assert token not in kept


async def test_names_of_users_are_unique_and_printable(office: Office) -> None:
    async with office.deps.sessions.begin() as session:
        for name in ("admin", "", "a\nb", "x" * 65):
            with pytest.raises(ApiUserError):
                await add_user(session, name=name, role=ApiRole.AGENT, now=TEN)
        with pytest.raises(ApiUserError):
            await new_token(session, name="nobody")
