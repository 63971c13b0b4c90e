"""Every route × every role, in one table made of the application's own routes."""

import re
from typing import Any

import pytest

from api.app import openapi_document
from api.model import RIGHTS, ApiRole, Right
from tests.integration.api.office import Office
from tests.integration.console.who_may import routes as console_routes

_S, _I, _A, _G = ApiRole.SUPERVISOR, ApiRole.INTEGRATOR, ApiRole.ADMIN, ApiRole.AGENT
_ALL = {_G, _S, _I, _A}
_DESK = {_G, _S, _A}  # who speaks with owners
_FEEDS = {_I, _A}  # who brings data
_LEADS = {_S, _A}

# The promise to those who hold tokens, written by hand: a route that is not here fails.
WHO_MAY = {
    "list_communities": _ALL,
    "make_community": _FEEDS,
    "show_community": _ALL,
    "change_community": _FEEDS,
    "make_unit": _FEEDS,
    "list_units": _ALL,
    "show_unit": _DESK,
    "unit_timeline_shown": _DESK,
    "list_persons": _DESK,
    "put_person": _FEEDS,
    "put_persons": _FEEDS,
    "show_person": _DESK,
    "person_timeline_shown": _DESK,
    "list_notes": _DESK,
    "write_note": _DESK,
    "give_phone": _DESK,
    "give_up_phone": _DESK,
    "note_death": _DESK,
    "list_opt_outs": _ALL,
    "take_opt_out": _ALL,
    "list_consents": _ALL,
    "take_consent": _ALL,
    "list_callback_requests": _ALL,
    "ask_for_callback": _ALL,
    "list_charges": _ALL,
    "put_charge": _FEEDS,
    "put_charges": _FEEDS,
    "show_charge": _ALL,
    "list_payments": _ALL,
    "post_payment": _FEEDS,
    "post_payments": _FEEDS,
    "list_promises": _ALL,
    "make_promise": _DESK,
    "list_disputes": _ALL,
    "dispute": _DESK,
    "list_extensions": _ALL,
    "ask_for_extension": _DESK,
    "decide": _LEADS,
    "list_work_orders": _ALL,
    "put_work_order": _FEEDS,
    "put_work_orders": _FEEDS,
    "show_work_order": _ALL,
    "change_order": _FEEDS,
    "complete": _FEEDS,
    "reopen": _FEEDS,
    "list_complaints": _DESK,
    "take_complaint": _DESK,
    "show_complaint": _DESK,
    "take_complaint_step": _DESK,
    "list_due_calls": _ALL,
    "show_due_call": _ALL,
    "list_attempts": _ALL,
    "show_attempt": _ALL,
    "list_outcomes": _DESK,
    "list_verdicts": _DESK,
    "explain": _DESK,
    "list_inbound_calls": _DESK,
    "show_inbound_call": _DESK,
    "list_recordings": _DESK,
    "show_recording": _DESK,
    "hear_recording": _DESK,
    "hold_recording": _LEADS,
    "release_recording": _LEADS,
    "list_campaigns": _ALL,
    "show_campaign": _ALL,
    "pause_campaign": _LEADS,
    "resume_campaign": _LEADS,
    "show_pacing": _ALL,
    "tighten_pacing": _LEADS,
    "loosen_pacing": _LEADS,
    "show_switches": _ALL,
    "stop": _LEADS,
    "resume": _LEADS,
    "arm": {_A},
    "disarm": {_A},
    "list_lists": {_S, _I, _A},
    "upload_list": {_S, _I, _A},
    "show_list": {_S, _I, _A},
    "preview": {_S, _I, _A},
    "start_list": {_S, _I, _A},
    "pause": {_S, _I, _A},
    "resume_a_list": {_S, _I, _A},
    "end_list": {_S, _I, _A},
    "withdraw_list_row": {_S, _I, _A},
    "list_agents": _LEADS,
    "add_agent": _LEADS,
    "show_agent": _LEADS,
    "set_on_roster": _LEADS,
    "force_agent": _LEADS,
    "sign_in": {_G, _A},
    "sign_out": {_G, _A},
    "become_ready": {_G, _A},
    "take_break": {_G, _A},
    "heartbeat": {_G, _A},
    "next_offer": {_G, _A},
    "dial": {_G, _A},
    "skip": {_G, _A},
    "hang_up": {_G, _A},
    "give_wrap_up": {_G, _A},
    "set_endpoint": _LEADS,
    "ring_my_phone": {_G, _A},
    "issue_phone_token": {_G, _A},
    "hold": {_G, _A},
    "back": {_G, _A},
    "transfer": {_G, _A},
    "invite": {_G, _A},
    "dismiss": {_G, _A},
    "pause_recording": {_G, _A},
    "list_commands": {_G, _A},
    "monitor": _LEADS,
    "correct": _LEADS,
    "list_webhooks": _FEEDS,
    "register_webhook": _FEEDS,
    "disable_a_webhook": _FEEDS,
    "retry_webhook": _FEEDS,
    "list_audit": {_A},
    "live": _ALL,
}
_NO_UUID = "019a0000-0000-7000-8000-000000000000"
_ROUTES: dict[str, tuple[str, str, dict[str, Any]]] = {
    operation["operationId"]: (method, path, operation)
    for path, operations in openapi_document()["paths"].items()
    for method, operation in operations.items()
}


def test_the_table_names_every_route_and_no_other() -> None:
    assert WHO_MAY.keys() == _ROUTES.keys()


@pytest.mark.parametrize("route", sorted(WHO_MAY))
def test_a_route_says_who_may_as_the_table_does(route: str) -> None:
    assert set(_ROUTES[route][2]["x-roles"]) == {role.value for role in WHO_MAY[route]}


async def test_every_route_refuses_every_role_that_may_not_and_strangers(office: Office) -> None:
    """Whoever may is not refused for the role: what is asked here names nothing on file."""
    for route, (method, path, _) in sorted(_ROUTES.items()):
        address = re.sub(r"\{(attempt|recording)_id\}", _NO_UUID, path)
        address = re.sub(r"\{\w+\}", "999999999", address).removeprefix("/api/v1")
        async with office.stranger() as client:
            answer = await client.request(method, address, json={})
            assert answer.status_code == 401, (route, answer.text)
        if route == "live":
            continue  # has a test of its own: its answer does not end
        for role in ApiRole:
            async with office.client(role) as client:
                answer = await client.request(method, address, json={})
            forbidden = answer.status_code == 403 and "may not" in answer.json()["detail"]
            assert forbidden == (role not in WHO_MAY[route]), (route, role, answer.text)
            assert answer.status_code < 500, (route, role, answer.text)


def test_every_right_is_somebodys_and_asked_for_by_a_route_or_a_page() -> None:
    asked = {Right(operation["x-right"]) for _, _, operation in _ROUTES.values()}
    pages = [route.openapi_extra or {} for route in console_routes().values()]
    asked |= {Right(extra["x-right"]) for extra in pages if "x-right" in extra}
    held = set().union(*RIGHTS.values())
    assert held == set(Right)
    assert asked == set(Right)
