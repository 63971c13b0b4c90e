"""A trunk's dialect: how it wants numbers dialled, and which number it shows.

Pure. Many Chinese trunks want a 0 before mobiles of other towns (docs/asterisk.md).
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass, field

import phonenumbers
from phonenumbers import geocoder

from core.errors import OwnerlineError
from core.phone import PhoneKind, PhoneNumber, read_e164
from dialer.bridges.asterisk.values import Kind, safe

_PLACES = frozenset({"e164", "digits", "national", "trunk"})
# In whose words the area of a number is told, and `home_area` is written.
_AREAS_IN = "zh"


class DialError(OwnerlineError):
    """A trunk's `dial` cannot be used, or cannot reach a number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How one trunk dials; made by `read`."""

    template: str  # PJSIP/{digits}@trunk
    region: str  # ISO 3166 alpha-2: where the trunk stands
    home_area: str | None = None
    out_of_town_prefix: str = ""
    places: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def read(
        cls,
        template: str,
        *,
        region: str,
        home_area: str | None = None,
        out_of_town_prefix: str = "",
    ) -> "Dialect":
        """Return the dialect of a trunk's settings.

        Raises:
            DialError: the template names no number, or something that is none.
        """
        try:
            named = [name for _, name, _, _ in string.Formatter().parse(template)]
        except ValueError as err:
            message = f"dial = {template!r} cannot be read: {err}"
            raise DialError(message) from err
        places = frozenset(name for name in named if name is not None)
        if not places or not places <= _PLACES:
            known = ", ".join(f"{{{name}}}" for name in sorted(_PLACES))
            message = f"dial = {template!r} must name one of {known}, and nothing else in braces"
            raise DialError(message)
        return cls(
            template=template,
            region=region,
            home_area=home_area,
            out_of_town_prefix=out_of_town_prefix,
            places=places,
        )

    def dial_string(self, to: PhoneNumber) -> str:
        """Return what Asterisk is to dial, say PJSIP/8613800138000@trunk.

        Raises:
            DialError: the trunk dials numbers without country code, and this is of another one.
            UnsafeValueError: the template's text is no endpoint.
        """
        known = {"e164": to.e164, "digits": to.digits}
        if "national" in self.places:
            known["national"] = self._national(to)
        if "trunk" in self.places:
            known["trunk"] = self._as_trunk_wants(to)
        numbers = {name: safe(Kind.NUMBER, known[name]) for name in self.places}
        return safe(Kind.ENDPOINT, self.template.format(**numbers))

    def _national(self, to: PhoneNumber) -> str:
        if to.region != self.region:
            message = (
                f"dial = {self.template!r} is without country code and reaches only numbers of "
                f"{self.region}, not of {to.region}; use {{e164}}, {{digits}} or {{trunk}}"
            )
            raise DialError(message)
        return phonenumbers.national_significant_number(read_e164(to.e164))

    def _as_trunk_wants(self, to: PhoneNumber) -> str:
        """Return the digits a person in the trunk's region would press."""
        number = read_e164(to.e164)
        written = phonenumbers.format_out_of_country_calling_number(number, self.region)
        pressed = "".join(each for each in written if each.isdigit())
        return self.out_of_town_prefix + pressed if self._is_out_of_town(to) else pressed

    def _is_out_of_town(self, to: PhoneNumber) -> bool:
        """Say whether it is a mobile of another town, or of one nobody knows."""
        if self.home_area is None or to.region != self.region or to.kind is not PhoneKind.MOBILE:
            return False
        return self.home_area not in geocoder.description_for_number(read_e164(to.e164), _AREAS_IN)


@dataclass(frozen=True, kw_only=True, slots=True)
class CallerIds:
    """Which number owners see: their community's, else the trunk's, else what the call says."""

    by_community: Mapping[str, str] = field(default_factory=dict)
    trunk: str | None = None

    def of(self, community: str, *, otherwise: str) -> str:
        """Return the caller ID of a call; empty lets the trunk show its own.

        Raises:
            UnsafeValueError: it is no number.
        """
        chosen = self.by_community.get(community) or self.trunk or otherwise
        return safe(Kind.CALLER_ID, "".join(each for each in chosen if each not in " -()"))
