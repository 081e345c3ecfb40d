"""Records that take far longer to read than their length says are refused at every door, before they are read."""

import json

import pytest

from ramekin.errors import BodyTooLarge
from ramekin.values import codec
from ramekin.values.codec import MAX_EXTREMES, MAX_PARTS
from tests.problems import assert_problem

DATA = "/api/v1/data/t"
JSON, NDJSON = {"content-type": "application/json"}, {"content-type": "application/x-ndjson"}
PARTS = {
    "arrays": b'{"id":1,"a":[%b]}' % b",".join([b"[]"] * (MAX_PARTS - 4)),
    "objects": b'{"id":1,"a":[%b]}' % b",".join([b"{}"] * (MAX_PARTS - 4)),
    "members": b'{"id":1,%b}' % b",".join([b'"%x":1' % i for i in range(MAX_PARTS - 2)]),
}
"""As many parts as there may be: the object, its members, the array and what it holds."""


def extremes(count, literal=b"1e300"):
    return b'{"id":1,"pad":"%b","a":[%b]}' % (b"x" * 2048, b",".join([literal] * count))


@pytest.mark.parametrize("kind", ["arrays", "objects"])
def test_a_record_has_so_many_arrays_objects_and_members(kind):
    text = PARTS[kind]
    for read in (codec.read, codec.parse):
        assert read(text)
        with pytest.raises(BodyTooLarge, match="arrays, objects and members"):
            read(text.replace(b"]}", b",[],{}]}"))


def test_members_count_and_what_stands_in_strings_does_not():
    text = PARTS["members"]
    assert codec.parse(text)
    with pytest.raises(BodyTooLarge):
        codec.parse(text[:-1] + b',"more":1}')
    assert codec.parse(b'{"id":1,"text":"%b"}' % (b"[{:\\n" * MAX_PARTS))


@pytest.mark.parametrize("literal", [b"1e300", b"-1e+300", b"5E-309", b"1.5e281", b"0.1e300"])
def test_a_record_has_few_numbers_that_take_long_to_read(api, literal):
    assert api.put(DATA + "/1?upsert=true", headers=JSON, content=extremes(MAX_EXTREMES, literal)).status_code == 201
    assert_problem(
        api.put(DATA + "/1", headers=JSON, content=extremes(MAX_EXTREMES + 1, literal)), 413, "body-too-large"
    )


@pytest.mark.parametrize("literal", [b"1e27", b"1e-299", b"12.5", b'"1e300"', b"1e3000"[:4]])
def test_other_numbers_are_as_many_as_there_is_room_for(api, literal):
    assert (
        api.put(DATA + "/1?upsert=true", headers=JSON, content=extremes(3 * MAX_EXTREMES, literal)).status_code == 201
    )


@pytest.mark.parametrize("much", [extremes(MAX_EXTREMES + 1), PARTS["arrays"].replace(b"]}", b",[],[]]}")], ids=["extremes", "parts"])  # fmt: skip
def test_every_door_refuses_them(api, much):
    api.post(DATA, json={"id": 1})
    asked = {
        "create": api.post(DATA, headers=JSON, content=much),
        "replace": api.put(DATA + "/1", headers=JSON, content=much),
        "patch": api.patch(DATA + "/1", headers=JSON, content=much),
        "bulk": api.post(DATA, headers=JSON, content=b'[{"id":2},%b]' % much),
        "lines": api.post(DATA, content=b'{"id":2}\n%b\n' % much, headers=NDJSON),
        "load": api.post("/api/v1/load", headers=JSON, content=b'{"t":[%b]}' % much),
        "batch": api.post(
            "/api/v1/batch", headers=JSON, content=b'{"operations":[{"op":"create","table":"t","record":%b}]}' % much
        ),
    }
    for door, answer in asked.items():
        assert answer.status_code == 413, (door, answer.text)
    assert api.get(DATA + "/1").json() == {"id": 1}


def test_no_patch_makes_such_a_record(api):
    half = json.dumps([1e300] * (MAX_EXTREMES // 2 + 1)).encode()
    assert (
        api.put(
            DATA + "/1?upsert=true", headers=JSON, content=b'{"id":1,"a":%b,"pad":"%b"}' % (half, b"x" * 2048)
        ).status_code
        == 201
    )
    assert_problem(api.patch(DATA + "/1", headers=JSON, content=b'{"b":%b}' % half), 413, "body-too-large")
    assert_problem(api.patch(DATA + "?all=true", headers=JSON, content=b'{"b":%b}' % half), 413, "body-too-large")


@pytest.mark.parametrize("bad", [b"1e999", b"9223372036854775808", b"-9223372036854775809"])
@pytest.mark.parametrize("around", [b"[%b]", b"[1,[2,%b]]", b'{"a":%b}', b'[1.5,{"a":[%b,"x"]},null]', b"%b"])
def test_numbers_that_do_not_fit_are_found_wherever_they_stand(bad, around):
    with pytest.raises((codec.NumberNotFinite, codec.IntegerOutOfRange)):
        codec.parse(around % bad)
    assert codec.parse(around % b"9223372036854775807") is not None
    assert codec.parse(around % b"-1e308") is not None
