"""One line a request in the log, where it is asked for: the same on all ways to an endpoint."""

import json
import logging
import os

import pytest

from ramekin.cli import logs
from tests.data.http_cases import get, sized
from tests.pipe import WAYS, Service

FIELDS = ("client", "key", "operation", "method", "path", "status", "bytes")


@pytest.fixture(params=WAYS)
def service(request, caplog):
    caplog.set_level(logging.INFO, "ramekin")
    service = Service(request.param, has_access_log=True, trusted_proxies=["10.0.0.0/8"])
    yield service
    service.close()


def told(service, caplog, *requests):
    """Send requests, and return what the log says of them, with the bytes of their bodies."""
    caplog.clear()
    pipe, sizes = service.connect(), []
    for data in requests:
        before = len(pipe.written)
        pipe.send([data])
        sizes.append(len(pipe.written[before:].partition(b"\r\n\r\n")[2]))
    lines = [record.__dict__ for record in caplog.records if record.msg == "request"]
    assert all(line["milliseconds"] >= 0 and line["request_id"] for line in lines)
    return [tuple(line[name] for name in FIELDS) for line in lines], sizes


def test_a_line_tells_who_asked_what_and_how_much_was_answered(service, caplog):
    lines, sizes = told(service, caplog, sized(body=b'{"id":1}'), get(first=b"GET /api/v1/data/t/1 HTTP/1.1"))
    assert lines == [
        ("127.0.0.1", "everybody", "create_record", "POST", "/api/v1/data/t", 201, sizes[0]),
        ("127.0.0.1", "everybody", "get_record", "GET", "/api/v1/data/t/1", 200, 8),
    ]


def test_an_answer_without_a_body_has_no_bytes(service, caplog):
    lines, _ = told(service, caplog, sized(body=b'{"id":1}'), get(first=b"HEAD /api/v1/data/t/1 HTTP/1.1"))
    assert lines[1][-3:] == ("/api/v1/data/t/1", 200, 0)


def test_a_request_that_breaks_off_has_the_id_and_the_bytes_of_its_answer(service, caplog):
    caplog.clear()
    pipe = service.connect()
    head = b"POST /api/v1/data/t HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    pipe.send([head + b"Transfer-Encoding: chunked\r\n\r\n-b\r\n{}"])
    answer, _, body = pipe.written.partition(b"\r\n\r\n")
    [line] = [record.__dict__ for record in caplog.records if record.msg == "request"]
    assert (line["status"], line["bytes"]) == (400, len(body))
    assert f"x-request-id: {line['request_id']}".encode() in answer
    ids = [int(record.request_id.partition("-")[2]) for record in caplog.records if hasattr(record, "request_id")]
    assert len({*ids}) == 1, "one request has one id"


def test_an_answer_in_pieces_has_the_bytes_of_all(service, caplog):
    records = json.dumps([{"id": number, "text": "x" * 3000} for number in range(100)]).encode()
    lines, sizes = told(service, caplog, sized(body=records), get(first=b"GET /api/v1/data/t?limit=100 HTTP/1.1"))
    assert lines[1][2:6] == ("list_records", "GET", "/api/v1/data/t", 200)
    assert 300_000 < lines[1][6] < sizes[1] < lines[1][6] + 1000  # and the lengths of the pieces


@pytest.fixture(params=WAYS)
def guarded(request, caplog):
    caplog.set_level(logging.INFO, "ramekin")
    service = Service(request.param, has_access_log=True, keys=["app:read=abc"], rate_limit="1/hour")
    yield service
    service.close()


@pytest.mark.parametrize("sent", [b"Authorization: Bearer abd", b"X-Key: abc"])
def test_whoever_has_no_key_is_nobody(guarded, caplog, sent):
    asked = get(sent, first=b"GET /api/v1/data/t/1 HTTP/1.1")
    lines = [told(guarded, caplog, asked)[0][0] for _ in range(2)]  # each on a connection of its own: a 401 ends one
    assert [(line[1], line[5]) for line in lines] == [("nobody", 401), ("nobody", 429)]


def test_a_key_keeps_its_name_when_it_is_refused(guarded, caplog):
    asked = get(b"Authorization: Bearer abc", first=b"DELETE /api/v1/data/t/1 HTTP/1.1")
    lines, _ = told(guarded, caplog, asked, asked)
    assert [(line[1], line[5]) for line in lines] == [("app", 403), ("app", 429)]


def test_what_breaks_the_rules_has_a_line_too(service, caplog):
    lines, sizes = told(service, caplog, b"GET / HTTP/1.1\r\nno header\r\n\r\n")
    assert [(line[2], line[5], line[6]) for line in lines] == [("none", 400, sizes[0])]


def test_a_json_line_is_one_line_of_printable_characters_whatever_it_tells_of():
    ours, theirs = os.pipe()
    before, handler = logging.getLogger().handlers[:], logs.configure("json", theirs)
    path = '/a\r\n{"event":"made up"}\x1b[31m\x9b\u2028\u202e\x00\udc80'
    logging.getLogger("ramekin").info("request", extra={"path": path})
    handler.close()
    logging.getLogger().handlers[:] = before
    text = os.read(ours, 10_000).decode()
    os.close(ours)
    os.close(theirs)
    assert text.endswith("\n")
    assert text[:-1].isascii()
    assert text[:-1].isprintable()
    assert json.loads(text)["path"] == path
