"""What the keys pressed at a prompt come to: one key, or several up to their end.

Pure. Where digits are awaited the keys that work everywhere come after a star (`*9`, `*0`, and `*`
alone), see `scripts.prompts`; those end an entry at once.
"""

from dataclasses import dataclass, replace

from scripts.model import Ask, AskKind

END = "#"
_STAR = "*"
ONE_KEY = frozenset({AskKind.KEY, AskKind.CHOICE})
ALL_KEYS = "0123456789*#"  # that a telephone has
_AFTER_STAR_S = 2.0  # then a star alone was meant


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Keys pressed so far at a prompt; `done` says that no further one belongs to them."""

    ask: Ask
    keys: str = ""
    done: bool = False
    full: bool = False  # done for want of room: an ending # may still come

    @property
    def patience_s(self) -> float:
        """How long to wait for the next key."""
        return min(_AFTER_STAR_S, self.ask.timeout_s) if self.keys == _STAR else self.ask.timeout_s

    def press(self, key: str) -> "Entry":
        """Return the entry with one more key."""
        if self.ask.kind in ONE_KEY:
            return replace(self, keys=key, done=True)
        if key == END:
            return replace(self, done=True)
        keys = self.keys + key
        if keys.startswith(_STAR) and keys != _STAR and keys in self.ask.keys:
            return replace(self, keys=keys, done=True)
        full = len(keys.removeprefix(_STAR)) >= self.ask.max_digits
        return replace(self, keys=keys, done=full, full=full)


def record_keys(ask: Ask) -> str:
    """Return the keys that end a recording: the pound key, and those that are answers."""
    return END + "".join(sorted(key for key in ask.keys if len(key) == 1 and key != END))
