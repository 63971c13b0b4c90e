"""Numbers never rung on any bridge, and the screening against national do-not-call lists."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import phonenumbers
from phonenumbers import shortnumberinfo

from callback.rules import Rule
from core.errors import OwnerlineError
from core.phone import PhoneKind, PhoneNumber, PhoneNumberError, read_e164

_BY_KIND = {
    PhoneKind.SATELLITE: Rule.SATELLITE_NUMBER,
    PhoneKind.PREMIUM: Rule.PREMIUM_NUMBER,
    PhoneKind.SHARED_COST: Rule.SHARED_COST_NUMBER,
}


@lru_cache(maxsize=65536)
def never_rung(phone: PhoneNumber) -> Rule | None:
    """Return why the number may never be rung, or None when it may.

    Short and emergency numbers come first: `+86110` is a number a careless file or a dial plan
    that strips the country code turns into a call to the police.
    """
    try:
        number = read_e164(phone.e164)
    except phonenumbers.NumberParseException:
        return Rule.INVALID_NUMBER
    digits = phonenumbers.national_significant_number(number)
    regions = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    if any(shortnumberinfo.is_emergency_number(digits, region) for region in regions):
        return Rule.EMERGENCY_NUMBER
    if phone.kind is PhoneKind.SATELLITE:
        return Rule.SATELLITE_NUMBER
    if not phonenumbers.is_valid_number(number):
        short = shortnumberinfo.is_possible_short_number(number)
        return Rule.SHORT_NUMBER if short else Rule.INVALID_NUMBER
    return _BY_KIND.get(phone.kind)


def within_destinations(
    phone: PhoneNumber, region: str | None, destinations: Iterable[str]
) -> bool:
    """Say whether the number lies on the list: `+86` prefixes or `CN` countries."""
    return any(
        phone.e164.startswith(entry) if entry.startswith("+") else region == entry
        for entry in destinations
    )


def is_test_number(phone: PhoneNumber, patterns: Iterable[str]) -> bool:
    """Say whether the number is one the installation may ring before it is armed.

    A pattern is E.164 whose last sign may be `*` for any further digits: `+8613800*`.
    """
    return any(
        phone.e164.startswith(pattern.removesuffix("*"))
        if pattern.endswith("*")
        else phone.e164 == pattern
        for pattern in patterns
        if len(pattern) > len("+*")
    )


class DoNotCallListError(OwnerlineError):
    """The national do-not-call list cannot be read; without it no marketing call is placed."""


class DoNotCallScreen(Protocol):
    """A national do-not-call list (US registry, UK TPS, …), asked before marketing calls."""

    def listed(self, phone: PhoneNumber) -> bool | None:
        """Say whether the number is on it; None when the list does not speak of such numbers."""
        ...


class ListFile:
    """A list as the registries hand it out: one number a line, for one country."""

    def __init__(self, region: str, numbers: frozenset[str]) -> None:
        self._region = region
        self._numbers = numbers

    @classmethod
    def read(cls, path: Path, region: str) -> "ListFile":
        """Read a file of national or E.164 numbers.

        Raises:
            DoNotCallListError: the file cannot be read, or a line is no number of the region.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as err:
            message = f"do-not-call list {path} cannot be read: {err}; mend its path or its rights"
            raise DoNotCallListError(message) from err
        return cls.parse(text, region, origin=str(path))

    @classmethod
    def parse(cls, text: str, region: str, *, origin: str) -> "ListFile":
        """Take one number a line; blank lines and those that start with `#` are passed over.

        Raises:
            DoNotCallListError: a line is no number of the region; half a list screens nobody.
        """
        numbers: set[str] = set()
        for nth, line in enumerate(text.splitlines(), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            try:
                numbers.add(PhoneNumber.parse(line, region).e164)
            except PhoneNumberError as err:
                message = f"do-not-call list {origin}, line {nth} is no number of {region}; mend it"
                raise DoNotCallListError(message) from err
        return cls(region, frozenset(numbers))

    def listed(self, phone: PhoneNumber) -> bool | None:
        """Say whether the number is on it; None for a number of another country."""
        if phone.region != self._region:
            return None
        return phone.e164 in self._numbers


class Screens:
    """Several lists as one; a number that no list speaks of stays unscreened."""

    def __init__(self, screens: Iterable[DoNotCallScreen]) -> None:
        self._screens = tuple(screens)

    def listed(self, phone: PhoneNumber) -> bool | None:
        """Say whether the number is on any; None when none speaks of it."""
        answers = [
            answer for screen in self._screens if (answer := screen.listed(phone)) is not None
        ]
        return any(answers) if answers else None
