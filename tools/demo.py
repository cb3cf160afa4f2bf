"""``make demo``: build examples/agent-platform, start it in the sandbox, call its routes, print what it took.

Everything that is printed was measured in this run.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "agent-platform"
LIGHTSHIP = [str(ROOT / ".venv" / "bin" / "lightship")]
ADDRESS = "http://127.0.0.1:5001"

Check = Callable[[bytes], bool]


def _json(accept: Callable[[object], bool]) -> Check:
    return lambda body: accept(json.loads(body))


def _first(answer: object) -> object:
    return answer["results"][0]["name"]  # type: ignore[index]


ROUTES: tuple[tuple[str, str, bytes | None, Check], ...] = (
    ("the database answers", "/health", None, _json(lambda a: a == {"documents": 5, "status": "ok"})),
    ("documents were parsed", "/documents", None, _json(lambda a: len(a) == 5)),
    ("retrieval", "/search?q=which%20ship%20is%20a%20lighthouse", None, _json(lambda a: _first(a) == "sailing.md")),
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
        image = f"oci:{scratch}/image"
        print(f"lightship build {EXAMPLE.relative_to(ROOT)} --output {image}", flush=True)
        began = time.monotonic()
        build = subprocess.run(
            [*LIGHTSHIP, "build", str(EXAMPLE), "-t", "agent-platform:demo", "--output", image],
            stdout=subprocess.PIPE, check=False, text=True,
        )  # fmt: skip
        if build.returncode != 0:
            return build.returncode
        print(f"built {build.stdout.strip()} in {time.monotonic() - began:.1f} s\n")
        return _call_routes(image)


def _call_routes(image: str) -> int:
    print(f"lightship run {image}", flush=True)
    began = time.monotonic()
    running = subprocess.Popen([*LIGHTSHIP, "run", image], stdout=sys.stderr)
    try:
        if not _wait(running, time.monotonic() + 180):
            print("the application did not become ready", file=sys.stderr)
            return 1
        print(f"ready after {time.monotonic() - began:.1f} s (unpack, start, imports, documents indexed)\n")
        failed = sum(not _call(*route) for route in ROUTES)
    finally:
        running.terminate()
        running.wait(timeout=60)
    print(f"\n{len(ROUTES) - failed} of {len(ROUTES)} routes answer from inside the sandbox")
    return 1 if failed else 0


def _wait(running: "subprocess.Popen[bytes]", deadline: float) -> bool:
    while time.monotonic() < deadline and running.poll() is None:
        try:
            with urllib.request.urlopen(f"{ADDRESS}/health", timeout=5):  # noqa: S310 - a fixed http address
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def _call(name: str, path: str, body: bytes | None, check: Check) -> bool:
    headers = {"Content-Type": "application/json"} if body else {}
    request = urllib.request.Request(ADDRESS + path, data=body, headers=headers)  # noqa: S310 - a fixed http address
    began = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            good = check(answer.read())
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        print(f"  FAILED {name}: {error}")
        return False
    took_ms = 1000 * (time.monotonic() - began)
    print(f"  {'ok    ' if good else 'FAILED'} {name:<30} {path.partition('?')[0]:<14} {took_ms:6.0f} ms")
    return good


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
