"""The nodes that tests start: they are ready when they are given, and leave nothing."""

import os

import pytest

from tests.cluster import network
from tests.cluster import nodes as of_nodes
from tests.cluster.nodes import running, until


def is_running(node):
    return node.process.poll() is None


def test_one_node_keeps_what_it_is_sent_and_leaves_nothing():
    with running() as [node]:
        assert node.ask("SET", "a", "1") == b"OK"
        assert node.ask("GET", "a") == b"1"
        assert node.folder.exists()
    assert not is_running(node)
    assert not node.folder.exists()


def test_a_primary_has_its_replicas():
    with running(replicas=2) as [primary, *replicas]:
        primary.ask("SET", "a", "1")
        for replica in replicas:
            until(lambda replica=replica: replica.ask("GET", "a") == b"1")
        assert [node.ask("ROLE")[0] for node in (primary, *replicas)] == [b"master", b"slave", b"slave"]


def test_a_cluster_of_six_is_ready_and_ended_by_process():
    with running(primaries=3, replicas=1) as nodes:
        assert [node.ask("ROLE")[0] for node in nodes] == [b"master"] * 3 + [b"slave"] * 3
        assert b"cluster_state:ok" in nodes[5].ask("CLUSTER", "INFO")
        nodes[5].kill()
        assert [is_running(node) for node in nodes] == [True] * 5 + [False]
    assert not any(map(is_running, nodes))
    for node in nodes:
        with pytest.raises(ProcessLookupError):
            os.kill(node.process.pid, 0)


def test_without_a_server_tests_are_skipped_and_fail_in_ci(monkeypatch):
    monkeypatch.setattr(of_nodes, "find_server", lambda: None)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(AssertionError, match="apt install redis-server"):
        of_nodes.needed_server()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="apt install redis-server"):
        of_nodes.needed_server()


def test_without_a_network_to_cut_tests_are_skipped_and_fail_in_ci_where_root_could(monkeypatch):
    monkeypatch.setattr(network, "can_be_cut", lambda: False)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(AssertionError, match="apt install iproute2"):
        network.needed()
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(pytest.skip.Exception, match="needs root"):
        network.needed()
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="needs root"):
        network.needed()
