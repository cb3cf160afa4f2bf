"""The demo's image, built once for every test that wants it, and its application while a test asks it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import require_tool
from tools.demo import BIND, copy_example, free_address, wait_until_ready

__all__ = ["LIGHTSHIP", "NAME", "Demo", "build_demo", "lightship", "running_demo"]

LIGHTSHIP = str(Path(sys.executable).with_name("lightship"))
NAME = "registry.example/agent/platform:demo"
_BUILD_S = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The image as a layout and as an archive, and what ``lightship build`` printed for it."""

    layout: str
    archive: Path
    cache: Path
    digest: str


def lightship(*arguments: str, cache: Path, timeout_s: float = 300, env: Mapping[str, str] | None = None) -> str:
    """What the command prints; it must end well."""
    done = subprocess.run(
        [LIGHTSHIP, *arguments, "--cache-dir", str(cache)],
        capture_output=True, check=False, timeout=timeout_s, text=True, env={**os.environ, **(env or {})},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def build_demo(place: Path, kept: Path) -> Demo:
    """The image of examples/agent-platform in ``place``, from a copy, which the build may write its locks to, and which
    listens elsewhere while its start is traced: the port of the original may be taken.

    The cache is ``kept``, which outlives the session, so that a second one downloads nothing.
    """
    require_tool("bwrap")
    project = copy_example(place)
    port = free_address().rpartition(":")[2]
    for name in ("lightship.toml", "gunicorn.conf.py", "tests/smoke.http"):
        text = (project / name).read_text()
        assert "5001" in text
        (project / name).write_text(text.replace("5001", port))
    configured = os.environ.get("LIGHTSHIP_CACHE_DIR")
    cache = Path(configured) if configured else kept
    layout, archive = f"oci:{place}/layout", place / "image.tar"
    outputs = ["--output", layout, "--output", f"docker-archive:{archive}"]
    said = lightship("build", str(project), "-t", NAME, *outputs, cache=cache, timeout_s=_BUILD_S)
    return Demo(layout=layout, archive=archive, cache=cache, digest=said.split()[-1])


@contextmanager
def running_demo(
    demo: Demo, log: Path, engine: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> Iterator[str]:
    """``HOST:PORT`` where the application answers, run by ``lightship run``; at its end it was asked to end, and ended
    in its own way. What it said is in ``log``."""
    bind = free_address()
    command = [LIGHTSHIP, "run", "--cache-dir", str(demo.cache), *engine, "-e", f"{BIND}={bind}", demo.layout]
    with (
        log.open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, **(env or {})}) as running,
    ):
        try:
            ready = wait_until_ready(bind, lambda: running.poll() is None)
            assert ready, log.read_text(errors="replace")[-4000:]
            yield bind
        finally:
            running.terminate()
            status = running.wait(timeout=60)
    assert status == 0, log.read_text(errors="replace")[-4000:]
