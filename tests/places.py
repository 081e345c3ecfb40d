"""Whether an error's place is one that its request has: a part of the path, a parameter, a header, a member of the body."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from ramekin.errors import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import httpx2

PARTS = [
    re.compile(rf"(?:/b/(?P<branch>[^/]+))?(?:/api/v1)?{inner}")
    for inner in (
        r"/data/(?P<table>[^/]+)(?:/(?P<id>[^/]+))?",
        r"/(?:tables|query|dump)/(?P<table>[^/]+)",
        r"/join/(?P<table1>[^/]+)/(?P<table2>[^/]+)/(?P<key>[^/]+)",
        r"/problems/(?P<code>[^/]+)",
        "(?:/.*)?",
    )
] + [re.compile("/api/v1/branches/(?P<branch>[^/]+)")]
LACKED = {"precondition-required": "If-Match", "unsupported-media-type": "Content-Type"}
"""Headers that an error may ask for."""


def misplaced(request: httpx2.Request, problem: dict[str, Any]) -> Iterator[str]:
    """Yield the places of a problem that its request does not have."""
    for fault in problem.get("errors", ()):
        steps = [step.replace("~1", "/").replace("~0", "~") for step in fault["pointer"].split("/")[1:]]
        if not _HAS[fault.get("in")](request, problem["code"], steps):
            yield f"no such place: {problem['code']} {fault}"


def _in_path(request: httpx2.Request, code: str, steps: Sequence[str]) -> bool:
    path = request.url.raw_path.decode("ascii").partition("?")[0]
    found = [match.groupdict() for pattern in PARTS if (match := pattern.fullmatch(path))]
    return not steps or any(parts.get(steps[0]) for parts in found)


def _in_header(request: httpx2.Request, code: str, steps: Sequence[str]) -> bool:
    return not steps or steps[0] in request.headers or LACKED.get(code) == steps[0]


def _in_query(request: httpx2.Request, code: str, steps: Sequence[str]) -> bool:
    pairs = parse_qsl(request.url.query.decode("ascii"), keep_blank_values=True)
    values = [value for name, value in pairs if not steps or shorten(name) == steps[0]]
    return not steps or (values and (not steps[1:] or leads(json.loads(values[0]), steps[1:])))


def _in_body(request: httpx2.Request, code: str, steps: Sequence[str]) -> bool:
    text = request.content.decode("utf-8", "replace")
    media = request.headers.get("content-type", "").partition(";")[0]
    try:
        if media == "text/csv":
            delimiter = dict(parse_qsl(request.url.query.decode("ascii"))).get("delimiter", ",").replace("tab", "\t")
            [header, *rows] = [row for row in csv.reader(io.StringIO(text, newline=None), delimiter=delimiter) if row]
            return leads([dict.fromkeys(header) for _ in rows], steps[:2])
        if media == "application/x-ndjson":
            return leads([json.loads(line) for line in text.splitlines() if line.strip()], steps)
        return leads(json.loads(text), steps)
    except (ValueError, TypeError, csv.Error, RecursionError):
        return True  # of what cannot be read, a place is as far as it could


_HAS = {None: _in_body, "path": _in_path, "query": _in_query, "header": _in_header, "records": lambda *_: True}


def leads(value: Any, steps: Sequence[str]) -> bool:
    """Say whether steps lead to a place in a value, or to a member that an object there lacks."""
    for i, step in enumerate(steps):
        if isinstance(value, dict):
            names = {shorten(name): name for name in value}
            if step not in names:
                return i == len(steps) - 1
            value = value[names[step]]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return False
    return True
