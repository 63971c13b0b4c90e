"""A list of one's own through the command line, from a messy file to its outcomes."""

import json
from pathlib import Path

from callback.campaigns import SHIPPED
from tests.integration.cli.command import Installation

AT = "2026-11-23T10:00"
ROWS = """客人;手机;活动;日期;地点
李雷;138 0099 0001;开放日;2026-11-28;会所
韩梅梅;13800990002;开放日;2026-11-28;会所
李雷;13800990001;开放日;2026-11-28;会所
无号;110;开放日;2026-11-28;会所
"""
MAP = (
    "--map",
    "客人=name",
    "--map",
    "活动=event",
    "--map",
    "日期=event_day",
    "--map",
    "地点=event_place",
)
DRAFT = (
    "--name",
    "开放日",
    "--community",
    "湖畔花园",
    "--script",
    "invitation",
    "--purpose",
    "service",
)


def test_a_list_is_uploaded_started_called_and_ended(tmp_path: Path, database_url: str) -> None:
    """One home, one story: each step stands on the one before."""
    ours = Installation(home=tmp_path / "home", database_url=database_url)
    file = tmp_path / "guests.csv"
    file.write_bytes(ROWS.encode("gb18030"))
    assert ours.run("community", "湖畔花园").code == 0

    wrong = ours.run("lists", "upload", str(file), *DRAFT, "--map", "姓=name")
    assert wrong.code == 1
    assert "there is no column '姓'; the columns are '客人', '手机'" in wrong.err

    draft = ours.ask("lists", "upload", str(file), *DRAFT, *MAP, "--at", AT)
    assert draft["state"] == "draft"
    assert draft["preview"]["matched"] == {"new": 2}
    assert draft["preview"]["refused"] == {"duplicate": 1, "emergency_number": 1}
    assert draft["preview"]["verdicts"] == {"allow": {"allowed": 2}}

    shown = ours.run("lists", "show", "开放日", "--at", AT, lang="zh_CN.UTF-8")
    assert "共 4 行：可呼叫 2，不呼叫 2" in shown.out
    assert "紧急号码，从不呼叫" in shown.out

    assert ours.ask("lists", "start", "开放日", "--at", AT)["made"] == 2
    dialled = ours.run("dialer", "--drain", "--at", AT, "--json")
    assert dialled.code == 0, dialled.err
    assert json.loads(dialled.out)["attempts"] >= 2

    due = ours.export("due-calls")
    assert {(row["contact"], row["unit"], row["reason"]) for row in due} == {
        ("李雷", "", "uploaded"),
        ("韩梅梅", "", "uploaded"),
    }
    story = ours.ask("explain", "13800990001")
    assert story["persons"][0]["due_calls"][0]["about"] == "开放日"

    waiting = sum(row["state"] == "waiting" for row in due)
    assert ours.ask("lists", "end", "开放日")["withdrawn"] == waiting
    [ended] = ours.ask("lists", "ls")["lists"]
    assert ended["state"] == "ended"
    assert sum(ended["calls"].values()) == 2


def test_an_installation_goes_by_its_own_campaigns_file(tmp_path: Path, database_url: str) -> None:
    ours = Installation(home=tmp_path, database_url=database_url)
    text = SHIPPED.read_text(encoding="utf-8").replace("max_attempts: 6", "max_attempts: 5")
    (tmp_path / "house.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text(text.replace("script: repair\n", "script: repairs\n"))

    shown = ours.run("campaign", "repair", "--json", campaigns_file="house.yaml")
    wrong = ours.run("doctor", campaigns_file="wrong.yaml")

    assert json.loads(shown.out)["max_attempts"] == 5
    assert "at repair.script: there is no script 'repairs'" in wrong.out
