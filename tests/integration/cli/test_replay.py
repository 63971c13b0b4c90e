"""A replay at the keyboard: clear words for what there is not, and exit codes."""

from pathlib import Path

from bench.place import database
from tests.integration.cli.command import Installation


def test_what_cannot_be_replayed_is_told_in_a_sentence(tmp_path: Path, server_url: str) -> None:
    with database(server_url) as url:
        ours = Installation(home=tmp_path, database_url=url)
        for words, code, told in (
            (["2020-01-01", "--campaign", "repair"], 1, "nothing of campaign repair is recorded"),
            (["2199-01-01"], 2, "2199-01-01 has not come"),
            (["2020-01-01", "--at", "25:00"], 2, "'25:00' is not a time of day"),
        ):
            done = ours.run("replay", *words)
            assert (done.code, told in done.err) == (code, True), (words, done.err)
            assert "Traceback" not in done.err
        done = ours.run("replay", "2020-01-01", "--at", "10:42", lang="zh_CN.UTF-8")
        assert done.code == 0, done.err
        assert "没有任何记录" in done.out
