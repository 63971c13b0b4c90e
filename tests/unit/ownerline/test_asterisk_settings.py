"""Settings of [asterisk] become trunks on servers, or are refused with the mend."""

from typing import Any

import pytest

from core.clock import SystemClock
from core.errors import OwnerlineError
from core.settings_model import AsteriskServer, Settings
from ownerline.asterisk_bridge import AsteriskSettingsError, trunks_of

pytestmark = pytest.mark.unit


def server(name: str = "a", **changes: Any) -> AsteriskServer:
    return AsteriskServer(**{"name": name, "secret": "s3cret-of-ten"} | changes)


def settings(*servers: AsteriskServer) -> Settings:
    return Settings(bridge="asterisk", asterisk={"servers": servers, "shared_folder": "/shared"})


def test_trunks_of_one_place_share_a_server() -> None:
    trunks, servers = trunks_of(
        settings(server(), server("b"), server("c", port=5039)), SystemClock()
    )
    assert [trunk.limits.place for trunk in trunks] == ["127.0.0.1:5038"] * 2 + ["127.0.0.1:5039"]
    assert [each.name for each in servers] == ["a", "c"]
    assert trunks[0].server is trunks[1].server


def test_a_draining_trunk_has_no_channels_and_is_known_all_the_same() -> None:
    (trunk,), _ = trunks_of(settings(server(draining=True, channels=30)), SystemClock())
    assert (trunk.draining, trunk.limits.channels) == (True, 0)


@pytest.mark.parametrize(
    ("servers", "words"),
    [
        ((), r"\[\[asterisk\.servers\]\]"),
        ((server(secret=None),), "server a has no secret.*secret_file"),
        ((server(), server()), "names a twice"),
        ((server(), server("b", secret="another-one")), "give b the same"),
        ((server(dial="PJSIP/trunk"),), "dial = "),
        ((server("a,b"),), "trunk's name"),
    ],
    ids=["no server", "no secret", "one name twice", "two secrets", "no number", "unsafe name"],
)
def test_settings_that_cannot_be_are_refused_with_the_mend(
    servers: tuple[AsteriskServer, ...], words: str
) -> None:
    with pytest.raises(OwnerlineError, match=words):
        trunks_of(settings(*servers), SystemClock())


def test_no_secret_is_shown() -> None:
    with pytest.raises(AsteriskSettingsError) as refused:
        trunks_of(settings(server(), server("b", secret="hush-hush-hush")), SystemClock())
    assert "hush" not in str(refused.value)
