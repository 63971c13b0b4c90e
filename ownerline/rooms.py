"""Checks that the rooms imported are ours: their names are plain words a stranger may use too."""

from importlib.util import find_spec
from pathlib import Path

from core.errors import OwnerlineError

ROOMS = ("core", "customers", "scripts", "recordings", "callback", "dialer", "api", "ownerline")


class StrangersRoomError(OwnerlineError):
    """Another package on the import path has the name of one of our rooms."""


def check_rooms() -> None:
    """Refuse to run when a room would be imported from elsewhere than its neighbours.

    Raises:
        StrangersRoomError: it names the room and where it was found.
    """
    house = Path(__file__).resolve().parent.parent
    for room in ROOMS:
        spec = find_spec(room)
        found = (
            [] if spec is None else [Path(place) for place in spec.submodule_search_locations or ()]
        )
        if [place.resolve() for place in found] != [house / room]:
            where = ", ".join(map(str, found)) or "nowhere"
            message = (
                f"the package {room!r} is found at {where}, not beside ours in {house}; "
                "start ownerline from its own virtual environment (make setup)"
            )
            raise StrangersRoomError(message)
