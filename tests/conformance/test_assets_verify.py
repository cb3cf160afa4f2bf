"""``assets verify`` with Debian's nginx: what `assets nginx` writes is clean, and what is usually wrong is found."""

import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.conformance.nginx import nginx_on_a_port
from tests.conftest import require_tool

from lightship.assets.model import CompressOptions, Times
from lightship.assets.verify.reach import Limits
from lightship.errors import InputError
from lightship.flows.assets.compress import NginxRequest, compress_assets, configure_nginx
from lightship.flows.assets.verify import AssetsVerifyRequest, verify_assets
from lightship.flows.assets.verify_report import AssetsVerifyOutcome, assets_verify_report
from lightship.progress import SILENT
from lightship.store.cache import Cache
from lightship.store.registry.access import RegistryAccess

pytestmark = pytest.mark.conformance

TEXT = b"export function greet(name) { return `hello ${name}`; }\n" * 60
PAGE = (
    b"<!doctype html><html><meta charset=utf-8><link rel=stylesheet href=/assets/style-C3xYz9ab.css>"
    b"<script type=module src=/assets/index-DiwrgT4a.js></script><img src=/picture.png><p>some words of a page</p>"
) + b"<p>words</p>" * 200
FILES = {
    "index.html": PAGE,
    "docs/index.html": PAGE.replace(b"words", b"pages"),
    "assets/index-DiwrgT4a.js": b"import('./late-Ab3dEf9h.js');\n" + TEXT,
    "assets/late-Ab3dEf9h.js": TEXT,
    "assets/style-C3xYz9ab.css": b"body {}\n/* " + TEXT + b"*/",
    "app.mjs": TEXT,
    "engine.wasm": b"\0asm" + TEXT,
    "logo.svg": b"<svg xmlns='http://www.w3.org/2000/svg'>" + TEXT + b"</svg>",
    "two words.json": b"[" + b'{"key": "value"},' * 200 + b"{}]",
    "picture.png": b"\x89PNG\r\n" + bytes(range(256)) * 8,
    "a+b=c&d;e@f.js": TEXT,
    "50%25 off.js": TEXT,
    "größe/日本語.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "[slug]/#page?.js": b"1",
    os.fsdecode(b"caf\xe9 \n.css"): b"a {}",
    "a:b.txt": b"text",
    ".well-known/security.txt": b"Contact: mailto:security@app.example\n",
}


@pytest.fixture
def web(tmp_path: Path) -> Path:
    require_tool("nginx")
    require_tool("bwrap")
    root = tmp_path / "web"
    for name, content in FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return root


def compress(web: Path, *, times: Times = "content") -> None:
    options = CompressOptions(level="ci", times=times)
    assert compress_assets(web, options, Cache(web.parent / "cache"), SILENT, jobs=2).good


def verify(target: str | Path, **request: object) -> AssetsVerifyOutcome:
    wanted = AssetsVerifyRequest(target=str(target), limits=Limits(timeout_s=60), **request)  # type: ignore[arg-type]
    return verify_assets(wanted, RegistryAccess(), SILENT)


def codes(outcome: AssetsVerifyOutcome) -> set[str]:
    return {finding.code for finding in outcome.findings}


@pytest.mark.parametrize("mode", ["sidecar", "gzip-only"])
def test_what_lightship_writes_is_clean(web: Path, mode: str) -> None:
    options = CompressOptions(level="ci", mode=mode)  # type: ignore[arg-type]
    assert compress_assets(web, options, Cache(web.parent / "cache"), SILENT, jobs=2).good
    text, _ = configure_nginx(NginxRequest(directory=web, brotli=mode == "sidecar"))
    (web.parent / "web.conf").write_text(text)
    outcome = verify(web, nginx=web.parent / "web.conf")
    assert outcome.findings == ()
    assert outcome.passed
    assert outcome.site is not None
    seen = {asset.url.removeprefix("http://localhost/"): asset for asset in outcome.site.assets}
    assert {quote(os.fsencode(name)) for name in FILES} <= set(seen)
    text_there = (asset for asset in seen.values() if asset.suffix in ("js", "css", "html", "svg"))
    brotli = {asset.replies["br"].encoding for asset in text_there if asset.replies["identity"].plain_bytes >= 1024}
    assert brotli == {"br" if mode == "sidecar" else "gzip"}


USUAL = """server { listen 80 default_server; root /usr/share/nginx/html;
    location / { try_files $uri $uri/ /index.html; } %s }"""
WRONG = {
    "as often written": ("", {
        "absent-found", "uncompressed", "lifetime-guessed", "hashed-not-kept", "nosniff-missing", "type-wrong",
    }),
    "everything is kept": ("add_header X-Content-Type-Options nosniff; expires 1y; gzip_static on; gzip_vary on;", {
        "page-kept", "kept-too-long", "absent-found", "type-wrong",
    }),
    "compressed on the fly, without Vary": ("gzip on; gzip_types *; expires -1;", {
        "vary-missing", "absent-found", "nosniff-missing", "hashed-not-kept", "type-wrong", "compressed-larger",
    }),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_usually_wrong_is_found(web: Path, name: str) -> None:
    lines, wanted = WRONG[name]
    compress(web)
    (web.parent / "web.conf").write_text(USUAL % lines)
    outcome = verify(web, nginx=web.parent / "web.conf")
    assert codes(outcome) - {"uncompressed"} == wanted - {"uncompressed"}
    assert not outcome.passed


def test_a_directory_below_a_path_and_a_whole_configuration(web: Path) -> None:
    compress(web)
    lines = """location /static/ { alias /app/static/; gzip_static on; gzip_vary on; etag on;
        add_header X-Content-Type-Options nosniff; add_header Cache-Control no-cache; }"""
    (web.parent / "conf.d").mkdir()
    (web.parent / "conf.d/site.conf").write_text(f"server {{ listen 443 ssl; root /elsewhere; {lines} }}")
    (web.parent / "nginx.conf").write_text(
        "user www-data; events { } http { include /etc/nginx/mime.types; include /etc/nginx/conf.d/*.conf; }"
    )
    outcome = verify(web, nginx=web.parent / "nginx.conf", nginx_root="/app/static", base="/static/")
    assert outcome.site is not None
    assert outcome.site.root == "http://localhost/static/"
    # its pages name /assets/…, which is elsewhere
    assert codes(outcome) == {"asset-missing", "reference-missing", "hashed-not-kept", "type-wrong"}
    missing = {one.location for one in outcome.findings if one.code == "asset-missing"}
    assert all(not url.startswith("http://localhost/static/") for url in missing)


def test_the_shell_loops_empty_sidecars_are_found_as_browsers_get_them(web: Path) -> None:
    compress(web)
    for file in web.rglob("*.br"):
        file.write_bytes(b"")
    (web / "app.mjs.gz").write_bytes(b"")
    text, _ = configure_nginx(NginxRequest(directory=web, brotli=True))
    (web.parent / "web.conf").write_text(text)
    outcome = verify(web, nginx=web.parent / "web.conf")
    assert codes(outcome) == {"sidecar-empty", "answer-empty"}
    empty = {one.location for one in outcome.findings if one.code == "answer-empty"}
    assert empty >= {f"http://localhost/{name}" for name in ("", "app.mjs", "logo.svg", "two%20words.json")}


def test_the_etag_that_lies_is_found_over_http(web: Path) -> None:
    """As a reproducible build does: other bytes of one size, and the one time that everything has."""

    def release(content: bytes) -> None:
        (web / "index.html").write_bytes(content)
        compress(web, times="keep")
        for path in web.rglob("*"):
            os.utime(path, (1_700_000_000, 1_700_000_000))

    report = web.parent / "before.json"
    text, _ = configure_nginx(NginxRequest(directory=web))

    def http(place: str) -> str:
        return text.replace("listen 8080;", f"listen {place};")

    release(PAGE)
    with nginx_on_a_port(web.parent / "nginx", http) as place:
        before = verify(f"http://{place}/")
        assert before.findings == ()
        report.write_text(json.dumps(assets_verify_report(before).document))
        release(PAGE.replace(b"some words", b"same words"))
        after = verify(f"http://{place}/", releases=(str(report),))
        assert [(one.code, one.location) for one in after.findings] == [("etag-stale", f"http://{place}/")]
        compress(web)
        assert verify(f"http://{place}/", releases=(str(report),)).findings == ()
    for path in web.rglob("*"):
        os.utime(path, (499_162_500, 499_162_500))
    (web.parent / "web.conf").write_text(text)
    fixed = verify(web, nginx=web.parent / "web.conf")
    assert codes(fixed) == {"one-time", "etag-one-time"}, "a time that no build has tells it without a release before"


def test_a_configuration_that_nginx_does_not_take_is_one_sentence(web: Path) -> None:
    (web.parent / "web.conf").write_text("server { no_such_directive on; }")
    with pytest.raises(InputError) as caught:
        verify(web, nginx=web.parent / "web.conf")
    assert str(caught.value) == (f'nginx does not take {web.parent}/web.conf: unknown directive "no_such_directive"')


def test_a_hostile_configuration_reaches_nothing(web: Path) -> None:
    secret = web.parent / "secret.txt"
    secret.write_text("a secret of the host")
    (web / "link.txt").symlink_to(secret)
    (web.parent / "web.conf").write_text(
        "server { root /x; location /etc/ { alias /etc/; } location /home/ { alias "
        f"{web.parent}/;"
        " } location /out/ { proxy_pass http://127.0.0.1:22/; } location /write { dav_methods PUT; } }"
    )
    outcome = verify(web, nginx=web.parent / "web.conf", only=("answers",))
    assert outcome.findings == ()
    from lightship.assets.verify.fetch import Fetcher
    from lightship.assets.verify.nginx_adapt import NginxTrialRequest, adapt_nginx
    from lightship.assets.verify.nginx_trial import nginx_trial
    from lightship.assets.verify.reach import Reach

    adapted = adapt_nginx(NginxTrialRequest(configuration=web.parent / "web.conf"))
    with nginx_trial(web, adapted, "web.conf") as socket:
        with Fetcher(Reach(site="http://localhost", socket=socket), RegistryAccess()) as fetcher:
            assert fetcher.ask("http://localhost/etc/shadow").status == 404
            assert fetcher.ask("http://localhost/home/secret.txt").status == 404
            assert fetcher.ask("http://localhost/link.txt").status == 404, "a link out of the directory"
            assert fetcher.ask("http://localhost/out/").status == 502, "no network"
            assert fetcher.ask("http://localhost/write", method="PUT").status in (403, 405, 409, 500)
            assert fetcher.ask("http://localhost/").body == PAGE
        running = socket.parent
    assert not running.exists()
    assert {path.name for path in web.iterdir()} == {
        *(name.partition("/")[0] for name in FILES), "link.txt",
    }  # fmt: skip
