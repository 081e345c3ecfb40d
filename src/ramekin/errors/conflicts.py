"""Requests that conflict with what is there."""

from __future__ import annotations

from typing import Any

from ramekin.errors.error import RamekinError


class Conflict(RamekinError):
    """The request contradicts data that is there."""

    title = "Conflict with the data"


class RecordExists(Conflict):
    """A record with this id is already there. Ids are compared by their text, so 1 and "1" are one id."""

    title = "The record exists"
    remedy = "Choose another id, use PUT, or say `on_conflict=ignore`, `replace` or `merge`."
    place = ("", "id")


class DuplicateId(Conflict):
    """The same id stands twice in one request."""

    title = "An id stands twice in the request"
    remedy = "Send each id once."


class NotUnique(Conflict):
    """Another record has the same value in a field that the table's definition says is unique."""

    title = "A value must be unique and is taken"
    remedy = "Send another value, or change the record that has it."

    def __init__(self, said: str, *, place: tuple[str, str], **told: Any) -> None:
        super().__init__(said, **told)
        self.place = place
        """The table, and the key of the record that would have taken the value."""


class TooManyAffected(Conflict):
    """More records would change than `max_affected` allows; none was changed."""

    title = "More records would change than allowed"
    remedy = "Narrow the condition, or raise `max_affected`."
    place = ("query", "max_affected")


class DefinitionBroken(Conflict):
    """Records that are there do not satisfy the table's new definition; nothing was changed."""

    title = "Existing records break the definition"
    remedy = "Correct the records that `errors` names, or the definition."


class ModelTable(Conflict):
    """The table is typed by a Pydantic model of the server; its definition is the model's."""

    title = "The table is defined by a model"
    remedy = "Change the model and start the server again."
    place = ("path", "table")


class ModelMissing(Conflict):
    """The table is typed by a Pydantic model, or a version of one, that the server was not started with; it is read.

    Without the model nothing is written to it, and with another version of it what both versions take.
    """

    title = "The table's model is not here"
    remedy = (
        "Start the server with `--models` and that version, or ask one that was; or give the table another definition "
        "with `PUT /api/v1/tables/{table}` where no server has the model."
    )


class BranchExists(Conflict):
    """There is a branch of that name."""

    title = "The branch exists"
    remedy = "Choose another name, or send `replace=true` to have it made anew."
    place = ("path", "branch")


class MainStays(Conflict):
    """`main` is the database itself, which no request makes, makes anew or drops."""

    title = "The database itself is no branch to make or drop"
    remedy = "`POST /api/v1/reset` brings its tables back to the last checkpoint."
    place = ("path", "branch")


class NoCheckpoint(Conflict):
    """No state of the tables was kept that they could be compared with, or return to."""

    title = "There is no checkpoint"
    remedy = "Make one first: `database.checkpoint()`, or `POST /api/v1/checkpoint`."


class ClockStays(Conflict):
    """The database was made by a program that gave it a clock of its own, which no request sets."""

    title = "The clock cannot be set"
    remedy = "Have the program set it, or give the database a `MovableClock`."
