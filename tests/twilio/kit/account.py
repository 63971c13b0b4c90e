"""What an account at the emulated carrier has beside its calls."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(kw_only=True, eq=False)
class OurNumber:
    """A number of the account, and who is asked when it is rung."""

    e164: str
    sid: str = field(default_factory=lambda: f"PN{secrets.token_hex(16)}")
    voice_url: str = ""
    voice_method: str = "POST"
    voice_fallback_url: str = ""
    status_callback: str = ""
    trunk_sid: str = ""
    application_sid: str = ""
    has_voice: bool = True


@dataclass(kw_only=True)
class Own:
    """Money, and what Twilio noted as errors: code and instant."""

    balance: str | None = "25.00"  # None: the key may not ask
    noted: list[tuple[int, datetime]] = field(default_factory=list)
