"""What a request may hold, field by field: every text, list and number has its limits."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from fastapi import Path
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
)

from core.errors import OwnerlineError
from core.money import Money, minor_digits
from core.phone import PhoneNumber

T = TypeVar("T", date, datetime)

YEARS = range(1970, 2200)  # phones were rung, and zones are known
_DAY_SHAPE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
# Controls but for tab and line ends: a database holds no NUL, and nobody sees the others.
CLEAN = "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\ufeff\\ufffe\\uffff]*$"
LARGEST_ID = 2**63 - 1


class Given(BaseModel):
    """What a request holds; a field nobody knows is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(BaseModel):
    """What an answer holds."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


def _texts(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest, pattern=CLEAN)


Word = Annotated[str, _texts(64)]
Text = Annotated[str, _texts(200)]
LongText = Annotated[str, _texts(4000)]
Yes = StrictBool
Id = Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)]
PathId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
PathWord = Annotated[str, Path(min_length=1, max_length=64, pattern=CLEAN)]
IdQuery = Annotated[int, Field(ge=1, le=LARGEST_ID)]
E164 = Annotated[
    str,
    StringConstraints(pattern=r"^\+[1-9][0-9]{5,14}$"),
    Field(examples=["+8613800138000"]),
]
# Money goes as text in major units, so that no binary fraction comes between.
Amount = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{1,11}(\.[0-9]{1,3})?$"),
    Field(examples=["1234.50"]),
]
SignedAmount = Annotated[
    str,
    StringConstraints(pattern=r"^-?[0-9]{1,11}(\.[0-9]{1,3})?$"),
    Field(examples=["1234.50"]),
]


def _from_text(read: Callable[[str], T]) -> Callable[[Any], T]:
    def from_text(value: Any) -> T:
        if not isinstance(value, str):
            message = "write it as text"
            raise ValueError(message)  # noqa: TRY004 - pydantic tells a ValueError as a problem
        return read(value)

    return from_text


def _day(text: str) -> date:
    if len(text) != len("2026-11-23"):
        message = "write it like 2026-11-23"
        raise ValueError(message)
    found = date.fromisoformat(text)
    _check_year(found)
    return found


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        message = "give its offset, like 2026-11-23T09:00:00+08:00"
        raise ValueError(message)
    _check_year(found)
    return found.astimezone(UTC)


def _check_year(day: date) -> None:
    if day.year not in YEARS:
        message = f"it lies outside the years {YEARS.start} to {YEARS.stop - 1}"
        raise ValueError(message)


Day = Annotated[
    date,
    BeforeValidator(_from_text(_day)),
    WithJsonSchema(
        {"type": "string", "format": "date", "pattern": _DAY_SHAPE, "examples": ["2026-11-23"]},
        mode="validation",
    ),
]
Instant = Annotated[
    datetime,
    BeforeValidator(_from_text(_instant)),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "examples": ["2026-11-23T09:00:00+08:00"]},
        mode="validation",
    ),
]


class AmountError(OwnerlineError):
    """The amount has more decimals than its currency."""


def money_of(amount: str, currency: str) -> Money:
    """Read an amount in the currency, exactly.

    Raises:
        AmountError: it has more decimals than the currency.
    """
    exact = Decimal(amount)
    money = Money.from_decimal(exact, currency)
    if money.to_decimal() != exact:
        message = (
            f"{amount} has more than {minor_digits(currency)} decimals, too many in {currency}"
        )
        raise AmountError(message)
    return money


def shown_money(amount_minor: int, currency: str) -> str:
    """Return an amount as answers write it: 1234.50."""
    return str(Money(amount_minor=amount_minor, currency=currency).to_decimal())


def phone_of(e164: str) -> PhoneNumber:
    """Read a number in E.164.

    Raises:
        PhoneNumberError: nobody could have it.
    """
    return PhoneNumber.parse(e164, "ZZ")
