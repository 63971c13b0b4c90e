"""Who may do what over the API: roles, rights, and the one table that ties them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class ApiRole(StrEnum):
    """What a holder of a token is to us."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    INTEGRATOR = "integrator"


class Right(StrEnum):
    """One thing that can be allowed; every route asks for exactly one."""

    READ_PLACES = "read_places"
    WRITE_PLACES = "write_places"
    SEARCH_PERSONS = "search_persons"
    READ_FILE = "read_file"  # a person's or a unit's file: every look goes on the audit
    WRITE_FILE = "write_file"  # numbers, notes
    TAKE_WISHES = "take_wishes"  # opt-outs, consents, callbacks asked for
    WRITE_PERSONS = "write_persons"
    CHANGE_OWNERS = "change_owners"  # who comes and who leaves, on a household's file
    READ_ACCOUNTS = "read_accounts"
    WRITE_CHARGES = "write_charges"
    POST_PAYMENTS = "post_payments"
    ARRANGE = "arrange"  # promises, disputes, extensions asked for
    DECIDE_EXTENSIONS = "decide_extensions"
    READ_WORK_ORDERS = "read_work_orders"
    WRITE_WORK_ORDERS = "write_work_orders"
    READ_CALLS = "read_calls"  # due calls, attempts, outcomes
    EXPLAIN = "explain"  # verdicts, and why an owner was, or was not, called
    READ_CAMPAIGNS = "read_campaigns"
    TURN_CAMPAIGNS = "turn_campaigns"
    READ_SWITCHES = "read_switches"
    STOP_DIALLING = "stop_dialling"
    ARM = "arm"
    READ_LISTS = "read_lists"
    RUN_LISTS = "run_lists"
    READ_AGENTS = "read_agents"
    LEAD_AGENTS = "lead_agents"
    WORK_AS_AGENT = "work_as_agent"  # of the role agent: as oneself only
    HEAR_RECORDINGS = "hear_recordings"  # of the role agent: of one's own calls only
    HOLD_RECORDINGS = "hold_recordings"  # a legal hold, and its end
    HEAR_NEWS = "hear_news"
    MANAGE_WEBHOOKS = "manage_webhooks"
    READ_AUDIT = "read_audit"
    USE_CONSOLE = "use_console"  # one's own password and language
    WATCH_FLOOR = "watch_floor"  # the wallboard, and why nothing is dialled
    DECIDE_WAIVERS = "decide_waivers"
    STEER_CAMPAIGNS = "steer_campaigns"  # hours, pacing, retries, priority
    ASSIGN_OWNERS = "assign_owners"
    SCORE_QUALITY = "score_quality"
    DOWNLOAD_RECORDINGS = "download_recordings"
    READ_REPORTS = "read_reports"
    READ_SCRIPTS = "read_scripts"
    PUBLISH_SCRIPTS = "publish_scripts"
    READ_SETTINGS = "read_settings"
    CHANGE_SETTINGS = "change_settings"
    MANAGE_USERS = "manage_users"


_EVERYBODY = frozenset(
    {
        Right.READ_PLACES,
        Right.READ_ACCOUNTS,
        Right.READ_WORK_ORDERS,
        Right.READ_CALLS,
        Right.READ_CAMPAIGNS,
        Right.READ_SWITCHES,
        Right.TAKE_WISHES,
        Right.HEAR_NEWS,
        Right.USE_CONSOLE,
    }
)
_DESK = _EVERYBODY | {
    Right.SEARCH_PERSONS,
    Right.READ_FILE,
    Right.WRITE_FILE,
    Right.ARRANGE,
    Right.EXPLAIN,
    Right.HEAR_RECORDINGS,
}
RIGHTS: Mapping[ApiRole, frozenset[Right]] = {
    ApiRole.AGENT: _DESK | {Right.WORK_AS_AGENT},
    ApiRole.SUPERVISOR: _DESK
    | {
        Right.CHANGE_OWNERS,
        Right.DECIDE_EXTENSIONS,
        Right.TURN_CAMPAIGNS,
        Right.STOP_DIALLING,
        Right.READ_LISTS,
        Right.RUN_LISTS,
        Right.READ_AGENTS,
        Right.LEAD_AGENTS,
        Right.HOLD_RECORDINGS,
        Right.WATCH_FLOOR,
        Right.DECIDE_WAIVERS,
        Right.STEER_CAMPAIGNS,
        Right.ASSIGN_OWNERS,
        Right.SCORE_QUALITY,
        Right.DOWNLOAD_RECORDINGS,
        Right.READ_REPORTS,
        Right.READ_SCRIPTS,
        Right.READ_SETTINGS,
    },
    ApiRole.INTEGRATOR: _EVERYBODY
    | {
        Right.WRITE_PLACES,
        Right.WRITE_PERSONS,
        Right.WRITE_CHARGES,
        Right.POST_PAYMENTS,
        Right.WRITE_WORK_ORDERS,
        Right.READ_LISTS,
        Right.RUN_LISTS,
        Right.MANAGE_WEBHOOKS,
    },
    ApiRole.ADMIN: frozenset(Right),
}


def roles_with(right: Right) -> list[ApiRole]:
    """Return the roles that have the right."""
    return [role for role, rights in RIGHTS.items() if right in rights]


RIGHT_KEY = "x-right"
_ROLES_KEY = "x-roles"


def needs(right: Right) -> dict[str, Any]:
    """Return what a route declares as `openapi_extra`: its right, and who has it."""
    return {RIGHT_KEY: right.value, _ROLES_KEY: [role.value for role in roles_with(right)]}
