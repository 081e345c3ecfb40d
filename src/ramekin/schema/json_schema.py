"""Tables defined by JSON Schema (draft 2020-12), as a client sends it to ``/tables``.

`jsonschema-rs` validates: it follows no reference out of the document, and its regular expressions take linear time.
Knows nothing of tables' contents or of HTTP; see ``schema/record_schema.py`` for what every schema promises.
"""

from __future__ import annotations

from functools import lru_cache
from math import log
from typing import TYPE_CHECKING, Any

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError, ValidationErrorKind

from ramekin.errors import Fault, InvalidDefinition, InvalidRecord, TooDeep, did_you_mean, listing, pointer, shorten
from ramekin.schema import sentences
from ramekin.schema.columns import Columns
from ramekin.schema.declarations import members_at, names_in, type_in
from ramekin.schema.declared_id import declares_id
from ramekin.schema.fields import ANYTHING, KINDS, FieldType
from ramekin.schema.record_schema import MAX_FAULTS, beside_known, invalid_record
from ramekin.schema.references import MAX_CHAIN, References
from ramekin.values import codec
from ramekin.values.comparison import kind_of
from ramekin.values.ids import A_UUID, looks_like_integer
from ramekin.values.paths import ID_PATH, FieldPath, print_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


MAX_REFERENCES = 10_000
"""References of a schema, each with those in what it names. To name all faults of a record that breaks one with
262,144 took 9 s (jsonschema-rs 0.60, November 2026); only to say that it is broken took 3 ms."""

MAX_FAULTS_SEARCHED = 1000
"""Times that circular references may lead to one place of a record in search of its faults."""

MAX_SEARCH = 200_000
"""Members and elements of a record, times (10 + references of its schema), for which all faults are looked for.
250,000 faults of one record took 4.9 s (jsonschema-rs 0.60, November 2026); only to say that it has some, 20 µs."""

MAX_TRIED, MAX_SCANNED = 5_000_000, 10_000_000
"""Values of a record, times the alternatives of its schema; and its bytes, times the schema's patterns. So many take
30 to 50 ms (jsonschema-rs 0.60, November 2026), and nobody is answered meanwhile. Without a bound one record took
13 s."""

_UNKNOWN = (ValidationErrorKind.AdditionalProperties, ValidationErrorKind.UnevaluatedProperties)

PATTERN_BYTES = 64 * 1024
"""Of a compiled regular expression. The worst at this size takes 0.3 µs a letter, at 256 KiB 3, and without a limit 80
(jsonschema-rs 0.60, November 2026)."""


class JsonSchema:
    """What the records of one table must be, by a JSON Schema with its standard meaning.

    Nothing is added to a record: `default` and `format` are remarks, as the standard has it. A schema that does not
    declare ``id`` (see ``declared_id.py``) is asked about the record without it.
    """

    title = "the table's schema"
    stored_names: Callable[[Any], Any] | None = None

    def __init__(self, schema: dict[str, Any]) -> None:
        """Read a schema.

        Raises:
            InvalidDefinition: it is not a JSON Schema, of another draft, refers to another document, or has references
                that multiply.
        """
        codec.check_value(schema)  # Python code may have made it, and a journal has to read it again
        references = References(schema, MAX_REFERENCES)
        if references.count == MAX_REFERENCES:
            raise InvalidDefinition(
                f"The references in 'schema' multiply: written out they are more than {MAX_REFERENCES:,}, "
                f"or more than {MAX_CHAIN} lead from one to the next. Name definitions less often."
            )
        self._circular, self._references = references.circular, references.count
        self._alternatives, self._patterns = references.alternatives, references.patterns
        self._sure_bytes = min(MAX_TRIED // (1 + self._alternatives), MAX_SCANNED // (1 + self._patterns))
        try:
            self._validator = Draft202012Validator(
                schema, offline=True, pattern_options=RegexOptions(size_limit=PATTERN_BYTES)
            )
        except (ValidationError, ValueError) as error:
            steps = error.instance_path if isinstance(error, ValidationError) else ()
            told = f"'schema' is not a JSON Schema (2020-12): {_place_in(error)}"
            raise InvalidDefinition(told).within(*steps) from None
        self.json_schema = schema
        self._has_id = declares_id(schema, references)
        declared = [name for name in schema.get("properties", {}) if name != "id"]
        self.fields = ("id", *declared)
        self.columns = Columns(schema)
        self.type_of = lru_cache(maxsize=1024)(self._type_of)
        self.takes_uuid = not self._refuses_id(A_UUID)
        self._reads_integers = not self._refuses_id(1) and self._refuses_id("1")

    def validate(self, record: dict[str, Any], printed: bytes | None = None) -> bytes:
        members = record if self._has_id else {name: value for name, value in record.items() if name != "id"}
        body = codec.dump(record) if printed is None else printed
        if len(body) > self._sure_bytes:
            self._check_effort(body)
        if not self._validator.is_valid(members):
            raise self._invalid(members, body.count(b","))
        return body

    def _check_effort(self, body: bytes) -> None:
        """Refuse a record that would be held against the schema for long. Raises InvalidRecord. Cost: O(length)."""
        values = 1 + body.count(b",") + body.count(b":")
        if self._alternatives * values > MAX_TRIED or self._patterns * len(body) > MAX_SCANNED:
            said = "It is too large to be held against as many alternatives and patterns as the schema has."
            raise invalid_record(self.title, [Fault("", said)], 1)

    def _invalid(self, members: dict[str, Any], size: int) -> InvalidRecord:
        """Return the error of a record, with its faults, unless their number or the way to them may be out of hand."""
        try:
            codec.check_depth(members, _levels(self._circular))
        except TooDeep:
            return invalid_record(self.title, [Fault("", "It is nested too deeply to say which members are wrong.")], 1)
        if size * (10 + self._references) > MAX_SEARCH:
            return invalid_record(self.title, [Fault("", "It is too large to say which members are wrong.")], 1)
        errors = list(self._validator.iter_errors(members))
        faults = [self._fault(error) for error in errors[:MAX_FAULTS]]
        return invalid_record(self.title, faults, len(errors))

    def _fault(self, error: ValidationError) -> Fault:
        fault, kind = Fault(_pointer(error), _sentence(error)), error.kind
        if not isinstance(kind, _UNKNOWN):
            return fault
        return beside_known(fault, kind.unexpected, members_at(self.json_schema, [*map(str, error.instance_path)]))

    def check(self, body: bytes) -> None:
        """See that a stored record satisfies the schema. Raises InvalidRecord."""
        self.validate(codec.parse(body))

    def stored_id(self, value: object) -> object:
        return value

    def read_id(self, text: str) -> object:
        return int(text) if self._reads_integers and looks_like_integer(text) else text

    def field_names(self) -> Sequence[str]:
        return list(dict.fromkeys(("id", *names_in(self.json_schema))))

    def hint(self, path: FieldPath) -> str:
        names = self.field_names()
        return did_you_mean(print_path(path), names) or listing(names)

    def _type_of(self, path: FieldPath) -> FieldType | None:
        found = type_in(self.json_schema, path, is_closed=False)
        if path == ID_PATH and (found is None or not self._has_id):
            return ANYTHING  # every record has one
        return found

    def _refuses_id(self, value: int | str) -> bool:
        """Say whether no record can have an id, as far as can be seen without the rest of the record."""
        if not self._has_id:
            return False
        declared = self.type_of(ID_PATH) or ANYTHING
        if declared.kinds and kind_of(value) not in declared.kinds:
            return True
        return any(error.instance_path[:1] == ["id"] for error in self._validator.iter_errors({"id": value}))


def _levels(circular: int) -> int:
    """Return how many levels of a record may be searched for faults, if each level multiplies the work."""
    return codec.MAX_DEPTH if circular < 2 else 1 + int(log(MAX_FAULTS_SEARCHED, circular))


def _pointer(error: ValidationError) -> str:
    steps, kind = list(error.instance_path), error.kind
    if isinstance(kind, ValidationErrorKind.Required):
        steps.append(str(kind.property))
    elif isinstance(kind, _UNKNOWN):
        steps += kind.unexpected if len(kind.unexpected) == 1 else []
    return pointer(steps)


def _sentence(error: ValidationError) -> str:
    if types := _types_of(error):
        return sentences.of_types(types)
    return sentences.of_schema(type(error.kind).__name__, error.kind.as_dict())


def _types_of(error: ValidationError) -> list[str]:
    """Return the types that are taken where a value has none of them, in alternatives or not; else none."""
    kind = error.kind
    if isinstance(kind, ValidationErrorKind.Type):
        return list(kind.types)
    if not isinstance(kind, (ValidationErrorKind.AnyOf, ValidationErrorKind.OneOfNotValid)):
        return []
    found = [
        _types_of(branch[0]) if branch and branch[0].instance_path == error.instance_path else []
        for branch in kind.context
    ]
    return [name for types in found for name in types] if all(found) else []


def _place_in(error: Exception) -> str:
    """Say where a schema is wrong, in our own words: the library's may quote what was sent."""
    if not isinstance(error, ValidationError):
        return "it cannot be read."
    place = pointer(error.instance_path)
    if error.kind.name == "format":
        return (
            f"the regular expression at '{shorten(place)}' cannot be used. Look-around and back-references, which "
            r"can take endless time, are not possible; a '-' in brackets that means itself is written '\-'. Nor are "
            "those that are too large, as when something is repeated many times; 'maxLength' bounds a text."
        )
    if error.kind.name == "$ref":
        return "a '$ref' or '$id' is not an address, or names nothing."
    said = _sentence(error)
    if isinstance(error.kind, ValidationErrorKind.AnyOf) and error.instance_path[-1:] == ["type"]:
        said = f"One of {', '.join(KINDS)} is expected, or an array of them."
    return f"at '{shorten(place) or '/'}': {said[0].lower()}{said[1:]}"
