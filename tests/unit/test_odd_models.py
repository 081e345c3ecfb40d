"""The OpenAPI document of odd models: it is made, is valid, and says what the models do."""

import json
import re

import pytest
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from ramekin import Database
from ramekin.api.app import create_app
from ramekin.errors import InvalidRecord
from ramekin.schema.models import ModelSchema
from ramekin.values import codec
from tests.each import each
from tests.odd_models import CLASSES, FIELDS, odd_models

MODELS = odd_models()
RECORDS = "/api/v1/data/{}"
OURS = {"Record", "RecordInput", "RecordPart", "Problem", "Table", "Count", "Query", "Tree"}


@pytest.fixture(scope="module")
def document():
    app = create_app(Database({table: model for table, (model, _) in MODELS.items()}))
    return json.loads(codec.dump(app.openapi()))


@pytest.fixture(scope="module")
def component(document):
    """Return the validator of a component, which knows those that it refers to."""
    schemas = document["components"]["schemas"]

    def find(name):
        known, pending = {}, [name]
        while pending:
            if (found := pending.pop()) not in known:
                known[found] = schemas[found]
                pending += re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(schemas[found]))
        return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": {"schemas": known}})

    return find


def name_in(schema):
    return schema["$ref"].rpartition("/")[2]


def names(document, table):
    """Return what the components of a table are called: stored, in part, sent, as a patch."""
    one = document["paths"][f"{RECORDS.format(table)}/{{id}}"]
    stored, part = one["get"]["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]
    sent, patch = (one[method]["requestBody"]["content"]["application/json"]["schema"] for method in ("put", "patch"))
    return [name_in(schema) for schema in (stored, part, sent, patch)]


def test_there_are_a_hundred_of_them():
    assert len(MODELS) == len(FIELDS) + len(CLASSES) >= 100


@pytest.mark.long
@pytest.mark.parametrize("tables", [3, 12])
def test_the_document_is_valid(document, tables):
    """All components, and the paths of enough tables: those of all are made alike, and take half a minute."""
    left_out = list(MODELS)[tables:]
    paths = {
        path: found
        for path, found in document["paths"].items()
        if path.split("/")[4:5] not in [[name] for name in left_out]
    }
    assert [error.message for error in OpenAPIV31SpecValidator({**document, "paths": paths}).iter_errors()] == []


def test_no_two_parameters_of_an_operation_have_one_name(document):
    for path, operations in document["paths"].items():
        for operation in operations.values():
            found = [(parameter["name"], parameter["in"]) for parameter in operation.get("parameters", [])]
            assert len(set(found)) == len(found), path


def test_a_field_called_like_a_word_is_asked_for_with_its_operator(document):
    path = document["paths"][RECORDS.format("querys")]
    words = {
        method: {parameter["name"]: parameter["schema"]["type"] for parameter in path[method]["parameters"] if parameter["in"] == "query"}
        for method in ("get", "patch")
    }  # fmt: skip
    assert {words["get"][name] for name in ("limit", "limit:eq", "count:eq")} == {"integer"}
    assert {words["get"]["all"], words["patch"]["all"], words["patch"]["all:eq"]} == {"boolean"}
    assert "limit" in words["patch"]
    assert "limit:eq" not in words["patch"]
    assert "a:gte:eq" in {
        parameter["name"] for parameter in document["paths"][RECORDS.format("wordss")]["get"]["parameters"]
    }


def test_no_component_takes_the_place_of_another(document):
    found = [name for table in MODELS for name in set(names(document, table))]
    assert len(set(found)) == len(found)
    assert not OURS & set(found)
    alike = [name.lower().replace("_", "") for name in document["components"]["schemas"]]
    assert len(set(alike)) == len(alike)
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("title", name) == name  # programs that make classes call them so


def test_recursive_models_keep_their_schema(document):
    stored, *_ = names(document, "trees")
    schema = document["components"]["schemas"][stored]
    assert schema["properties"]["children"]["items"] == {"$ref": f"#/components/schemas/{stored}"}
    assert list(schema["properties"]) == ["id", "children"]


@each(MODELS)
def test_components_say_what_the_model_does(table, document, component):
    stored, part, sent, patch = (component(name) for name in names(document, table))
    model, record = MODELS[table]
    schema = ModelSchema(model)
    assert sent.is_valid(record)
    record = (
        record if "id" in record or not schema.takes_uuid else {"id": "018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f", **record}
    )
    kept = json.loads(schema.validate(record))
    assert list(stored.iter_errors(kept)) == []
    assert sent.is_valid(kept)
    for name, value in kept.items():
        assert part.is_valid({name: value})
        assert value is None or patch.is_valid({name: value})
        if isinstance(value, dict):
            assert all(part.is_valid({name: {inner: value[inner]}}) for inner in value)
    assert part.is_valid({})
    for name in set(kept) - {"id"}:
        without = {other: value for other, value in kept.items() if other != name}
        assert patch.is_valid({name: None}) == takes(schema, without), name
    assert not stored.is_valid({name: value for name, value in kept.items() if name != "id"})
    unknown = {**record, "no such member": 1}
    assert sent.is_valid(unknown) == takes(schema, unknown)


def takes(schema, record):
    try:
        schema.validate(record)
    except InvalidRecord:
        return False
    return True
