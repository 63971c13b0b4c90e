"""Agents' endpoints: a phone of our own by its name, never a way to an outside number."""

import re

from core.errors import OwnerlineError

# PJSIP/101, and nothing like PJSIP/13800138000@trunk or Local/…: who rings outside is asked of the
# rules first. Other technologies dial hosts and lines they do not know.
_ENDPOINT = re.compile(r"PJSIP/[A-Za-z0-9_.-]{1,64}")


class EndpointError(OwnerlineError):
    """An endpoint is one phone of ours, written as PJSIP/101."""


def check_endpoint(endpoint: str | None) -> None:
    """Refuse what is no phone of our own; None is no phone at all.

    Raises:
        EndpointError: it dials a number, or cannot be read.
    """
    if endpoint is not None and _ENDPOINT.fullmatch(endpoint) is None:
        message = f"{endpoint!r} is no phone of ours; write its name as PJSIP/101"
        raise EndpointError(message)
