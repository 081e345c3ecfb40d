"""Where other processes write the same tables too, each request waits until what they wrote is here, on every way."""

import asyncio

import pytest

from ramekin.api.wire.short_way import ShortWay
from ramekin.changes import Change, Written
from ramekin.errors import Unavailable
from tests.pipe import WAYS, Service
from tests.together import as_response

GET = b"GET /api/v1/data/t/1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = (
    b"POST /api/v1/data/t HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n"
    b'{"id":1}'
)


@pytest.fixture(params=WAYS)
def service(request):
    service = Service(request.param)
    service.app.state.context.reads_anew = True
    service.app.state.short_way = ShortWay(service.app.state.record_endpoints, service.app.state.edge)
    yield service
    service.close()


def ask(service, data):
    pipe = service.connect()
    pipe.send([data])
    pipe.end()
    return as_response(pipe.written)


def test_a_request_finds_what_came_while_it_waited(service):
    engine = service.database._engine

    async def refresh():
        await asyncio.sleep(0)
        engine.tables.catalog.store(Written([Change("t", "1", None, b'{"id":1}')]))

    engine.tables.refresh = refresh
    assert ask(service, GET).content == b'{"id":1}'
    assert ask(service, POST).status_code == 409


def test_a_node_that_does_not_answer_is_503_and_health_asks_it_nothing(service):
    async def refresh():
        raise Unavailable("The cluster does not answer; nothing was applied.")

    service.database._engine.tables.refresh = refresh
    for data in (GET, POST):
        answer = ask(service, data)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert "retry-after" in answer.headers
    assert ask(service, b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").status_code == 200
