"""The demo in a real browser: its page from nginx, its API from the sandbox, all else from an object store behind
another origin. The same build moves to a second origin, and a tab that was opened before a release goes on after it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conformance.demo import Demo, lightship, running_demo
from tests.conformance.nginx import nginx_on_a_port
from tests.conformance.npm import npm
from tests.conformance.object_stores import ObjectStore, client, moto
from tests.conftest import require_tool
from tests.report.html.chromium import Browser, Page
from tools.demo import EXAMPLE

from lightship.assets.retarget.prefix import PLACEHOLDER

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.xdist_group("dockerd"),  # the demo's image is built once
]

SECTION = "document.querySelector('section').textContent"
ABOUT = "document.querySelector('#about')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything but the front end: where the API listens, the store, two CDNs over its folders ``a`` and ``b``."""

    api: str
    store: ObjectStore
    cdns: dict[str, str]
    cache: Path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = shutil.which("google-chrome") or require_tool("chromium")
    with Browser(program, tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.fixture(scope="module")
def stage(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    place = tmp_path_factory.mktemp("stage")
    (place / "store").mkdir()
    with (
        public(place / "store") as store,
        running_demo(demo, place / "api.log") as api,
        cdn(store, "a", place) as first,
        cdn(store, "b", place) as second,
    ):
        yield Stage(api=api, store=store, cdns={"a": f"http://{first}", "b": f"http://{second}"}, cache=demo.cache)


@contextmanager
def public(place: Path) -> Iterator[ObjectStore]:
    """A store whose objects everybody may read: what pushes need not, and does not, say for each of them."""
    read = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"}
    with moto(place) as store:
        policy = json.dumps({"Version": "2012-10-17", "Statement": [read]})
        client(store).put_bucket_policy(Bucket=store.bucket, Policy=policy)
        yield store


@contextmanager
def cdn(store: ObjectStore, folder: str, place: Path) -> Iterator[str]:
    """What stands before a store in a closed network: an origin of its own that lets other origins' pages in."""

    def http(at: str) -> str:
        return (
            f"server {{ listen {at}; location = /healthz {{ return 200 ok; }}\n"
            f"location / {{ proxy_pass {store.endpoint}/{store.bucket}/{folder}/;\n"
            "proxy_hide_header Access-Control-Allow-Origin; add_header Access-Control-Allow-Origin * always; } }"
        )

    with nginx_on_a_port(place / f"cdn-{folder}", http) as listening:
        yield listening


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The front end's sources with what its build needs."""
    place = tmp_path_factory.mktemp("sources") / "web"
    shutil.copytree(EXAMPLE / "web", place, ignore=shutil.ignore_patterns("node_modules", "dist"))
    subprocess.run([*npm(), "ci", "--no-audit", "--no-fund"], cwd=place, check=True, capture_output=True)
    return place


def built(sources: Path, into: Path, *, says: str = "distributions") -> Path:
    """A build for no origin in particular; ``says`` makes it another release."""
    script = (EXAMPLE / "web/src/about.js").read_text()
    assert "distributions`" in script
    (sources / "src/about.js").write_text(script.replace("distributions`", f"{says}`"))
    env = {**os.environ, "ASSET_PREFIX": f"{PLACEHOLDER}/"}
    vite = [*npm(), "run", "build", "--", "--outDir", str(into), "--logLevel", "error"]
    subprocess.run(vite, cwd=sources, check=True, env=env)
    return into


def released(dist: Path, stage: Stage, folder: str, *more: str) -> None:
    """As a pipeline does it: point the build at the CDN, then send what is new."""
    lightship("assets", "retarget", str(dist), "--cdn", stage.cdns[folder], cache=stage.cache)
    push = ["assets", "push", str(dist), "--to", f"s3://{stage.store.bucket}/{folder}", "--cdn", stage.cdns[folder]]
    lightship(*push, *more, cache=stage.cache, env=dict(stage.store.environment))


@contextmanager
def front(page: Path, stage: Stage, folder: str, own: Path) -> Iterator[str]:
    """nginx with the page alone; the policy lets scripts, styles, fonts and pictures come from the CDN and from nowhere
    else."""
    origin = stage.cdns[folder]
    policy = (
        f"default-src 'none'; connect-src 'self'; base-uri 'self'; script-src {origin}; font-src {origin}; "
        f"img-src {origin}; style-src {origin} 'unsafe-inline'"  # what draws formulas and diagrams writes styles
    )
    proxies = [word for path in ("/about", "/search") for word in ("--proxy", f"{path}=http://{stage.api}")]
    text = lightship("assets", "nginx", str(page), "--csp", policy, *proxies, cache=stage.cache)
    assert text.count("listen 8080;") == 1

    def http(at: str) -> str:
        return text.replace("listen 8080;", f"listen {at};")

    with nginx_on_a_port(own, http) as listening:
        yield f"http://{listening}"


def only_page(dist: Path, place: Path) -> Path:
    """What is left for the server: the page, and nothing that it asks for."""
    place.mkdir(exist_ok=True)
    shutil.copy(dist / "index.html", place)
    return place


def works(page: Page, origin: str, site: str, *, says: str = "distributions") -> None:
    """Every part does what it is for, and came from where it should."""
    page.ask("document.fonts.load('16px Inter').then(() => document.fonts.ready)")
    assert page.ask("[...document.fonts].some(it => it.status === 'loaded')")
    page.click("document.querySelector('#figure')")
    page.wait("document.querySelector('figure svg')")
    page.ask("document.fonts.ready.then(() => true)")
    page.click(ABOUT)
    page.wait(f"{SECTION}.includes('{says}')")
    assert page.ask("getComputedStyle(document.querySelector('section')).borderLeftStyle") == "solid"
    page.click("document.querySelector('input')")
    page.write("which ship is a lighthouse")
    page.press("Enter")
    page.wait("document.querySelector('li')?.textContent.startsWith('sailing.md')")
    assert page.errors == []
    own = {url.split("?")[0] for url in page.requests if url.startswith(site)}
    assert own == {f"{site}/", f"{site}/about", f"{site}/search"}
    others = [url for url in page.requests if not url.startswith(site)]
    assert all(url.startswith(f"{origin}/assets/") for url in others)
    assert {url.rpartition(".")[2] for url in others} == {"js", "css", "svg", "woff2"}


def test_it_loads_from_another_origin_and_moves_to_a_second_without_a_build(
    stage: Stage, browser: Browser, sources: Path, tmp_path: Path
) -> None:
    dist = built(sources, tmp_path / "dist")
    for folder in ("a", "b"):
        released(dist, stage, folder)
        with front(only_page(dist, tmp_path / f"page-{folder}"), stage, folder, tmp_path / f"front-{folder}") as site:
            page = Page(browser)
            page.open(site)
            works(page, stage.cdns[folder], site)


def test_a_tab_that_was_opened_before_a_release_goes_on(
    stage: Stage, browser: Browser, sources: Path, tmp_path: Path
) -> None:
    """The part that is loaded late has another name in the next release, and the old one is still there: until as many
    releases came as were to be kept."""
    dist = built(sources, tmp_path / "one")
    released(dist, stage, "a")
    root = only_page(dist, tmp_path / "page")
    with front(root, stage, "a", tmp_path / "front") as site:
        old, older = Page(browser), Page(browser)
        old.open(site)
        older.open(site)
        following = built(sources, tmp_path / "two", says="packages")
        released(following, stage, "a")
        only_page(following, root)
        old.show()
        old.forget()
        works(old, stage.cdns["a"], site)
        fresh = Page(browser)
        fresh.open(site)
        works(fresh, stage.cdns["a"], site, says="packages")
        last = built(sources, tmp_path / "three", says="wheels")
        released(last, stage, "a", "--keep", "1")
        older.show()
        older.forget()
        older.ask("void addEventListener('vite:preloadError', () => { window.gone = true; })")
        older.click(ABOUT)
        older.wait("window.gone")  # so much for the proof that it was the kept release that helped
