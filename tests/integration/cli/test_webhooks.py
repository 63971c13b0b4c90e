"""Webhooks on the command line: the secret is told once, and mistakes are told in a sentence."""

from pathlib import Path

from tests.integration.cli.command import Installation


def test_a_webhook_is_added_shown_and_disabled(database_url: str, tmp_path: Path) -> None:
    ours = Installation(home=tmp_path, database_url=database_url)
    made = ours.ask("webhook", "add", "https://crm.example.com/x", "--kind", "promise_made")
    assert made["secret"].startswith("whsec_")
    assert made["kinds"] == ["promise_made"]
    assert ours.run("webhook", "disable", str(made["webhook_id"])).code == 0
    shown = ours.run("webhook", "ls")
    assert "crm.example.com/x, disabled" in shown.out
    assert made["secret"] not in shown.out


def test_an_address_of_our_own_network_is_refused(database_url: str, tmp_path: Path) -> None:
    ours = Installation(home=tmp_path, database_url=database_url)
    done = ours.run("webhook", "add", "http://crm.internal/x")
    assert done.code == 1
    assert "webhook_hosts" in done.err
    meant = ours.run("webhook", "add", "http://crm.internal/x", webhook_hosts='["crm.internal"]')
    assert meant.code == 0, meant.err
