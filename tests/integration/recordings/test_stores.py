"""Every store keeps a file whole, gives any part of it, and forgets it when told."""

import stat
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from recordings.folder import FolderStore
from recordings.model import file_of
from recordings.store import FileGoneError, RecordingStore, StoreError, open_store
from tests.integration.jobs.house import NOW

FILE = file_of(UUID(int=7), NOW)
CONTENT = bytes(range(256)) * 1000


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 of our own."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - starts slowly

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RecordingStore:
    if request.param == "folder":
        return open_store("file:recordings", home=tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    import boto3  # noqa: PLC0415 - an optional extra

    boto3.client("s3").create_bucket(Bucket="calls")
    return open_store("s3://calls/of/ours", home=tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.wav"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    path = tmp_path / "newer.wav"
    path.write_bytes(b"newer")
    return path


async def _read(store: RecordingStore, *, first: int = 0, count: int | None = None) -> bytes:
    return b"".join([block async for block in store.read(FILE, first=first, count=count)])


async def test_what_was_put_is_read_whole_and_in_parts(store: RecordingStore, source: Path) -> None:
    await store.put(FILE, source)
    assert await _read(store) == CONTENT
    assert await _read(store, first=1000, count=70_000) == CONTENT[1000:71_000]
    assert await _read(store, first=len(CONTENT) - 3) == CONTENT[-3:]
    assert await _read(store, first=len(CONTENT) + 3, count=5) == b""


async def test_a_second_putting_replaces_the_first(
    store: RecordingStore, source: Path, newer: Path
) -> None:
    await store.put(FILE, source)
    await store.put(FILE, newer)
    assert await _read(store) == b"newer"


async def test_what_was_deleted_is_gone_and_may_be_deleted_again(
    store: RecordingStore, source: Path
) -> None:
    await store.put(FILE, source)
    await store.delete(FILE)
    await store.delete(FILE)
    with pytest.raises(FileGoneError):
        await _read(store)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "2026/11/23/a.wav", FILE + "\n"]
)
async def test_a_name_that_is_not_ours_leads_nowhere(
    store: RecordingStore, source: Path, name: str
) -> None:
    with pytest.raises(StoreError, match="no name of a recording"):
        await store.put(name, source)
    with pytest.raises(StoreError, match="no name of a recording"):
        await store.delete(name)


async def test_a_folder_lets_nobody_else_in_and_holds_nothing_half_written(
    tmp_path: Path, source: Path
) -> None:
    folder = tmp_path / "kept"
    store = FolderStore(folder)
    await store.put(FILE, source)
    with pytest.raises(StoreError, match="No such file"):
        await store.put(FILE, tmp_path / "nothing.wav")
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert [str(path.relative_to(folder)) for path in kept] == [FILE]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_dir()}
    assert modes == {0o700}
    assert stat.S_IMODE(kept[0].stat().st_mode) == 0o600


async def test_a_store_says_beforehand_whether_it_takes_files(store: RecordingStore) -> None:
    await store.check()


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be made"):
        await FolderStore(tmp_path / "file" / "in it").check()
