"""What a receiver checks a message by."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from core.deliveries.signing import new_secret, signed_headers

# The specification's own example: standard-webhooks, libraries/python/tests, version 1.0.0.
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
_AT = datetime.fromtimestamp(1614265330, tz=UTC)
_BODY = b'{"test": 2432232314}'


def test_the_specifications_own_example_is_signed_as_it_says() -> None:
    headers = signed_headers(secret=_SECRET, message_id=_ID, at=_AT, body=_BODY)
    assert headers == {
        "webhook-id": _ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_new_secret_is_long_enough_and_its_own() -> None:
    secrets = {new_secret() for _ in range(10)}
    assert len(secrets) == 10
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        assert 24 <= len(key) <= 64
        assert len(hmac.new(key, b"", hashlib.sha256).digest()) == 32
