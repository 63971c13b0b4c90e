"""Recordings in an S3-compatible bucket; credentials come by the SDK's usual means."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from recordings.store import FileGoneError, StoreError, checked

_BLOCK_BYTES = 1 << 16
_GONE = frozenset({"NoSuchKey", "404"})
_PAST_THE_END = "InvalidRange"
# A worker's job waits; a listener does not: few tries, each with an end.
_CONFIG = Config(
    connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3, "mode": "standard"}
)


class S3Store:
    """Keeps recordings in a bucket, below a prefix; its calls wait in threads."""

    def __init__(self, *, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix.strip("/")

    @cached_property
    def _client(self) -> Any:
        return boto3.client("s3", config=_CONFIG)

    def _key(self, file: str) -> str:
        return f"{self._prefix}/{checked(file)}" if self._prefix else checked(file)

    async def put(self, file: str, source: Path) -> None:
        """Keep a copy of a local file; what is half there is nowhere to be seen."""
        await asyncio.to_thread(self._put, self._key(file), source)

    def _put(self, key: str, source: Path) -> None:
        with self._failing("takes no file"):
            self._client.upload_file(
                str(source), self._bucket, key, ExtraArgs={"ContentType": "audio/wav"}
            )

    async def read(
        self, file: str, *, first: int = 0, count: int | None = None
    ) -> AsyncIterator[bytes]:
        """Yield a file's bytes."""
        last = "" if count is None else str(first + count - 1)
        body = await asyncio.to_thread(self._open, self._key(file), f"bytes={first}-{last}")
        if body is None:
            return
        with contextlib.closing(body):
            while block := await asyncio.to_thread(self._next, body):
                yield block

    def _next(self, body: Any) -> bytes:
        with self._failing("broke off"):
            block: bytes = body.read(_BLOCK_BYTES)
        return block

    def _open(self, key: str, span: str) -> Any:
        with self._failing("cannot be read"):
            try:
                return self._client.get_object(Bucket=self._bucket, Key=key, Range=span)["Body"]
            except ClientError as err:
                code = err.response.get("Error", {}).get("Code")
                if code in _GONE:
                    message = f"bucket {self._bucket} has no {key}"
                    raise FileGoneError(message) from err
                if code == _PAST_THE_END:
                    return None
                raise

    async def delete(self, file: str) -> None:
        """Take a file away."""
        await asyncio.to_thread(self._delete, self._key(file))

    def _delete(self, key: str) -> None:
        with self._failing("deletes nothing"):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    async def check(self) -> None:
        """See whether the bucket is there and known to us."""
        await asyncio.to_thread(self._check)

    def _check(self) -> None:
        with self._failing("does not answer as it should"):
            self._client.head_bucket(Bucket=self._bucket)

    @contextlib.contextmanager
    def _failing(self, how: str) -> Iterator[None]:
        """Tell the SDK's errors as ours."""
        try:
            yield
        except (Boto3Error, BotoCoreError, ClientError) as err:
            message = f"bucket {self._bucket} {how}: {err}"
            raise StoreError(message) from err
