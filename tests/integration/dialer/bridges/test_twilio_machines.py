"""Machines found while a document is being made: they hear what machines are told, and no more."""

from http import HTTPStatus

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from dialer.model import AnsweredBy
from tests.integration.dialer.bridges.web_rig import CALL_ID, SID, WebRig, asks

pytestmark = pytest.mark.integration

FOUND = {"AnsweredBy": "machine_start"}


@pytest.fixture
async def rig(database: AsyncEngine) -> WebRig:
    rig = WebRig(database, asks("First?"), asks("Second?"), asks("Third?"))
    await rig.placed()
    return rig


async def is_machines(rig: WebRig) -> bool:
    page = (await rig.call()).page
    return page is not None and page.is_machines


async def test_a_machine_found_before_the_first_document_hears_its_own(rig: WebRig) -> None:
    rig.book.before_keeping = lambda: rig.asked(rig.addresses.machine(CALL_ID), **FOUND)
    got = await rig.answer()
    assert "Second?" in got.text  # the second thing this host says
    assert "First?" not in got.text
    assert rig.host.opened == [AnsweredBy.UNSURE, AnsweredBy.MACHINE]
    assert await is_machines(rig)
    assert rig.leader.led == []


async def test_a_machine_found_while_a_step_is_taken_hears_its_own(rig: WebRig) -> None:
    await rig.answer()
    address = rig.addresses.machine(CALL_ID)
    rig.book.before_keeping = lambda: rig.asked(rig.addresses.step(CALL_ID, 1), Digits="1")
    assert (await rig.ask(address, **FOUND)).status_code == HTTPStatus.NO_CONTENT
    assert rig.leader.led == [(SID, rig.addresses.again(CALL_ID))]
    assert await is_machines(rig)


async def test_a_step_that_a_found_machine_overtakes_is_not_said(rig: WebRig) -> None:
    await rig.answer()
    rig.book.before_keeping = lambda: rig.asked(rig.addresses.machine(CALL_ID), **FOUND)
    assert (await rig.step(1, Digits="1")).status_code == HTTPStatus.CONFLICT
    assert await is_machines(rig)
