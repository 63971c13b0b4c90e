"""How a call must be conducted under the packs that apply to it: the strictest of their figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from callback.pack_model import Abandonment, Pack
from customers.model import RecordingConsent

_MILDEST_FIRST = tuple(RecordingConsent)


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
        return min((rule.agent_within_s for rule in self.abandonment), default=2.0)


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
