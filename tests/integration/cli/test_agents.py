"""The roster at the keyboard: an installation sets up its agents without the API."""

from pathlib import Path

from tests.integration.cli.command import Installation


def test_agents_are_added_shown_given_phones_and_taken_off_the_roster(
    tmp_path: Path, database_url: str
) -> None:
    desk = Installation(home=tmp_path / "home", database_url=database_url)
    options = ("--team", "east", "--skill", "debt", "--language", "zh-CN")
    added = desk.ask("agent", "add", "Li", *options, "--endpoint", "PJSIP/101")
    agent_id = str(added["agent_id"])
    again = desk.run("agent", "add", "Li")
    assert (again.code, "already" in again.err) == (1, True)
    outside = desk.run("agent", "add", "Wang", "--endpoint", "PJSIP/13800138000@trunk")
    assert (outside.code, "no phone of ours" in outside.err) == (1, True)
    (shown,) = desk.ask("agent", "list")["agents"]
    assert shown == {
        "agent_id": added["agent_id"],
        "name": "Li",
        "team": "east",
        "skills": ["debt"],
        "languages": ["zh-CN"],
        "endpoint": "PJSIP/101",
        "active": True,
        "state": "offline",
        "seated_on": None,
        "phone_trouble": None,
    }
    assert desk.run("agent", "phone", agent_id, "PJSIP/102").code == 0
    assert desk.run("agent", "off", agent_id).code == 0
    (shown,) = desk.ask("agent", "list")["agents"]
    assert (shown["endpoint"], shown["active"]) == ("PJSIP/102", False)
    assert desk.run("agent", "on", "7").code == 1
