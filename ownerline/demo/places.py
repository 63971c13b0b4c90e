"""The invented company's communities, and how many owners each has."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An invented community; `share` of all owners live there, `english` of them speak English."""

    name: str
    share: float
    english: float = 0.0
    time_zone: str = "Asia/Shanghai"
    region: str = "CN"
    currency: str = "CNY"
    packs: tuple[str, ...] = ("CN",)
    fee_minor: int = 320  # property fee a square metre and month
    area_code: str = "755"  # of its landlines

    @property
    def is_abroad(self) -> bool:
        """Whether other rules than the company's own hold there."""
        return self.region != "CN"


PLACES = (
    Place(name="锦绣花园", share=0.27),
    Place(name="翠湖名邸", share=0.22, fee_minor=450),
    Place(name="云栖雅苑", share=0.18, fee_minor=280, area_code="28"),
    Place(name="滨江壹号", share=0.15, fee_minor=680, english=0.04),
    Place(name="Riverside Residences", share=0.12, fee_minor=720, english=0.7),
    Place(
        name="Golden Gate Court",
        share=0.06,
        fee_minor=550,
        english=0.6,
        time_zone="America/Los_Angeles",
        region="US",
        currency="USD",
        packs=("US",),
    ),
)


def owners_by_place(owners: int) -> Sequence[int]:
    """Share the owners out among the places; the largest remainders take what is left over."""
    exact = [place.share * owners for place in PLACES]
    given = [int(each) for each in exact]
    by_remainder = sorted(range(len(PLACES)), key=lambda n: (given[n] - exact[n], n))
    for n in by_remainder[: owners - sum(given)]:
        given[n] += 1
    return given
