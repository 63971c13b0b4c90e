"""Users at the keyboard: a token or a password is shown once, and then it is nowhere."""

import re
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


def test_a_first_password_is_printed_instead_of_a_token(tmp_path: Path, database_url: str) -> None:
    desk = Installation(home=tmp_path / "home", database_url=database_url)
    made = desk.run("user", "add", "何莉", "--role", "admin", "--password")
    assert re.fullmatch(r"[a-z2-9]{4}(-[a-z2-9]{4}){3}\n", made.out)
    assert "何莉: admin, last used never, first password" in desk.run("user", "ls").out
    another = desk.ask("user", "password", "何莉")["password"]
    assert another != made.out.strip()
    assert desk.run("user", "disable", "何莉").out == "何莉: disabled\n"
    refused = desk.run("user", "password", "何莉")
    assert (refused.code, "user enable" in refused.err) == (1, True)
    assert desk.run("user", "enable", "何莉").out == "何莉: enabled\n"
    (shown,) = desk.ask("user", "ls")["users"]
    assert (shown["password"], shown["has_token"], shown["disabled_at"]) == ("first", False, None)
