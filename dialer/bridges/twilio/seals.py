"""Sealed sentences: an address of audio that nobody can guess or read, good for an hour or two.

The sentence itself is in it, so that any process of any machine can speak it; it is encrypted,
since it may name a person and a debt. The same sentence has the same seal within an hour, so that
Twilio's own cache knows it again.
"""

import base64
import binascii
import hashlib
import hmac
import struct
import zlib
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from customers.model import Language

# An address of 2,000 characters passes every proxy; a sentence of a script has 600 at most.
LONGEST_SEAL = 1_800
_WINDOW_S = 3_600
_UNTIL = struct.Struct(">I")
_PURPOSE = b"ownerline: addresses of audio"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """What a seal holds, and for how long it is good."""

    sentence: str
    language: Language
    left_s: int


class Seals:
    """Seals sentences by a key that all processes of an installation have."""

    def __init__(self, secret: str) -> None:
        """Derive the key from a secret, the account's auth token."""
        self._cipher = AESSIV(hmac.digest(secret.encode(), _PURPOSE, hashlib.sha512))

    def seal(self, sentence: str, language: Language, *, now: datetime) -> str | None:
        """Return the seal of a sentence; None: it is too long for an address."""
        until = (int(now.timestamp()) // _WINDOW_S + 2) * _WINDOW_S
        said = f"{language.value}\n{sentence}".encode()
        sealed = self._cipher.encrypt(_UNTIL.pack(until) + zlib.compress(said, 9), None)
        seal = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
        return seal if len(seal) <= LONGEST_SEAL else None

    def open(self, seal: str, *, now: datetime) -> Sealed | None:
        """Return what a seal holds; None: it is none of ours, or no longer good."""
        if len(seal) > LONGEST_SEAL:
            return None
        try:
            sealed = base64.b64decode(seal + "=" * (-len(seal) % 4), b"-_", validate=True)
            opened = self._cipher.decrypt(sealed, None)
        except (ValueError, binascii.Error, InvalidTag):
            return None
        (until,) = _UNTIL.unpack_from(opened)
        left_s = until - int(now.timestamp())
        if left_s <= 0:
            return None
        said = zlib.decompress(opened[_UNTIL.size :]).decode()
        language, _, sentence = said.partition("\n")
        return Sealed(sentence=sentence, language=Language(language), left_s=left_s)
