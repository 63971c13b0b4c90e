"""Access tokens for agents' browsers, signed by a key of the account."""

from datetime import datetime, timedelta

from pydantic import SecretStr
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from core.settings_model import TwilioSettings
from dialer.agents.browsers import BrowserToken, PhoneKind
from dialer.agents.endpoints import browser_of

LIFETIME = timedelta(hours=1)  # a browser asks again before; its call goes on after


class TwilioTokens:
    """Issues them. A browser that shows one is rung; it can ring nobody."""

    def __init__(self, *, account_sid: str, key_sid: str, key_secret: SecretStr) -> None:
        """Sign by a key of the account; Twilio takes no token that the account's own token signed.

        https://www.twilio.com/docs/iam/access-tokens
        """
        self._account_sid = account_sid
        self._key_sid = key_sid
        self._key_secret = key_secret

    @property
    def kind(self) -> PhoneKind:
        """Twilio's own client."""
        return PhoneKind.TWILIO

    @property
    def origins(self) -> tuple[str, ...]:
        """What Twilio's client asks to be let to.

        https://www.twilio.com/docs/voice/sdks/javascript/best-practices#content-security-policy-csp
        """
        return (
            "https://eventgw.twilio.com",
            "wss://voice-js.roaming.twilio.com",
            "https://media.twiliocdn.com",
            "https://sdk.twilio.com",
        )

    def rung_as(self, endpoint: str | None) -> str | None:
        """Return the name in client:name."""
        return browser_of(endpoint)

    def issue(self, identity: str, *, now: datetime) -> BrowserToken:
        """Return a token for an identity, from now on."""
        expires_at = now + LIFETIME
        token = AccessToken(
            self._account_sid,
            self._key_sid,
            self._key_secret.get_secret_value(),
            grants=[VoiceGrant(incoming_allow=True)],
            identity=identity,
            nbf=int(now.timestamp()),
            valid_until=int(expires_at.timestamp()),
        )
        return BrowserToken(token=token.to_jwt(), identity=identity, expires_at=expires_at)


def tokens_of(settings: TwilioSettings) -> TwilioTokens | None:
    """Return who issues tokens for the account; None: the settings name no key of it."""
    sid, key_sid, secret = settings.account_sid, settings.api_key_sid, settings.api_key_secret
    if sid is None or key_sid is None or secret is None:
        return None
    return TwilioTokens(account_sid=sid, key_sid=key_sid, key_secret=secret)
