"""Every error as `application/problem+json` (RFC 9457): a sentence of ours, never a traceback."""

import re
import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import psycopg
import sqlalchemy as sa
import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from callback.campaigns import CampaignsError
from core.database import DatabaseUnreachableError
from core.deliveries.service import UnknownWebhookError
from core.errors import OwnerlineError
from customers.communities import UnknownCommunityError
from customers.extensions import DecidedAlreadyError
from customers.search import NothingFoundError
from customers.service import NotCompletedError, UnknownSubjectError
from dialer.agents.browsers import NoBrowserError
from dialer.agents.model import AgentStateError, UnknownAgentError
from dialer.agents.seats import NoPhoneError
from dialer.agents.service import AgentNameTakenError, OffRosterError
from dialer.agents.wrap_up import NoSuchCallError, WrappedUpAlreadyError
from recordings.service import RecordingGoneError, UnknownRecordingError

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:ownerline:problem:"
_MOST_ERRORS = 20  # of one request are told
_TRY_AGAIN_S = {"away": 5, "busy": 1}
# Whether a commit that was on its way is kept, nobody knows then.
_AWAY = "the database is away; try again; under an Idempotency-Key a post is done once"
_BUSY = "others hold what this needs for too long; nothing was changed; try again"
_OURS = "something went wrong here, and it is on our log under this instance; nothing was changed"


class ProblemError(Exception):
    """An answer that is a problem; raised wherever one is found."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str | None = None,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = int(status)
        self.detail = detail
        self.kind = kind or _word(HTTPStatus(status).phrase)
        self.headers = dict(headers or {})
        self.errors = tuple(errors)


class NotOnFileError(OwnerlineError):
    """What the address names is not on file."""

    def __init__(self, *, what: str, key: object) -> None:
        super().__init__(f"there is no {what} {key}")


# What an error of ours is over HTTP; any other is a request that cannot be done as it is, 422.
_STATUS: Mapping[type[OwnerlineError], HTTPStatus] = {
    **dict.fromkeys(
        (
            CampaignsError,
            NoSuchCallError,
            NotOnFileError,
            NothingFoundError,
            UnknownAgentError,
            UnknownCommunityError,
            UnknownRecordingError,
            UnknownSubjectError,
            UnknownWebhookError,
        ),
        HTTPStatus.NOT_FOUND,
    ),
    **dict.fromkeys(
        (
            AgentNameTakenError,
            AgentStateError,
            NoBrowserError,
            NoPhoneError,
            DecidedAlreadyError,
            NotCompletedError,
            OffRosterError,
            RecordingGoneError,
            WrappedUpAlreadyError,
        ),
        HTTPStatus.CONFLICT,
    ),
}


def answer(request: Request, error: Exception) -> JSONResponse:
    """Return the problem an error is; one that nobody foresaw is logged and told as ours."""
    problem = problem_of(error)
    instance = f"urn:uuid:{request.state.request_id}" if _has_id(request) else None
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log_problem(request, error, problem)
    body: dict[str, Any] = {
        "type": _TYPE + problem.kind,
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    if instance is not None:
        body["instance"] = instance
    if problem.errors:
        body["errors"] = list(problem.errors)
    return JSONResponse(
        body, status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers
    )


def problem_of(error: Exception) -> ProblemError:  # noqa: PLR0911 - a table of kinds
    """Return what an error is over HTTP."""
    match error:
        case ProblemError():
            return error
        case RequestValidationError():
            return _of_validation(error.errors())
        case HTTPException():
            return ProblemError(
                error.status_code,
                _SENTENCES.get(error.status_code, error.detail),
                headers=error.headers,
            )
        case DatabaseUnreachableError() | sa.exc.TimeoutError() | ConnectionError():
            return _unavailable("away", _AWAY)
        case OwnerlineError():
            return ProblemError(
                _status_of(type(error)),
                str(error),
                kind=_word(type(error).__name__.removesuffix("Error")),
            )
        case sa.exc.DBAPIError():
            return _of_database(error.orig)
        case psycopg.Error():
            return _of_database(error)
        case _:
            return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, _OURS)


def _status_of(kind: type[OwnerlineError]) -> HTTPStatus:
    """Return what an error of ours, or the kind of error it is one of, is over HTTP."""
    found = (_STATUS[each] for each in kind.__mro__ if each in _STATUS)
    return next(found, HTTPStatus.UNPROCESSABLE_ENTITY)


_SENTENCES = {
    404: "there is nothing at this address",
    405: "this address does not take this method",
}


def _of_validation(errors: Sequence[Any]) -> ProblemError:
    """Say what does not fit and where, without a word of what was given: it may be personal."""
    told = [
        {"pointer": _pointer(each["loc"]), "in": str(each["loc"][0]), "detail": str(each["msg"])}
        for each in errors[:_MOST_ERRORS]
    ]
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"{len(errors)} of what was sent does not fit; see errors and /api/v1/openapi.json",
        kind="validation",
        errors=told,
    )


def _pointer(loc: Sequence[int | str]) -> str:
    """Return a JSON pointer (RFC 6901) into the body, or to the parameter's name."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in loc[1:])


def _of_database(error: BaseException | None) -> ProblemError:
    match error:
        case (
            psycopg.errors.LockNotAvailable()
            | psycopg.errors.QueryCanceled()
            | psycopg.errors.DeadlockDetected()
            | psycopg.errors.SerializationFailure()
        ):
            return _unavailable("busy", _BUSY)
        case psycopg.errors.UniqueViolation() | psycopg.errors.ExclusionViolation():
            return ProblemError(
                HTTPStatus.CONFLICT, "this is on file already, or was written at this very moment"
            )
        case psycopg.errors.CheckViolation() | psycopg.DataError():
            # DataError: a number, a day or a sign (NUL, half a pair) that no column holds
            return ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY, "what would be on file then cannot be"
            )
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return _unavailable("away", _AWAY)
        case _:
            return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, _OURS)


def _unavailable(why: str, sentence: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        sentence,
        kind=f"database-{why}",
        headers={"Retry-After": str(_TRY_AGAIN_S[why])},
    )


def _has_id(request: Request) -> bool:
    return hasattr(request.state, "request_id")


def log_problem(request: Request, error: Exception, problem: ProblemError) -> None:
    """Log where it happened, not what was said: a driver's text may hold a person's data."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    log.error(
        "api_failed",
        request_id=str(getattr(request.state, "request_id", "")),
        status=problem.status,
        error=type(error).__name__,
        sqlstate=getattr(getattr(error, "orig", error), "sqlstate", None),
        where=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    )


def _word(text: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z]+", "-", text).strip("-").lower()
