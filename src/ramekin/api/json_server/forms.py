"""Bodies of HTML forms, as json-server 0.17 reads them: every value a text, those of one name an array.

Knows no records; see ``older.py`` for who takes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from ramekin.errors import InvalidParameter, MalformedJson

if TYPE_CHECKING:
    from ramekin.api.json_server.listing import Record

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 1000


def is_form(media: str, body: bytes) -> bool:
    """Say whether a body is a form; `curl -d '{"a": 1}'` calls JSON so, too."""
    return media == FORM and not body.lstrip().startswith((b"{", b"["))


def read_form(body: bytes) -> Record:
    """Return the fields of a form. Raises InvalidParameter: they are too many; MalformedJson: it is not UTF-8."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeError:
        raise MalformedJson("The form is not UTF-8.") from None
    except ValueError:
        raise InvalidParameter(f"A form has at most {MAX_FIELDS} fields.") from None
    texts: dict[str, list[str]] = {}
    for name, text in pairs:
        texts.setdefault(name, []).append(text)
    return {name: several if len(several) > 1 else several[0] for name, several in texts.items()}
