"""The engine that comes with the program: espeak-ng, in a few processes of its own."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from customers.model import Language
from scripts.speech.model import SpeechError

_VOICES: Mapping[Language, tuple[str, int]] = MappingProxyType(
    {  # voice, words a minute: about four and a half syllables a second in Mandarin
        Language.MANDARIN: ("cmn", 170),
        Language.ENGLISH: ("en-us", 155),
    }
)
_MADE = 1  # counts up when the same voice comes to sound different: its level, its pauses
_COMMAND = (sys.executable, "-P", "-m", "scripts.speech.espeak_child")
_REPLY_WITHIN_S = 30.0  # of a sentence; a machine at its limits takes a second
_LEAVE_WITHIN_S = 2.0
_AT_ONCE = 4


class _ChildGoneError(Exception):
    """The process ended, or says nothing any more."""


class EspeakEngine:
    """Speaks by espeak-ng; processes start when first needed and live until `close`."""

    def __init__(self, *, at_once: int | None = None) -> None:
        self._count = at_once or max(1, min(_AT_ONCE, os.cpu_count() or 1))
        self._free = asyncio.Semaphore(self._count)
        self._idle: list[_Child] = []
        self._closed = False

    @property
    def key(self) -> str:
        """Return the version of the library and its voices."""
        voices = ",".join(f"{voice}:{speed}" for voice, speed in _VOICES.values())
        return f"espeak-ng {version('espeakng-loader')} {voices} {_MADE}"

    async def speak(self, text: str, language: Language, *, rate: int, into: Path) -> None:
        """Write the text as a WAV file; a process that died is replaced once.

        Raises:
            SpeechError: no audio came of it.
        """
        voice, speed = _VOICES[language]
        request = {
            "text": text.replace("\0", " "),
            "voice": voice,
            "words_per_minute": speed,
            "rate": rate,
            "into": str(into),
        }
        async with self._free:
            try:
                reply = await self._ask(request)
            except _ChildGoneError:
                try:
                    reply = await self._ask(request, fresh=True)  # all may have been killed
                except _ChildGoneError as err:
                    message = f"espeak-ng ended twice over {len(text)} characters: {err}"
                    raise SpeechError(message) from err
        if "error" in reply:
            raise SpeechError(reply["error"])

    async def close(self) -> None:
        """End the processes; nothing can be spoken afterwards."""
        self._closed = True  # what is being spoken ends with its task, which the speaker cancels
        while self._idle:
            await self._idle.pop().end()

    async def _keep_few(self) -> None:
        while len(self._idle) > self._count:
            await self._idle.pop(0).end()

    async def _ask(self, request: Mapping[str, Any], *, fresh: bool = False) -> dict[str, Any]:
        if self._closed:
            message = "the speaker is closed; nothing is spoken any more"
            raise SpeechError(message)
        child = self._idle.pop() if self._idle and not fresh else await _Child.start()
        try:
            reply = await child.ask(request)
        except BaseException:  # cancelled ones too: a late reply would be taken for the next one's
            await child.kill()
            raise
        self._idle.append(child)
        await self._keep_few()
        return reply


class _Child:
    """One process that speaks."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> "_Child":
        """Start one.

        Raises:
            SpeechError: the machine gives no process.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *_COMMAND, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
        except OSError as err:
            message = f"{_COMMAND[0]} cannot be started to speak: {err.strerror}"
            raise SpeechError(message) from err
        return cls(process)

    async def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and return its reply.

        Raises:
            _ChildGoneError: none came.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            message = "a child has pipes"
            raise RuntimeError(message)
        try:
            async with asyncio.timeout(_REPLY_WITHIN_S):
                stdin.write(json.dumps(request).encode() + b"\n")
                await stdin.drain()
                line = await stdout.readline()
        except TimeoutError as err:
            message = f"no reply within {_REPLY_WITHIN_S:g} s"
            raise _ChildGoneError(message) from err
        except OSError as err:
            raise _ChildGoneError(str(err)) from err
        if not line.endswith(b"\n"):
            message = "it closed its output"
            raise _ChildGoneError(message)
        reply: dict[str, Any] = json.loads(line)
        return reply

    async def end(self) -> None:
        """Let the process end as it does when we are gone; kill it when it does not."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_LEAVE_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End the process at once."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
