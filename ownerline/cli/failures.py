"""Failures of the machine around us, told as a sentence and its mend instead of a traceback."""

import psycopg
import sqlalchemy as sa

_DATABASE: dict[type[psycopg.Error], str] = {  # the first that fits is told
    psycopg.errors.DiskFull: "the disk of the database is full; make room and say it again",
    psycopg.errors.LockNotAvailable: "others hold the rows for too long ({}); say it again later",
    psycopg.errors.QueryCanceled: "the database took too long ({}); say it again later",
    psycopg.errors.ReadOnlySqlTransaction: "the database is read-only; name its primary server",
    psycopg.errors.InsufficientPrivilege: "the database refuses: {}; give its user the right",
    psycopg.OperationalError: (
        "the database failed us: {}; what was committed is kept; say it again once it is back"
    ),
    psycopg.InterfaceError: "the connection to the database is gone ({}); say it again",
}


def sentence_of(err: BaseException) -> str | None:
    """Return what an operator reads about a failure, or None for one that is a bug of ours."""
    cause = err.orig if isinstance(err, sa.exc.DBAPIError) else err
    for kind, sentence in _DATABASE.items():
        if isinstance(cause, kind):
            return sentence.format(str(cause).strip().partition("\n")[0])
    if isinstance(cause, OSError) and cause.strerror is not None:
        return cause.strerror if cause.filename is None else f"{cause.filename}: {cause.strerror}"
    return None
