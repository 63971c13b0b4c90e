"""An Asterisk's side of a FastAGI session without a wire: commands in, its responses out."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from dialer.bridges.asterisk.agi.keys import Keys
from dialer.bridges.asterisk.agi.session import AgiSession

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"')
# As Asterisk 22.10.1 answers when nothing is pressed and everything is there.
QUIET = {
    "STREAM FILE": "200 result=0 endpos=4000",
    "WAIT FOR DIGIT": "200 result=0",
    "RECORD FILE": "200 result=16926 (timeout) endpos=8160",
    "SET VARIABLE": "200 result=1",
    "CHANNEL STATUS": "200 result=6",
    "GET FULL VARIABLE": "200 result=1 (unique)",
}


@dataclass
class ScriptedAsterisk:
    """Answers each command by the next line scripted for it, else as a quiet line does.

    A scripted line of None: no answer (the command goes on), as many lines as the text has.
    """

    script: dict[str, list[str | None]] = field(default_factory=dict)
    commands: list[tuple[str, ...]] = field(default_factory=list)
    on_command: Callable[[str], None] = lambda _: None
    closed: bool = False

    def __post_init__(self) -> None:
        self.reader = asyncio.StreamReader()
        self.keys = Keys(asyncio.get_running_loop().time)
        self.session = AgiSession(self.reader, self, header={"uniqueid": "unique"}, keys=self.keys)

    def write(self, data: bytes) -> None:
        line = data.decode().rstrip("\n")
        verb = line.partition(' "')[0]
        self.commands.append((verb, *(found[1] for found in _WORD.finditer(line))))
        scripted = self.script.get(verb, [])
        answer = scripted.pop(0) if scripted else QUIET[verb]
        if answer is not None:
            self.say(answer)
        self.on_command(verb)

    async def drain(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        self.closed = True

    def say(self, line: str) -> None:
        """Send a line of Asterisk's."""
        self.reader.feed_data(line.encode() + b"\n")

    def hang_up(self) -> None:
        """End the connection, as when the process of Asterisk dies."""
        self.reader.feed_eof()

    def verbs(self) -> list[str]:
        """Return what was commanded, in order."""
        return [verb for verb, *_ in self.commands]
