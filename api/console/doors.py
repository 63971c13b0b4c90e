"""The pages that the bar leads to, in its order."""

from dataclasses import dataclass

from api.model import Right


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """A page of the bar: who may open it, its words, its icon, and where what waits is counted."""

    path: str
    right: Right
    words: str
    icon: str
    count: str | None = None


DOORS = (
    Door(path="/desk", right=Right.WORK_AS_AGENT, words="console.nav.desk", icon="talking"),
    Door(path="/wall", right=Right.WATCH_FLOOR, words="console.nav.wall", icon="tabs"),
    Door(path="/campaigns", right=Right.STEER_CAMPAIGNS, words="console.nav.campaigns", icon="cal"),
    Door(path="/agents", right=Right.LEAD_AGENTS, words="console.nav.agents", icon="user"),
    Door(
        path="/approvals",
        right=Right.DECIDE_WAIVERS,
        words="console.nav.approvals",
        icon="check-list",
        count="/approvals/count",
    ),
    Door(path="/wishes", right=Right.READ_FILE, words="console.nav.wishes", icon="no"),
    Door(path="/files", right=Right.READ_FILE, words="console.nav.files", icon="search"),
    Door(path="/complaints", right=Right.READ_FILE, words="console.nav.complaints", icon="risk"),
    Door(
        path="/recordings", right=Right.HEAR_RECORDINGS, words="console.nav.recordings", icon="play"
    ),
    Door(path="/quality", right=Right.SCORE_QUALITY, words="console.nav.quality", icon="survey"),
    Door(path="/reports", right=Right.READ_REPORTS, words="console.nav.reports", icon="check-list"),
    Door(path="/replay", right=Right.READ_REPORTS, words="console.nav.replay", icon="note"),
    Door(path="/what-if", right=Right.STEER_CAMPAIGNS, words="console.nav.what_if", icon="clock"),
    Door(path="/scripts", right=Right.READ_SCRIPTS, words="console.nav.scripts", icon="say"),
    Door(path="/settings", right=Right.READ_SETTINGS, words="console.nav.settings", icon="wrench"),
)
