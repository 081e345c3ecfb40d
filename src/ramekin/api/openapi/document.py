"""The OpenAPI document: what is declared of the endpoints, and typed tables.

For every table with a model it has the table's own paths, with its own schemas and conditions; for two tables of which
one refers to the other, their joins. It is made when it is first asked for, and tells of the server that runs: its
limits, whether it asks for keys, whether it counts requests. Knows nothing of how requests are answered.
"""

from __future__ import annotations

from copy import deepcopy
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from ramekin.api.declared import answers, shapes
from ramekin.api.declared.answers import FAULT_MARK
from ramekin.api.declared.parameters import PATH
from ramekin.api.edge.origins import SAFE
from ramekin.api.openapi.typed_paths import add_typed_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fastapi import FastAPI

    from ramekin.api.declared.endpoint import Endpoint
    from ramekin.limits import Limits
    from ramekin.schema.models import ModelSchema

DESCRIPTION = """An in-memory database served over REST.

Records are JSON objects with an `id`, kept in tables. Every error is a problem document (RFC 9457) whose `code` is
explained at `/problems/{code}`. Nothing is ignored in silence. In lists and joins every parameter that is no word of
theirs is a condition; a field that no record has is told in `warnings`, or 400 where the table's schema has no such
field. Elsewhere an unknown parameter is 400. Every GET answers HEAD too.
"""

TAGS = [
    {"name": "records", "description": "One record, or many of one table."},
    {"name": "joins", "description": "Pairs of records from two tables."},
    {"name": "whole tables", "description": "Dumps, loads and batches."},
    {"name": "changes", "description": "What has happened to records and tables, in order."},
    {"name": "tables", "description": "Which tables there are."},
    {"name": "service", "description": "Health, and what errors mean."},
]

DEV_TAG = {
    "name": "development",
    "description": "For tests and demos, with `--dev`: branches, checkpoints. Below `/b/{branch}` is all of this API, "
    "on a branch.",
}


def document_of(
    app: FastAPI,
    endpoints: Iterable[Endpoint[Any]],
    schemas: Mapping[str, ModelSchema],
    limits: Limits,
    *,
    has_keys: bool,
    has_rate_limit: bool,
) -> dict[str, Any]:
    """Return the document of an application: of its endpoints that have a tag, and of its typed tables."""
    shown = [endpoint for endpoint in endpoints if endpoint.tag is not None]
    is_dev = any(endpoint.tag == DEV_TAG["name"] for endpoint in shown)
    counted = [*(["RateLimit", "RateLimit-Policy"] if has_rate_limit else []), *([FAULT_MARK] if is_dev else [])]
    headers = {name: told for name, told in answers.HEADERS.items() if is_dev or name != FAULT_MARK}
    components = {
        "schemas": shapes.schemas(),
        "responses": answers.problem_responses(counted),
        "headers": {name: {"description": told, "schema": schema} for name, (told, schema) in headers.items()},
    }
    edge = [*([401] if has_keys else []), *([429] if has_rate_limit or has_keys else [])]
    paths: dict[str, dict[str, Any]] = {}
    for known in shown:
        passes_edge = not known.opens
        refused = [] if known.method in SAFE and not has_keys else [403]
        operation = _operation(known, [*edge, *refused] if passes_edge else [], counted if passes_edge else [])
        if has_keys:
            operation["security"] = [{"key": [known.role]}] if passes_edge and known.role else []
        paths.setdefault(known.path, {})[known.method.lower()] = operation
    document: dict[str, Any] = {
        "openapi": app.openapi_version,
        "info": {"title": app.title, "description": DESCRIPTION, "version": app.version},
        "paths": paths,
        "components": components,
        "tags": [*TAGS, *([DEV_TAG] if is_dev else [])],
    }
    _tell_limits(document, limits)
    add_typed_tables(document, schemas)
    if has_keys:
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
    return document


def _operation(known: Endpoint[Any], edge: list[int], counted: list[str]) -> dict[str, Any]:
    """Return what is told of an endpoint, and what holds for all: problems, and headers of every answer."""
    operation: dict[str, Any] = {
        "tags": [known.tag],
        "summary": known.name.replace("_", " ").title(),
        "description": cleandoc(known.answer.__doc__ or ""),
        "operationId": known.name,
    }
    found: dict[str, Any] = {}
    for status, answer in known.answers.items():
        has = {**answer.get("headers", {}), **answers.headers([*counted, "X-Request-Id"])}
        found[str(status)] = {**deepcopy(answer), "headers": has}
    for status in (*known.problems, *edge):
        name, _ = answers.PROBLEM_TITLES[status]
        found.setdefault(str(status), {"$ref": f"#/components/responses/{name}"})
    operation["responses"] = dict(sorted(found.items())) | {"default": answers.any_problem()}
    parameters = [_in_path(name, known.path_example) for name in known.parts] + deepcopy([*known.parameters])
    # The few words of a list stand before whatever else can be asked, as in the paths of typed tables.
    parameters.sort(key=lambda parameter: parameter["name"] == "conditions")
    if parameters:
        operation["parameters"] = parameters
    if known.body is not None:
        operation["requestBody"] = deepcopy(known.body)
    return operation


def _in_path(name: str, examples: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameter that a part of a path is."""
    told = {"name": name, "in": "path", "required": True, **deepcopy(PATH[name])}
    return told | {"example": examples[name]} if name in examples else told


def _tell_limits(document: dict[str, Any], limits: Limits) -> None:
    """Put the running server's limits where a page's size is asked for."""
    told = f"Rows of the page; {min(100, limits.page_rows)} if it is not said."
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if (parameter["in"], parameter["name"]) == ("query", "limit"):
                    parameter |= {"description": told, "schema": parameter["schema"] | {"maximum": limits.page_rows}}
    document["components"]["schemas"]["Query"]["properties"]["limit"] |= {
        "description": told,
        "maximum": limits.page_rows,
    }
