"""What the server cannot do now, whoever asks: it starts, has too much to do, no room, a disk or a fault."""

from __future__ import annotations

from ramekin.errors.error import RamekinError


class Unavailable(RamekinError):
    """The server cannot answer now; nothing was applied."""

    title = "Not available now"
    remedy = "Try again after the number of seconds in `Retry-After`."


class Redefined(Unavailable):
    """The table's definition changed meanwhile; what rests on the one before may be read anew."""


class Starting(Unavailable):
    """The server reads what its directory, or nodes, keep for it; `/health/ready` says when it is done."""

    title = "The server is starting"


class Overloaded(Unavailable):
    """The server has as many connections, or as much in flight, as it takes; nothing was read or applied."""

    title = "The server has too much to do"


class Deadline(Unavailable):
    """The request takes more seconds of work than the server gives to one; it was given up, and nothing was applied."""

    title = "The request takes too long"
    remedy = (
        "Ask for less: add conditions, send smaller bulks. "
        "Or give the server more with `--query-deadline`, or `--record-deadline`."
    )


class JournalFailed(Unavailable):
    """The disk does not take writes; the change was not applied. The server goes on trying, and reading goes on."""

    title = "The disk does not take writes"
    remedy = "Try again after the number of seconds in `Retry-After`; look at the server's disk and log."


class OutcomeUnknown(Unavailable):
    """The disk or nodes failed, or the server stopped, in the midst of the change, which may be kept or not.

    Where a disk failed, it is not visible before a restart of the server; where nodes did, it may be at any time.
    """

    title = "Whether the change was written is not known"
    remedy = "Read the record when the server answers again, and repeat the change if it is not there."


class StorageFull(RamekinError):
    """There is no room for the change, so it was not applied. Reading goes on; a delete needs room in the log too."""

    title = "The storage is full"
    remedy = "Make room on the server's disk; writes go on within five seconds."


class MemoryLimit(RamekinError):
    """The tables take as much memory as they may, and what was asked for would add to it. Nothing was applied."""

    title = "The tables have no more room"
    remedy = "Delete records or tables, or give the server more with `--memory-limit`; what does not grow goes on."


class TooManyTables(RamekinError):
    """There are as many tables as there may be, and what was asked for would make another. Nothing was applied."""

    title = "Too many tables"
    remedy = "Drop tables that nobody needs; keep records of one kind in one table, with a field that tells them apart."


class TooManyBranches(RamekinError):
    """There are as many branches as there may be at once. None was made."""

    title = "Too many branches"
    remedy = "Drop branches that nobody needs, give them a `ttl_s`, or raise the server's `max_branches`."


class OnPurpose(RamekinError):
    """The request fails because a rule says so, with any status: the server was started with `--dev`."""

    title = "A fault on purpose"
    remedy = "`GET /api/v1/faults` tells the rules, and `DELETE /api/v1/faults` removes them."


class InternalError(RamekinError):
    """The server met a fault of its own. Its log has the stack under the request's id."""

    title = "Internal error"
    remedy = "Report it with the request id."
