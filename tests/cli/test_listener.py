"""The socket of a server: which addresses it takes, whom it lets in, and that it is the only one."""

import asyncio
import socket
import sys
from contextlib import ExitStack

import pytest
import uvloop

from ramekin.cli import listener as listeners
from ramekin.cli.configuration import Refused


def bind(host, port=0, *, is_guarded=False):
    return listeners.bind(host, port, is_guarded=is_guarded)


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "address", "name"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.2", "127.0.0.2", "127.0.0.2"),
        ("localhost", "127.0.0.1", "localhost"),
        ("::1", "::1", "[::1]"),
        ("[::1]", "::1", "[::1]"),
    ],
)
def test_an_address_of_this_machine_needs_no_key(host, address, name):
    if ":" in address and not has_ipv6():
        pytest.skip("no IPv6 on this machine")
    with bind(host) as listener:
        assert listener.getsockname()[0] == address
        assert listeners.url_of(listener, host) == f"http://{name}:{listener.getsockname()[1]}"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]"])
def test_other_machines_are_let_in_with_a_key_alone(host):
    if ":" in host and not has_ipv6():
        pytest.skip("no IPv6 on this machine")
    with pytest.raises(Refused, match="--api-key, or say --insecure"):
        bind(host)
    with bind(host, is_guarded=True) as listener:
        assert listener.getsockname()[1]


@pytest.mark.parametrize("host", ["0", "00", "1", "127.1", "0x7f.1", "2130706433", "1.2.3", "300.0.0.1"])
def test_a_number_is_no_address(host):
    with pytest.raises(Refused, match=r"is not an address; .* 0\.0\.0\.0"):
        bind(host, is_guarded=True)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a b", "x" * 300, "é" * 80, ":::"])
def test_a_name_that_is_nowhere_is_told(host):
    with pytest.raises(Refused, match=r"there is no address|is not an address"):
        bind(host)


def test_a_port_that_another_server_will_listen_on_is_taken():
    with bind("127.0.0.1") as first, pytest.raises(Refused, match="already in use"):
        bind("127.0.0.1", first.getsockname()[1])


def test_a_port_is_free_again_as_soon_as_its_server_ends():
    with bind("127.0.0.1") as listener:
        port = listener.getsockname()[1]
        listeners.listen(listener, 5)
        with pytest.raises(Refused, match="already in use"):
            bind("127.0.0.1", port)
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = listener.accept()
        accepted.close()  # this side closes first, so the connection stays in the system's table for a minute
        client.close()
    with bind("127.0.0.1", port) as again:
        listeners.listen(again, 5)


def test_a_port_is_free_again_while_clients_of_a_killed_server_hold_on():
    with bind("127.0.0.1") as listener:
        port = listener.getsockname()[1]
        listeners.listen(listener, 5)
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = listener.accept()
        accepted.close()
    with client, bind("127.0.0.1", port) as again:
        listeners.listen(again, 5)


def test_one_of_two_that_bound_in_the_same_moment_is_told():
    with bind("127.0.0.1") as first:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as between its binding and taking the flag away
        with bind("127.0.0.1", first.getsockname()[1]) as second:
            with pytest.raises(Refused, match="already in use"):
                listeners.listen(first, 5)
            listeners.listen(second, 5)


def test_several_connections_are_accepted_in_one_turn_of_the_loop():
    accepted = []

    class Accepted(asyncio.Protocol):
        def connection_made(self, transport):
            accepted.append(transport)

    async def run(clients):
        loop, most = asyncio.get_running_loop(), 0
        with bind("127.0.0.1") as listener, listeners.doors(listener) as doors:
            listeners.listen(listener, 100)
            servers = [await loop.create_server(Accepted, sock=door) for door in doors]
            for client in clients:
                client.connect(listener.getsockname())
            for _ in range(200):
                before = len(accepted)
                await asyncio.sleep(0)
                most = max(most, len(accepted) - before)
                if len(accepted) == len(clients):
                    break
            for server in servers:
                server.close()
        for transport in accepted:
            transport.abort()
        assert len(accepted) == len(clients)
        assert most == listeners.ACCEPTED_AT_ONCE

    with ExitStack() as stack:
        clients = [stack.enter_context(socket.socket()) for _ in range(40)]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(clients))


def test_little_is_kept_of_what_a_connection_does_not_read():
    with bind("127.0.0.1") as listener, socket.socket() as client:
        listeners.listen(listener, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        with server:
            server.setblocking(False)
            assert server.send(bytes(64 * listeners.UNSENT_BYTES)) <= 2 * listeners.UNSENT_BYTES


@pytest.mark.skipif(sys.platform != "linux", reason="others have no such filter")
def test_once_it_takes_no_more_all_who_have_connected_are_accepted_and_nobody_else_connects():
    with bind("127.0.0.1") as listener, ExitStack() as clients:
        listeners.listen(listener, 100)
        address = listener.getsockname()
        before = [clients.enter_context(socket.create_connection(address)) for _ in range(3)]
        listeners.take_no_more(listener)
        before[0].sendall(b"?")  # what they send arrives
        with pytest.raises(TimeoutError):
            socket.create_connection(address, timeout=0.1)
        accepted = [clients.enter_context(one) for one in listeners.accept_all(listener, 100)]
        assert [one.getpeername() for one in accepted] == [one.getsockname() for one in before]
        assert accepted[0].recv(1) == b"?"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=5)
