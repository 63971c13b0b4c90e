"""Signatures by which a receiver knows that a message is ours, and that it is not an old one.

Standard Webhooks 1.0 (https://github.com/standard-webhooks/standard-webhooks, the specification's
section "Signature scheme"): HMAC-SHA256 over id, timestamp and body, joined by full stops.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime

_PREFIX = "whsec_"
_SECRET_BYTES = 32  # the specification wants 24 to 64


def new_secret() -> str:
    """Return a secret for a new webhook, as its receiver is given it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(*, secret: str, message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """Return the headers that identify and sign a message; `at` is when this try is sent."""
    timestamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    content = b".".join([message_id.encode(), timestamp.encode(), body])
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }
