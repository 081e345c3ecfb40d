"""What is wrong with a value, in our own words: one sentence for each kind of fault that a validator finds.

Validators' own words may quote what was sent, and speak of Python. What stands in braces is filled from what the model
or the schema itself says. Knows no validator; see ``models.py`` and ``json_schema.py`` for who asks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ramekin.errors import shorten
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIST_CHARS = 60
"""Characters of a list of values that a sentence may hold."""

MAX_CHARS = 200
"""Characters of a sentence; only names that are very long make it so."""

_ARRAY, _OBJECT, _EITHER = "An array is expected.", "An object is expected.", "An array or an object is expected."
_INTEGER, _NUMBER, _TEXT = "An integer is expected.", "A number is expected.", "Text is expected."
_DATE, _TIME = "A date in ISO 8601 is expected.", "A time in ISO 8601 is expected."
_MOMENT, _DURATION = "A date and time in ISO 8601 is expected.", "A duration in ISO 8601 is expected."
_UUID, _URL, _DECIMAL = "A UUID as text is expected.", "A URL is expected.", "A decimal number is expected."
_REQUIRED, _UNKNOWN = "This member is required.", "The model has no member of this name."
_NO_JSON, _UNREADABLE = "No JSON value is taken here.", "The value cannot be read as the model asks."
_TOO_DEEP, _FROZEN = "It is nested too deeply.", "This cannot be changed."
_COMPLEX, _FRACTION = "A complex number such as 1+2j is expected.", "A fraction such as 3/4 is expected."
_SIZE, _PATH = "A size such as 5MiB is expected.", "A path of the kind that the model asks for is expected."
_PATTERN = "A regular expression is expected."
_CARD = "The number of a payment card is expected."
_OWN_CHECK = "The value does not pass the model's own check."

OF_MODEL = {
    "missing": _REQUIRED,
    "missing_argument": _REQUIRED,
    "missing_keyword_only_argument": _REQUIRED,
    "missing_positional_only_argument": _REQUIRED,
    "extra_forbidden": _UNKNOWN,
    "unexpected_keyword_argument": _UNKNOWN,
    "unexpected_positional_argument": "Fewer items are expected.",
    "multiple_argument_values": "This is there twice.",
    "members_alike": "Two members have one name, once names are read as the model declares them.",
    "spelled_twice": "{names} are one field; send it once, as '{stored}', which is how it is stored.",
    "invalid_key": "A name as text is expected.",
    "frozen_field": _FROZEN,
    "frozen_instance": _FROZEN,
    "default_factory_not_called": "Its default rests on members that are wrong.",
    "none_required": "null is expected.",
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "dict_type": _OBJECT,
    "frozen_dict_type": _OBJECT,
    "ordered_dict_type": _OBJECT,
    "counter_type": _OBJECT,
    "mapping_type": _OBJECT,
    "named_tuple_type": _EITHER,
    "arguments_type": _EITHER,
    "list_type": _ARRAY,
    "deque_type": _ARRAY,
    "tuple_type": _ARRAY,
    "set_type": _ARRAY,
    "frozen_set_type": _ARRAY,
    "iterable_type": _ARRAY,
    "set_item_not_hashable": "A value that is neither an array nor an object is expected.",
    "too_short": "At least {min_length} items are expected.",
    "too_long": "At most {max_length} items are expected.",
    "bool_type": "true or false is expected.",
    "bool_parsing": "true or false is expected.",
    "int_type": _INTEGER,
    "int_parsing": _INTEGER,
    "int_from_float": _INTEGER,
    "int_parsing_size": "An integer of fewer digits is expected.",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "A finite number is expected.",
    "decimal_type": _DECIMAL,
    "decimal_parsing": _DECIMAL,
    "decimal_max_digits": "A number of at most {max_digits} digits is expected.",
    "decimal_max_places": "At most {decimal_places} digits after the point are expected.",
    "decimal_whole_digits": "At most {whole_digits} digits before the point are expected.",
    "fraction_type": _FRACTION,
    "fraction_parsing": _FRACTION,
    "complex_type": _COMPLEX,
    "complex_str_parsing": _COMPLEX,
    "greater_than": "A value greater than {gt} is expected.",
    "greater_than_equal": "A value of {ge} or more is expected.",
    "less_than": "A value less than {lt} is expected.",
    "less_than_equal": "A value of {le} or less is expected.",
    "multiple_of": "A multiple of {multiple_of} is expected.",
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_not_ascii": "Text in ASCII is expected.",
    "string_too_short": "At least {min_length} characters are expected.",
    "string_too_long": "At most {max_length} characters are expected.",
    "string_pattern_mismatch": "Text that matches the model's pattern is expected.",
    "bytes_type": _TEXT,
    "bytes_too_short": "At least {min_length} bytes are expected.",
    "bytes_too_long": "At most {max_length} bytes are expected.",
    "bytes_invalid_encoding": "Text in {encoding} is expected.",
    "json_invalid": "Text that is valid JSON itself is expected.",
    "json_type": "Text that is valid JSON itself is expected.",
    "literal_error": "One of {expected} is expected.",
    "enum": "One of {expected} is expected.",
    "union_tag_invalid": "{discriminator} says which form this has: one of {expected_tags} is expected.",
    "union_tag_not_found": "{discriminator} is needed, which says which form this has.",
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": "A date without a time of day is expected.",
    "date_past": "A date in the past is expected.",
    "date_future": "A date in the future is expected.",
    "time_type": _TIME,
    "time_parsing": _TIME,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_past": "A moment in the past is expected.",
    "datetime_future": "A moment in the future is expected.",
    "timezone_aware": "A time zone is expected.",
    "timezone_naive": "No time zone is expected.",
    "timezone_offset": "A time zone {tz_expected} seconds ahead of UTC is expected.",
    "time_delta_type": _DURATION,
    "time_delta_parsing": _DURATION,
    "uuid_type": _UUID,
    "uuid_parsing": _UUID,
    "uuid_version": "A UUID of version {expected_version} is expected.",
    "url_type": _URL,
    "url_parsing": _URL,
    "url_syntax_violation": _URL,
    "url_too_long": "At most {max_length} characters are expected.",
    "url_scheme": "A URL that begins with {expected_schemes} is expected.",
    "email": "An email address is expected.",
    "color_error": "A color is expected.",
    "base64_decode": "Text in Base64 is expected.",
    "payment_card_number_digits": _CARD,
    "payment_card_number_luhn": _CARD,
    "payment_card_number_brand": _CARD,
    "import_error": "A name that can be imported is expected.",
    "pattern_type": _PATTERN,
    "pattern_str_type": _PATTERN,
    "pattern_bytes_type": _PATTERN,
    "pattern_regex": _PATTERN,
    "zoneinfo_str": "The name of a time zone is expected.",
    "sequence_str": _ARRAY,
    "byte_size": _SIZE,
    "byte_size_unit": _SIZE,
    "path_type": _PATH,
    "path_not_file": _PATH,
    "path_not_directory": _PATH,
    "path_not_socket": _PATH,
    "path_exists": _PATH,
    "path_does_not_exist": _PATH,
    "parent_does_not_exist": _PATH,
    "ip_v4_address": "An IPv4 address is expected.",
    "ip_v6_address": "An IPv6 address is expected.",
    "ip_any_address": "An IP address is expected.",
    "ip_v4_network": "An IPv4 network is expected.",
    "ip_v6_network": "An IPv6 network is expected.",
    "ip_any_network": "An IP network is expected.",
    "ip_v4_interface": "An IPv4 interface is expected.",
    "ip_v6_interface": "An IPv6 interface is expected.",
    "ip_any_interface": "An IP interface is expected.",
    "recursion_loop": _TOO_DEEP,
    "recursion_depth_exceeded": _TOO_DEEP,
    "is_instance_of": _NO_JSON,
    "is_subclass_of": _NO_JSON,
    "dataclass_exact_type": _NO_JSON,
    "callable_type": _NO_JSON,
    "needs_python_object": _NO_JSON,
    "missing_sentinel_error": _NO_JSON,
    "ellipsis_error": _NO_JSON,
    "no_such_attribute": _UNREADABLE,
    "get_attribute_error": _UNREADABLE,
    "iteration_error": _UNREADABLE,
    "predicate_failed": _OWN_CHECK,
    "not_operation_failed": _OWN_CHECK,
    "value_error": _OWN_CHECK,
    "assertion_error": _OWN_CHECK,
}
"""By Pydantic's types of errors. All others are raised by the model's own validators."""

_NO_FORM = "It satisfies no alternative of the schema."
_NO_CHECK = "The value does not satisfy the schema."

OF_SCHEMA = {
    "Required": _REQUIRED,
    "AdditionalProperties": "The schema has no member {unexpected}.",
    "UnevaluatedProperties": "The schema has no member {unexpected}.",
    "AdditionalItems": "At most {limit} items are expected.",
    "UnevaluatedItems": "Fewer items are expected.",
    "FalseSchema": "Nothing is taken here.",
    "PropertyNames": "It has a member of a name that the schema does not take.",
    "Type": "A value of type {types} is expected.",
    "Minimum": "A value of {limit} or more is expected.",
    "Maximum": "A value of {limit} or less is expected.",
    "ExclusiveMinimum": "A value greater than {limit} is expected.",
    "ExclusiveMaximum": "A value less than {limit} is expected.",
    "MultipleOf": "A multiple of {multiple_of} is expected.",
    "MinLength": "At least {limit} characters are expected.",
    "MaxLength": "At most {limit} characters are expected.",
    "MinItems": "At least {limit} items are expected.",
    "MaxItems": "At most {limit} items are expected.",
    "MinProperties": "At least {limit} members are expected.",
    "MaxProperties": "At most {limit} members are expected.",
    "UniqueItems": "Items that all differ are expected.",
    "Contains": "Another number of items of the kind that the schema counts is expected.",
    "Pattern": "Text that matches the schema's pattern is expected.",
    "Enum": "One of {options} is expected.",
    "Constant": "{expected_value} is expected.",
    "Not": "A value that the schema does not rule out is expected.",
    "AnyOf": _NO_FORM,
    "OneOfNotValid": _NO_FORM,
    "OneOfMultipleValid": "It satisfies several alternatives of the schema; one is expected.",
    "Format": "Text in the format {format} is expected.",
    "ContentEncoding": "Text in {content_encoding} is expected.",
    "ContentMediaType": "Text that is {content_media_type} is expected.",
    "Custom": _NO_CHECK,
    "BacktrackLimitExceeded": _NO_CHECK,
    "RegexEngineFailure": _NO_CHECK,
    "FromUtf8": _NO_CHECK,
    "Referencing": _NO_CHECK,
}
"""By jsonschema-rs's kinds of errors."""

_ONE = re.compile(r"(?<![\d.])1 (items|characters|bytes|digits|members|seconds)\b")
_PYTHON = re.compile(r"""<[^:>]*: ([^>]*)>|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\b(?:True|False|None)\b""")
_JSON = {"True": "true", "False": "false", "None": "null"}


def of_model(error_type: str, context: Mapping[str, Any]) -> str:
    """Return the sentence for a type of Pydantic's errors, filled from its context."""
    filled = {name: _said(name, value) for name, value in context.items()}
    return _filled(OF_MODEL.get(error_type, _OWN_CHECK), filled, _OWN_CHECK)


def of_schema(error_type: str, context: Mapping[str, Any]) -> str:
    """Return the sentence for an error of jsonschema-rs, filled from what the error says of itself."""
    filled = dict(context)
    if "types" in filled:
        filled["types"] = " or ".join(filled["types"])
    if "unexpected" in filled:
        filled["unexpected"] = cut(" and ".join(f"'{shorten(str(name))}'" for name in filled["unexpected"]))
    if "options" in filled:
        filled["options"] = cut(", ".join(dict.fromkeys(map(_printed, filled["options"]))))
    if "expected_value" in filled:
        filled["expected_value"] = cut(_printed(filled["expected_value"]))
    return _filled(OF_SCHEMA.get(error_type, _NO_CHECK), filled, _NO_CHECK)


def of_types(types: Sequence[str]) -> str:
    """Return the sentence for a value that has none of some types of JSON Schema."""
    return of_schema("Type", {"types": list(dict.fromkeys(types))})


def cut(text: str) -> str:
    """Return a list of values as a sentence may hold it."""
    return text if len(text) <= LIST_CHARS else f"{text[: LIST_CHARS - 1]}…"


def _filled(sentence: str, context: Mapping[str, Any], otherwise: str) -> str:
    try:
        text = _readable(sentence.format(**context))
    except KeyError:
        return otherwise  # a validator of the model's own took one of Pydantic's names
    if one := _ONE.search(text):
        text = text.replace(one[0], one[0].removesuffix("s")).replace(" are expected", " is expected")
    return text


def _readable(text: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:MAX_CHARS])


def _said(name: str, value: Any) -> Any:
    """Return what a context holds as it may be said: values as JSON has them, and no function's name."""
    if name == "discriminator":
        return f"The member {value}" if str(value).startswith("'") else "A member"
    if name in ("expected", "expected_tags", "expected_schemes"):
        return cut(_PYTHON.sub(lambda found: found[1] or _JSON.get(found[0], found[0]), str(value)))
    return value


def _printed(value: Any) -> str:
    return codec.dump(value).decode()
