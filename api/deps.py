"""What the API works with: handed over once by whoever puts the house together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.clock import Clock
from core.ids import IdSource
from core.live import LiveFeed
from core.settings import SettingLine
from customers.importing.model import Defaults
from customers.model import Language
from dialer.agents.browsers import BrowserTokens
from dialer.agents.desk import Desk
from dialer.bridges.port import TrunkLimits
from dialer.explaining import HeldBack
from dialer.plan import House
from recordings.store import RecordingStore

# Makes the audio of a sentence, a WAV.
Speech = Callable[[str, Language], Awaitable[bytes]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiLimits:
    """How much one caller may ask for."""

    requests_per_minute: int = 1200  # a token, on each process
    refusals_per_minute: int = 120  # an address that shows no valid token
    body_bytes: int = 2 * 1024**2
    body_within_s: float = 30
    lock_timeout_s: int = 5
    statement_timeout_s: int = 20
    # Of the pool's connections the rest is left to what pages wait for, the wall's look above all.
    pages_at_once: int = 10
    live_queue: int = 1000  # news one slow listener may lag behind
    live_listeners: int = 20  # of one caller, on each process
    live_hours: float = 1  # then the listener shows its token again
    live_check_s: float = 20  # how often it is asked whether the listener may still listen


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiDeps:
    """What the API is made of; `feed` None means that nobody hears news here."""

    sessions: async_sessionmaker[AsyncSession]
    clock: Clock
    ids: IdSource
    desk: Desk  # campaigns, scripts, packs, and what agents' work rests on
    house: House
    defaults: Defaults  # of communities made over the API
    webhook_hosts: tuple[str, ...] = ()  # which may be of any network and need no https
    held_back: HeldBack | None = None  # what besides the switches keeps everybody from being rung
    browser_tokens: BrowserTokens | None = None  # None: no carrier of ours rings browsers
    recordings: RecordingStore | None = None  # None: nobody hears them here
    speech: Speech | None = None  # None: no prompt can be heard here
    feed: LiveFeed | None = None
    trunks: tuple[TrunkLimits, ...] = ()  # of the bridge; empty: nobody told their channels
    limits: ApiLimits = field(default_factory=ApiLimits)
    settings: tuple[SettingLine, ...] = ()  # as they are shown: no secret is among them
