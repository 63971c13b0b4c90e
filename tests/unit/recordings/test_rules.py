"""What holds of recordings by rule: how long they stay, where they lie, which store is meant."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from dialer.bridges.asterisk.audio_places import (
    UnknownLocationError,
    answer_location,
    call_files,
    call_location,
    files_at,
)
from recordings.folder import FolderStore
from recordings.model import RecordingKind, file_of, kind_of, may_go, shipped_retention
from recordings.store import StoreUrlError, open_store

AT = datetime(2026, 11, 22, 7, tzinfo=UTC)
RECORDING = UUID("01936000-0000-7000-8000-0000000000aa")


def test_every_kind_is_kept_for_a_shipped_number_of_days_with_a_source() -> None:
    rules = shipped_retention()
    assert set(rules.days) == set(RecordingKind)
    assert "1006.100" in rules.source
    assert rules.keep_until(RecordingKind.CALL, AT) == AT + timedelta(days=1096)


@pytest.mark.parametrize(
    ("age_days", "held", "goes"),
    [(9, False, False), (10, False, True), (11, True, False)],
    ids=["young", "old", "old and held"],
)
def test_a_hold_wins_over_age(age_days: int, held: bool, goes: bool) -> None:
    keep_until = AT + timedelta(days=10)
    assert may_go(keep_until=keep_until, held=held, now=AT + timedelta(days=age_days)) is goes


def test_a_file_in_the_store_is_named_by_day_and_id() -> None:
    assert file_of(RECORDING, AT) == f"2026/11/22/{RECORDING}.wav"


@pytest.mark.parametrize(
    ("name", "kind"), [("call", RecordingKind.CALL), ("recording-1", RecordingKind.ANSWER)]
)
def test_only_a_call_is_a_call(name: str, kind: RecordingKind) -> None:
    assert kind_of(name) is kind


def test_where_a_call_lies_is_where_asterisk_was_told_to_write_it() -> None:
    shared = Path("/srv/audio")
    told = call_files(RECORDING, shared=str(shared))
    assert [str(path) for path in files_at(call_location(RECORDING), shared=shared)] == [
        told.owner,
        told.us,
    ]
    assert len(files_at(answer_location(RECORDING), shared=shared)) == 1


@pytest.mark.parametrize(
    "location",
    [
        "simulated:x/recording-1",
        f"asterisk:call/../{RECORDING}",
        f"asterisk:other/{RECORDING}",
        f"asterisk:call/{RECORDING}\n",
        f"asterisk:call/{RECORDING}/../../etc/passwd",
        f"asterisk:call/{RECORDING}".upper(),
    ],
)
def test_a_location_of_another_kind_leads_nowhere(location: str) -> None:
    with pytest.raises(UnknownLocationError):
        files_at(location, shared=Path("/srv/audio"))


@pytest.mark.parametrize(
    "url", ["", "recordings", "file:", "s3:bucket", "s3://", "https://a.example/x", "ftp://a/b"]
)
def test_a_url_of_no_store_is_refused(url: str) -> None:
    with pytest.raises(StoreUrlError, match="file:FOLDER or s3://BUCKET/PREFIX"):
        open_store(url, home=Path("/home"))


def test_a_relative_folder_lies_in_the_home() -> None:
    assert isinstance(open_store("file:recordings", home=Path("/home")), FolderStore)
