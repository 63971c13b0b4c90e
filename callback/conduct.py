"""How a call must be conducted under the packs that apply to it: the strictest of their figures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callback.pack_model import Abandonment, Pack
from callback.packs import Packs
from customers.model import RecordingConsent

_MILDEST_FIRST = tuple(RecordingConsent)
_AGENT_WITHIN_S = 2.0  # where no pack says it


@dataclass(frozen=True, kw_only=True, slots=True)
class Conduct:
    """What the packs ask of a call that may be placed."""

    ring_at_least_s: int  # before an unanswered call may be ended; 0: nobody asks for it
    identify_at_start: bool
    opt_out_key: bool  # in every automatic message
    recording: RecordingConsent
    amd_on_agent_campaigns: bool
    abandonment: tuple[Abandonment, ...]  # each to be kept: ceilings over different windows

    @property
    def agent_within_s(self) -> float:
        """How soon after the answer an agent must speak; 2 s where no pack says it (DOMAIN)."""
        return min((rule.agent_within_s for rule in self.abandonment), default=_AGENT_WITHIN_S)


def conduct_under(packs: Sequence[Pack]) -> Conduct:
    """Return the strictest conduct of the packs; at least one."""
    rings = [ring for p in packs for ring in (p.law.ring, p.house.ring) if ring is not None]
    abandonment = tuple(
        rule
        for pack in packs
        for rule in (pack.law.abandonment, pack.house.abandonment)
        if rule is not None
    )
    return Conduct(
        ring_at_least_s=max((ring.minimum_s for ring in rings), default=0),
        identify_at_start=any(pack.law.identification.at_start for pack in packs),
        opt_out_key=any(pack.law.opt_out.key_required for pack in packs),
        recording=max((p.law.recording.consent for p in packs), key=_MILDEST_FIRST.index),
        amd_on_agent_campaigns=all(rule.amd_on_agent_campaigns for rule in abandonment),
        abandonment=abandonment,
    )


def agent_within_s(
    packs: Packs, places: Iterable[tuple[Sequence[str], str]], country: str | None
) -> float:
    """Return how soon an agent must speak under all packs that apply; see `recording_under`."""
    found = [
        conduct_under(applying).agent_within_s
        for names, home in places
        if (applying := packs.applying(tuple(names), home, country))
    ]
    return min(found, default=_AGENT_WITHIN_S)


def recording_under(
    packs: Packs, places: Iterable[tuple[Sequence[str], str]], country: str | None
) -> RecordingConsent:
    """Return what the recording of a call needs under all packs that apply to it.

    Args:
        packs: every pack of the installation.
        places: names of packs and country of each community the call is about.
        country: of the phone.

    Returns:
        The strictest consent; `never` where it is not known which packs apply.
    """
    wanted = RecordingConsent.ONE_PARTY
    for names, home in places:
        applying = packs.applying(tuple(names), home, country)
        found = conduct_under(applying).recording if applying else RecordingConsent.NEVER
        wanted = max(wanted, found, key=_MILDEST_FIRST.index)
    return wanted
