"""Money: an exact number of minor units in one currency."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import get_currency_precision

from core.errors import OwnerlineError


class CurrencyMismatchError(OwnerlineError):
    """Two amounts of different currencies can be neither added nor compared."""


def minor_digits(currency: str) -> int:
    """Return how many decimals the currency has (CLDR: CNY 2, JPY 0)."""
    return get_currency_precision(currency)


@dataclass(frozen=True, kw_only=True, slots=True, order=False)
class Money:
    """An amount in minor units (fen, cents) of an ISO 4217 currency; may be negative."""

    amount_minor: int
    currency: str

    @classmethod
    def from_decimal(cls, amount: Decimal, currency: str) -> "Money":
        """Round half up to the currency's minor unit."""
        scaled = amount.scaleb(minor_digits(currency))
        return cls(
            amount_minor=int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP)),
            currency=currency,
        )

    def to_decimal(self) -> Decimal:
        """Return the amount in major units with the currency's own number of decimals."""
        return Decimal(self.amount_minor).scaleb(-minor_digits(self.currency))

    def __add__(self, other: "Money") -> "Money":
        return Money(
            amount_minor=self.amount_minor + self._same(other).amount_minor, currency=self.currency
        )

    def __sub__(self, other: "Money") -> "Money":
        return Money(
            amount_minor=self.amount_minor - self._same(other).amount_minor, currency=self.currency
        )

    def __str__(self) -> str:
        return f"{self.to_decimal()} {self.currency}"

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            message = f"cannot mix {self} with {other}"
            raise CurrencyMismatchError(message)
        return other
