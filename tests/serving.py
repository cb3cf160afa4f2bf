"""A small application and a root file system that runs it under the sandbox."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lightship.rootfs.removal import remove
from lightship.sandbox.bubblewrap import Bubblewrap

__all__ = ["port", "sandbox", "server_root"]

SERVER = """\
import http.server, os, signal, sys
import pretend_lib

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/late":
            import pretend_late
        status = {"/health": 200, "/late": 200, "/moved": 302, "/missing": 404}.get(self.path, 500)
        self.answer(status, ("you asked for " + self.path).encode())
    def do_POST(self):
        self.answer(201, self.rfile.read(int(self.headers["Content-Length"])).upper())
    def log_message(self, *what):
        pass
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

def stop(number, frame):
    os.write(1, b"stopped by signal %d\\n" % number)
    os._exit(0)

signal.signal(signal.SIGTERM, stop)
server = http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
os.write(1, b"listening\\n")
server.serve_forever()
"""


@pytest.fixture
def sandbox(require_tool: Callable[[str], str]) -> Bubblewrap:
    require_tool("bwrap")
    return Bubblewrap.find()


@pytest.fixture(scope="session")
def server_root(python_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """`python_root` with a server in ``/app``: ``server.py``, which imports ``pretend_lib``, on a request
    ``pretend_late``, and never ``pretend_unused``."""
    root = tmp_path_factory.mktemp("server") / "rootfs"
    shutil.copytree(python_root, root, symlinks=True, copy_function=os.link)
    (root / "app/pretend_lib").mkdir(parents=True)
    (root / "app/server.py").write_text(SERVER)
    (root / "app/pretend_lib/__init__.py").write_text("from . import inner\n")
    for name in ("pretend_lib/inner", "pretend_late", "pretend_unused"):
        (root / f"app/{name}.py").write_text("")
    yield root
    remove(root)


@pytest.fixture
def port() -> int:
    """A port of the loopback interface that was free a moment ago."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
