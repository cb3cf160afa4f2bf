"""A real Next.js server in a real browser, built once: for one CDN, for another, for its own origin, and back."""

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.assets.retarget.next.make import build
from tests.conformance.demo import lightship
from tests.conformance.nginx import nginx_on_a_port
from tests.conformance.npm import npm
from tests.conftest import require_tool
from tests.report.html.chromium import Browser, Page

pytestmark = [pytest.mark.conformance, pytest.mark.network, pytest.mark.slow]

_PATIENCE_S = 120
TYPES = "types { text/css css; text/javascript js; image/png png; }"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_tool("node")
    root = tmp_path_factory.mktemp("next")
    build(root, npm(), UNOPTIMIZED="1")
    shutil.copytree(root / "public", root / ".next/standalone/public")
    return root / ".next"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = shutil.which("google-chrome") or require_tool("chromium")
    with Browser(program, tmp_path_factory.mktemp("chromium")) as started:
        yield started


@contextmanager
def cdn(built: Path, place: Path) -> Iterator[str]:
    """An origin with the static files below ``/x``, as they are at each moment."""

    def http(at: str) -> str:
        return (
            f"{TYPES}\nserver {{ listen {at}; location = /healthz {{ return 200 ok; }}\n"
            f"location /x/_next/static/ {{ alias {built}/static/; add_header Access-Control-Allow-Origin *; }} }}"
        )

    with nginx_on_a_port(place, http) as listening:
        yield f"http://{listening}/x"


@contextmanager
def server(built: Path, log: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {**os.environ, "PORT": str(port), "HOSTNAME": "127.0.0.1"}
    words = [require_tool("node"), "server.js"]
    with (
        log.open("wb") as stream,
        subprocess.Popen(words, cwd=built / "standalone", env=env, stdout=stream, stderr=stream) as process,
    ):
        try:
            site = f"http://127.0.0.1:{port}"
            limit = time.monotonic() + _PATIENCE_S
            while not answers(f"{site}/"):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < limit, "the server does not answer"
                time.sleep(0.1)
            yield site
        finally:
            process.terminate()
            process.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_S) as response:  # noqa: S310 - loopback
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def works(browser: Browser, site: str, assets: str) -> None:
    """Pages answer and come alive, without an error, and all that the build made is asked of ``assets``."""
    for path, title in (("/", "Welcome"), ("/about", "About"), ("/old", "old")):
        page = Page(browser)
        page.open(f"{site}{path}")
        assert page.ask("document.querySelector('h1').textContent") == title
        if path == "/":
            page.wait("Object.keys(document.querySelector('button')).some(it => it.startsWith('__react'))")
            page.click("document.querySelector('button')")
            page.wait("document.querySelector('button').textContent === '1'")
            assert page.ask("[...document.images].every(it => it.complete && it.naturalWidth > 0)")
        assert [error for error in page.errors if "/favicon.ico" not in str(error)] == []  # browsers ask by themselves
        made = [url for url in page.requests if "/_next/static/" in url]
        assert made
        assert all(url.startswith(f"{assets}/_next/static/") for url in made)


def test_one_build_serves_two_cdns_and_its_own_origin(built: Path, browser: Browser, tmp_path: Path) -> None:
    made: dict[Path, bytes] = {}
    with cdn(built, tmp_path / "a") as first, cdn(built, tmp_path / "b") as second:
        for number, assets in enumerate((first, second)):
            lightship("assets", "retarget", str(built), "--cdn", assets, cache=tmp_path / "cache")
            made = made or {path: path.read_bytes() for path in built.rglob("*") if path.is_file()}
            with server(built, tmp_path / f"{number}.log") as site:
                works(browser, site, assets)
    lightship("assets", "retarget", str(built), "--origin", cache=tmp_path / "cache")
    own = built / "standalone/.next/static"
    own.symlink_to(built / "static")
    with server(built, tmp_path / "own.log") as site:
        works(browser, site, site)
    own.unlink()
    lightship("assets", "retarget", str(built), "--cdn", first, cache=tmp_path / "cache")
    assert {path: path.read_bytes() for path in built.rglob("*") if path in made} == made
