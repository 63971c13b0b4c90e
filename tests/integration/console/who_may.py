"""Who may open which page and send which form: the promise, written by hand.

A route is named by its module and function, `door.go_home`. A route that is not here fails
`test_rights.py`: add a line under its module, and think of who it should be, not of what it does.
"""

from api.console.edge import ConsoleRoute
from api.console.routes import ROUTERS
from api.model import ApiRole

_S, _I, _A, _G = ApiRole.SUPERVISOR, ApiRole.INTEGRATOR, ApiRole.ADMIN, ApiRole.AGENT
ALL = frozenset({_G, _S, _I, _A})
DESK = frozenset({_G, _S, _A})  # who speaks with owners
WORKS = frozenset({_G, _A})  # as an agent: oneself, or an admin for one
LEADS = frozenset({_S, _A})
ADMIN = frozenset({_A})
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
    # reports
    "reports.overview": LEADS,
    "reports.one": LEADS,
    "reports.take_away": LEADS,
}


def routes() -> dict[str, ConsoleRoute]:
    """Return every page and form of the console by its name in the table."""
    found: dict[str, ConsoleRoute] = {}
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, ConsoleRoute), f"{route} has no edge: use edge.router()"
            name = f"{route.endpoint.__module__.rpartition('.')[2]}.{route.name}"
            assert name not in found, f"two routes are called {name}: rename one function"
            found[name] = route
    return found
