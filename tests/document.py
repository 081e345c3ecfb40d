"""The OpenAPI document as a judge of answers: what it does not tell of, or tells otherwise, is a fault."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jsonschema_rs import Draft202012Validator

from tests.places import misplaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

NOT_TOLD = {"content-length", "content-type", "transfer-encoding", "x-content-type-options", "cache-control", "connection", "keep-alive", "date", "server", "allow", "x-accel-buffering"}  # fmt: skip
"""Headers that HTTP itself explains, and one for proxies."""

ANYWHERE = {405, 408, 414, 431, 500}
"""Statuses of what is no proper request, and of faults: `default` tells of them."""


class Judge:
    """Checks answers against a document; `seen` is which operations gave which status."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.seen: set[tuple[str, str]] = set()
        self._validators: dict[str, Draft202012Validator] = {}
        self._paths = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(path))), path) for path in document["paths"]
        ]

    @cached_property
    def _components(self) -> dict[str, Any]:
        return {"components": self.document["components"]}

    @contextmanager
    def listening(self, client: httpx2.Client) -> Iterator[Any]:
        """Check each answer that a client gets, and the places of its errors, and raise at the end if one is wrong."""
        found: list[str] = []

        def check(answer: httpx2.Response) -> None:
            answer.read()
            request = answer.request
            found.extend(self.faults(request.method, request.url, answer.status_code, answer.headers, answer.content))
            if 400 <= answer.status_code < 500 and request.method != "HEAD":
                found.extend(misplaced(request, answer.json()))

        client.event_hooks = {"response": [check]}
        try:
            yield client
        finally:
            client.event_hooks = {}
        assert found == []

    def faults(self, method: str, url: Any, status: int, headers: Any, content: bytes) -> list[str]:
        """Return what is wrong with an answer, by every path of the document that it came from."""
        found = []
        for operation in self._operations(method, url.path):
            if "_and_" in operation["operationId"] and {"shape", "as"} & set(url.params):
                continue  # the join of two typed tables tells of pairs under the tables' own names
            name = operation["operationId"]
            response = operation["responses"].get(str(status))
            self.seen.add((name, str(status)))
            if response is None:
                if status not in ANYWHERE:
                    found.append(f"{name}: the document has no {status}")
                continue
            found += [
                f"{name} {status}: {fault}" for fault in self._response_faults(response, method, headers, content)
            ]
        return found

    def _operations(self, method: str, path: str) -> Iterator[dict[str, Any]]:
        for pattern, template in self._paths:
            operations = self.document["paths"][template]
            known = "get" if method == "HEAD" else method.lower()
            if pattern.fullmatch(path) and known in operations:
                yield operations[known]

    def _response_faults(self, response: dict[str, Any], method: str, headers: Any, content: bytes) -> Iterator[str]:
        if "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        told = {name.lower() for name in response.get("headers", {})}
        for name in headers:
            is_of_cors = name.lower() == "vary" and headers[name] == "Origin"  # whose page may read it
            if name.lower() not in told | NOT_TOLD and not is_of_cors:
                yield f"the header {name} is not told of"
        media = headers.get("content-type", "").partition(";")[0]
        if method == "HEAD" or "content" not in response:
            if content:
                yield "there is a body"
            return
        if media not in response["content"]:
            yield f"the media type {media} is not told of"
        elif media in ("application/json", "application/problem+json"):
            yield from self._body_faults(response["content"][media]["schema"], content)

    def _body_faults(self, schema: dict[str, Any], content: bytes) -> Iterator[str]:
        key = json.dumps(schema)
        if key not in self._validators:
            self._validators[key] = Draft202012Validator({**schema, **self._components})
        for error in self._validators[key].iter_errors(json.loads(content)):
            yield f"{'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
