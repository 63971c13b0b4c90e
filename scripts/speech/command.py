"""An engine that is any program: started for each sentence, without a shell."""

import asyncio
import contextlib
import hashlib
import os
import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from customers.model import Language
from scripts.speech.model import SpeechError
from scripts.speech.wav import read_wav

_PLACEHOLDER = re.compile(r"\{(text|language|rate|output)\}")
_AT_ONCE = 4
_SHOWN = 300  # characters of what a program says when it fails


class CommandError(SpeechError):
    """The setting speech.command cannot be used as it is."""


class CommandEngine:
    """Speaks by a program of the house's own choice.

    `{language}` is zh-CN or en, `{rate}` samples a second, `{output}` the WAV file to write. The
    sentence stands for `{text}`, or comes on stdin where no argument has `{text}`: arguments can
    be read by everybody on the machine.
    """

    def __init__(
        self, command: Sequence[str], *, within_s: float = 30.0, at_once: int = _AT_ONCE
    ) -> None:
        if not command or not any("{output}" in argument for argument in command):
            message = (
                f"speech.command is {list(command)!r}; it is a list of a program and its "
                "arguments, one of which has {output}, the WAV file to write"
            )
            raise CommandError(message)
        self._command = tuple(command)
        self._within_s = within_s
        self._free = asyncio.Semaphore(at_once)

    @property
    def key(self) -> str:
        """Return a digest of the command: another command, other audio."""
        return f"command {hashlib.sha256(repr(self._command).encode()).hexdigest()[:16]}"

    async def speak(self, text: str, language: Language, *, rate: int, into: Path) -> None:
        """Run the program and check what it wrote.

        Raises:
            SpeechError: it failed, took too long, or wrote no WAV file of that rate.
        """
        spoken = text.replace("\0", " ").strip()
        values = {
            # A sentence is no option, whatever it begins with.
            "text": f" {spoken}" if spoken.startswith("-") else spoken,
            "language": language.value,
            "rate": str(rate),
            "output": str(into),
        }
        arguments = [_filled(argument, values) for argument in self._command]
        on_stdin = None if any("{text}" in each for each in self._command) else spoken
        async with self._free:
            await self._run(arguments, on_stdin)
        await asyncio.to_thread(self._check, into, rate)

    async def close(self) -> None:
        """Do nothing: each program ends with its sentence."""

    async def _run(self, arguments: Sequence[str], on_stdin: str | None) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as err:
            message = f"speech.command: {arguments[0]} cannot be started: {err.strerror}"
            raise SpeechError(message) from err
        try:
            async with asyncio.timeout(self._within_s):
                _, said = await process.communicate((on_stdin or "").encode())
        except TimeoutError as err:
            message = f"speech.command: {arguments[0]} took longer than {self._within_s:g} s"
            raise SpeechError(message) from err
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if process.returncode:
            message = (
                f"speech.command: {arguments[0]} ended with exit {process.returncode}: "
                f"{said.decode(errors='replace').strip()[-_SHOWN:] or 'it said nothing'}"
            )
            raise SpeechError(message)

    def _check(self, file: Path, rate: int) -> None:
        try:
            sound = read_wav(file)
        except SpeechError as err:
            message = f"speech.command: {self._command[0]} ended well, but {err}"
            raise SpeechError(message) from err
        if sound.rate != rate:
            message = (
                f"speech.command: {self._command[0]} wrote {sound.rate} samples a second, "
                f"not {rate}; give it {{rate}}, or convert in a script of your own"
            )
            raise SpeechError(message)


def _filled(argument: str, values: Mapping[str, str]) -> str:
    """Fill the placeholders in one pass: a text that has braces of its own is left alone."""
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], argument)
