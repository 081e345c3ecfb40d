"""The database's clock over HTTP: it is set, moved on, stopped and let go. Served only under `--dev`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ramekin.api.declared.answers import answer, request_body
from ramekin.api.declared.endpoint import Endpoints, dev_endpoint
from ramekin.api.declared.shapes import record, whole
from ramekin.api.http.answer import Reply, bodiless, json_answer
from ramekin.api.routes import CLOCK
from ramekin.clock import MovableClock, as_text
from ramekin.errors import ClockStays, InvalidClock, check_members
from ramekin.values import codec

if TYPE_CHECKING:
    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session

MEMBERS = ("now", "is_frozen", "advance_s")
LAST_MS = 221_876_927_999_999
"""The end of the year 9000: the clock goes on from there, records live for a hundred years, and 9999 is the last that
can be told."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TRUTH = {"type": "boolean"}
_CLOCK = whole(
    {
        "now": {"type": "string", "format": "date-time"},
        "is_frozen": _TRUTH | {"description": "Whether it stands still."},
        "is_real": _TRUTH | {"description": "Whether it was not set, or is let go again."},
    }
)
_EXAMPLE = {"now": "2027-01-01T00:00:00.000Z", "is_frozen": True, "is_real": False}
_TOLD = {200: answer("What the clock tells.", _CLOCK, _EXAMPLE)}


@dev_endpoint("GET", CLOCK, answers=_TOLD, problems=(400, 406))
def get_clock(session: Session, asked: Asked[None]) -> Reply:
    """Return what the database's clock tells."""
    return _tell(session)


@dev_endpoint(
    "PUT",
    CLOCK,
    answers=_TOLD,
    problems=(400, 406, 408, 409, 413, 415, 422, 503),
    body=request_body(
        record(
            {
                "now": {"type": "string", "format": "date-time"} | {"description": "The time from now on."},
                "is_frozen": _TRUTH | {"description": "Stand still there; else it goes on."},
                "advance_s": {"type": "number", "exclusiveMinimum": 0}
                | {"description": "Let so many seconds pass at once. It stands alone."},
            }
        ),
        {"now": "2027-01-01T00:00:00Z", "is_frozen": True},
    ),
)
def put_clock(session: Session, asked: Asked[None]) -> Reply:
    """Set the clock that everything told goes by: times, due times, defaults of models, new ids and rate limits."""
    clock = _clock(session)
    value = codec.parse(asked.body)
    if not isinstance(value, dict) or not value:
        raise InvalidClock('A clock is set by {"now": ...}, {"is_frozen": ...} or {"advance_s": ...}.').within()
    check_members(value, MEMBERS, InvalidClock, "A clock")
    if "advance_s" in value:
        clock.advance(_read_advance(clock, value))
    else:
        is_frozen = value.get("is_frozen", False)
        if type(is_frozen) is not bool:
            raise _wrong("'is_frozen' is true or false.", "is_frozen")
        clock.set(_read_now(value["now"]) if "now" in value else clock.wall_ms(), is_frozen=is_frozen)
    return _tell(session)


@dev_endpoint("DELETE", CLOCK, answers={204: answer("It is real again.")}, problems=(400, 409))
def delete_clock(session: Session, asked: Asked[None]) -> Reply:
    """Have the clock tell the real time again."""
    _clock(session).follow()
    return bodiless(204)


def _clock(session: Session) -> MovableClock:
    if not isinstance(session.clock, MovableClock):
        raise ClockStays("This database has a clock of its own, which no request sets.")
    return session.clock


def _tell(session: Session) -> Reply:
    clock = session.clock
    is_frozen, is_real = (clock.is_frozen, clock.is_real) if isinstance(clock, MovableClock) else (False, False)
    return json_answer({"now": as_text(clock.wall_ms()), "is_frozen": is_frozen, "is_real": is_real})


def _read_advance(clock: MovableClock, value: dict[str, Any]) -> float:
    """Return the seconds that are to pass. Raises InvalidClock."""
    if len(value) > 1:
        raise _wrong("'advance_s' stands alone.", "advance_s")
    seconds = value["advance_s"]
    if type(seconds) not in (int, float) or not 0 < seconds * 1000 <= LAST_MS - clock.wall_ms():
        raise _wrong("'advance_s' is a number of seconds above 0, up to the end of the year 9000.", "advance_s")
    return float(seconds)


def _read_now(text: Any) -> int:
    """Return the milliseconds of a time. Raises InvalidClock."""
    told = "'now' is a time with its offset, from 1970 to 9000, such as '2027-01-01T00:00:00Z'."
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is None or moment.tzinfo is None:
            raise _wrong(told, "now")
        wall_ms = (moment - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise _wrong(told, "now") from None
    if not 0 <= wall_ms <= LAST_MS:
        raise _wrong(told, "now")
    return wall_ms


def _wrong(told: str, name: str) -> InvalidClock:
    return InvalidClock(told).within(name)


ENDPOINTS: Endpoints = (get_clock, put_clock, delete_clock)
