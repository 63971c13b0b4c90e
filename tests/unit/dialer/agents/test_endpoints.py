"""What may be an agent's phone."""

import pytest

from dialer.agents.endpoints import EndpointError, browser_of, check_endpoint


@pytest.mark.parametrize(
    "endpoint",
    [None, "PJSIP/101", "client:agent_7", "sip:101@phones.example.com:5061", "+8613800138000"],
)
def test_a_phone_of_either_bridge_is_an_endpoint(endpoint: str | None) -> None:
    check_endpoint(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "PJSIP/13800138000@trunk",
        "Local/110@dial",
        "client:",
        "client:two words",
        "sip:+8613800138000@gateway.example.com",
        "sip:013800138000@gateway.example.com",
        "sip:101@phones.example.com?X-Route=+8613800138000",
        "sips:101@phones.example.com",
        "tel:+8613800138000",
        "13800138000",
        "+86110",
        "+861",
        "",
    ],
)
def test_what_dials_past_the_rules_is_none(endpoint: str) -> None:
    with pytest.raises(EndpointError):
        check_endpoint(endpoint)


def test_only_a_browser_has_an_identity() -> None:
    assert [browser_of(each) for each in ("client:li_na", "PJSIP/101", None)] == [
        "li_na",
        None,
        None,
    ]
