"""Debian's nginx with a configuration of ours, for as long as a test wants it."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import require_tool

__all__ = ["BROTLI_MODULE", "nginx_on_a_port", "running_nginx"]

BROTLI_MODULE = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
_PATIENCE_S = 60


@contextmanager
def running_nginx(
    own: Path,
    http: str,
    answers: Callable[[], bool],
    *,
    module: Path | None = None,
    inherited: socket.socket | None = None,
) -> Iterator[None]:
    """nginx with ``http`` as its block of that name and its files in ``own``, which it makes, until ``answers``."""
    nginx = require_tool("nginx")
    own.mkdir()
    paths = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    (own / "nginx.conf").write_text(
        (f"load_module {module};\n" if module is not None else "")
        + ("user root;\n" if os.geteuid() == 0 else "")
        + f"daemon off;\nworker_processes 1;\npid {own}/pid;\nerror_log {own}/errors;\nevents {{}}\nhttp {{\n"
        + "".join(f"{name}_temp_path {own}/{name};\n" for name in paths)
        + f"access_log off;\n{http}\n}}\n"
    )
    words = [nginx, "-c", f"{own}/nginx.conf", "-p", str(own), "-e", f"{own}/errors"]
    fds = () if inherited is None else (inherited.fileno(),)
    # what an old nginx hands to a new one while it is replaced: https://nginx.org/en/docs/control.html#upgrade
    env = {**os.environ, "NGINX": "".join(f"{fd};" for fd in fds)} if fds else None
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env, pass_fds=fds
    ) as process:
        limit = time.monotonic() + _PATIENCE_S
        try:
            while not answers():
                assert process.poll() is None, (own / "errors").read_text()
                assert time.monotonic() < limit, "nginx does not answer"
                time.sleep(0.02)
            yield
        finally:
            process.terminate()
            process.wait()


@contextmanager
def nginx_on_a_port(own: Path, http: Callable[[str], str], *, module: Path | None = None) -> Iterator[str]:
    """nginx on a free port of loopback: ``http`` is given ``HOST:PORT`` to listen at, and so is the block. The
    socket is handed to nginx, so that nobody takes the port meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host, port = listening.getsockname()
        place = f"{host}:{port}"

        def answers() -> bool:
            with socket.create_connection((host, port), timeout=_PATIENCE_S) as asked:
                asked.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
                return asked.recv(1) != b""

        with running_nginx(own, http(place), answers, module=module, inherited=listening):
            yield place
