"""Whom a request is counted for behind proxies: nobody can become another one by what it sends."""

import pytest

from ramekin.api.edge.proxies import Proxies

TRUSTED = ["10.0.0.1", "192.168.0.0/16", "fd00::/8", "[::1]"]
PROXY = "10.0.0.1"


def ask(peer=PROXY, **headers):
    return Proxies(TRUSTED).client_of(peer, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("peer", ["10.0.0.2", "127.0.0.1", "unknown", "testclient", ""])
def test_a_peer_that_is_not_trusted_is_the_client_whatever_it_says(peer):
    assert ask(peer, x_forwarded_for="1.2.3.4", forwarded="for=1.2.3.4") == peer


def test_without_trusted_proxies_nobody_is_believed():
    assert Proxies([]).client_of("127.0.0.1", {"x-forwarded-for": "1.2.3.4"}) == "127.0.0.1"


@pytest.mark.parametrize(
    ("peer", "same"),
    [("::ffff:10.0.0.2", "10.0.0.2"), ("FE80::1%eth0", "fe80::/64"), ("2001:DB8:0:0::1", "2001:db8::/64")],
)
def test_one_address_has_one_spelling(peer, same):
    assert ask(peer) == same


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "192.168.255.255", "fd12::1", "::1"])
def test_a_trusted_proxy_is_believed(peer):
    assert ask(peer, x_forwarded_for="1.2.3.4") == "1.2.3.4"
    assert ask(peer, forwarded="for=1.2.3.4") == "1.2.3.4"


@pytest.mark.parametrize(
    ("told", "client"),
    [
        ("1.2.3.4", "1.2.3.4"),
        (" 1.2.3.4 ", "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("6.6.6.6,1.2.3.4,10.0.0.1", "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4, 192.168.3.4, fd00::5", "1.2.3.4"),
        ("10.0.0.1, 6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("192.168.0.9, 192.168.0.8", "192.168.0.9"),
        ("1.2.3.4:5678", "1.2.3.4"),
        ("2001:db8::7", "2001:db8::/64"),
        ("[2001:db8::7]", "2001:db8::/64"),
        ("[2001:db8::7]:443", "2001:db8::/64"),
        ("2001:DB8:0::7", "2001:db8::/64"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("6.6.6.6, unknown", PROXY),
        ("6.6.6.6, _hidden", PROXY),
        ("6.6.6.6, ", PROXY),
        ("6.6.6.6,", PROXY),
        ("", PROXY),
        ("1.2.3", PROXY),
        ("1.2.3.4.5", PROXY),
        ("256.1.1.1", PROXY),
        ("6.6.6.6, unknown, 192.168.0.9", "192.168.0.9"),
        ("a" * 30_000, PROXY),
    ],
)
def test_the_right_most_address_that_is_not_trusted_counts(told, client):
    assert ask(x_forwarded_for=told) == client


@pytest.mark.parametrize(
    ("told", "client"),
    [
        ("for=1.2.3.4", "1.2.3.4"),
        ("For=1.2.3.4;Proto=https;by=10.0.0.1", "1.2.3.4"),
        ("proto=https; for=1.2.3.4", "1.2.3.4"),
        ('for="1.2.3.4:80"', "1.2.3.4"),
        ('for="[2001:db8::7]:443"', "2001:db8::/64"),
        ("for=6.6.6.6, for=1.2.3.4", "1.2.3.4"),
        ("for=6.6.6.6;host=a, for=1.2.3.4 , for=192.168.0.9;by=x", "1.2.3.4"),
        ('for=1.2.3.4;host="x;for=6.6.6.6"', "1.2.3.4"),
        ('host="x, for=6.6.6.6";for=1.2.3.4', "1.2.3.4"),
        ('host="x\\", for=6.6.6.6";for=1.2.3.4', "1.2.3.4"),
        ('for=6.6.6.6;host=", for=1.2.3.4', PROXY),
        ("for=6.6.6.6;for=1.2.3.4", PROXY),
        ("for=unknown", PROXY),
        ("for=_gateway", PROXY),
        ("by=1.2.3.4", PROXY),
        ("for=6.6.6.6, by=1.2.3.4", PROXY),
        ("for=", PROXY),
        ("for", PROXY),
        ("", PROXY),
        ("for=6.6.6.6,", PROXY),
        (",for=6.6.6.6", PROXY),
        ("for=6.6.6.6 for=1.2.3.4", PROXY),
    ],
)
def test_forwarded_is_read_whole_or_not_at_all(told, client):
    assert ask(forwarded=told) == client


def test_two_headers_that_disagree_leave_the_proxy():
    assert ask(forwarded="for=1.2.3.4", x_forwarded_for="1.2.3.4") == "1.2.3.4"
    assert ask(forwarded="for=6.6.6.6", x_forwarded_for="1.2.3.4") == PROXY
    assert ask(forwarded="for=1.2.3.4", x_forwarded_for="6.6.6.6") == PROXY
    assert ask(forwarded="nonsense", x_forwarded_for="1.2.3.4") == PROXY


@pytest.mark.parametrize("text", ["", "x", "10.0.0", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.1:80", "localhost", "::g"])
def test_an_address_that_is_none_is_refused(text):
    with pytest.raises(ValueError):
        Proxies([text])
