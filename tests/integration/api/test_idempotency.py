"""A post with a key is done once, whoever sends it again, and when."""

import asyncio
from datetime import timedelta

from api.model import ApiRole
from tests.integration.api.office import TEN, Office

KEY = {"Idempotency-Key": "0190-abc"}


async def _count(office: Office) -> int:
    return int(await office.one("SELECT count(*) FROM note"))


async def _person(office: Office) -> int:
    async with office.client() as client:
        made = await client.post(
            "/persons", json={"community": "翠湖花园", "unit": "1-1-101", "name": "王建国"}
        )
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


async def test_the_same_post_again_is_answered_as_the_first_was(office: Office) -> None:
    address = f"/persons/{await _person(office)}/notes"
    async with office.client() as client:
        first = await client.post(address, json={"text": "once"}, headers=KEY)
        again = await client.post(address, json={"text": "once"}, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert await _count(office) == 1


async def test_a_key_is_refused_for_another_body_and_another_address(office: Office) -> None:
    person_id = await _person(office)
    async with office.client() as client:
        await client.post(f"/persons/{person_id}/notes", json={"text": "once"}, headers=KEY)
        for address, body in (
            (f"/persons/{person_id}/notes", {"text": "twice"}),
            (f"/persons/{person_id}/death", {"text": "once"}),
        ):
            refused = await client.post(address, json=body, headers=KEY)
            assert refused.status_code == 422
            assert refused.json()["type"] == "urn:ownerline:problem:idempotency-key-reused"
    assert await _count(office) == 1


async def test_a_key_is_its_callers_own(office: Office) -> None:
    address = f"/persons/{await _person(office)}/notes"
    for role in (ApiRole.ADMIN, ApiRole.AGENT):
        async with office.client(role) as client:
            assert (await client.post(address, json={"text": "a"}, headers=KEY)).status_code == 201
    assert await _count(office) == 2


async def test_of_two_at_once_the_second_waits_and_hears_the_first_answer(office: Office) -> None:
    address = f"/persons/{await _person(office)}/notes"
    async with office.client() as client:
        answers = await asyncio.gather(
            *(client.post(address, json={"text": "once"}, headers=KEY) for _ in range(5))
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 4
    assert await _count(office) == 1


async def test_what_failed_kept_nothing_and_may_be_tried_again(office: Office) -> None:
    async with office.client() as client:
        for _ in range(2):
            answer = await client.post("/persons/77/notes", json={"text": "x"}, headers=KEY)
            assert answer.status_code == 404
    assert await office.one("SELECT count(*) FROM idempotency_key") == 0


async def test_an_answer_and_where_the_thing_is_are_kept_for_a_day(office: Office) -> None:
    async with office.client() as client:
        first = await client.post("/communities", json={"name": "湖畔"}, headers=KEY)
        again = await client.post("/communities", json={"name": "湖畔"}, headers=KEY)
        assert again.status_code == 201
        assert again.headers["Location"] == first.headers["Location"]
        assert await office.one("SELECT count(*) FROM community") == 1
        await office.clock.drive(TEN + timedelta(hours=24))
        late = await client.post("/communities", json={"name": "湖畔"}, headers=KEY)
    assert (late.status_code, "Idempotency-Replayed" in late.headers) == (200, False)


async def test_a_key_that_is_none_is_refused(office: Office) -> None:
    async with office.client() as client:
        for key in ("", "a b", "x" * 256):
            answer = await client.post(
                "/communities", json={"name": "湖畔"}, headers={"Idempotency-Key": key}
            )
            assert answer.status_code == 422, key
