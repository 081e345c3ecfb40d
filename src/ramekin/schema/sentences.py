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

_REQUIRED = "This member is required."
_OWN_CHECK = "The value does not pass the model's own check."

_OF_MODEL = {
    _REQUIRED: "missing missing_argument missing_keyword_only_argument missing_positional_only_argument",
    "The model has no member of this name.": "extra_forbidden unexpected_keyword_argument",
    "Fewer items are expected.": "unexpected_positional_argument",
    "This is there twice.": "multiple_argument_values",
    "Two members have one name, once names are read as the model declares them.": "members_alike",
    "{names} are one field; send it once, as '{stored}', which is how it is stored.": "spelled_twice",
    "A name as text is expected.": "invalid_key",
    "This cannot be changed.": "frozen_field frozen_instance",
    "Its default rests on members that are wrong.": "default_factory_not_called",
    "null is expected.": "none_required",
    "An object is expected.": (
        "model_type model_attributes_type dataclass_type dict_type frozen_dict_type ordered_dict_type counter_type "
        "mapping_type"
    ),
    "An array or an object is expected.": "named_tuple_type arguments_type",
    "An array is expected.": "list_type deque_type tuple_type set_type frozen_set_type iterable_type sequence_str",
    "A value that is neither an array nor an object is expected.": "set_item_not_hashable",
    "At least {min_length} items are expected.": "too_short",
    "At most {max_length} items are expected.": "too_long",
    "true or false is expected.": "bool_type bool_parsing",
    "An integer is expected.": "int_type int_parsing int_from_float",
    "An integer of fewer digits is expected.": "int_parsing_size",
    "A number is expected.": "float_type float_parsing",
    "A finite number is expected.": "finite_number",
    "A decimal number is expected.": "decimal_type decimal_parsing",
    "A number of at most {max_digits} digits is expected.": "decimal_max_digits",
    "At most {decimal_places} digits after the point are expected.": "decimal_max_places",
    "At most {whole_digits} digits before the point are expected.": "decimal_whole_digits",
    "A fraction such as 3/4 is expected.": "fraction_type fraction_parsing",
    "A complex number such as 1+2j is expected.": "complex_type complex_str_parsing",
    "A value greater than {gt} is expected.": "greater_than",
    "A value of {ge} or more is expected.": "greater_than_equal",
    "A value less than {lt} is expected.": "less_than",
    "A value of {le} or less is expected.": "less_than_equal",
    "A multiple of {multiple_of} is expected.": "multiple_of",
    "Text is expected.": "string_type string_unicode bytes_type",
    "Text in ASCII is expected.": "string_not_ascii",
    "At least {min_length} characters are expected.": "string_too_short",
    "At most {max_length} characters are expected.": "string_too_long url_too_long",
    "Text that matches the model's pattern is expected.": "string_pattern_mismatch",
    "At least {min_length} bytes are expected.": "bytes_too_short",
    "At most {max_length} bytes are expected.": "bytes_too_long",
    "Text in {encoding} is expected.": "bytes_invalid_encoding",
    "Text that is valid JSON itself is expected.": "json_invalid json_type",
    "One of {expected} is expected.": "literal_error enum",
    "{discriminator} says which form this has: one of {expected_tags} is expected.": "union_tag_invalid",
    "{discriminator} is needed, which says which form this has.": "union_tag_not_found",
    "A date in ISO 8601, such as 2024-03-11, is expected.": "date_type date_parsing date_from_datetime_parsing",
    "A date without a time of day is expected.": "date_from_datetime_inexact",
    "A date in the past is expected.": "date_past",
    "A date in the future is expected.": "date_future",
    "A time in ISO 8601, such as 08:30:00, is expected.": "time_type time_parsing",
    "A date and time in ISO 8601, such as 2024-03-11T08:30:00Z, is expected.": (
        "datetime_type datetime_parsing datetime_object_invalid datetime_from_date_parsing"
    ),
    "A moment in the past is expected.": "datetime_past",
    "A moment in the future is expected.": "datetime_future",
    "A time zone is expected.": "timezone_aware",
    "No time zone is expected.": "timezone_naive",
    "A time zone {tz_expected} seconds ahead of UTC is expected.": "timezone_offset",
    "A duration in ISO 8601, such as PT30M or P1DT12H, is expected.": "time_delta_type time_delta_parsing",
    "A UUID as text, such as 3fa85f64-5717-4562-b3fc-2c963f66afa6, is expected.": "uuid_type uuid_parsing",
    "A UUID of version {expected_version} is expected.": "uuid_version",
    "A URL such as https://example.com/ is expected.": "url_type url_parsing url_syntax_violation",
    "A URL that begins with {expected_schemes} is expected.": "url_scheme",
    "An email address such as name@example.com is expected.": "email",
    "A color is expected.": "color_error",
    "Text in Base64 is expected.": "base64_decode",
    "The number of a payment card is expected.": (
        "payment_card_number_digits payment_card_number_luhn payment_card_number_brand"
    ),
    "A name that can be imported is expected.": "import_error",
    "A regular expression is expected.": "pattern_type pattern_str_type pattern_bytes_type pattern_regex",
    "The name of a time zone is expected.": "zoneinfo_str",
    "A size such as 5MiB is expected.": "byte_size byte_size_unit",
    "A path of the kind that the model asks for is expected.": (
        "path_type path_not_file path_not_directory path_not_socket path_exists path_does_not_exist "
        "parent_does_not_exist"
    ),
    "An IPv4 address such as 192.0.2.1 is expected.": "ip_v4_address",
    "An IPv6 address such as 2001:db8::1 is expected.": "ip_v6_address",
    "An IP address such as 192.0.2.1 or 2001:db8::1 is expected.": "ip_any_address",
    "An IPv4 network such as 192.0.2.0/24 is expected.": "ip_v4_network",
    "An IPv6 network such as 2001:db8::/32 is expected.": "ip_v6_network",
    "An IP network such as 192.0.2.0/24 is expected.": "ip_any_network",
    "An IPv4 interface such as 192.0.2.1/24 is expected.": "ip_v4_interface",
    "An IPv6 interface such as 2001:db8::1/64 is expected.": "ip_v6_interface",
    "An IP interface such as 192.0.2.1/24 is expected.": "ip_any_interface",
    "It is nested too deeply.": "recursion_loop recursion_depth_exceeded",
    "No JSON value is taken here.": (
        "is_instance_of is_subclass_of dataclass_exact_type callable_type needs_python_object missing_sentinel_error "
        "ellipsis_error"
    ),
    "The value cannot be read as the model asks.": "no_such_attribute get_attribute_error iteration_error",
    _OWN_CHECK: "predicate_failed not_operation_failed value_error assertion_error",
}
OF_MODEL = {error_type: sentence for sentence, types in _OF_MODEL.items() for error_type in types.split()}
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
