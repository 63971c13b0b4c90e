"""Holders of API tokens at the keyboard: a token is shown once, and then it is nowhere."""

from pathlib import Path

from tests.integration.cli.command import Installation


def test_a_user_is_made_shown_disabled_and_given_a_new_token(
    tmp_path: Path, database_url: str
) -> None:
    desk = Installation(home=tmp_path / "home", database_url=database_url)
    made = desk.ask("user", "add", "accounting", "--role", "integrator")
    assert made["token"].startswith("owl_")
    assert desk.run("user", "add", "accounting", "--role", "admin").code == 1
    assert desk.run("user", "add", "crm", "--role", "owner").code == 2
    no_agent = desk.run("user", "add", "li.na", "--role", "agent", "--agent", "7")
    assert no_agent.code == 1
    assert "there is no agent 7" in no_agent.err
    assert desk.run("user", "add", "li.na", "--role", "admin", "--agent", "7").code == 1
    desk.run("user", "disable", "accounting")
    (shown,) = desk.ask("user", "ls")["users"]
    assert (shown["name"], shown["role"]) == ("accounting", "integrator")
    assert shown["disabled_at"] is not None
    assert "token" not in shown
    assert desk.ask("user", "token", "accounting")["token"] != made["token"]
    unknown = desk.run("user", "token", "nobody")
    assert (unknown.code, unknown.out) == (1, "")
    assert "nobody" in unknown.err
