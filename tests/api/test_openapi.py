"""The OpenAPI document tells the truth: every answer that it tells of is given, and as it says.

That every answer given is one that it tells of, and has its shape, each API test checks: see the fixture `local`.
"""

import asyncio
import json
import re
from importlib.resources import files

import pytest
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, Json

from ramekin import Database, Limits, __version__
from ramekin.api.app import create_app
from ramekin.cli.modules import read_models
from ramekin.clock import MovableClock
from ramekin.samples.models import User
from tests.conftest import start_database
from tests.document import Judge
from tests.inside import InsideClient

DOCUMENT = create_app(start_database()).openapi()
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
UNTYPED = create_app(Database()).openapi()["paths"]
GENERAL = {name: found for name, found in OPERATIONS.items() if found[1] in UNTYPED}

SELDOM = {"408", "503", "507", "default"}
"""What comes of bodies that stop, of an engine that cannot write or has no room, and faults: see test_connections.py,
tests/durability and test_memory.py."""

API = "/api/v1"
ROWS = [{"id": i, "name": "x", "n": i, "nest": {"a": [i]}, "long": "x" * 20_000} for i in range(3)]


def patch(table, record, key=1):
    return {"json": {"operations": [{"op": "patch", "table": table, "id": key, "record": record}]}}


PETS, PET, STRICT = f"{API}/data/pets", f"{API}/data/pets/1", f"{API}/data/strict"
GOOD = {
    "create_record": (PETS, {"json": {"id": 9}}),
    "list_records": (PETS, {}),
    "patch_records": (f"{PETS}?id=1", {"json": {"a": 1}}),
    "delete_records": (f"{PETS}?id=1", {}),
    "get_record": (PET, {}),
    "put_record": (PET, {"json": {"a": 1}}),
    "patch_record": (PET, {"json": {"a": 1}}),
    "delete_record": (PET, {}),
    "query_table": (f"{API}/query/pets", {"json": {"group_by": ["name"], "aggregate": {"n": "count"}}}),
    "join_tables": (f"{API}/join/pets/homes/id=pet", {}),
    "dump_table": (f"{API}/dump/pets", {}),
    "dump_database": (f"{API}/dump", {}),
    "load_database": (f"{API}/load", {"json": {"pets": [{"id": 8}]}}),
    "apply_batch": (f"{API}/batch", patch("pets", {"a": 1})),
    "list_changes": (f"{API}/changes", {}),
    "list_tables": (f"{API}/tables", {}),
    "get_table": (f"{API}/tables/pets", {}),
    "put_table": (f"{API}/tables/pets", {"json": {}}),
    "drop_table": (f"{API}/tables/pets", {}),
    "backup": (f"{API}/backup", {}),
    "health": ("/health", {}),
    "health_live": ("/health/live", {}),
    "health_ready": ("/health/ready", {}),
    "metrics": ("/metrics", {}),
    "list_problems": ("/problems", {}),
    "explain_problem": ("/problems/conflict", {}),
}
"""A request of each operation that is answered with what was asked for."""


def test_there_is_a_request_of_each_operation():
    assert set(GOOD) == set(GENERAL)


def no_table(path, more):
    return path.replace("pets", "none"), json.loads(json.dumps(more).replace("pets", "none"))


def another_type(path, more):
    return path, {"content": "x", "headers": {"content-type": "text/plain"}}


OTHERWISE = {
    "304": lambda path, more: (path, {"headers": {"if-none-match": "*"}}),
    "400": lambda path, more: (f"{path}{'&' if '?' in path else '?'}a=%ff", more),
    "403": lambda path, more: (path, more | {"headers": {"origin": "null"}}),
    "404": no_table,
    "406": lambda path, more: (path, more | {"headers": {"accept": "image/png"}}),
    "412": lambda path, more: (path, more | {"headers": {"if-match": '"old"'}}),
    "413": lambda path, more: (path, {"content": b" " * 9_000_000, "headers": {"content-type": "application/json"}}),
    "415": another_type,
}
"""How a good request becomes one that is answered otherwise."""

SPECIAL = {
    ("create_record", "200"): (f"{PETS}?on_conflict=ignore", {"json": ROWS[0]}),
    ("create_record", "409"): (PETS, {"json": ROWS[0]}),
    ("create_record", "422"): (PETS, {"json": {"id": []}}),
    ("create_record", "428"): (f"{STRICT}?on_conflict=replace", {"json": ROWS}),
    ("list_records", "422"): (f"{PETS}?sort=long&limit=1", {}),
    ("patch_records", "409"): (f"{PETS}?name=x&max_affected=2", {"json": {"a": 1}}),
    ("patch_records", "422"): (f"{PETS}?id=1", {"json": {"a": 2**64}}),
    ("patch_records", "428"): (f"{STRICT}?n=1", {"json": {"a": 1}}),
    ("delete_records", "409"): (f"{PETS}?name=x&max_affected=2", {}),
    ("delete_records", "428"): (f"{STRICT}?n=1", {}),
    ("put_record", "201"): (f"{PETS}/9?upsert=true", {"json": {}}),
    ("put_record", "409"): (f"{STRICT}/9?upsert=true", {"json": {"n": 1}}),
    ("put_record", "422"): (PET, {"json": []}),
    ("put_record", "428"): (f"{STRICT}/1", {"json": {}}),
    ("patch_record", "409"): (f"{STRICT}/1", {"json": {"n": 2}, "headers": {"if-match": "*"}}),
    ("patch_record", "422"): (PET, {"json": {"id": None}}),
    ("patch_record", "428"): (f"{STRICT}/1", {"json": {}}),
    ("delete_record", "428"): (f"{STRICT}/1", {}),
    ("query_table", "422"): (f"{API}/query/pets", {"json": {"sort": "long", "limit": 1}}),
    ("join_tables", "422"): (f"{API}/join/pets/homes/no", {}),
    ("load_database", "409"): (f"{API}/load", {"json": {"strict": [{"id": 9, "n": 1}]}}),
    ("load_database", "422"): (f"{API}/load", {"json": {"pets": [{"id": []}]}}),
    ("apply_batch", "409"): (f"{API}/batch", {"json": {"operations": [{"op": "create", "table": "pets", "record": ROWS[0]}]}}),
    ("apply_batch", "412"): (f"{API}/batch", {"json": {"operations": [{"op": "delete", "table": "pets", "id": 1, "if_match": '"old"'}]}}),
    ("apply_batch", "413"): (f"{API}/batch", {"content": b" " * 2_000_000, "headers": {"content-type": "application/json"}}),
    ("apply_batch", "422"): (f"{API}/batch", {"json": {}}),
    ("apply_batch", "428"): (f"{API}/batch", patch("strict", {})),
    ("list_changes", "404"): (f"{API}/changes?table=none", {}),
    ("list_changes", "410"): (f"{API}/changes?since=00000000-1", {}),
    ("put_table", "201"): (f"{API}/tables/new", {"json": {}}),
    ("put_table", "409"): (f"{API}/tables/pets", {"json": {"unique": ["name"]}}),
    ("put_table", "422"): (f"{API}/tables/1x", {"json": {}}),
    ("explain_problem", "404"): ("/problems/none", {}),
}  # fmt: skip
"""Requests for what else may be answered."""


@pytest.fixture
def seeded(local):
    """A client of a service with a free table, a strict one, and one that refers to the first."""
    cautious = {"schema": {"properties": {"n": {"type": "integer"}}}, "unique": ["n"], "require_if_match": True}
    assert local.put(f"{API}/tables/strict", json=cautious).status_code == 201
    for table, rows in (("strict", ROWS), ("pets", ROWS), ("homes", [{"id": 7, "pet": 1}, {"id": 8, "pet": 5}])):
        assert local.post(f"{API}/data/{table}?ttl=600", json=rows).status_code == 201
    return local


def request_for(name, status):
    """Return the request that gets an answer."""
    if (name, status) in SPECIAL:
        return SPECIAL[name, status]
    return GOOD[name] if status.startswith("2") else OTHERWISE[status](*GOOD[name])


TOLD = [
    (name, status) for name, (*_, found) in GENERAL.items() for status in found["responses"] if status not in SELDOM
]


@pytest.mark.parametrize(("name", "status"), TOLD)
def test_every_answer_that_is_told_of_is_given(seeded, name, status):
    path, more = request_for(name, status)
    answer = seeded.request(OPERATIONS[name][0], path, **more)
    assert answer.status_code == int(status), answer.text[:300]


ASKED_FOR = {"Link": "limit=1", "X-Total-Count": "count=true", "X-Warnings": "nmae=x"}


def method_of(name, accept="", **_):
    """Return the method of an operation; a stream of events, which has no end, is asked for its head alone."""
    return "HEAD" if accept == "text/event-stream" else OPERATIONS[name][0]


def request_for_header(name, status, header):
    """Return the request whose answer has a header."""
    path, more = request_for(name, status)
    if header == "Preference-Applied":
        return path, more | {"headers": {"prefer": "return=minimal"}}
    if header == "Expires" and name != "get_record":
        return f"{path}{'&' if '?' in path else '?'}ttl=60", more
    if name == "get_record" and header not in ("ETag", "Expires"):
        return f"{PET}?select=nmae", more
    if name == "query_table" and header in ASKED_FOR:
        body = {"Link": {"limit": 1}, "X-Total-Count": {"count": True}, "X-Warnings": {"where": {"nmae": 1}}}
        return path, {"json": body[header], "headers": {"accept": "text/csv"}}
    if name == "list_changes" and header == "X-Warnings":
        return f"{path}?table=pets&nmae=x", {"headers": {"accept": "text/event-stream"}}
    if name == "list_changes" and header == "Link":
        return path, more
    if header in ASKED_FOR:
        query = (
            f"type=left&{ASKED_FOR[header].replace('nmae', 'pets.nmae')}"
            if name == "join_tables"
            else ASKED_FOR[header]
        )
        return f"{path}?{query}", {"headers": {"accept": "text/csv"}}
    return path, more


HEADED = [
    (name, status, header)
    for name, (*_, found) in GENERAL.items()
    for status, answer in found["responses"].items()
    for header in answer.get("headers", {})
    if status not in SELDOM and header != "X-Ramekin-Grant"  # where keys are asked for: tests/api/test_roles.py
]


@pytest.mark.parametrize(("name", "status", "header"), HEADED)
def test_every_header_that_is_told_of_is_given(seeded, name, status, header):
    path, more = request_for_header(name, status, header)
    answer = seeded.request(method_of(name, **more.get("headers", {})), path, **more)
    assert answer.status_code == int(status)
    assert header.lower() in answer.headers


MEDIA = [
    (name, media) for name, (*_, found) in GENERAL.items() for media in found["responses"].get("200", {}).get("content", {})
]  # fmt: skip


@pytest.mark.parametrize(("name", "media"), MEDIA)
def test_every_media_type_that_is_told_of_is_given(seeded, name, media):
    path, more = request_for(name, "200")
    answer = seeded.request(method_of(name, accept=media), path, **more, headers={"accept": media})
    assert answer.headers["content-type"].partition(";")[0] == media


BODIES = [
    (name, media) for name, (*_, found) in GENERAL.items() for media in found.get("requestBody", {}).get("content", {})
]  # fmt: skip


@pytest.mark.parametrize(("name", "media"), BODIES)
def test_every_body_that_is_told_of_is_read_and_its_example_is_one(seeded, name, media):
    method, _, operation = OPERATIONS[name]
    found = operation["requestBody"]["content"][media]
    example = found["example"]
    if found["schema"].get("type") != "string":
        schema = {**found["schema"], "components": DOCUMENT["components"]}
        assert list(Draft202012Validator(schema).iter_errors(example)) == []
        example = json.dumps(example)
    path = f"{PETS}/ada?upsert=true" if name == "put_record" else GOOD[name][0]
    answer = seeded.request(method, path, content=example, headers={"content-type": media})
    assert answer.status_code in (200, 201), answer.text


TYPED_BODIES = [
    (path, media)
    for name, (method, path, found) in OPERATIONS.items()
    if method == "POST" and name not in GENERAL
    for media, content in found["requestBody"]["content"].items()
    if "example" in content
]


def test_the_examples_of_typed_tables_are_records_of_their_models(local):
    for path, media in TYPED_BODIES:
        local.delete(path.replace("/data/", "/tables/"))
        example = DOCUMENT["paths"][path]["post"]["requestBody"]["content"][media]["example"]
        sent = example if isinstance(example, str) else json.dumps(example)
        answer = local.post(path, content=sent.encode(), headers={"content-type": media})
        assert answer.status_code == 201, (path, media, answer.text)
    assert {media for _, media in TYPED_BODIES} == {"application/json", "application/x-ndjson", "text/csv"}


def test_no_optional_parameter_has_what_the_page_would_fill_in():
    """Swagger UI sends the example and the default of a parameter: see test_docs_pages.py, which asks a browser."""
    optional = [
        each for *_, told in OPERATIONS.values() for each in told.get("parameters", ()) if not each.get("required")
    ]
    filled = {each["name"] for each in optional if {"example", "default"} & {*each, *each["schema"]}}
    assert filled <= {"conditions", "id"}  # in lists the page makes no query of it; a change of many needs one


def test_the_examples_of_answers_are_such_answers():
    found = 0
    for _, _, operation in OPERATIONS.values():
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                if "example" in content:
                    schema = {**content["schema"], "components": DOCUMENT["components"]}
                    assert list(Draft202012Validator(schema).iter_errors(content["example"])) == []
                    found += 1
    assert found > 20


def test_the_document_is_valid_and_its_references_lead_somewhere():
    text = json.dumps(DOCUMENT)
    assert [error.message for error in OpenAPIV31SpecValidator(json.loads(text)).iter_errors()] == []
    for kind in ("schemas", "responses", "headers"):
        named = set(re.findall(rf'"#/components/{kind}/([^"]+)"', text))
        assert named <= set(DOCUMENT["components"][kind])
        assert kind == "schemas" or named >= set(DOCUMENT["components"][kind]) - {
            "Unauthorized",
            "TooManyRequests",
            *EDGE,
        }


class Inner(BaseModel):
    a: int


class Posted(BaseModel):
    """Holds another model as JSON inside text."""

    id: int
    text: Json[Inner] | None = None


def test_what_a_text_holds_is_a_component_like_others_and_is_patched_as_a_whole():
    components = create_app(Database({"posted": Posted})).openapi()["components"]["schemas"]
    inside = {
        name: re.findall(r'"contentSchema": {"\$ref": "([^"]+)"}', json.dumps(schema))
        for name, schema in components.items()
        if name.startswith("Posted")
    }
    assert inside["PostedInput"] == inside["PostedPatch"] == ["#/components/schemas/Inner"]
    assert components["Inner"]["required"] == ["a"]


EDGE = ("WWW-Authenticate", "RateLimit", "RateLimit-Policy")


def test_every_operation_has_its_own_id_known_tags_and_the_problem():
    tags = [tag["name"] for tag in DOCUMENT["tags"]]
    assert len(set(tags)) == len(tags)
    assert len(OPERATIONS) == sum(map(len, DOCUMENT["paths"].values()))
    for _, _, operation in OPERATIONS.values():
        assert set(operation["tags"]) <= set(tags)
        assert "application/problem+json" in operation["responses"]["default"]["content"]


def test_it_has_the_version_and_the_limits_of_the_server_that_runs():
    for rows, default in ((7, 7), (5000, 100)):
        document = create_app(Database({"users": User}, limits=Limits(page_rows=rows))).openapi()
        assert document["info"]["version"] == __version__
        for path in (
            PETS.replace("pets", "{table}"),
            PETS.replace("pets", "users"),
            f"{API}/join/{{table1}}/{{table2}}/{{key}}",
        ):
            (limit,) = [found for found in document["paths"][path]["get"]["parameters"] if found["name"] == "limit"]
            assert (limit["schema"]["maximum"], f" {default} " in limit["description"]) == (rows, True)
        assert document["components"]["schemas"]["Query"]["properties"]["limit"]["maximum"] == rows


def test_it_tells_of_keys_and_of_a_limit_of_requests_where_there_are_some():
    for options, statuses in (
        ({}, set()),
        ({"keys": ["k"]}, {"401", "403", "429"}),
        ({"rate_limit": "9/second"}, {"429"}),
    ):
        app = create_app(start_database(), **options)
        document = app.openapi()
        for path, operations in document["paths"].items():
            for operation in operations.values():
                is_guarded = path.startswith((API, "/metrics"))
                told = {"401", "429", *(["403"] if "keys" in options else [])} & set(operation["responses"])
                assert told == (statuses if is_guarded else set())
                roles = operation.get("security", None)
                assert roles is None if "keys" not in options else bool(roles) == is_guarded
        judge = Judge(document)
        with InsideClient(app, raise_server_exceptions=False) as client:
            for address in ("/health", f"{API}/tables", *[f"{API}/data/users"] * 10):
                answer = client.get(address)
                assert judge.faults("GET", answer.request.url, answer.status_code, answer.headers, answer.content) == []
        assert {status for _, status in judge.seen} & {"401", "429"} == statuses - (
            {"403", "429"} if "keys" in options else set()
        )


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_tags_are_told_of_with_their_form(seeded, header):
    found = [
        (name, parameter)
        for name, (*_, operation) in GENERAL.items()
        for parameter in operation.get("parameters", [])
        if parameter["name"] == header
    ]
    tag = seeded.get(PET).headers["etag"]
    for name, parameter in found:
        told = Draft202012Validator(parameter["schema"])
        assert all(map(told.is_valid, parameter["schema"]["examples"]))
        for sent in (
            tag,
            "*",
            f'{tag}, W/"x"',
            f', {tag},, W/"x",',
            tag.strip('"'),
            "",
            ",",
            '"a" "b"',
            '*, "a"',
            '"a b"',
        ):
            path, more = GOOD[name]
            answer = seeded.request(OPERATIONS[name][0], path, **more, headers={header: sent})
            assert (answer.status_code != 400) == told.is_valid(sent), (name, sent)
    assert len(found) >= 3


def test_no_parameter_has_a_default_which_clients_would_send_or_an_example_which_swagger_would():
    for name, (_, _, operation) in OPERATIONS.items():
        for parameter in operation.get("parameters", []):
            assert "default" not in parameter["schema"], (name, parameter["name"])
            is_change = operation["operationId"].startswith(("patch_records", "delete_records"))
            assert parameter["in"] == "path" or is_change or not parameter.get("example"), (name, parameter["name"])


def test_the_words_of_a_list_stand_before_the_conditions_on_fields():
    for name in ("list_records_in_users", "change_records_in_users", "list_records"):
        if name not in OPERATIONS:
            continue
        names = [parameter["name"] for parameter in OPERATIONS[name][2]["parameters"]]
        first = next(place for place, each in enumerate(names) if each in ("email", "email:eq", "conditions"))
        assert {"where", "limit", "sort"} & set(names) <= set(names[:first])


def test_the_examples_of_the_demo_run_on_the_demo():
    """What the pages fill in: the values in paths, and the bodies."""
    samples = Database(read_models("ramekin.samples.models"), clock=MovableClock())
    asyncio.run(samples.__aenter__())
    with InsideClient(create_app(samples, is_dev=True)) as client:
        for table in ("users", "orders", "shops"):
            body = (files("ramekin.samples") / "data" / f"{table}.json").read_bytes()
            client.post(f"/api/v1/data/{table}", content=body, headers={"content-type": "application/json"})
        client.post("/api/v1/checkpoint")
        tried = set()
        found = list(examples(client.get("/openapi.json").json()["paths"]))
        for name, request in sorted(found, key=lambda each: each[0]):
            if request["method"] == "delete" or "/data/" in request["url"]:
                client.post("/api/v1/reset")
            if name in (
                "drop_table",
                "drop_branch",
            ):  # they find what the example of PUT makes: no table of the demo is to go
                client.request(**dict(found)[name.replace("drop", "put")])
            answer = client.request(**request)
            assert answer.status_code < 300, (name, request, answer.text)
            tried.add(name)
            if request["method"] != "delete":
                continue
            left = sum(table["records"] for table in client.get("/api/v1/tables").json()["tables"])
            is_of_records = "/data/" in request["url"]
            assert left == 6640 - is_of_records, "one record goes, of which no other example speaks"
        assert len(tried) >= 40
        assert {"patch_records", "delete_records_in_users", "delete_record", "drop_table"} < tried


def examples(paths):
    """Yield each request that a page has filled in, with the name of its operation."""
    for path, operations in paths.items():
        for method, told in operations.items():
            parameters = told.get("parameters", ())
            values = {each["name"]: each.get("example") for each in parameters if each["in"] == "path"}
            assert all(values.values()), told["operationId"]
            asked = {
                each["name"]: each["example"] for each in parameters if each["in"] == "query" and each.get("example")
            }
            asked |= asked.pop("conditions", {})
            for media, content in told.get("requestBody", {"content": {"": None}})["content"].items():
                sent = content and content.get("example")
                raw = sent if isinstance(sent, str) else json.dumps(sent)
                more = {"content": raw.encode(), "headers": {"content-type": media}} if content else {}
                if "text/event-stream" not in str(told["responses"]) and content != {}:
                    yield told["operationId"], {"method": method, "url": path.format(**values), "params": asked, **more}


def test_an_object_that_may_hold_anything_says_so():
    """To programs that make types, `type: object` alone is an object without members."""

    def look(schema, place):
        if isinstance(schema, dict):
            if "object" in schema.get("type", ()) and not isinstance(schema.get("type"), dict):
                assert {"properties", "additionalProperties"} & set(schema), place
            for name, part in schema.items():
                if name not in ("example", "examples", "default", "enum"):
                    look(part, f"{place}/{name}")
        elif isinstance(schema, list):
            for part in schema:
                look(part, place)

    look({**DOCUMENT, "tags": []}, "")
