"""How the URL of a cluster is read, and what is said of one that cannot be."""

import pytest

from ramekin.cluster.address import Address, Login, Servers
from tests.each import each

HERE = Address("127.0.0.1", 6379)

READ = {
    "valkey://127.0.0.1": Servers((HERE,)),
    "redis://127.0.0.1:6379/": Servers((HERE,)),
    "valkey://127.0.0.1,[::1]:7000": Servers((HERE, Address("::1", 7000))),
    "valkey://anna:a%40b:c@127.0.0.1": Servers((HERE,), Login("anna", "a@b:c")),
    "valkey://:secret@127.0.0.1": Servers((HERE,), Login(None, "secret")),
    "rediss://127.0.0.1": Servers((HERE,), Login(is_encrypted=True)),
}


@each(READ.items(), name=lambda case: case[0])
def test_a_url_names_nodes_and_how_they_let_us_in(case):
    url, servers = case
    assert Servers.parse(url) == servers


REFUSED = {
    "http://127.0.0.1": "valkey://",
    "127.0.0.1:6379": "valkey://",
    "": "valkey://",
    "valkey://": "host:port",
    "valkey://127.0.0.1,": "host:port",
    "valkey://127.0.0.1:x": "host:port",
    "valkey://127.0.0.1:99999": "host:port",
    "valkey://a, b": "host:port",
    "valkey://secret@127.0.0.1": "password",
    "valkey://127.0.0.1/1": "behind the addresses",
    "valkeys://127.0.0.1?cert=x": "'?ca=FILE'",
    "valkey://127.0.0.1?ca=x": "valkeys://",
    "valkeys://127.0.0.1?ca=/none": "cannot be read",
}


@each(REFUSED.items(), name=lambda case: case[0])
def test_a_url_that_cannot_be_read_is_refused_with_the_remedy(case):
    url, said = case
    with pytest.raises(ValueError) as refused:
        Servers.parse(url)
    assert said in str(refused.value)


def test_a_password_is_never_shown():
    with pytest.raises(ValueError) as refused:
        Servers.parse("valkey://anna:geheim@127.0.0.1:x")
    assert "geheim" not in str(refused.value)
    assert "geheim" not in repr(Servers.parse("valkey://anna:geheim@127.0.0.1"))
