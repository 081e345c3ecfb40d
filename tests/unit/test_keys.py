"""Keys: how they are written, in an argument and in a file, and which secret opens what until when."""

import hashlib
import os

import pytest

from ramekin.access.key_file import MAX_BYTES, KeyFileFault, parse_moment, print_key, read_key_file
from ramekin.access.keys import Keys, read_key, read_keys, secret_in, split_keys
from ramekin.access.roles import Grant


def sha(secret):
    return hashlib.sha256(secret.encode()).hexdigest()


class Clock:
    def __init__(self):
        self.now_ms = 0

    def wall_ms(self):
        return self.now_ms


@pytest.mark.parametrize(
    ("text", "grant", "secret"),
    [
        ("s3cret", Grant("key-1", "admin"), "s3cret"),
        ("c2VjcmV0==", Grant("key-1", "admin"), "c2VjcmV0=="),
        ("a_=b:c", Grant("key-1", "admin"), "a_=b:c"),
        ("user:pass", Grant("key-1", "admin"), "user:pass"),
        ("app-1:read=s3cret", Grant("app-1", "read"), "s3cret"),
        ("app:write=a=b:c", Grant("app", "write"), "a=b:c"),
        ("app:admin:users=x", Grant("app", "admin", ("users",)), "x"),
        ("app:read:users,order*=x", Grant("app", "read", ("users", "order*")), "x"),
        ("app:read: users , order* =x", Grant("app", "read", ("users", "order*")), "x"),
        ("app:read:*=x", Grant("app", "read"), "x"),
    ],
)
def test_a_key_is_read_from_its_text(text, grant, secret):
    key = read_key(text)
    assert (key.grant, secret_in(text)) == (grant, secret)
    assert Keys([key]).find(secret) == grant
    assert Keys([key]).find(text) == (grant if text == secret else None)


@pytest.mark.parametrize(
    "text",
    [
        "", "two words", "k€y", "app:read=", "app:read:=s3cret", "app:read:users,=s3cret", "app:reed=s3cret", "app:READ=s3cret",
        "App:read=s3cret", ":read=s3cret", "app:=s3cret", "app:read:1users=s3cret", "app:read:us*ers=s3cret", "app:read:**=s3cret",
        "app:read", "app:read:users", "app:admin:", "app:read:users:more=s3cret", "app:read:us ers=s3cret", "app:read=s3cret\n",
        "app:read=s3cret,more", "s3cret,more",
        f"{'a' * 64}:read=s3cret", "app=s3cret", "my-app-2=s3cret", "App=s3cret", "app=read:s3cret",
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused_without_repeating_it(text):
    with pytest.raises(ValueError) as refused:
        read_key(text)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("text", ["YWJjZGVmZw==", "abcdef==", "abc=", "a.b=c"])
def test_a_secret_may_have_a_sign_that_stands_behind_no_name(text):
    assert secret_in(text) == text


def test_secrets_without_a_name_are_numbered():
    assert [key.grant.name for key in read_keys(["aaa", "app:read=bbb", "ccc"])] == ["key-1", "app", "key-2"]


@pytest.mark.parametrize(
    "texts", [["a:read=x", "a:write=y"], ["x", "x"], ["key-1:read=x", "y"], ["a:read=x", "b:read=x"]]
)
def test_two_keys_have_two_names_and_two_secrets(texts):
    with pytest.raises(ValueError, match="two keys have one"):
        Keys(read_keys(texts))


@pytest.mark.parametrize(
    "texts",
    [
        ["a"],
        ["a", "b"],
        ["a:read=x", "b:admin=y"],
        ["a:read:t,u,v*=x", "b:write:t,u=y"],
        ["", "a"],
        ["", "a:read=x"],
        ["a_=b:c", "d"],
    ],
)
def test_keys_in_one_text_are_told_apart_from_tables(texts):
    assert split_keys(",".join(texts)) == texts


@pytest.mark.parametrize(
    "text", ["a:read=s3cret,more", "more,a:read=s3cret", "a:read:t,u=s3cret, more", "a:read=s3cret,b:read"]
)
def test_the_rest_of_a_secret_behind_a_comma_is_no_key(text):
    with pytest.raises(ValueError, match="no comma") as refused:
        split_keys(text)
    assert "s3cret" not in str(refused.value)
    assert "more" not in str(refused.value)


def test_nothing_opens_nothing(tmp_path):
    assert Keys().find("") is None
    assert Keys(read_keys(["abc"])).find("") is None
    path = tmp_path / "keys.toml"
    path.write_text(f'[keys.a]\nrole = "admin"\nsecret_sha256 = "{sha("")}"\n')
    with pytest.raises(ValueError, match="empty"):
        Keys(read_key_file(path))


def written(path, *lines):
    path.write_text("\n".join(["[keys.app]", *lines]))
    return path


def test_a_file_has_hashes_alone(tmp_path):
    lines = ['role = "write"', 'tables = ["users", "order*"]', f'secret_sha256 = "{sha("abc").upper()}"']
    [key] = read_key_file(written(tmp_path / "keys.toml", *lines))
    assert key.grant == Grant("app", "write", ("users", "order*"))
    assert Keys([key]).find("abc") == key.grant
    assert Keys([key]).find(sha("abc")) is None


@pytest.mark.parametrize(
    ("told", "ends_ms"),
    [
        ("1970-01-02T00:00:00Z", 86_400_000),
        ("1970-01-02T01:00:00+01:00", 86_400_000),
        ("1970-01-02T00:00:00", 86_400_000),
        ("1970-01-02", 86_400_000),
        ("1970-01-01T00:00:00.250Z", 250),
    ],
)
def test_a_key_opens_until_it_expires(tmp_path, told, ends_ms):
    lines = ['role = "read"', f'secret_sha256 = "{sha("abc")}"', f"expires = {told}"]
    found = read_key_file(written(tmp_path / "keys.toml", *lines))
    keys, clock = Keys(found, clock := Clock()), clock
    clock.now_ms = ends_ms - 1
    assert keys.find("abc")
    clock.now_ms = ends_ms
    assert keys.find("abc") is None
    assert parse_moment(told) == ends_ms


@pytest.mark.parametrize("tables", [None, ("users", "order*")])
@pytest.mark.parametrize("expires_ms", [None, 1_798_761_600_000])
def test_a_printed_key_reads_as_it_was(tmp_path, tables, expires_ms):
    key = read_key("app:read=abc")
    key = type(key)(Grant("app", "read", tables), key.secret_sha256, expires_ms)
    (path := tmp_path / "keys.toml").write_text(print_key(key))
    assert read_key_file(path) == [key]


GOOD = ('role = "read"', f'secret_sha256 = "{sha("abc")}"')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", r"\[keys.NAME\]"),
        ("[keys]", "at least one"),
        ("keys = 1", r"\[keys.NAME\]"),
        ("[key.app]", r"\[keys.NAME\]"),
        ("[keys.app]\nrole = read", "not valid TOML, at line 2"),
        ("[keys]\napp = 1", r"\[keys.app\]: it is a table"),
        ("[keys.app]\nrole = 'read'", "64 hexadecimal"),
        ("[keys.app]\nrole = 'read'\nsecret = 's3cret'", "no member 'secret'. Did you mean 'secret_sha256'"),
        ("[keys.app]\nrole = 'read'\nsecret_sha256 = 's3cret'", "64 hexadecimal"),
        ("\n".join(["[keys.App]", *GOOD]), "name of a key"),
        ("\n".join(["[keys.app]", GOOD[1]]), "role of a key"),
        ("\n".join(["[keys.app]", "role = 'root'", GOOD[1]]), "role of a key"),
        ("\n".join(["[keys.app]", *GOOD, "tables = []"]), "tables of a key"),
        ("\n".join(["[keys.app]", *GOOD, "tables = [1]"]), "array of names"),
        ("\n".join(["[keys.app]", *GOOD, "tables = true"]), "array of names"),
        ("\n".join(["[keys.app]", *GOOD, "tables = ['a b']"]), "tables of a key"),
        ("\n".join(["[keys.app]", *GOOD, "expires = 'soon'"]), "expires is a moment"),
        ("\n".join(["[keys.app]", *GOOD, "expires = 12:00:00"]), "expires is a moment"),
        ("x = " + "[" * 5000, "not valid TOML"),
        ("#" * (MAX_BYTES + 1), "bytes"),
    ],
)
def test_a_file_that_is_none_says_what_is_wrong_and_no_secret(tmp_path, text, told):
    (path := tmp_path / "keys.toml").write_text(text)
    with pytest.raises(KeyFileFault, match=told) as refused:
        read_key_file(path)
    assert "s3cret" not in str(refused.value)


def test_a_file_that_is_not_there_or_not_utf_8_is_refused(tmp_path):
    with pytest.raises(KeyFileFault, match="no such file"):
        read_key_file(tmp_path / "none.toml")
    with pytest.raises(KeyFileFault, match="directory"):
        read_key_file(tmp_path)
    (tmp_path / "keys.toml").write_bytes(b"\xff")
    with pytest.raises(KeyFileFault, match="UTF-8"):
        read_key_file(tmp_path / "keys.toml")


def test_a_pipe_is_no_file_of_keys_and_nobody_waits_for_its_end(tmp_path):
    os.mkfifo(tmp_path / "keys.toml")
    with pytest.raises(KeyFileFault, match="pipe"):
        read_key_file(tmp_path / "keys.toml")
