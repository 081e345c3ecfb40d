"""When several things are wrong with a request, the first of a fixed order is told; see ``declared/endpoint.py``."""

import pytest

from ramekin import Limits
from ramekin.api.app import create_app
from ramekin.api.declared.endpoint import Endpoint
from tests.conftest import LIMITS, start_database
from tests.problems import assert_problem

OF = {  # an address of each endpoint that takes a body or words, and what is wrong in each place
    "create_record": "/api/v1/data/none",
    "put_record": "/api/v1/data/none/1",
    "patch_record": "/api/v1/data/none/1",
    "delete_record": "/api/v1/data/none/1",
    "get_record": "/api/v1/data/none/1",
    "list_records": "/api/v1/data/none",
    "patch_records": "/api/v1/data/none?all=true",
    "delete_records": "/api/v1/data/none?all=true",
    "query_table": "/api/v1/query/none",
    "join_tables": "/api/v1/join/none/nothing/id",
    "dump_table": "/api/v1/dump/none",
    "dump_database": "/api/v1/dump",
    "load_database": "/api/v1/load",
    "apply_batch": "/api/v1/batch",
    "list_changes": "/api/v1/changes?table=none",
    "list_tables": "/api/v1/tables",
    "get_table": "/api/v1/tables/none",
    "put_table": "/api/v1/tables/1none",
    "drop_table": "/api/v1/tables/none",
    "backup": "/api/v1/backup",
    "metrics": "/metrics",
    "health": "/health",
    "health_live": "/health/live",
    "health_ready": "/health/ready",
    "list_problems": "/problems",
    "explain_problem": "/problems/none",
}


@pytest.fixture(scope="module")
def endpoints():
    app = create_app(start_database())
    found = {route.endpoint.endpoint for route in app.routes if hasattr(route.endpoint, "endpoint")}
    return {endpoint.name: endpoint for endpoint in found if endpoint.tag}


def test_every_endpoint_of_the_document_is_looked_at(endpoints):
    assert endpoints.keys() == OF.keys()
    assert all(isinstance(endpoint, Endpoint) for endpoint in endpoints.values())


def wrongs(endpoint):
    """Return what can be wrong with a request to an endpoint before its function begins, in order: (name, status)."""
    found = []
    if 415 in endpoint.problems:
        found.append(("type", 415))
    if 413 in endpoint.problems:
        found.append(("size", 413))
    if endpoint.method != "GET" and not endpoint.takes:
        found.append(("body", 400))
    if 400 in endpoint.problems:
        found.append(("words", 400))
    if 406 in endpoint.problems:
        found.append(("accept", 406))
    return found


def send(client, endpoint, wrong):
    """Send a request with some things wrong, and return the answer."""
    takes_body = bool(endpoint.takes)
    headers = {"Content-Type": endpoint.takes[0]} if takes_body else {}
    content = b"{" if takes_body else None
    if "type" in wrong:
        headers["Content-Type"] = "text/html"
    if "body" in wrong:
        content = b"{}"
    if "size" in wrong:
        content = b" " * (getattr(Limits(**LIMITS), f"{endpoint.size}_bytes") + 1)
    if "accept" in wrong:
        headers["Accept"] = "image/png"
    address = OF[endpoint.name]
    if "words" in wrong:
        address += "&x=%ff" if "?" in address else "?x=%ff"
    return client.request(endpoint.method, address, headers=headers, content=content)


@pytest.mark.parametrize("name", OF)
def test_the_first_refusal_in_the_order_is_told(local, endpoints, name):
    endpoint = endpoints[name]
    order = wrongs(endpoint)
    for place, (_, status) in enumerate(order):
        answer = send(local, endpoint, {one for one, _ in order[place:]})
        assert answer.status_code == status, (name, order[place:], answer.text)


@pytest.mark.parametrize("name", [name for name in OF if "none" in OF[name] and "problems" not in name])
def test_a_body_is_refused_before_the_table_is_looked_for(local, endpoints, name):
    endpoint = endpoints[name]
    if endpoint.takes:
        assert send(local, endpoint, set()).status_code == 400, "it is no JSON"


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("name", OF)
def test_a_body_where_none_is_taken_is_refused_by_a_write_and_passed_over_by_a_read(local, endpoints, name, chunked):
    endpoint = endpoints[name]
    if endpoint.takes:
        assert 415 in endpoint.problems
        return
    sent = iter([b"{}"]) if chunked else b"{}"
    answer = local.request(endpoint.method, OF[name], content=sent, headers={"Content-Type": "application/json"})
    if endpoint.method == "GET":
        assert answer.status_code == local.get(OF[name]).status_code
    else:
        assert_problem(answer, 400, "unexpected-body")
