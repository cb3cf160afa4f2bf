"""Images of `lightship assets image` from the host's own archive and index, in a real engine: read-only, as any user,
and the same bytes for every kind of client."""

import contextlib
import gzip
import http.client
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import brotli
import pytest
from tests.conformance.conftest import Dockerd
from tests.conformance.demo import LIGHTSHIP, lightship
from tests.conformance.npm import npm
from tests.conftest import require_tool
from tests.flows.front_end import PAGES, SCRIPT, write_files
from tools.demo import free_address

pytestmark = [pytest.mark.conformance, pytest.mark.xdist_group("dockerd")]

WEB, SERVER = "registry.example/agent/web:test", "registry.example/agent/server:test"
HARD = ("--read-only", "--user", "54321:0", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
_PATIENCE_S = 60
_SERVER = b"""\
import http from 'node:http';
import fs from 'node:fs';
import https from 'node:https';
http.createServer((request, response) => {
  let writable = true;
  try { fs.writeFileSync('/app/x', ''); } catch { writable = false; }
  response.end(JSON.stringify({
    version: process.version, uid: process.getuid(), writable, mode: process.env.NODE_ENV,
    roots: fs.readFileSync('/etc/ssl/certs/ca-certificates.crt', 'utf8').split('BEGIN CERTIFICATE').length > 50,
    zone: new Intl.DateTimeFormat('de-DE', { timeZone: 'Europe/Berlin', timeStyle: 'short' }).format(new Date(0)),
    agent: typeof https.Agent,
  }));
}).listen(Number(process.env.PORT), process.env.HOST);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def plain(self) -> bytes:
        decode = {"gzip": gzip.decompress, "br": brotli.decompress}
        encoding = self.headers.get("content-encoding")
        return decode[encoding](self.body) if encoding else self.body


def ask(address: str, path: str, **headers: str) -> Answer:
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(status=answer.status, headers=found, body=answer.read())
    finally:
        connection.close()


def wait_until_it_answers(address: str, path: str, still: "Container | None" = None) -> None:
    limit = time.monotonic() + _PATIENCE_S
    while time.monotonic() < limit:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if ask(address, path).status < 500:
                return
        if still is not None and not still.is_running:
            pytest.fail(f"it ended: {still.logs}")
        time.sleep(0.05)
    pytest.fail(f"nothing answers: {still.logs if still is not None else address}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    engine: Dockerd
    name: str
    address: str

    @property
    def is_running(self) -> bool:
        return self.engine.docker("inspect", "--format", "{{.State.Running}}", self.name).strip() == "true"

    @property
    def logs(self) -> str:
        return self.engine.docker("logs", self.name)[-4000:]

    def stop(self) -> int:
        """Ask it to end, and kill it after a minute; its exit status."""
        self.engine.docker("stop", "--time", "60", self.name)
        return int(self.engine.docker("inspect", "--format", "{{.State.ExitCode}}", self.name))


@contextlib.contextmanager
def running(engine: Dockerd, archive: Path, image: str, address: str, *options: str) -> Iterator[Container]:
    engine.docker("load", "--input", str(archive))
    name = engine.docker("run", "--detach", "--network", "host", *options, image).strip()
    try:
        container = Container(engine=engine, name=name, address=address)
        wait_until_it_answers(address, "/", container)
        yield container
    finally:
        engine.docker("rm", "--force", name)
        engine.docker("image", "rm", "--force", image)


@pytest.fixture(scope="session")
def kept(request: pytest.FixtureRequest) -> Path:
    """A cache that outlives the session: packages and a Node are downloaded once."""
    cache = request.config.cache
    assert cache is not None
    return cache.mkdir("assets-image")


def build(place: Path, directory: Path, image: str, kept: Path, *more: str) -> Path:
    """The image as an archive for an engine; its lock is in ``place``."""
    archive = place / "image.tar"
    outputs = ("--output", f"docker-archive:{archive}", "--output", f"oci:{place / 'layout'}")
    lightship(
        "assets", "image", str(directory), "-t", image, *outputs, "--base-lock", str(place), *more,
        cache=kept, timeout_s=1200,
    )  # fmt: skip
    return archive


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_files(tmp_path / "site" / "dist", PAGES)


@pytest.mark.parametrize("mode", ["sidecar", "gzip-only"])
def test_static_files_are_served_to_every_kind_of_client(
    dockerd: Dockerd, tmp_path: Path, site: Path, kept: Path, mode: str
) -> None:
    address = free_address()
    more = ["--port", address.rpartition(":")[2], "--compress", "ci", "--mode", mode]
    brotli_too = ["--brotli"] if mode == "sidecar" else []
    archive = build(tmp_path, site, WEB, kept, *more, *brotli_too)
    # what the image has in /tmp is hidden by a tmpfs, which a configuration that proxies wants
    hard = (*HARD, *(("--tmpfs", "/tmp") if mode == "gzip-only" else ()))
    with running(dockerd, archive, WEB, address, *hard) as container:
        script = "/assets/index-DiwrgT4a.js"
        kinds = {encoding: ask(address, script, Accept_Encoding=encoding) for encoding in ("identity", "gzip", "br")}
        for encoding, answer in kinds.items():
            assert (answer.status, answer.plain) == (200, SCRIPT), encoding
            assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert kinds["gzip"].headers["content-encoding"] == "gzip"
        assert len(kinds["gzip"].body) < len(SCRIPT) / 2
        if mode == "sidecar":
            assert kinds["br"].headers["content-encoding"] == "br"
            assert {answer.headers["vary"] for answer in kinds.values()} == {"Accept-Encoding"}
            assert len({answer.headers["etag"] for answer in kinds.values()}) == 3
        assert ask(address, script, Accept_Encoding="gzip", If_None_Match=kinds["gzip"].headers["etag"]).status == 304
        page = ask(address, "/")
        assert (page.plain, page.headers["cache-control"]) == (PAGES["index.html"], "no-cache")
        assert ask(address, "/a/route").plain == PAGES["index.html"]
        assert ask(address, "/assets/gone-12345678.js").status == 404
        assert ask(address, "/favicon.ico").plain == PAGES["favicon.ico"]
        assert ask(address, "/two%20words.txt").plain == PAGES["two words.txt"]
        assert ask(address, "/healthz").body == b"ok\n"
        assert "GET /a/route" in container.logs
        assert "alert" not in container.logs
        assert "emerg" not in container.logs
        assert container.stop() == 0


def test_a_changed_file_of_equal_size_is_not_answered_with_304(
    dockerd: Dockerd, tmp_path: Path, site: Path, kept: Path
) -> None:
    tags: list[str] = []
    for content in (b"a { color: black }\n", b"a { color: white }\n"):
        (site / "plain.css").write_bytes(content * 100)
        address = free_address()
        archive = build(tmp_path, site, WEB, kept, "--port", address.rpartition(":")[2], "--compress", "ci")
        with running(dockerd, archive, WEB, address, *HARD):
            before = {"If_None_Match": tags[0]} if tags else {}
            answer = ask(address, "/plain.css", Accept_Encoding="gzip", **before)
            assert (answer.status, answer.plain) == (200, content * 100)
            tags.append(answer.headers["etag"])
    assert len(set(tags)) == 2


def test_the_same_image_runs_without_an_engine_and_is_verified(tmp_path: Path, site: Path, kept: Path) -> None:
    require_tool("bwrap")
    address = free_address()
    build(tmp_path, site, WEB, kept, "--port", address.rpartition(":")[2], "--compress", "ci")
    layout = f"oci:{tmp_path / 'layout'}"
    report = json.loads(lightship("verify", layout, "--format", "json", cache=kept))
    assert report["passed"], report
    assert report["python"] is None
    made = {check["name"] for check in report["checks"] if not check["skipped"]}
    assert {"libraries", "commands", "ground"} <= made
    command = [LIGHTSHIP, "run", "--cache-dir", str(kept), layout]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_it_answers(address, "/")
            assert ask(address, "/").plain == PAGES["index.html"]
        finally:
            process.terminate()
            process.wait(timeout=60)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("server { listen 8080; root /usr/share/nginx/html; expires 1h }", 'unexpected "}"'),
        ("server { listen 8080; prox_pass http://x; }", 'unknown directive "prox_pass"'),
        ("server { listen 80; location / { proxy_pass http://api.invalid:5001; } }", None),
        ("server { listen 443 ssl; ssl_certificate /run/tls.pem; ssl_certificate_key /run/tls.key; }", None),
        ("server { listen 8080; location / { gzip_static on; try_files $uri /index.html; } }", None),
    ],
)
def test_a_configuration_is_tried_by_its_nginx(
    tmp_path: Path, site: Path, kept: Path, text: str, fault: str | None
) -> None:
    require_tool("bwrap")
    own = tmp_path / "own.conf"
    own.write_text(text)
    words = ["assets", "image", str(site), "--nginx", str(own), "--base-lock", str(tmp_path)]
    command = [LIGHTSHIP, *words, "--output", f"oci:{tmp_path / 'layout'}", "--cache-dir", str(kept)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if fault is None:
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode == 2, done.stderr
        assert f"nginx refuses {own}: {fault}" in done.stderr
        assert not (tmp_path / "layout").exists()


def test_a_real_next_js_answers_with_its_static_files(dockerd: Dockerd, tmp_path: Path, kept: Path) -> None:
    """Its standalone folder as the build left it: nobody copied ``.next/static`` and ``public``. A minute, and npm's
    registry."""
    app = tmp_path / "app"
    shutil.copytree(Path(__file__).with_name("next_app"), app)
    env = {**os.environ, "NEXT_TELEMETRY_DISABLED": "1", "CI": "1"}
    subprocess.run([*npm(), "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=app, check=True, env=env)
    subprocess.run([*npm(), "exec", "--", "next", "build"], cwd=app, check=True, env=env)
    archive = build(tmp_path, app / ".next" / "standalone", SERVER, kept, "--node", "22")
    address = free_address()
    port = f"PORT={address.rpartition(':')[2]}"
    with running(dockerd, archive, SERVER, address, *HARD, "--tmpfs", "/app/.next/cache", "--env", port) as container:
        page = ask(address, "/")
        assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        linked = sorted(set(re.findall(r"/_next/static/[^\"'\\ ]+", page.plain.decode())))
        assert [path for path in linked if path.endswith(".js")]
        for path in linked:
            answer = ask(address, path)
            assert answer.status == 200, path
            assert answer.plain == (app / ".next" / path.removeprefix("/_next/")).read_bytes()
        logo = ask(address, "/logo.png")
        assert (logo.status, logo.body) == (200, (app / "public" / "logo.png").read_bytes())
        assert ask(address, "/about").status == 200
        assert ask(address, "/nowhere").status == 404
        assert container.stop() == 0, "Next.js listens for SIGTERM"
        assert "EROFS" not in container.logs


@pytest.mark.parametrize("node", ["debian", "22"])
def test_a_node_server_answers_and_ends_when_it_is_asked_to(
    dockerd: Dockerd, tmp_path: Path, kept: Path, node: str
) -> None:
    """It has no handler of SIGTERM, and would be killed after a minute as process 1."""
    server = write_files(tmp_path / "server", {"server.mjs": _SERVER, "package.json": b"{}"})
    archive = build(tmp_path, server, SERVER, kept, "--node", node)
    address = free_address()
    port = f"PORT={address.rpartition(':')[2]}"
    with running(dockerd, archive, SERVER, address, *HARD, "--env", port) as container:
        said = json.loads(ask(address, "/").body)
        assert said.pop("version").startswith("v22." if node == "22" else "v")
        assert said == {
            "uid": 54321, "writable": False, "mode": "production", "roots": True, "zone": "01:00", "agent": "function",
        }  # fmt: skip
        assert container.stop() == 143
