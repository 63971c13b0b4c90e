"""Who may open which page and send which form: the promise, written by hand.

A route is named by its module and function, `door.go_home`. A route that is not here fails
`test_rights.py`: add a line under its module, and think of who it should be, not of what it does.
"""

from collections.abc import Iterator

from fastapi import APIRouter

from api.console.edge import ConsoleRoute
from api.console.routes import ROUTERS
from api.model import ApiRole

_S, _I, _A, _G = ApiRole.SUPERVISOR, ApiRole.INTEGRATOR, ApiRole.ADMIN, ApiRole.AGENT
ALL = frozenset({_G, _S, _I, _A})
DESK = frozenset({_G, _S, _A})  # who speaks with owners
WORKS = frozenset({_G, _A})  # as an agent: oneself, or an admin for one
LEADS = frozenset({_S, _A})
ADMIN = frozenset({_A})
BRINGS = frozenset({_S, _I, _A})  # who brings lists
STRANGERS = frozenset({*ALL, None})  # the door: nobody need have signed in

WHO_MAY: dict[str, frozenset[ApiRole | None]] = {
    # door
    "door.go_home": ALL,
    "door.show_sign_in": STRANGERS,
    "door.do_sign_in": STRANGERS,
    "door.sign_out": ALL,
    "door.show_password": ALL,
    "door.do_change_password": ALL,
    "door.do_choose_language": STRANGERS,
    # replay
    "replay.show": LEADS,
    # reports
    "reports.overview": LEADS,
    "reports.one": LEADS,
    "reports.take_away": LEADS,
    # agents
    "agents.add_agent": LEADS,
    "agents.show_roster": LEADS,
    # agents_balance
    "agents_balance.move_owners": LEADS,
    "agents_balance.preview": LEADS,
    "agents_balance.show_balance": LEADS,
    # agents_one
    "agents_one.force": LEADS,
    "agents_one.monitor": LEADS,
    "agents_one.set_endpoint": LEADS,
    "agents_one.set_on_roster": LEADS,
    "agents_one.show_agent": LEADS,
    "agents_one.show_command": LEADS,
    "agents_one.show_ear": LEADS,
    # approvals
    "approvals.answer_extension": LEADS,
    "approvals.answer_waiver": LEADS,
    "approvals.show_approvals": LEADS,
    "approvals.show_count": LEADS,
    # audit
    "audit.show": ADMIN,
    # campaigns
    "campaigns.change": LEADS,
    "campaigns.hear": LEADS,
    "campaigns.loosen_pacing": LEADS,
    "campaigns.pause": LEADS,
    "campaigns.put_back": LEADS,
    "campaigns.resume": LEADS,
    "campaigns.show_campaign": LEADS,
    "campaigns.show_campaigns": LEADS,
    "campaigns.show_part": LEADS,
    "campaigns.tighten_pacing": LEADS,
    # complaints
    "complaints.do_step": DESK,
    "complaints.show_complaints": DESK,
    "complaints.take_away": LEADS,
    "complaints.take_complaint": DESK,
    # desk_complaint
    "desk_complaint.take_complaint": WORKS,
    # desk
    "desk.become_ready": WORKS,
    "desk.dial": WORKS,
    "desk.leave_desk": WORKS,
    "desk.ring_phone": WORKS,
    "desk.rise": WORKS,
    "desk.show_breaks": WORKS,
    "desk.show_desk": WORKS,
    "desk.show_next": WORKS,
    "desk.show_present": WORKS,
    "desk.sit_down": WORKS,
    "desk.sit_down_at": WORKS,
    "desk.skip": WORKS,
    "desk.take": WORKS,
    "desk.take_break": WORKS,
    "desk.take_more_time": WORKS,
    # desk_call
    "desk_call.ask_for_call": WORKS,
    "desk_call.show_call": WORKS,
    "desk_call.show_mine": WORKS,
    "desk_call.write_callback": WORKS,
    "desk_times.judge_typed": WORKS,
    # desk_controls
    "desk_controls.connect_outside": WORKS,
    "desk_controls.dismiss": WORKS,
    "desk_controls.hand_over": WORKS,
    "desk_controls.hang_up": WORKS,
    "desk_controls.hold": WORKS,
    "desk_controls.pause_recording": WORKS,
    "desk_controls.resume_recording": WORKS,
    "desk_controls.show_transfer": WORKS,
    "desk_controls.take_back": WORKS,
    "desk_controls.write_note": WORKS,
    # desk_file
    "desk_file.show_file": WORKS,
    # desk_live
    "desk_live.beat_once": WORKS,
    "desk_live.follow_desk": WORKS,
    # desk_script
    "desk_script.answer_step": WORKS,
    "desk_script.give_result": WORKS,
    "desk_script.show_foot": WORKS,
    "desk_script.show_result": WORKS,
    "desk_script.show_step": WORKS,
    "desk_script.step_back": WORKS,
    "desk_script.write_note": WORKS,
    # desk_softphone
    "desk_softphone.ring_phone_that_waits": WORKS,
    "desk_softphone.say_whether_wanted": WORKS,
    "desk_softphone.sign_phone_in": WORKS,
    # files
    "files.by_person": DESK,
    "files.one": DESK,
    "files.search": DESK,
    "files.unit": DESK,
    "files.why": DESK,
    # files_write
    "files_write.change_holder": LEADS,
    "files_write.give_phone": DESK,
    "files_write.give_up_phone": DESK,
    "files_write.write_note": DESK,
    # recordings
    "recordings.find": DESK,
    "recordings.hold": LEADS,
    "recordings.one": DESK,
    "recordings.release": LEADS,
    # recordings_sound
    "recordings_sound.download": LEADS,
    "recordings_sound.link": LEADS,
    "recordings_sound.player": DESK,
    "recordings_sound.sound": DESK,
    "recordings_sound.wave": DESK,
    # settings
    "settings.show": LEADS,
    "settings.show_deadlines": LEADS,
    "settings.show_installation": LEADS,
    "settings.show_lines": LEADS,
    "settings.show_packs": LEADS,
    "settings.show_speech": LEADS,
    # settings_agents
    "settings_agents.add": LEADS,
    "settings_agents.change": LEADS,
    "settings_agents.list_agents": LEADS,
    "settings_agents.show": LEADS,
    # settings_communities
    "settings_communities.add": ADMIN,
    "settings_communities.change": ADMIN,
    "settings_communities.list_communities": LEADS,
    "settings_communities.show": LEADS,
    # settings_users
    "settings_users.add": ADMIN,
    "settings_users.change_role": ADMIN,
    "settings_users.disable": ADMIN,
    "settings_users.enable": ADMIN,
    "settings_users.give_first_password": ADMIN,
    "settings_users.give_token": ADMIN,
    "settings_users.list_users": ADMIN,
    "settings_users.show": ADMIN,
    "settings_users.end_sessions": ADMIN,
    # wall
    "wall.follow_wall": LEADS,
    "wall.show_part": LEADS,
    "wall.show_wall": LEADS,
    # wall_switches
    "wall_switches.arm": ADMIN,
    "wall_switches.ask_to_arm": ADMIN,
    "wall_switches.ask_to_resume": LEADS,
    "wall_switches.disarm": ADMIN,
    "wall_switches.resume": LEADS,
    "wall_switches.stop": LEADS,
    # workshop
    "workshop.begin_draft": ADMIN,
    "workshop.begin_walk": LEADS,
    "workshop.compare": LEADS,
    "workshop.drop_draft": ADMIN,
    "workshop.edit_script": ADMIN,
    "workshop.go_on_walk": LEADS,
    "workshop.hear_step": LEADS,
    "workshop.list_scripts": LEADS,
    "workshop.publish": ADMIN,
    "workshop.save_script": ADMIN,
    "workshop.save_words": ADMIN,
    "workshop.show_script": LEADS,
    "workshop.use_edition": ADMIN,
    # quality
    "quality.change": LEADS,
    "quality.draw": LEADS,
    "quality.draw_again": LEADS,
    "quality.end": LEADS,
    "quality.keep": LEADS,
    "quality.mine": WORKS,
    "quality.overview": LEADS,
    "quality.sheet": LEADS,
    "quality.take_away": LEADS,
    # what_if
    "what_if.ask": LEADS,
    "what_if.begin": LEADS,
    "what_if.show": LEADS,
    "what_if.stop": LEADS,
    # wishes
    "wishes.end_opt_out": ALL,
    "wishes.show_wishes": DESK,
    "wishes.take_away": LEADS,
    "wishes.take_consent": ALL,
    "wishes.take_list": BRINGS,
    "wishes.take_opt_out": ALL,
}


def routes() -> dict[str, ConsoleRoute]:
    """Return every page and form of the console by its name in the table."""
    found: dict[str, ConsoleRoute] = {}
    for route in (each for router in ROUTERS for each in _routes_of(router)):
        name = f"{route.endpoint.__module__.rpartition('.')[2]}.{route.name}"
        assert name not in found, f"two routes are called {name}: rename one function"
        found[name] = route
    return found


def _routes_of(router: APIRouter) -> Iterator[ConsoleRoute]:
    for route in router.routes:
        inner = getattr(route, "original_router", None)  # of a router inside another
        if isinstance(inner, APIRouter):
            yield from _routes_of(inner)
        else:
            assert isinstance(route, ConsoleRoute), f"{route} has no edge: use edge.router()"
            yield route
