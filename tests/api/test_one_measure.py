"""A record is measured alike at every door: by what is stored of it; as text it may be six times as long."""

import json

import pytest

from tests.conftest import LIMITS

DATA = "/api/v1/data/t"
MOST = LIMITS["record_bytes"]
MOST_SENT = 6 * MOST
EMPTY = len(b'{"id":1,"x":""}')
TYPES = {"json": "application/json", "lines": "application/x-ndjson", "csv": "text/csv"}
SPACED = b'{"id":1,"x":%b""}'
DOORS = {
    "create": ("POST", DATA, "json", b"%b"),
    "put": ("PUT", DATA + "/1?upsert=true", "json", b"%b"),
    "patch": ("PATCH", DATA + "/1", "json", b"%b"),
    "bulk": ("POST", DATA, "json", b"[%b]"),
    "lines": ("POST", DATA, "lines", b"%b\n"),
    "load": ("POST", "/api/v1/load", "json", b'{"t":[%b]}'),
    "batch": ("POST", "/api/v1/batch", "json", b'{"operations":[{"op":"create","table":"t","record":%b}]}'),
}


@pytest.fixture(params=DOORS)
def send(request, local):
    method, path, media, around = DOORS[request.param]

    def send(text):
        local.request("DELETE", "/api/v1/tables/t")
        if method == "PATCH":
            local.put(DATA + "/1?upsert=true", json={"id": 1})
        return local.request(method, path, content=around % text, headers={"content-type": TYPES[media]})

    return send


def record(letters, *, is_escaped):
    return json.dumps({"id": 1, "x": "é" * letters}, separators=(",", ":"), ensure_ascii=is_escaped).encode()


@pytest.mark.parametrize("is_escaped", [False, True], ids=["as it is", "escaped"])
def test_what_is_stored_counts_however_it_was_written(send, local, is_escaped):
    letters = (MOST - EMPTY) // 2
    assert send(record(letters, is_escaped=is_escaped)).status_code in (200, 201)
    assert local.get(DATA + "/1").json() == {"id": 1, "x": "é" * letters}
    answer = send(record(letters + 1, is_escaped=is_escaped))
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_a_text_is_read_up_to_six_times_what_may_be_stored(send):
    assert send(SPACED % (b" " * (MOST_SENT - EMPTY - 2))).status_code in (200, 201)


@pytest.mark.parametrize("send", ["create", "put", "patch"], indirect=True)
def test_a_longer_text_is_refused(send):
    answer = send(SPACED % (b" " * MOST_SENT))
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


@pytest.mark.parametrize(("letters", "status"), [((MOST - EMPTY) // 2, 201), ((MOST - EMPTY) // 2 + 1, 413)])
def test_a_row_of_csv_counts_as_what_is_stored_of_it_too(local, letters, status):
    local.request("DELETE", "/api/v1/tables/t")
    text = "id,x\n1," + "é" * letters + "\n"
    assert local.post(DATA, content=text.encode(), headers={"content-type": TYPES["csv"]}).status_code == status
