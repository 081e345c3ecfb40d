"""Readings: what a text means where it is declared to be an instant, a date, a time, a duration, a decimal or a UUID.

Each reading has one reader, for stored values and for those of conditions alike, so equal things are equal however they
are written. It reads what a model takes and writes, and what the formats of JSON Schema allow. Exact: nothing is
rounded. A text that it cannot read is a text still, and comes behind all that it can. Numbers without bounds are hashed
as text, with Python's secret: of the plain ones anybody can name a million that collide. Knows no schemas; see
``fields.py`` for what is declared, and ``values/comparison.py`` for keys.

Source: RFC 3339, seconds and zone optional; ISO 8601 for durations.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from ramekin.values.comparison import NUMBER, TEXT, TIME, JoinKey, OrderKey, join_key, order_key
from ramekin.values.ids import INT64_MAX, INT64_MIN

if TYPE_CHECKING:
    from collections.abc import Callable

Reading = Literal["plain", "instant", "date", "time", "duration", "decimal", "uuid"]

FORMATS: dict[str, Reading] = {
    "date-time": "instant",
    "date": "date",
    "time": "time",
    "duration": "duration",
    "decimal": "decimal",
    "uuid": "uuid",
}
"""The reading of each `format` of a schema; `decimal` is our own word, for models."""

NAMES: dict[Reading, str] = {
    "plain": "text",
    "instant": "date and time (ISO 8601, such as 2024-03-11T08:30:00Z)",
    "date": "date (such as 2024-03-11)",
    "time": "time of day (such as 08:30:00)",
    "duration": "duration (ISO 8601, such as PT30M or P1DT12H)",
    "decimal": "decimal number (such as 45.50)",
    "uuid": "UUID",
}
"""What messages call what a reading reads."""


class Exact(Decimal):
    """A decimal number."""

    __slots__ = ()

    def shortest(self) -> int | Exact:
        """Return the same number in its one form: an integer where it is one of 64 bits."""
        if not self:
            return 0
        if self.adjusted() < _INT64_DIGITS and self == (whole := int(self)) and INT64_MIN <= whole <= INT64_MAX:
            return whole
        return Exact(self.normalize(_ALL_DIGITS))

    def __hash__(self) -> int:
        number = self.shortest()
        return hash(number if type(number) is int else str(number))

    def __repr__(self) -> str:
        return str(self.shortest())


class Inexact(Fraction):
    """An amount that is no integer of 64 bits."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]  # typeshed has none for complex numbers
        return hash(str(self))


Amount = int | Inexact
"""Days, or microseconds; a part of one where a text has more than six digits of a second."""

_INT64_DIGITS = 19
_ALL_DIGITS = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)

_DATE = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
_TIME = r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,30}))?)?"
_ZONE = "([Zz]|[-+][0-9]{2}:?[0-9]{2})?"
_ONE_DATE = re.compile(_DATE)
_ONE_TIME = re.compile(_TIME + _ZONE)
_INSTANT = re.compile(f"{_DATE}(?:[Tt ]{_TIME}{_ZONE})?")
_USUAL_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[-+][0-9]{2}:[0-9]{2})?"
)
_COUNT = "[0-9]{1,18}(?:[.,][0-9]{1,30})?"
_DURATION = re.compile(f"([-+]?)P((?:{_COUNT}[YMWD])*)(?:T((?:{_COUNT}[HMS])+))?")
_PARTS = re.compile("([0-9]+)(?:[.,]([0-9]+))?([A-Z])")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?")
_HEX = "[0-9a-f]"
_HYPHENED = f"{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"
_UUID = re.compile(rf"{_HEX}{{32}}|(?:urn:uuid:)?{_HYPHENED}|\{{{_HYPHENED}\}}", re.ASCII | re.IGNORECASE)

_SECOND, _MINUTE, _HOUR, _DAY = 10**6, 60 * 10**6, 3600 * 10**6, 86_400 * 10**6
_UNITS = {"Y": 365 * _DAY, "M": 30 * _DAY, "W": 7 * _DAY, "D": _DAY}
_UNITS_OF_A_DAY = {"H": _HOUR, "M": _MINUTE, "S": _SECOND}
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097  # after which the calendar repeats itself
_EPOCH, _NAIVE_EPOCH = datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1)  # without a zone: UTC
_EPOCH_DAYS = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=16)
def comparer(reading: Reading) -> Callable[[Any], OrderKey | None]:
    """Return the function from a stored value to what it is compared by. Only texts are read."""
    if reading == "plain":
        return order_key
    if reading == "decimal":
        return _decimal_key
    if reading == "uuid":
        return lambda value: (TEXT, canonical_uuid(value)) if isinstance(value, str) else order_key(value)
    read = {"instant": read_instant, "date": read_date, "time": read_time, "duration": read_duration}[reading]

    def key(value: Any) -> OrderKey | None:
        if isinstance(value, str):
            found = read(value)
            return (TEXT, value) if found is None else (TIME, found)
        return order_key(value)

    return key


@lru_cache(maxsize=16)
def join_keyer(reading: Reading) -> Callable[[Any], JoinKey | None]:
    """Return the function from a stored value to what it is matched by, where both sides are read alike."""
    if reading == "plain":
        return join_key
    compared = comparer(reading)

    def key(value: Any) -> JoinKey | None:
        found = compared(value)
        if found is None or found[0] == TEXT:
            return None if found is None else str(found[1])
        return found if found[0] == TIME or (reading == "decimal" and found[0] == NUMBER) else join_key(value)

    return key


def can_read(reading: Reading, text: str) -> bool:
    """Say whether a text is what a reading reads."""
    if reading in ("plain", "uuid"):
        return reading == "plain" or _UUID.fullmatch(text) is not None
    key = comparer(reading)(text)
    return key is not None and key[0] != TEXT


def read_instant(text: str) -> Amount | None:
    """Return the microseconds since 1970 of a date and time, or of a date; without a zone it is UTC.

    A leap second is the first second of the next minute.
    """
    if _USUAL_INSTANT.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            pass  # a leap second, the year 0, or no date
        else:
            since = moment - (_NAIVE_EPOCH if moment.tzinfo is None else _EPOCH)
            return (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds
    parts = _INSTANT.fullmatch(text)
    if parts is None:
        return None
    year, month, day, hour, *rest = parts.groups()
    days, clock = _days(year, month, day), 0 if hour is None else _clock(hour, *rest)
    return None if days is None or clock is None else _amount((days - _EPOCH_DAYS) * _DAY + clock)


def read_date(text: str) -> Amount | None:
    """Return the number of a date's day."""
    parts = _ONE_DATE.fullmatch(text)
    return None if parts is None else _days(*parts.groups())


def read_time(text: str) -> Amount | None:
    """Return the microseconds of a time of day since midnight in UTC of the same day; without a zone it is UTC."""
    parts = _ONE_TIME.fullmatch(text)
    return None if parts is None else _clock(*parts.groups())


def read_duration(text: str) -> Amount | None:
    """Return the microseconds of a duration; a year has 365 days and a month 30, as Pydantic has it."""
    parts = _DURATION.fullmatch(text)
    if parts is None:
        return None
    sign, long, short = parts.groups()
    found = [(*part, _UNITS) for part in _PARTS.findall(long)]
    found += [(*part, _UNITS_OF_A_DAY) for part in _PARTS.findall(short or "")]
    if not found:
        return None
    total = sum((int(whole) + _fraction(rest)) * units[unit] for whole, rest, unit, units in found)
    return _amount(-total if sign == "-" else total)


def canonical_uuid(text: str) -> str:
    """Return a UUID's one spelling; other texts as they are."""
    if _UUID.fullmatch(text) is None:
        return text
    digits = text.lower().removeprefix("urn:uuid:").strip("{}").replace("-", "")
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _decimal_key(value: Any) -> OrderKey | None:
    """Return the number that a text holds, exactly, and a float as the decimal that it is printed as."""
    if isinstance(value, str):
        return (NUMBER, Exact(value)) if _DECIMAL.fullmatch(value) else (TEXT, value)
    return (NUMBER, Exact(repr(value))) if isinstance(value, float) else order_key(value)


def _days(year: str, month: str, day: str) -> int | None:
    """Return the number of a day, from the first of year 1 on; None where there is no such day."""
    shift = int(year) == 0  # a year that Python does not count, and RFC 3339 does
    try:
        days = date(_CYCLE_YEARS if shift else int(year), int(month), int(day)).toordinal()
    except ValueError:
        return None
    return days - _CYCLE_DAYS * shift


def _clock(hour: str, minute: str, second: str | None, rest: str | None, zone: str | None) -> Amount | None:
    """Return the microseconds since midnight in UTC; None where no clock shows that."""
    offset = 0
    if zone is not None and zone not in "Zz":
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        if hours > 23 or minutes > 59:
            return None
        offset = (hours * 60 + minutes) * (1 if zone[0] == "+" else -1)
    at, seconds = int(hour) * 60 + int(minute), int(second or 0)
    is_leap = seconds == 60 and (at - offset) % 1440 == 1439  # a leap second is the last of a day in UTC
    if int(hour) > 23 or int(minute) > 59 or (seconds > 59 and not is_leap):
        return None
    return _amount((at - offset) * _MINUTE + (seconds + _fraction(rest)) * _SECOND)


def _fraction(digits: str | None) -> int | Fraction:
    """Return the fraction that stands behind a point."""
    return Fraction(int(digits), 10 ** len(digits)) if digits else 0


def _amount(number: int | Fraction) -> Amount:
    """Return an amount in its one form."""
    whole = number.numerator
    return whole if number.denominator == 1 and INT64_MIN <= whole <= INT64_MAX else Inexact(number)
