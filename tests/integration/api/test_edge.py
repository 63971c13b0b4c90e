"""What holds for every request: a token, a right, limits, one shape of answer for failures."""

from api.model import ApiRole
from tests.integration.api.office import Office


async def test_a_community_is_made_shown_set_and_listed(office: Office) -> None:
    async with office.client() as client:
        made = await client.post("/communities", json={"name": "翠湖花园"})
        assert made.status_code == 201, made.text
        shown = await client.get(made.headers["Location"].removeprefix("/api/v1"))
        assert shown.json() == made.json()
        again = await client.post("/communities", json={"name": "翠湖花园"})
        assert again.status_code == 200
        listed = await client.get("/communities")
        assert listed.json() == {"items": [made.json()], "next": None}


async def test_without_a_valid_token_nothing_is_answered(office: Office) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer owl_wrong"},
        {"Authorization": "Basic b3dsOg=="},
        {"Authorization": f"Bearer {office.tokens[ApiRole.ADMIN]}x"},
    ):
        async with office.stranger(**headers) as client:
            answer = await client.get("/communities")
            assert answer.status_code == 401
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
