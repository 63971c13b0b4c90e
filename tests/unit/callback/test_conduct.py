"""The strictest figure of the packs that apply is the one that holds."""

from callback.conduct import conduct_under, recording_under
from callback.pack_model import Recording
from callback.packs import Packs, shipped_packs
from customers.model import RecordingConsent

PACKS = shipped_packs()


def test_one_pack_speaks_for_itself() -> None:
    conduct = conduct_under([PACKS.named("US")])
    assert conduct.ring_at_least_s == 15
    assert conduct.amd_on_agent_campaigns
    assert [rule.window_hours for rule in conduct.abandonment] == [720]


def test_the_stricter_of_two_packs_holds() -> None:
    china, states = PACKS.named("CN"), PACKS.named("US")
    conduct = conduct_under([states, china])
    assert conduct.ring_at_least_s == 20
    assert not conduct.amd_on_agent_campaigns
    assert [rule.window_hours for rule in conduct.abandonment] == [720, 24]


def test_a_pack_that_asks_wins_over_one_that_announces() -> None:
    asking = Recording(consent=RecordingConsent.ASK, source="a test")
    china = PACKS.named("CN")
    strict = china.model_copy(update={"law": china.law.model_copy(update={"recording": asking})})
    for order in ([china, strict], [strict, china]):
        assert conduct_under(order).recording is RecordingConsent.ASK


def test_a_rehearsal_asks_for_no_ringing_time() -> None:
    conduct = conduct_under([PACKS.named("rehearsal")])
    assert (conduct.ring_at_least_s, conduct.abandonment) == (0, ())
    assert conduct.opt_out_key
    assert conduct.identify_at_start


def test_where_one_pack_forbids_recording_nothing_is_recorded() -> None:
    china = PACKS.named("CN")
    for consent in RecordingConsent:
        forbidding = Recording(consent=RecordingConsent.NEVER, source="a test")
        mild = Recording(consent=consent, source="a test")
        packs = [
            china.model_copy(update={"law": china.law.model_copy(update={"recording": each})})
            for each in (mild, forbidding)
        ]
        assert conduct_under(packs).recording is RecordingConsent.NEVER


def test_a_call_that_concerns_two_places_is_recorded_by_the_stricter_one() -> None:
    china, us = (("CN",), "CN"), (("US",), "US")
    assert recording_under(PACKS, [china], "CN") is RecordingConsent.ANNOUNCE
    asking = PACKS.named("CN").model_copy(
        update={
            "name": "asks",
            "countries": (),
            "law": PACKS.named("CN").law.model_copy(
                update={"recording": Recording(consent=RecordingConsent.ASK, source="a test")}
            ),
        }
    )
    packs = Packs([*(PACKS.named(name) for name in PACKS.names), asking])
    both = [us, (("CN", "asks"), "CN")]
    assert recording_under(packs, both, "US") is RecordingConsent.ASK


def test_where_no_pack_is_known_nothing_is_recorded() -> None:
    assert recording_under(PACKS, [(("CN",), "CN")], "FR") is RecordingConsent.NEVER
    assert recording_under(PACKS, [((), "CN")], "CN") is RecordingConsent.NEVER
