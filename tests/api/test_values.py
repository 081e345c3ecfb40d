"""What JSON is taken, what is refused, and that what is taken comes back with the same value."""

import json

import pytest

from tests.problems import assert_problem

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        (b"", 400, "malformed-json"),
        (b"   ", 400, "malformed-json"),
        (b'{"id":1', 400, "malformed-json"),
        (b'{"id":1} {}', 400, "malformed-json"),
        (b"{'id':1}", 400, "malformed-json"),
        ('{"id":1}'.encode("utf-16"), 400, "malformed-json"),
        (b"\xef\xbb\xbf" + b'{"id":1}', 400, "malformed-json"),
        (b'{"id":"\xff"}', 400, "malformed-json"),
        (b'{"id":1,"a":"\\ud800"}', 400, "malformed-json"),
        (b'{"id":1,"\\udc00":1}', 400, "malformed-json"),
        (b'{"id":1,"a":NaN}', 400, "malformed-json"),
        (b'{"id":1,"a":Infinity}', 400, "malformed-json"),
        (b'{"id":1,"a":-Infinity}', 400, "malformed-json"),
        (b'{"id":1,"a":1e400}', 400, "number-not-finite"),
        (b'{"id":1,"a":[{"b":-1E+400}]}', 400, "number-not-finite"),
        (b'{"id":1,"a":' + b"1" * 250 + b"e99}", 400, "number-not-finite"),
        (b'{"id":1,"id":1}', 400, "duplicate-member"),
        (b'{"id":1,"a":{"b":1,"b":2}}', 400, "duplicate-member"),
        (b'{"id":1,"a":9223372036854775808}', 422, "integer-out-of-range"),
        (b'{"id":1,"a":-9223372036854775809}', 422, "integer-out-of-range"),
        (b'{"id":1,"a":' + b"9" * 5000 + b"}", 422, "integer-out-of-range"),
        (b'{"a":' * 64 + b"{}" + b"}" * 64, 400, "too-deep"),
        (b'{"id":1,"a":' + b"[" * 64 + b"]" * 64 + b"}", 400, "too-deep"),
        (b'{"id":1,"a":' + b"[" * 50_000, 400, "too-deep"),
    ],
)
def test_what_cannot_be_kept_is_refused(api, text, status, code):
    for method, path in (("POST", "/api/v1/data/t"), ("PUT", "/api/v1/data/t/1?upsert=true")):
        assert_problem(api.request(method, path, content=text, headers=JSON), status, code)
    assert_problem(api.get("/api/v1/data/t"), 404, "unknown-table")


def test_malformed_json_names_line_and_column(api):
    problem = api.post("/api/v1/data/t", content=b'{"id": 1,\n  "a": }', headers=JSON).json()
    assert "(line 2, column 8)" in problem["detail"]


def test_a_member_sent_twice_is_named_and_cut(api):
    problem = api.post("/api/v1/data/t", content=b'{"name":1,"name":2}', headers=JSON).json()
    assert "'name'" in problem["detail"]
    long = b'"' + b"k" * 5000 + b'"'
    answer = api.post("/api/v1/data/t", content=b"{" + long + b":1," + long + b":2}", headers=JSON)
    assert_problem(answer, 400, "duplicate-member")


@pytest.mark.parametrize(
    "value",
    [
        2**53 + 1, -(2**63), 2**63 - 1, 0, -1, 1.0, 0.1, 1e308, 5e-324, 1e-400, 123456789012.5,
        "", " ", "\u0000", "\uffff", "😀", "e\u0301", "é", "\u2028", "</script>", "1e400", "9" * 40,
        [], {}, [[]], [{}], {"": 1}, {"__proto__": 1}, {"constructor": {"prototype": 1}},
        {"a.b": {"c": [1, "x", None]}},
        True, False, None, [1, "1", True, None, 1.5],
    ],
)  # fmt: skip
def test_what_can_be_kept_comes_back_with_the_same_value_and_type(api, value):
    text = json.dumps({"id": "v", "v": value}, ensure_ascii=False).encode()
    assert api.post("/api/v1/data/t", content=text, headers=JSON).status_code == 201
    for answer in (api.get("/api/v1/data/t/v").json(), api.get("/api/v1/dump/t").json()[0]):
        assert repr(answer["v"]) == repr(value)


def test_minus_zero_keeps_its_sign(api):
    api.post("/api/v1/data/t", content=b'{"id":1,"v":-0.0}', headers=JSON)
    assert api.get("/api/v1/data/t/1").content == b'{"id":1,"v":-0.0}'


def test_64_levels_are_kept(api):
    text = b'{"id":1,"a":' + b"[" * 63 + b"]" * 63 + b"}"
    assert api.post("/api/v1/data/t", content=text, headers=JSON).content == text


def test_an_error_never_repeats_what_was_sent(api):
    secret = "s3cr3t-value"
    for text in (f'{{"id":"{secret}"', f'{{"id":1,"a":{secret}}}', f'{{"id":["{secret}"]}}', f'"{secret}"'):
        answer = api.post("/api/v1/data/t", content=text.encode(), headers=JSON)
        assert answer.status_code in (400, 422)
        assert secret not in answer.text
