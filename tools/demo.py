"""``make demo``: build examples/agent-platform, start it in the sandbox, call its routes, print what it took.

Everything that is printed was measured in this run. The tests call the same routes in the same way.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "agent-platform"
LIGHTSHIP = [str(ROOT / ".venv" / "bin" / "lightship")]
BIND = "AGENT_BIND"
"""The variable that tells the example where to listen."""

Check = Callable[[bytes], bool]
Route = tuple[str, str, bytes | None, Check]
"""Name, path, body of a POST, and whether the answer's body is right."""


def _json(accept: Callable[[Any], bool]) -> Check:
    return lambda body: accept(json.loads(body))


ROUTES: tuple[Route, ...] = (
    ("the database answers", "/health", None, _json(lambda a: a == {"documents": 5, "status": "ok"})),
    ("documents were parsed", "/documents", None, _json(lambda a: len(a) == 5)),
    (
        "retrieval",
        "/search?q=which%20ship%20is%20a%20lighthouse",
        None,
        _json(lambda a: a["results"][0]["name"] == "sailing.md"),
    ),
    ("a spreadsheet", "/report.xlsx", None, lambda body: body[:2] == b"PK" and len(body) > 4000),
    ("a templated page", "/page", None, lambda body: b"<li" in body and b"poem.md" in body),
    ("a TLS context", "/tls", None, _json(lambda a: a["authorities"] > 100)),
    ("time zones", "/time", None, _json(lambda a: a["Asia/Shanghai"] == "2026-07-01T20:00:00+08:00")),
    ("gb18030", "/text", None, _json(lambda a: a["text"] == "轻舟已过万重山")),
    (
        "a Celery task",
        "/summary",
        b'{"text": "One. Two. Three."}',
        _json(lambda a: a == {"summary": "One", "left_out": 2}),
    ),
    ("an extension from its sdist", "/checksum", None, _json(lambda a: a == {"crc32c": "e3069283", "native": True})),
    ("an OpenDocument letter", "/letter.odt", None, lambda body: body[:2] == b"PK"),
    ("gRPC", "/grpc", None, _json(lambda a: a["status"] == "SERVING")),
    (
        "what is installed",
        "/about",
        None,
        _json(lambda a: a["distributions"] >= 150 and "cl100k_base" in a["encodings"]),
    ),
)


def main() -> int:
    """Build, start, call, print; 0 when every route answered as it should."""
    with tempfile.TemporaryDirectory(prefix="lightship-demo-") as scratch:
        project = copy_example(Path(scratch))
        image = f"oci:{scratch}/image"
        print(f"lightship build {project} --output {image}    # a copy of {EXAMPLE.relative_to(ROOT)}", flush=True)
        began = time.monotonic()
        build = subprocess.run(
            [*LIGHTSHIP, "build", str(project), "-t", "agent-platform:demo", "--output", image],
            stdout=subprocess.PIPE, check=False, text=True,
        )  # fmt: skip
        if build.returncode != 0:
            return build.returncode
        print(f"built {build.stdout.strip()} in {time.monotonic() - began:.1f} s\n")
        return _start_and_call(image)


def _start_and_call(image: str) -> int:
    bind = os.environ.get(BIND) or free_address()
    command = [*LIGHTSHIP, "run", "-e", f"{BIND}={bind}", image]
    print(f"lightship run -e {BIND}={bind} {image}", flush=True)
    began = time.monotonic()
    running = subprocess.Popen(command, stdout=sys.stderr)
    try:
        if not wait_until_ready(bind, lambda: running.poll() is None):
            print("the application did not become ready", file=sys.stderr)
            return 1
        print(f"ready after {time.monotonic() - began:.1f} s (unpack, start, imports, documents indexed)\n")
        failed = call_routes(bind)
    finally:
        running.terminate()
        running.wait(timeout=60)
    print(f"\n{len(ROUTES) - len(failed)} of {len(ROUTES)} routes answer from inside the sandbox")
    return 1 if failed else 0


def copy_example(place: Path) -> Path:
    """The example below ``place``: a build writes its locks beside the project's own, and the checkout is to stay as it
    is. Locks that somebody wrote there, and what is not of the sources, stay behind."""
    project = place / EXAMPLE.name
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("node_modules", "__pycache__", "lightship-*.lock"))
    return project


def free_address() -> str:
    """``host:port`` on loopback that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"127.0.0.1:{listening.getsockname()[1]}"


def wait_until_ready(bind: str, alive: Callable[[], bool], *, timeout_s: float = 180) -> bool:
    """Ask for the health of what listens at ``bind`` until it answers; False when it ends, or has not in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and alive():
        try:
            with urllib.request.urlopen(f"http://{bind}/health", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def call_routes(bind: str) -> list[str]:
    """Call every route, print what it answered and how long it took; return those that failed, with the reason."""
    return [said for said in (_call(bind, route) for route in ROUTES) if said is not None]


def _call(bind: str, route: Route) -> str | None:
    name, path, body, check = route
    headers = {"Content-Type": "application/json"} if body else {}
    request = urllib.request.Request(f"http://{bind}{path}", data=body, headers=headers)
    began = time.monotonic()
    reason = None
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - an http address
            content = answer.read()
        if not check(content):
            reason = f"another answer than it should be: {content[:200]!r}"
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        reason = f"{type(error).__name__}: {error}"
    took_ms = 1000 * (time.monotonic() - began)
    print(f"  {'FAILED' if reason else 'ok    '} {name:<30} {path.partition('?')[0]:<14} {took_ms:6.0f} ms")
    return f"{name} ({path}): {reason}" if reason else None


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
