"""Tokens for agents' browsers over the API."""

from dataclasses import replace
from datetime import datetime, timedelta

from api.app import make_app
from api.model import ApiRole
from api.users import add_user
from dialer.agents.browsers import BrowserToken, PhoneKind
from dialer.agents.endpoints import browser_of
from tests.integration.api.office import TEN, Office

AN_HOUR = timedelta(hours=1)


class Signer:
    """Stands in for the carrier's account: a token that says whose it is."""

    kind = PhoneKind.TWILIO
    origins = ()

    def rung_as(self, endpoint: str | None) -> str | None:
        """Return the name in client:name."""
        return browser_of(endpoint)

    def issue(self, identity: str, *, now: datetime) -> BrowserToken:
        """Return such a token."""
        return BrowserToken(token=f"for {identity}", identity=identity, expires_at=now + AN_HOUR)


async def test_an_agents_browser_gets_a_token_of_its_own_and_nobody_elses(office: Office) -> None:
    office = _with_browsers(office)
    async with office.client(ApiRole.SUPERVISOR) as client:
        own, other = [
            (await client.post("/agents", json={"name": name, "endpoint": phone})).json()[
                "agent_id"
            ]
            for name, phone in (("李娜", "client:li_na"), ("张伟", "PJSIP/101"))
        ]
    tokens = [await _token(office, agent_id) for agent_id in (own, other)]
    async with office.stranger(Authorization=f"Bearer {tokens[0]}") as client:
        issued = await client.get(f"/agents/{own}/phone-token")
        assert (issued.status_code, issued.headers["cache-control"]) == (200, "no-store")
        assert issued.json() == {
            "token": "for li_na",
            "identity": "li_na",
            "kind": "twilio",
            "url": None,
            "expires_at": (TEN + AN_HOUR).isoformat().replace("+00:00", "Z"),
        }
        assert (await client.get(f"/agents/{other}/phone-token")).status_code == 403
    async with office.stranger(Authorization=f"Bearer {tokens[1]}") as client:
        refused = await client.get(f"/agents/{other}/phone-token")
        assert refused.status_code == 409
        assert "no browser" in refused.json()["detail"]
    written = "SELECT subject || detail FROM audit_entry WHERE action = 'phone_token'"
    assert await office.one(written) == f"agent:{own}{{}}"


async def test_where_no_carrier_rings_browsers_that_is_said(office: Office) -> None:
    async with office.client() as client:
        given = {"name": "李娜", "endpoint": "client:li_na"}
        agent_id = (await client.post("/agents", json=given)).json()["agent_id"]
        refused = await client.get(f"/agents/{agent_id}/phone-token")
        assert (refused.status_code, "api_key_sid" in refused.json()["detail"]) == (409, True)
        off = await client.post(f"/agents/{agent_id}/roster", json={"active": False})
        assert off.status_code == 200
        refused = await client.get(f"/agents/{agent_id}/phone-token")
        assert (refused.status_code, "off the roster" in refused.json()["detail"]) == (409, True)
        assert (await client.get("/agents/999/phone-token")).status_code == 404


def _with_browsers(office: Office) -> Office:
    deps = replace(office.deps, browser_tokens=Signer())
    return replace(office, deps=deps, app=make_app(deps))


async def _token(office: Office, agent_id: int) -> str:
    async with office.deps.sessions.begin() as session:
        return await add_user(
            session, name=f"agent.{agent_id}", role=ApiRole.AGENT, agent_id=agent_id, now=TEN
        )
