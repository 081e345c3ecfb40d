"""Commands of the tests begin at once: they are forked from a process that has imported all that they need.

To import the server takes Python a second, and the tests start hundreds of them. `quick_commands` makes `subprocess` fork
whatever runs `python -m ramekin` or `python FILE.py`. The child is one of the test's own process, with its arguments,
environment, folder and streams, and ends as Python ends. `make test-all` runs the tests of commands once more with
`FORKS=no`, where nothing is forked.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import runpy
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
COMMAND = [sys.executable, "-m", "ramekin"]
MOST_BYTES = 1 << 17  # of one request: arguments and environment


def quick_commands() -> None:
    """Fork what runs `python -m ramekin` or `python FILE.py`, from now on and in this process."""
    if sys.platform == "linux" and os.environ.get("FORKS") != "no":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # a grandchild without a parent becomes a child
        subprocess.Popen._execute_child = _execute_child


_really_execute = subprocess.Popen._execute_child


def _execute_child(self: Any, args: Any, executable: Any, preexec_fn: Any, *rest: Any) -> None:
    """Take the place of the method of `subprocess.Popen`, whose arguments these are."""
    _, pass_fds, cwd, env, *_, stdin, _, _, stdout, _, stderr = rest[:13]
    environment = dict(os.environ if env is None else env)
    command = [os.fspath(one) for one in args] if isinstance(args, list) else []
    is_file = command[:1] == COMMAND[:1] and "".join(command[1:2]).endswith(".py")
    if (
        not (is_file or command[:3] == COMMAND)
        or preexec_fn is not None
        or pass_fds
        or _of_python(environment) != _of_python(os.environ)
    ):
        _really_execute(self, args, executable, preexec_fn, *rest)
        return
    asked = {
        "arguments": command[1:],
        "cwd": str(Path.cwd() / (cwd or "")),
        "environment": environment,
    }
    self.pid = _fork(asked, [fd if theirs == -1 else theirs for fd, theirs in enumerate((stdin, stdout, stderr))])
    self._child_created = True
    self._close_pipe_fds(*rest[7:13])


def _of_python(environment: Any) -> dict[str, str]:
    """Return the variables that Python reads when it begins, so that they mean nothing to a fork."""
    return {name: value for name, value in environment.items() if name.startswith(("PYTHON", "LANG", "LC_"))}


_ours: socket.socket | None = None
_asking = threading.Lock()  # tests start servers in threads too, and each must get the answer to its own question


def _fork(asked: dict[str, Any], streams: list[int]) -> int:
    """Let the process that has imported everything fork, and return the id of the child."""
    global _ours
    with _asking:
        if _ours is None:
            _ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            for end in (_ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MOST_BYTES)
            theirs.set_inheritable(True)
            os.posix_spawn(sys.executable, [sys.executable, __file__, str(theirs.fileno())], os.environ)
            theirs.close()
            atexit.register(_ours.close)
        socket.send_fds(_ours, [json.dumps(asked).encode()], streams)
        return int(_ours.recv(100))


def _import_everything() -> None:
    import ramekin

    for module in pkgutil.walk_packages(ramekin.__path__, "ramekin."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("uvicorn.loops.uvloop", "uvicorn.lifespan.on", "encodings.idna", "pydantic.json_schema"):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _wait_to_be_forked(ours: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Fork whenever it is asked, and return what was asked, in the child alone."""
    while True:
        data, streams, _, _ = socket.recv_fds(ours, MOST_BYTES, 3)
        if not data:
            ours.close()
            sys.exit()
        told, tell = os.pipe()
        between = os.fork()
        if between == 0:
            child = os.fork()
            if child != 0:
                os.write(tell, b"%d" % child)
                ctypes.CDLL(None)._exit(0)  # coverage makes `os._exit` write a file, while the child is at work
            ours.close()
            os.close(told)
            os.close(tell)
            return json.loads(data), streams
        os.waitpid(between, 0)  # now the child is one of the test's process
        ours.send(os.read(told, 100))
        for fd in (told, tell, *streams):
            os.close(fd)


def _become(asked: dict[str, Any], streams: list[int]) -> bool:
    """Be the process that was asked for, as it is when Python has begun, and return whether it is a module's."""
    for fd, theirs in enumerate(streams):
        os.dup2(theirs, fd)
        os.close(theirs)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["cwd"])
    time.tzset()
    importlib.invalidate_caches()
    is_module = asked["arguments"][0] == "-m"
    sys.argv = asked["arguments"][is_module:]
    sys.path[0] = str(Path.cwd() if is_module else Path(sys.argv[0]).absolute().parent)
    return is_module


def _end(code: int) -> None:
    """End as Python does, but for taking every module apart, which takes three quarters of a short command's time."""
    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = 120
    os._exit(code)


if __name__ == "__main__":
    _import_everything()
    is_module = _become(*_wait_to_be_forked(socket.socket(fileno=int(sys.argv[1]))))
    try:
        if is_module:
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(sys.argv[0], run_name="__main__")
        _end(0)
    except SystemExit as ended:
        if not isinstance(ended.code, str):
            _end(ended.code or 0)
        raise
