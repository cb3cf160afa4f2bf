"""Debian's docker-registry on a free port of the loopback interface: no authentication, its data below a folder."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_CONFIG = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {data}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""
_START_S = 30


@contextlib.contextmanager
def loopback_registry(root: Path) -> Iterator[str]:
    """The ``host:port`` of a registry that ends with the block; what was pushed stays below ``root``."""
    program = shutil.which("docker-registry")
    if program is None:
        raise SystemExit("want docker-registry (Debian's package of that name)")
    root.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    config = root / "config.yml"
    config.write_text(_CONFIG.format(data=root / "data", port=port))
    with (root / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        limit = time.monotonic() + _START_S
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > limit:
                raise SystemExit(f"docker-registry did not start:\n{(root / 'log').read_text()[-2000:]}")
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
