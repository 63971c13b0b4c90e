"""What the columns of an uploaded list are taken for: guessed from their titles, or said."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

from callback.uploaded_model import Column, UploadedListError
from customers.headers import contact_field, same_title
from customers.parsing.text import Cell, as_text
from scripts.variables import BUILT_IN

PHONE, UNIT = "phone", "unit"
IGNORED = "ignore"

# What a row says of its person, by the words `--map` takes, and how the customer file's headers
# call it. Whatever else a column holds is a variable of the script.
FIELDS: Mapping[str, str] = {
    PHONE: "phones",
    "name": "name",
    UNIT: "unit",
    "community": "community",
    "honorific": "honorific",
    "language": "language",
    "do_not_call": "do_not_call",
}
_FIELD_OF_HEADER = {header: field for field, header in FIELDS.items()}

# What the call itself gives every script; a row's column of that name must not take its place.
OF_THE_CALL = frozenset(
    {
        "company",
        "community",
        "person",
        "unit",
        "callback_number",
        "today",
        "callback_open",
        "callback_close",
        "max_promise_days",
        "agents_available",
        "identity_hint",
    }
)
_TAKEN = OF_THE_CALL | BUILT_IN.keys()

_VARIABLE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NO_LETTERS = re.compile(r"[^a-z0-9]+")


def read_columns(titles: Sequence[Cell], given: Mapping[str, str]) -> tuple[Column, ...]:
    """Say what each titled column is taken for.

    Args:
        titles: the header row.
        given: title → a word of `FIELDS`, `ignore`, or the name of a script's variable.

    Raises:
        UploadedListError: a mapping names no column, means nothing, or two columns mean one thing.
    """
    texts = [as_text(title) for title in titles]
    said = {_place_of(title, texts): (title, word) for title, word in given.items()}
    columns: list[Column] = []
    for place, title in enumerate(texts):
        if place in said:
            columns.append(_said(title, place, said[place][1]))
        elif title:
            columns.append(_guessed(title, place, columns, _said_words(given)))
    _refuse_doubles(columns)
    if not any(column.field in {PHONE, UNIT} for column in columns):
        message = (
            f"no column is known to hold a phone number or a unit; the columns are"
            f" {_named(texts)}; say which it is: --map COLUMN={PHONE}"
        )
        raise UploadedListError(message)
    return tuple(columns)


def knows_title(title: Cell, given: Mapping[str, str]) -> bool:
    """Say whether a cell is the title of a field, or one that was named."""
    text = as_text(title)
    return bool(text) and (
        contact_field(text) in _FIELD_OF_HEADER or any(same_title(text, each) for each in given)
    )


def _place_of(title: str, texts: Sequence[str]) -> int:
    places = [place for place, text in enumerate(texts) if text and same_title(text, title)]
    if not places:
        message = f"there is no column {title!r}; the columns are {_named(texts)}"
        raise UploadedListError(message)
    if len(places) > 1:
        message = f"{len(places)} columns are called {title!r}; give them different names"
        raise UploadedListError(message)
    return places[0]


def _said(title: str, place: int, word: str) -> Column:
    if word in FIELDS:
        return Column(title=title, place=place, field=word, guessed=False)
    if word == IGNORED:
        return Column(title=title, place=place, guessed=False)
    if _VARIABLE.fullmatch(word) is None or word in _TAKEN:
        taken = "is given by the call itself" if word in _TAKEN else "is no name of a variable"
        message = (
            f"column {title!r} cannot be mapped to {word!r}, which {taken}; write one of"
            f" {', '.join(FIELDS)}, {IGNORED}, or a variable like event_day"
        )
        raise UploadedListError(message)
    return Column(title=title, place=place, variable=word, guessed=False)


def _guessed(title: str, place: int, before: Sequence[Column], said: frozenset[str]) -> Column:
    field = _FIELD_OF_HEADER.get(contact_field(title) or "")
    if field is not None and (field == PHONE or field not in said):
        return Column(title=title, place=place, field=field)
    taken = (said - FIELDS.keys()) | {
        column.variable for column in before if column.variable is not None
    }
    return Column(title=title, place=place, variable=_variable_of(title, taken))


def _variable_of(title: str, taken: frozenset[str]) -> str | None:
    """Return a name a script can use, of a title in Latin letters; None for another title."""
    plain = _NO_LETTERS.sub("_", title.casefold()).strip("_") if title.isascii() else ""
    if not plain:
        return None
    name = f"row_{plain}" if plain in _TAKEN or not plain[0].isalpha() else plain
    return next(each for each in _numbered(name[:36]) if each not in taken)


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in count(2))


def _said_words(given: Mapping[str, str]) -> frozenset[str]:
    return frozenset(given.values())


def _refuse_doubles(columns: Sequence[Column]) -> None:
    for index, column in enumerate(columns):
        for other in columns[:index]:
            one_field = column.field is not None and column.field == other.field != PHONE
            if one_field or (column.variable is not None and column.variable == other.variable):
                message = (
                    f"columns {other.title!r} and {column.title!r} would both be"
                    f" {column.field or column.variable}; say which is not:"
                    f" --map {column.title}={IGNORED}"
                )
                raise UploadedListError(message)


def _named(texts: Sequence[str]) -> str:
    return ", ".join(repr(text) for text in texts if text) or "none"
