"""Keys become an answer as the scripts read them."""

import pytest

from customers.model import Language
from dialer.bridges.entry import Entry, record_keys
from scripts.library import load_library
from scripts.model import Ask, AskKind
from scripts.samples import situations
from scripts.walk import explore

GLOBAL = {"*9": "", "*0": "", "*": ""}
ASKS = {
    "key": Ask(kind=AskKind.KEY, keys={"1": "", "9": "", "0": "", "*": ""}),
    "choice": Ask(kind=AskKind.CHOICE, keys={"1": "", "2": ""}),
    "digits": Ask(kind=AskKind.DIGITS, keys=GLOBAL, max_digits=4),
    "digit": Ask(kind=AskKind.DIGITS, keys=GLOBAL, max_digits=1),
    "amount": Ask(kind=AskKind.AMOUNT, keys=GLOBAL, max_digits=12),
    "time": Ask(kind=AskKind.TIME, keys=GLOBAL, max_digits=4),
}


def _pressed(ask: Ask, keys: str) -> tuple[Entry, str]:
    """Return the entry, and the keys that no longer belong to it."""
    entry = Entry(ask=ask)
    for n, key in enumerate(keys):
        if entry.done:
            return entry, keys[n:]
        entry = entry.press(key)
    return entry, ""


@pytest.mark.parametrize(
    ("ask", "pressed", "keys", "done", "left"),
    [
        ("key", "1", "1", True, ""),
        ("key", "*9", "*", True, "9"),
        ("key", "#", "#", True, ""),
        ("choice", "22", "2", True, "2"),
        ("digits", "031", "031", False, ""),
        ("digits", "03115", "0311", True, "5"),
        ("digits", "12#", "12", True, ""),
        ("digits", "#", "", True, ""),
        ("digits", "*9", "*9", True, ""),
        ("digits", "*0", "*0", True, ""),
        ("digits", "*", "*", False, ""),
        ("digits", "*#", "*", True, ""),
        ("digits", "12*9", "12*9", True, ""),
        ("digit", "*9", "*9", True, ""),
        ("digit", "5", "5", True, ""),
        ("amount", "1280*50#", "1280*50", True, ""),
        ("amount", "9*9#", "9*9", True, ""),
        ("amount", "*9", "*9", True, ""),
        ("time", "930#", "930", True, ""),
        ("time", "1430", "1430", True, ""),
    ],
)
def test_keys_come_to_an_entry(ask: str, pressed: str, keys: str, done: bool, left: str) -> None:
    entry, rest = _pressed(ASKS[ask], pressed)
    assert (entry.keys, entry.done, rest) == (keys, done, left)


def test_only_an_entry_that_is_full_may_still_be_ended() -> None:
    assert _pressed(ASKS["digits"], "0311")[0].full
    assert not _pressed(ASKS["digits"], "031#")[0].full
    assert not _pressed(ASKS["digits"], "*9")[0].full


def test_who_pressed_a_star_alone_waits_less_long() -> None:
    ask = Ask(kind=AskKind.DIGITS, keys=GLOBAL, max_digits=4, timeout_s=5.0)
    assert Entry(ask=ask).patience_s == 5.0
    assert Entry(ask=ask, keys="*").patience_s == 2.0


@pytest.mark.parametrize("name", sorted(load_library().scripts)[:6])
def test_every_key_a_shipped_script_offers_comes_back_as_it_is_offered(name: str) -> None:
    library = load_library()
    for situation in situations(library.get(name), Language.MANDARIN):
        for node in explore(library, situation.plan).values():
            ask = node.turn.ask
            if ask is None:
                continue
            for key in ask.keys:
                if ask.kind is AskKind.RECORD:
                    assert key in record_keys(ask)
                else:
                    assert _pressed(ask, f"{key}#")[0].keys == key
