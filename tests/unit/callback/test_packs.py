"""Packs as data: what ships, what is refused, which apply."""

from typing import Any

import pytest
import yaml

from callback.pack_model import ClockStart
from callback.packs import PackError, Packs, read_pack, shipped_packs
from customers.model import Purpose, RecordingConsent

PACKS = shipped_packs()


def test_four_packs_ship() -> None:
    assert PACKS.names == ("CN", "UK", "US", "rehearsal")


@pytest.mark.parametrize(
    ("name", "ceiling", "hours", "clock", "amd"),
    [
        ("US", 0.03, 30 * 24, ClockStart.GREETING_END, True),
        ("UK", 0.03, 24, ClockStart.ANSWER, False),
    ],
)
def test_the_law_of_abandoned_calls(
    name: str, ceiling: float, hours: int, clock: ClockStart, amd: bool
) -> None:
    law = PACKS.named(name).law
    assert law.abandonment is not None
    assert law.ring is not None
    assert (law.abandonment.ceiling, law.abandonment.window_hours) == (ceiling, hours)
    assert (law.abandonment.agent_within_s, law.abandonment.clock_starts) == (2, clock)
    assert law.abandonment.amd_on_agent_campaigns is amd
    assert law.ring.minimum_s == 15


@pytest.mark.parametrize("name", PACKS.names)
def test_every_pack_names_the_company_offers_a_way_out_and_announces_recording(name: str) -> None:
    law = PACKS.named(name).law
    assert law.identification.at_start
    assert law.opt_out.key_required
    assert law.recording.consent is RecordingConsent.ANNOUNCE


def text_of(**changes: object) -> str:
    """Return the rehearsal pack as YAML, with changes by dotted path; None takes a key out."""
    data: Any = PACKS.named("rehearsal").model_dump(
        mode="json", exclude={"law", "house", "holidays"}
    )
    own = "numbers of the house"
    data["law"] = {
        "consent": [
            {"purpose": purpose.value, "agent": "allow", "automatic": "allow", "source": own}
            for purpose in Purpose
        ],
        "opt_out": {"key_required": True, "source": own},
        "recording": {"consent": "announce", "source": own},
        "identification": {"at_start": True, "source": own},
    }
    data["house"] = {
        "hours": [
            {
                "purposes": [purpose.value for purpose in Purpose],
                "week": {"mon-sun": ["00:00-24:00"]},
                "source": own,
            }
        ],
        "rest_hours": {"periods": [], "source": own},
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = data
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list) else place[parent]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return yaml.safe_dump(data)


def test_the_bent_pack_is_whole_before_it_is_bent() -> None:
    assert read_pack(text_of(), "bent.yaml").name == "rehearsal"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"colour": "red"}, "Extra inputs"),
        ({"version": None}, "Field required"),
        ({"version": 2026.1}, "valid string"),
        ({"sources": []}, "at least 1 item"),
        ({"law__consent": []}, "each once"),
        ({"law__recording__consent": "maybe"}, "ask"),
        ({"law__recording__source": None}, "Field required"),
        ({"house__hours__0__week": {"mon-fri": []}}, "no hours for sat, sun"),
        ({"house__hours__0__week": {"mon-sun": [], "sun": []}}, "sun is said twice"),
        ({"house__hours__0__week": {"someday": []}}, "someday"),
        ({"house__hours__0__week": {"mon-sun": ["9 to 5"]}}, "no period of a day"),
        ({"house__hours__0__week": {"mon-sun": ["09:00-12:00", "11:00-13:00"]}}, "overlap"),
        ({"house__hours__0__purposes": ["debt"]}, "no house hours for"),
        ({"house__silences": [{"per": "person", "source": "x"}]}, "either hours or"),
        (
            {
                "house__attempt_caps": [
                    {"per": "person", "attempts": 0, "window_hours": 1, "source": "x"}
                ]
            },
            "greater than 0",
        ),
    ],
)
def test_a_pack_that_leaves_something_open_is_refused(
    changes: dict[str, object], complaint: str
) -> None:
    with pytest.raises(PackError, match=complaint):
        read_pack(text_of(**changes), "bent.yaml")


def test_what_is_no_yaml_is_refused_with_its_name() -> None:
    with pytest.raises(PackError, match=r"odd\.yaml"):
        read_pack("{", "odd.yaml")


def test_two_packs_cannot_claim_one_name_or_country() -> None:
    china = PACKS.named("CN")
    with pytest.raises(PackError, match="named CN"):
        Packs([china, china])
    with pytest.raises(PackError, match="both claim CN"):
        Packs([china, china.model_copy(update={"name": "CN2"})])


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(PackError, match="CN, UK, US, rehearsal"):
        PACKS.named("XX")


@pytest.mark.parametrize(
    ("names", "home", "country", "expected"),
    [
        (("CN",), "CN", "CN", ["CN"]),
        (("CN",), "CN", "GG", ["CN", "UK"]),
        (("UK", "CN"), "GB", "GB", ["UK", "CN"]),
        (("CN",), "AU", "AU", ["CN"]),  # the community's own choice speaks for its country
        (("CN",), "CN", "AU", None),
        (("CN",), "CN", None, None),
        (("rehearsal",), "CN", "CN", ["rehearsal"]),
        (("rehearsal", "CN"), "CN", "US", ["rehearsal", "CN", "US"]),
        (("Atlantis",), "CN", "CN", None),
        ((), "CN", "CN", None),
    ],
)
def test_packs_of_the_community_and_of_the_phones_country_apply(
    names: tuple[str, ...], home: str, country: str | None, expected: list[str] | None
) -> None:
    applying = PACKS.applying(names, home, country)
    assert (None if applying is None else [pack.name for pack in applying]) == expected
