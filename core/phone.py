"""Phone numbers: read in a region, kept as E.164, classified by Google's metadata."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from phonenumbers.timezone import time_zones_for_number

from core.errors import OwnerlineError


class PhoneNumberError(OwnerlineError):
    """The text is no phone number that could be rung in the region."""


class PhoneKind(StrEnum):
    """What sort of line a number is, as far as its plan tells."""

    MOBILE = "mobile"
    FIXED = "fixed"
    FIXED_OR_MOBILE = "fixed_or_mobile"
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    VOIP = "voip"
    PERSONAL = "personal"
    PAGER = "pager"
    UAN = "uan"
    VOICEMAIL = "voicemail"
    SATELLITE = "satellite"
    UNKNOWN = "unknown"


_KINDS = {
    PhoneNumberType.MOBILE: PhoneKind.MOBILE,
    PhoneNumberType.FIXED_LINE: PhoneKind.FIXED,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: PhoneKind.FIXED_OR_MOBILE,
    PhoneNumberType.TOLL_FREE: PhoneKind.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: PhoneKind.PREMIUM,
    PhoneNumberType.SHARED_COST: PhoneKind.SHARED_COST,
    PhoneNumberType.VOIP: PhoneKind.VOIP,
    PhoneNumberType.PERSONAL_NUMBER: PhoneKind.PERSONAL,
    PhoneNumberType.PAGER: PhoneKind.PAGER,
    PhoneNumberType.UAN: PhoneKind.UAN,
    PhoneNumberType.VOICEMAIL: PhoneKind.VOICEMAIL,
}

# ITU-T E.164 assignments: 870 Inmarsat, 881 mobile satellite, 882/883 international networks.
_SATELLITE_COUNTRY_CODES = frozenset({870, 881, 882, 883})
_UNKNOWN_ZONE = "Etc/Unknown"


@dataclass(frozen=True, slots=True, order=True)
class PhoneNumber:
    """A dialable number in E.164 (`+8613800138000`); made by `parse` or from our own database."""

    e164: str

    @classmethod
    def parse(cls, text: str, region: str) -> "PhoneNumber":
        """Read a number as written in the region (ISO 3166 alpha-2).

        Raises:
            PhoneNumberError: the text is no possible and valid number there.
        """
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException as err:
            message = f"{text!r} is not a phone number in region {region}: {err}"
            raise PhoneNumberError(message) from err
        if not phonenumbers.is_valid_number(number):
            message = f"{text!r} is not a valid phone number in region {region}"
            raise PhoneNumberError(message)
        return cls(phonenumbers.format_number(number, PhoneNumberFormat.E164))

    @property
    def digits(self) -> str:
        """The number without its plus sign."""
        return self.e164.removeprefix("+")

    @property
    def region(self) -> str | None:
        """ISO 3166 alpha-2 of the number's own country; None for non-geographic codes."""
        return _region(self.e164)

    @property
    def kind(self) -> PhoneKind:
        """What sort of line it is."""
        return _kind(self.e164)

    @property
    def time_zones(self) -> tuple[str, ...]:
        """Every IANA zone the number may be in; empty when nothing is known."""
        zones = time_zones_for_number(read_e164(self.e164))
        return tuple(zone for zone in zones if zone != _UNKNOWN_ZONE)

    def __str__(self) -> str:
        return self.e164


# A claim asks the same of a number many times, and reading the plan anew costs more than a query.
_KNOWN = lru_cache(maxsize=16384)


@_KNOWN
def read_e164(e164: str) -> phonenumbers.PhoneNumber:
    """Read a number for questions to Google's library; whoever gets it must not change it.

    Raises:
        phonenumbers.NumberParseException: the text is no number with a country code.
    """
    return phonenumbers.parse(e164, None)


@_KNOWN
def _region(e164: str) -> str | None:
    return phonenumbers.region_code_for_number(read_e164(e164))


@_KNOWN
def _kind(e164: str) -> PhoneKind:
    number = read_e164(e164)
    if number.country_code in _SATELLITE_COUNTRY_CODES:
        return PhoneKind.SATELLITE
    return _KINDS.get(phonenumbers.number_type(number), PhoneKind.UNKNOWN)
