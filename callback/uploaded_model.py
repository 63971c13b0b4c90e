"""The words of uploaded lists: their states, why a row is refused, what a column is taken for."""

from dataclasses import dataclass
from enum import StrEnum

from core.errors import OwnerlineError
from customers.model import Reason
from customers.parsing.text import as_text

CAMPAIGN_PREFIX = "list-"
_LONGEST_NAME = 100


class UploadedListError(OwnerlineError):
    """What was asked of an uploaded list cannot be done; the text says why and the mend."""


class ListState(StrEnum):
    """How far a list is; whether a started one is paused says its campaign's switch."""

    DRAFT = "draft"
    STARTED = "started"
    ENDED = "ended"


class ListKind(StrEnum):
    """What the people on a list are: owners to be told something, or prospects to be invited."""

    UPLOADED = "uploaded"
    PROSPECT = "prospect"

    @property
    def reason(self) -> Reason:
        """The reason of its due calls."""
        return Reason(self.value)


class RowRefusal(StrEnum):
    """Why a row is never called; those from the number are named like the rules."""

    # found in the file
    NO_PHONE = "no_phone"
    EMERGENCY_NUMBER = "emergency_number"
    SHORT_NUMBER = "short_number"
    INVALID_NUMBER = "invalid_number"
    SATELLITE_NUMBER = "satellite_number"
    PREMIUM_NUMBER = "premium_number"
    SHARED_COST_NUMBER = "shared_cost_number"
    OTHER_COMMUNITY = "other_community"
    ASKED_NOT_TO = "asked_not_to"
    MISSING_VARIABLE = "missing_variable"
    BAD_VARIABLE = "bad_variable"
    DUPLICATE = "duplicate"
    # found in the customer file, anew at each preview and at the start
    UNKNOWN_UNIT = "unknown_unit"
    NOBODY_THERE = "nobody_there"
    NO_NAME = "no_name"
    NO_UNIT = "no_unit"
    SAME_PERSON = "same_person"
    DECEASED = "deceased"
    OPTED_OUT = "opted_out"


# Found in the customer file, which may change between the upload and the start.
OF_THE_FILE = frozenset(
    {
        RowRefusal.UNKNOWN_UNIT,
        RowRefusal.NOBODY_THERE,
        RowRefusal.NO_NAME,
        RowRefusal.NO_UNIT,
        RowRefusal.SAME_PERSON,
        RowRefusal.DECEASED,
        RowRefusal.OPTED_OUT,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of the file and what it is taken for: a field, `variable:name`, or nothing.

    `guessed` is false where somebody said it.
    """

    title: str
    place: int
    field: str | None = None
    variable: str | None = None
    guessed: bool = True

    @property
    def meaning(self) -> str:
        """What is shown and kept of it."""
        if self.variable is not None:
            return f"variable:{self.variable}"
        return self.field or "ignored"


def checked_name(text: str) -> str:
    """Return a list's name as it is kept.

    Raises:
        UploadedListError: it is empty or too long.
    """
    name = as_text(text)
    if not name or len(name) > _LONGEST_NAME:
        message = f"{text!r} is no name for a list; give it one of 1 to {_LONGEST_NAME} characters"
        raise UploadedListError(message)
    return name


def campaign_name(list_id: int) -> str:
    """Return the name of a list's campaign, and of its script where it brings its own."""
    return f"{CAMPAIGN_PREFIX}{list_id}"


def list_of_campaign(name: str) -> int | None:
    """Return which list a campaign is of; None for the house's own campaigns."""
    number = name.removeprefix(CAMPAIGN_PREFIX)
    is_list = name.startswith(CAMPAIGN_PREFIX) and number.isascii() and number.isdigit()
    return int(number) if is_list else None


def row_subject(list_id: int, row_number: int) -> str:
    """Return the subject of a row's due call: `list:12:34`."""
    return f"list:{list_id}:{row_number}"


def row_of_subject(subject: str) -> tuple[int, int]:
    """Return the list and the row a subject names.

    Raises:
        UploadedListError: it names none.
    """
    kind, _, rest = subject.partition(":")
    list_id, _, row_number = rest.partition(":")
    if kind != "list" or not (list_id.isdigit() and row_number.isdigit()):
        message = f"the subject {subject!r} names no row of a list; it should read list:12:34"
        raise UploadedListError(message)
    return int(list_id), int(row_number)
