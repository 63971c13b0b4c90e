"""Who rings, as a trunk writes it: a number that can be rung back, or nobody.

Pure. Chinese trunks write mobiles of other towns with a 0 before them, fixed lines of their own
town without area code, and country codes without a plus.
"""

from collections.abc import Iterator

import phonenumbers

from core.phone import PhoneNumber, PhoneNumberError, read_e164

_HIDDEN = ("prohib", "unavailable")
_LEAST_DIGITS = 7  # shorter ones are services, which ring nobody


def caller_number(
    written: str, *, presentation: str, region: str, dialled: str = ""
) -> PhoneNumber | None:
    """Return the caller's number; None: withheld, or none that could be rung.

    Args:
        written: as the trunk gives it.
        presentation: Asterisk's CALLERID(num-pres).
        region: where the trunk stands.
        dialled: the number they rang, which says the area of a number without area code.
    """
    digits = "".join(each for each in written if each.isdecimal() and each.isascii())
    if presentation.startswith(_HIDDEN) or len(digits) < _LEAST_DIGITS:
        return None
    for text in _readings(written, digits, region=region, dialled=dialled):
        try:
            return PhoneNumber.parse(text, region)
        except PhoneNumberError:
            continue
    return None


def _readings(written: str, digits: str, *, region: str, dialled: str) -> Iterator[str]:
    yield written
    yield digits.lstrip("0")
    if not written.startswith("+"):
        yield f"+{digits}"
        yield from (area + digits for area in _area_of(dialled, region))


def _area_of(dialled: str, region: str) -> Iterator[str]:
    """Yield the country and area code of a fixed line; a number of no area has none."""
    try:
        number = read_e164(PhoneNumber.parse(dialled, region).e164)
    except PhoneNumberError:
        return
    length = phonenumbers.length_of_geographical_area_code(number)
    if length:
        area = phonenumbers.national_significant_number(number)[:length]
        yield f"+{number.country_code}{area}"
