"""How trunks want numbers dialled, and which number they show."""

import pytest

from core.phone import PhoneNumber
from dialer.bridges.asterisk.dialect import CallerIds, Dialect, DialError
from dialer.bridges.asterisk.values import UnsafeValueError

pytestmark = pytest.mark.unit

SHENZHEN_MOBILE = "+8613823123456"
BEIJING_MOBILE = "+8613800138000"
NOBODY_KNOWS_WHERE = "+8617012345678"
SHENZHEN_FIXED = "+8675512345678"
BRITISH = "+447400123456"


@pytest.mark.parametrize(
    ("template", "e164", "dialled"),
    [
        ("PJSIP/{e164}@t", SHENZHEN_MOBILE, "PJSIP/+8613823123456@t"),
        ("PJSIP/{digits}@t", SHENZHEN_MOBILE, "PJSIP/8613823123456@t"),
        ("PJSIP/{national}@t", SHENZHEN_MOBILE, "PJSIP/13823123456@t"),
        ("PJSIP/{national}@t", SHENZHEN_FIXED, "PJSIP/75512345678@t"),
        ("PJSIP/{trunk}@t", SHENZHEN_MOBILE, "PJSIP/13823123456@t"),
        ("PJSIP/{trunk}@t", BEIJING_MOBILE, "PJSIP/013800138000@t"),
        ("PJSIP/{trunk}@t", NOBODY_KNOWS_WHERE, "PJSIP/017012345678@t"),
        ("PJSIP/{trunk}@t", SHENZHEN_FIXED, "PJSIP/075512345678@t"),
        ("PJSIP/{trunk}@t", BRITISH, "PJSIP/00447400123456@t"),
        ("PJSIP/t/sip:{digits}@10.0.0.1:5060", BRITISH, "PJSIP/t/sip:447400123456@10.0.0.1:5060"),
        ("DAHDI/g1/9{trunk}", SHENZHEN_FIXED, "DAHDI/g1/9075512345678"),
    ],
)
def test_a_number_is_dialled_as_its_trunk_wants(template: str, e164: str, dialled: str) -> None:
    dialect = Dialect.read(template, region="CN", home_area="深圳", out_of_town_prefix="0")
    assert dialect.dial_string(PhoneNumber(e164)) == dialled


@pytest.mark.parametrize("e164", [SHENZHEN_MOBILE, BEIJING_MOBILE, NOBODY_KNOWS_WHERE])
def test_a_trunk_without_a_home_has_no_out_of_town(e164: str) -> None:
    dialect = Dialect.read("PJSIP/{trunk}@t", region="CN", out_of_town_prefix="0")
    assert dialect.dial_string(PhoneNumber(e164)) == f"PJSIP/{e164.removeprefix('+86')}@t"


def test_a_number_of_another_country_never_loses_its_country_code() -> None:
    dialect = Dialect.read("PJSIP/{national}@t", region="CN")
    with pytest.raises(DialError, match="of GB"):
        dialect.dial_string(PhoneNumber(BRITISH))


@pytest.mark.parametrize(
    "template", ["PJSIP/trunk", "PJSIP/{number}@t", "PJSIP/{0}@t", "PJSIP/{digits@t", "PJSIP/{}@t"]
)
def test_a_template_without_a_number_is_refused(template: str) -> None:
    with pytest.raises(DialError, match="dial = "):
        Dialect.read(template, region="CN")


@pytest.mark.parametrize(
    "template", ["PJSIP/{digits}@t&PJSIP/110@t", "{digits}", "PJSIP/{digits},x"]
)
def test_a_template_that_dials_more_than_one_number_is_refused(template: str) -> None:
    with pytest.raises(UnsafeValueError):
        Dialect.read(template, region="CN").dial_string(PhoneNumber(BEIJING_MOBILE))


@pytest.mark.parametrize(
    ("community", "trunk", "shown"),
    [
        ("滨江一号", "0755111", "0755222"),
        ("云麓花园", "0755111", "0755111"),
        ("云麓花园", None, "0755333"),
    ],
    ids=["the community's", "the trunk's", "the house's"],
)
def test_the_nearest_caller_id_is_shown(community: str, trunk: str | None, shown: str) -> None:
    ids = CallerIds(by_community={"滨江一号": "0755222"}, trunk=trunk)
    assert ids.of(community, otherwise="0755333") == shown


def test_a_caller_id_is_read_as_people_write_it() -> None:
    assert CallerIds(trunk="+86 (755) 1234-5678").of("", otherwise="") == "+8675512345678"
    assert CallerIds().of("", otherwise="") == ""
