"""Which addresses a tour of the console opens: every page there is, with what is on file.

A new page: add its route below, by module and function as in `who_may.py`, with one address for
each of its faces; ids stand in braces and are `Furnished.known`. What is no page by itself goes
into `PARTS`, with where it is seen.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from api.console.reports import REPORTS, record
from api.model import ApiRole
from tests.browser.kit.furnished import SCRIPT, SPOILT
from tests.integration.console.who_may import WHO_MAY, routes

PAGES: Mapping[str, tuple[str, ...]] = {
    "agents.show_roster": ("/agents",),
    "agents_balance.show_balance": ("/agents/balance",),
    "agents_one.show_agent": ("/agents/{agent_id}",),
    "approvals.show_approvals": ("/approvals",),
    "audit.show": ("/audit", "/audit?q=none-such"),
    "campaigns.show_campaign": ("/campaigns/overdue", "/campaigns/survey"),
    "campaigns.show_campaigns": ("/campaigns",),
    "complaints.show_complaints": ("/complaints",),
    "desk.show_desk": ("/desk",),
    "door.show_password": ("/password",),
    "door.show_sign_in": ("/sign-in",),
    "files.one": ("/files/{person_id}",),
    "files.search": ("/files", "/files?q=138", "/files?q=zzzz"),
    "files.unit": ("/units/{unit_id}",),
    "quality.mine": ("/quality/mine",),
    "quality.overview": ("/quality",),
    "quality.sheet": ("/quality/{item_id}",),
    "recordings.find": ("/recordings", "/recordings?q=none-such"),
    "recordings.one": ("/recordings/{recording_id}",),
    "replay.show": ("/replay",),
    "reports.one": tuple(f"/reports/{name}" for name in (*REPORTS, record.NAME)),
    "reports.overview": ("/reports",),
    "settings.show_deadlines": ("/settings/deadlines",),
    "settings.show_installation": ("/settings/installation",),
    "settings.show_lines": ("/settings/lines",),
    "settings.show_packs": ("/settings/packs",),
    "settings.show_speech": ("/settings/speech",),
    "settings_agents.list_agents": ("/settings/agents",),
    "settings_agents.show": ("/settings/agents/{agent_id}",),
    "settings_communities.list_communities": ("/settings/communities",),
    "settings_communities.show": ("/settings/communities/{community_id}",),
    "settings_users.list_users": ("/settings/users",),
    "settings_users.show": ("/settings/users/{api_user_id}",),
    "wall.show_wall": ("/wall",),
    "wall_switches.ask_to_arm": ("/arm",),
    "wall_switches.ask_to_resume": ("/resume",),
    "what_if.ask": ("/what-if",),
    "what_if.show": ("/what-if/{rehearsal_id}",),
    "wishes.show_wishes": ("/wishes", "/wishes?q=13800138000"),
    "workshop.begin_walk": (f"/scripts/{SCRIPT}/walk",),
    "workshop.compare": (f"/scripts/{SCRIPT}/compare/{{version}}",),
    "workshop.edit_script": (f"/scripts/{SPOILT}/edit",),
    "workshop.show_script": (f"/scripts/{SCRIPT}", f"/scripts/{SPOILT}", "/scripts/overdue-1"),
}
PARTS: Mapping[str, str] = {
    "agents_balance.preview": "/agents/balance",
    "agents_one.show_command": "/agents/{agent_id}",
    "agents_one.show_ear": "/agents/{agent_id}",
    "approvals.show_count": "in the bar",
    "campaigns.hear": "the news of /campaigns",
    "campaigns.show_part": "/campaigns",
    "complaints.take_away": "a file",
    "desk.show_breaks": "/desk",
    "desk.show_present": "/desk",
    "desk_call.show_call": "/desk",
    "desk_call.show_mine": "/desk",
    "desk_controls.show_transfer": "/desk",
    "desk_file.show_file": "/desk",
    "desk_live.follow_desk": "the news of /desk",
    "desk_script.show_foot": "/desk",
    "desk_script.show_result": "/desk",
    "desk_script.show_step": "/desk",
    "desk_times.judge_typed": "/desk",
    "door.go_home": "leads on",
    "files.by_person": "leads on",
    "files.why": "/files/{person_id}",
    "quality.draw_again": "/quality",
    "quality.take_away": "a file",
    "recordings_sound.download": "a file",
    "recordings_sound.player": "/recordings/{recording_id}",
    "recordings_sound.sound": "a file",
    "recordings_sound.wave": "/recordings/{recording_id}",
    "reports.take_away": "a file",
    "settings.show": "leads on",
    "wall.follow_wall": "the news of /wall",
    "wall.show_part": "/wall",
    "wishes.take_away": "a file",
    "workshop.hear_step": "a file",
    "workshop.list_scripts": "leads on",
}
# An administrator may open these, and has no desk and no calls of their own.
_OWN = ("desk.", "quality.mine")
_STRANGERS = ("door.show_sign_in",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """A page of the tour: its address, and as whom it is opened; None: a stranger."""

    path: str
    role: ApiRole | None

    @property
    def picture(self) -> str:
        """The page's address as the name of its picture."""
        return re.sub(r"\W+", "-", self.path).strip("-") or "home"


def stops(role: ApiRole | None) -> Iterator[Stop]:
    """Yield the pages that a role works with, by their addresses."""
    for name, paths in sorted(PAGES.items()):
        if name in _STRANGERS:
            may = role is None
        elif name.startswith(_OWN):
            may = role is ApiRole.AGENT
        else:
            may = role in WHO_MAY[name]
        if may:
            yield from (Stop(path=path, role=role) for path in paths)


def unvisited() -> set[str]:
    """Return the routes that are read and that neither table knows."""
    read = {name for name, route in routes().items() if "GET" in (route.methods or ())}
    return read - PAGES.keys() - PARTS.keys()


def gone() -> set[str]:
    """Return what the tables know and the console has no more."""
    return (PAGES.keys() | PARTS.keys()) - routes().keys()
