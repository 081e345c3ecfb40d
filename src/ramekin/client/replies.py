"""Answers of the server, read: records by Pydantic, problems as the errors of ``ramekin.errors``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic_core import ErrorDetails, from_json

from ramekin import errors
from ramekin.errors.error import shorten
from ramekin.schema.faults import fault_of
from ramekin.schema.record_schema import MAX_FAULTS
from ramekin.values import codec

R = TypeVar("R")

_CLASSES = {error.code: error for error in errors.all_errors()}


class NoAnswer(errors.Unavailable):
    """No server answered, or what answered is not Ramekin. Whether the request was carried out is not known."""


class EndedEarly(NoAnswer):
    """An answer that had begun did not come whole."""


class ClientClosed(NoAnswer):
    """The client was closed: before a call, or while it waited for its answer."""

    def __init__(self) -> None:
        super().__init__("The client was closed.")


class Page(BaseModel, Generic[R]):
    """A page of records: what a list, a query or a join answers."""

    model_config = ConfigDict(strict=False, extra="ignore")

    data: list[R]
    next: str | None
    total: int | None = None
    warnings: list[str] = []
    explain: dict[str, Any] | None = None

    def up_to(self, limit: int | None) -> Self:
        """Return the page as the last one, where it has a limit of records or more, and no more of them."""
        if limit is None or len(self.data) < limit:
            return self
        return self.model_copy(update={"data": self.data[:limit], "next": None})


@dataclass(frozen=True)
class Reply:
    """An answer: its status, its headers by lower-case name, its body (empty where the driver streams it)."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @cached_property
    def problem(self) -> Mapping[str, Any]:
        """The problem document of an answer that has one, else an empty one."""
        try:
            document = codec.parse(self.body) if "problem+json" in self.headers.get("content-type", "") else None
        except errors.RamekinError:
            document = None
        return document if isinstance(document, dict) else {}

    @property
    def code(self) -> str:
        """The code of the problem, empty where the answer is none of Ramekin."""
        return str(self.problem.get("code", ""))

    @property
    def retry_after_s(self) -> float:
        """The seconds that the server asks to wait; 0 if it asks for none, or names a date."""
        text = self.headers.get("retry-after", "")
        return float(text) if text.isascii() and text.isdigit() else 0.0


class NotAsTyped(errors.InvalidRecord):
    """What the server holds is not as the client's model says; the cause is Pydantic's own error.

    Where it was raised by a change, that has happened.
    """

    def __init__(self, type_: Any, found: list[ErrorDetails], text: bytes) -> None:
        answer = from_json(text)
        faults = [fault_of(each, answer) for each in found[:MAX_FAULTS]]
        name, count = getattr(type_, "__name__", str(type_)), f"{len(found)} faults" if len(found) > 1 else "one fault"
        where = _of_record(found[0]["loc"], answer)
        super().__init__(f"The answer does not fit {name}: {count}{where}.", faults=faults)


def _of_record(place: tuple[int | str, ...], answer: Any) -> str:
    """Return which record the first fault is in: one of a page, that of a change, or the answer itself."""
    is_of_many = len(place) > 1 and place[0] == "data" and isinstance(place[1], int)
    record = answer["data"][place[1]] if is_of_many else answer
    if not isinstance(record, dict) or "id" not in record:
        return ""
    return f"{', the first' if is_of_many else ''} in the record {shorten(str(record['id']))!r}"


def as_typed(type_: Any, text: bytes) -> Any:
    """Return a JSON text as a value of a type.

    Raises:
        NotAsTyped: it is another one. NoAnswer: it is no JSON.
    """
    try:
        return adapter(type_).validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        if found[0]["type"] == "json_invalid":
            raise NoAnswer("What answered is not Ramekin: the answer is not JSON.") from error
        if any(each["type"] != "extra_forbidden" or each["loc"][-1] != "id" for each in found):
            raise NotAsTyped(type_, found, text) from error
        return adapter(type_).validate_json(text, extra="ignore")  # the id of a record whose model has none


def reader(type_: type[R]) -> Callable[[Reply], R]:
    """Return what reads an answer as a value of a type."""
    return lambda reply: as_typed(type_, reply.body)


def member(name: str, type_: type[R], default: Any = ...) -> Callable[[Reply], R]:
    """Return what reads one member of an answer, whatever else is in it; without a default it has to be there."""
    envelope = create_model("Answer", **{name: (type_, default)})  # type: ignore[call-overload]
    return lambda reply: getattr(as_typed(envelope, reply.body), name)


def nothing(_: Reply) -> None:
    """Read nothing of an answer."""


@lru_cache(maxsize=256)
def adapter(type_: Any) -> TypeAdapter[Any]:
    """Return what reads and writes values of a type: making one takes a millisecond."""
    return TypeAdapter(type_)


def error_of(reply: Reply) -> errors.RamekinError:
    """Return the error that a problem document tells of, as the class of its code; its notes hold the request id."""
    problem = reply.problem
    if not reply.code:
        return NoAnswer(f"The server answered with status {reply.status}, and not as Ramekin does.")
    faults = [
        errors.Fault(fault["pointer"], fault["detail"], part=fault.get("in", "")) for fault in problem.get("errors", [])
    ]  # lines: in detail
    error_class = _CLASSES.get(reply.code, errors.RamekinError)
    error = error_class.__new__(error_class)
    errors.RamekinError.__init__(error, str(problem.get("detail", "")), faults=faults, index=problem.get("index"))
    error.add_note(f"status {reply.status}, request {problem.get('instance', '')}")
    return error
