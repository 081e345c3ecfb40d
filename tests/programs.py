"""Programs that tests start besides Python: without one a test is skipped and says so, and fails where CI=true."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def find_program(name: str, package: str) -> str:
    """Return where a program is."""
    if path := shutil.which(name):
        return path
    reason = f"no {name} on this machine: apt install {package}"
    assert os.environ.get("CI") != "true", reason
    pytest.skip(reason)


def read_terminal(ours: int) -> str:
    """Return what a program writes on a terminal, until it ends; close our side. A terminal holds little: nobody may wait
    for the program's end before this.
    """
    shown = b""
    with suppress(OSError):  # how a terminal says that its other side is closed
        while chunk := os.read(ours, 65_536):
            shown += chunk
    os.close(ours)
    return shown.decode()


NGINX = """
{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    {sites}
}}
"""

SITE = """
    client_max_body_size 0;
    {around}
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
    upstream tables {{ server {server}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{port};
        {settings}
    }}
"""


@contextmanager
def nginx(folder: Path, server_url: str, settings: str, around: str = "") -> Iterator[int]:
    """Start nginx in front of a server, with these settings in its `server` block and around it; yield its port."""
    port, server = free_port(), server_url.partition("://")[2]
    with nginx_with(folder, SITE.format(server=server, port=port, settings=settings, around=around), port):
        yield port


@contextmanager
def nginx_with(folder: Path, sites: str, port: int) -> Iterator[None]:
    """Start nginx with these sites, of which one listens on a port."""
    path = find_program("nginx", "nginx-light")
    conf = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # whose folder it is
    conf.write_text(NGINX.format(user=user, folder=folder, sites=sites))
    process = subprocess.Popen([path, "-p", folder, "-e", folder / "error.log", "-c", conf], stderr=subprocess.PIPE)
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _wait_for(port: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        assert process.poll() is None, process.communicate()[1]
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not answer")
