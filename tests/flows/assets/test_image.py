"""Images of static files and of Node servers, of a pretend archive: what is in them, and that nothing is done twice."""

import gzip
import hashlib
import io
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import brotli
import pytest
from tests.base.pretend_elf import shared_object
from tests.flows.front_end import FOREIGN, NEXT, PAGES, SCRIPT, FrontEnd, front_end, write_files
from tests.flows.world import listing, opened

from lightship.archive.tar import TarMember
from lightship.assets.times import content_time
from lightship.base.lock import read_lock
from lightship.errors import InputError, LightshipError, UsageError
from lightship.flows.assets.image import AssetsImageOutcome
from lightship.flows.assets.image_request import WebWeights
from lightship.flows.outcome import BuildOutcome, IndexOutcome
from lightship.oci.config import ImageConfig, Runtime
from lightship.oci.platform import Platform
from lightship.store.cache import Cache
from lightship.store.select import host_platform

HTML = "usr/share/nginx/html"


@pytest.fixture
def front(tmp_path: Path) -> Iterator[FrontEnd]:
    with front_end(tmp_path) as made:
        yield made


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    return write_files(tmp_path / "site" / "dist", PAGES)


@pytest.fixture
def standalone(tmp_path: Path) -> Path:
    return write_files(tmp_path / "next", NEXT) / ".next" / "standalone"


def image(front: FrontEnd, out: str = "out") -> dict[str, TarMember]:
    with opened(front.root / out) as found:
        return listing(found)


def runtime(front: FrontEnd, out: str = "out") -> Runtime:
    with opened(front.root / out) as found:
        return ImageConfig.parse(found.raw_config).runtime


def contents(front: FrontEnd, out: str = "out") -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with opened(front.root / out) as opened_image:
        for layer in opened_image.layers:
            with layer.open_tar() as stream:
                tar = io.BytesIO(stream.read())
            with tarfile.open(fileobj=tar) as members:
                files = [(member.name, members.extractfile(member)) for member in members if member.isfile()]
                found |= {name: file.read() for name, file in files if file is not None}
    return found


def only(outcome: AssetsImageOutcome) -> BuildOutcome:
    assert isinstance(outcome.build, BuildOutcome)
    return outcome.build


def weights(outcome: AssetsImageOutcome) -> WebWeights:
    assert outcome.web is not None
    return outcome.web


def codes(outcome: AssetsImageOutcome) -> set[str]:
    return {finding.code for finding in outcome.build.findings}


def text(content: bytes) -> str:
    return content.decode()


def layers(outcome: AssetsImageOutcome) -> dict[str, str]:
    return {layer.name: layer.digest for layer in only(outcome).layers}


# nginx


def test_static_files_get_nginx_and_what_it_needs(front: FrontEnd, pages: Path) -> None:
    outcome = front.build(pages)
    found = image(front)
    assert (outcome.server.kind, outcome.server.version) == ("nginx", "1.22.1-9")
    assert [layer.name for layer in only(outcome).layers] == ["nginx", "configuration", "web"]
    assert {f"{HTML}/{name}" for name in PAGES} <= found.keys()
    assert {"usr/sbin/nginx", "etc/nginx/nginx.conf", "etc/nginx/conf.d/default.conf"} <= found.keys()
    assert not [path for path in found if "gconv" in path or "python" in path or path.endswith("/sh")]
    for path in ("tmp/nginx-client_body", "var/lib/nginx/body", "var/lib/nginx/proxy"):
        assert (found[path].type, found[path].mode) == ("dir", 0o1777)
    assert found["var/log/nginx/error.log"].link_target == "/dev/stderr"
    assert not [note for note in front.noted.notes if "postinst" in note]


def test_the_config_says_how_it_is_started(front: FrontEnd, pages: Path) -> None:
    front.build(pages, env={"TZ": "UTC"}, label={"team": "web"}, tags=("registry.example/web:1.2",))
    said = runtime(front)
    assert said.entrypoint == ("/usr/sbin/nginx", "-e", "stderr")
    assert (said.user, said.stop_signal) == ("1001:1001", "SIGQUIT")
    assert said.environment["TZ"] == "UTC"
    assert said.labels["team"] == "web"
    assert said.labels["dev.lightship.probe.http"] == "http://127.0.0.1:8080/"
    assert said.labels["org.opencontainers.image.title"] == "registry.example/web:1.2"


def test_times_are_of_contents_whatever_the_checkout_and_the_epoch_say(front: FrontEnd, pages: Path) -> None:
    os.utime(pages / "index.html", (1_700_000_000, 1_700_000_000))
    first = front.build(pages)
    os.utime(pages / "index.html", (1_800_000_000, 1_800_000_000))
    again = front.build(pages, out="again")
    later = front.build(pages, out="later", epoch=1_750_000_000)
    assert only(first).digest == only(again).digest
    for out in ("out", "later"):
        found = image(front, out)
        times = {name: found[f"{HTML}/{name}"].mtime for name in PAGES}
        assert times == {name: content_time(hashlib.sha256(content).hexdigest()) for name, content in PAGES.items()}
    assert image(front, "later")["usr/sbin/nginx"].mtime == 1_750_000_000
    assert only(later).digest != only(first).digest


def test_a_changed_file_of_equal_size_has_another_time(front: FrontEnd, pages: Path) -> None:
    front.build(pages, epoch=1_750_000_000)
    before = image(front)[f"{HTML}/favicon.ico"]
    (pages / "favicon.ico").write_bytes(b"\0\1noci")
    front.build(pages, out="after", epoch=1_750_000_000)
    after = image(front, "after")[f"{HTML}/favicon.ico"]
    assert before.size_bytes == after.size_bytes
    assert before.mtime != after.mtime


def test_a_changed_file_leaves_the_server_as_it_was(front: FrontEnd, pages: Path) -> None:
    before = front.build(pages)
    (pages / "index.html").write_bytes(b"<!doctype html>other")
    asked = len(front.asked)
    after = front.build(pages)
    assert len(front.asked) == asked
    assert {name for name, digest in layers(after).items() if layers(before)[name] != digest} == {"web"}
    assert [layer.name for layer in only(after).layers if not layer.cached] == ["web"]


def test_compressing_leaves_the_directory_as_it_was(front: FrontEnd, pages: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in pages.rglob("*")}
    outcome = front.build(pages, compress="ci", brotli=True)
    assert {path: path.stat().st_mtime_ns for path in pages.rglob("*")} == before
    found = contents(front)
    script = f"{HTML}/assets/index-DiwrgT4a.js"
    assert found[script] == gzip.decompress(found[f"{script}.gz"]) == brotli.decompress(found[f"{script}.br"]) == SCRIPT
    assert {image(front)[f"{script}{suffix}"].mtime for suffix in ("", ".gz", ".br")} == {
        content_time(hashlib.sha256(SCRIPT).hexdigest())
    }
    assert "brotli_static on;" in text(found["etc/nginx/conf.d/default.conf"])
    module = "load_module /usr/lib/nginx/modules/ngx_http_brotli_static_module.so;"
    assert module in text(found["etc/nginx/nginx.conf"])
    assert weights(outcome).sidecar_bytes > 0


def test_three_weights_of_a_web_root(front: FrontEnd, pages: Path) -> None:
    plain = weights(front.build(pages))
    assert (plain.plain_layer_bytes, plain.gzip_only_layer_bytes) == (None, None)
    both = weights(front.build(pages, compress="ci"))
    alone = weights(front.build(pages, compress="ci", mode="gzip-only"))
    assert both.plain_layer_bytes is not None
    assert both.gzip_only_layer_bytes == alone.layer_bytes == alone.gzip_only_layer_bytes
    assert both.plain_layer_bytes == alone.plain_layer_bytes
    assert max(both.plain_layer_bytes, alone.layer_bytes) < both.layer_bytes
    assert alone.mode == "gzip-only"
    assert f"{HTML}/index.html" not in image(front)
    assert "gunzip on;" in text(contents(front)["etc/nginx/conf.d/default.conf"])


def test_a_directory_that_was_compressed_before_is_taken_as_it_is(front: FrontEnd, pages: Path) -> None:
    script = pages / "assets" / "index-DiwrgT4a.js"
    script.with_name(script.name + ".gz").write_bytes(gzip.compress(SCRIPT, mtime=7))
    script.with_name(script.name + ".br").write_bytes(brotli.compress(SCRIPT))
    outcome = front.build(pages)
    found = image(front)
    assert found[f"{HTML}/assets/{script.name}.gz"].mtime == found[f"{HTML}/assets/{script.name}"].mtime
    assert f"{HTML}/assets/{script.name}.br" not in found
    assert "unsent-sidecars" in codes(outcome)
    assert weights(outcome).left_out_bytes == script.with_name(script.name + ".br").stat().st_size


@pytest.mark.parametrize(
    "content", [b"", gzip.compress(b"another file", mtime=0), gzip.compress(SCRIPT, mtime=0)[:-1], SCRIPT]
)
def test_a_sidecar_that_is_not_of_its_file_is_refused(front: FrontEnd, pages: Path, content: bytes) -> None:
    (pages / "assets" / "index-DiwrgT4a.js.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"index-DiwrgT4a.js.gz is not assets/index-DiwrgT4a.js compressed"):
        front.build(pages)
    assert not (front.root / "out").exists()
    outcome = front.build(pages, compress="ci")
    assert "unsent-sidecars" not in codes(outcome)


@pytest.mark.parametrize("content", [gzip.compress(PAGES["index.html"])[:-3], b""], ids=["cut short", "empty"])
def test_a_damaged_gz_that_stands_alone_is_refused(front: FrontEnd, tmp_path: Path, content: bytes) -> None:
    site = write_files(tmp_path / "alone", {"index.html.gz": content})
    with pytest.raises(InputError, match=r"index.html.gz cannot be decompressed"):
        front.build(site)


_PLAIN = gzip.compress(SCRIPT, mtime=0)
_NAMED = _PLAIN[:3] + b"\x08" + _PLAIN[4:10] + b"a name\0" + _PLAIN[10:]


@pytest.mark.parametrize(
    "wrapped",
    [
        _PLAIN,
        _NAMED,
        _PLAIN[:4] + b"time" + _PLAIN[8:],
        gzip.compress(SCRIPT[:9], mtime=0) + gzip.compress(SCRIPT[9:], mtime=0),
    ],
)
def test_a_gz_of_any_header_is_served(front: FrontEnd, pages: Path, wrapped: bytes) -> None:
    (pages / "assets" / "index-DiwrgT4a.js.gz").write_bytes(wrapped)
    front.build(pages)
    found = contents(front)
    assert found[f"{HTML}/assets/index-DiwrgT4a.js"] == SCRIPT
    assert found[f"{HTML}/assets/index-DiwrgT4a.js.gz"] == wrapped


def test_another_configuration_is_taken(front: FrontEnd, pages: Path, tmp_path: Path) -> None:
    own = tmp_path / "site.conf"
    own.write_text("server {\n    listen 9000;\n    root /usr/share/nginx/html;\n    brotli_static on;\n}\n")
    outcome = front.build(pages, nginx=own)
    found = contents(front)
    assert text(found["etc/nginx/conf.d/default.conf"]) == own.read_text()
    assert "brotli_static_module" in text(found["etc/nginx/nginx.conf"])
    assert outcome.server.port == 9000
    assert "configuration-untried" in codes(outcome), "the pretend nginx does not start"
    own.write_text("events {}\nhttp {\n    server { listen 127.0.0.1:9001; }\n}\n")
    outcome = front.build(pages, nginx=own)
    found = contents(front)
    assert text(found["etc/nginx/nginx.conf"]) == own.read_text()
    assert "etc/nginx/conf.d/default.conf" not in found
    assert outcome.server.port == 9001


def test_what_is_asked_of_nginx_is_in_its_configuration(front: FrontEnd, pages: Path) -> None:
    front.build(pages, port=9090, workers=7, policy="default-src 'self'", fallback=False, writable=("/srv/upload",))
    found = contents(front)
    site = text(found["etc/nginx/conf.d/default.conf"])
    assert "listen 9090;" in site
    assert "default-src 'self'" in site
    assert "=200 /index.html" not in site
    assert "worker_processes 7;" in text(found["etc/nginx/nginx.conf"])
    assert image(front)["srv/upload"].mode == 0o1777
    assert runtime(front).labels["dev.lightship.writable"] == "/srv/upload"


# Node


def test_a_standalone_folder_gets_node_of_the_index(front: FrontEnd, standalone: Path) -> None:
    outcome = front.build(standalone)
    server = outcome.server
    assert (server.kind, server.version, server.source, server.port) == ("node", "22.20.0", "wheel", 3000)
    assert server.entrypoint == ("/usr/local/bin/node", "server.js")
    assert [layer.name for layer in only(outcome).layers] == ["base", "node", "modules", "server", "static"]
    found = image(front)
    assert {"usr/local/bin/node", f"usr/lib/{_multiarch()}/libstdc++.so.6", "app/server.js"} <= found.keys()
    assert {"app/.next/static/chunks/main-4bd1b696.js", "app/public/robots.txt"} <= found.keys()
    assert not [path for path in found if "npm" in path or "include" in path or path == "usr/bin/node"]
    assert (found["app/.next/cache"].type, found["app/.next/cache"].mode) == ("dir", 0o1777)
    assert found["app/public/robots.txt"].mtime == content_time(hashlib.sha256(NEXT["public/robots.txt"]).hexdigest())
    said = runtime(front)
    assert said.working_dir == "/app"
    assert (said.environment["NODE_ENV"], said.environment["HOSTNAME"], said.environment["PORT"]) == (
        "production", "0.0.0.0", "3000",  # noqa: S104 - inside a container
    )  # fmt: skip
    assert said.labels["dev.lightship.writable"] == "/app/.next/cache"


def _multiarch() -> str:
    return f"{host_platform().machine}-linux-gnu"


def test_images_with_and_without_brotli_have_their_own_locks(front: FrontEnd, pages: Path) -> None:
    path = front.root / "lock" / "lightship-base.lock"
    front.build(pages, out="plain")
    alone = read_lock(path)
    front.build(pages, out="brotli", compress="ci", brotli=True)
    both = path.read_bytes()
    lock = read_lock(path)
    assert alone is not None
    assert lock is not None
    plain, brotli_too = (f"{host_platform().architecture}-nginx{suffix}" for suffix in ("", "-brotli"))
    assert lock.section(plain) == alone.section(plain)
    names = {name: {record.name for record in lock.section(name).packages} for name in (plain, brotli_too)}
    assert names[brotli_too] - names[plain] == {"libnginx-mod-http-brotli-static"}
    front.build(pages, out="plain again")
    assert path.read_bytes() == both
    front.build(pages, out="brotli again", compress="ci", brotli=True)
    assert path.read_bytes() == both


def test_node_is_locked_with_its_hash(front: FrontEnd, standalone: Path) -> None:
    first = front.build(standalone, node="22.19")
    assert first.server.version == "22.19.0"
    lock = read_lock(front.root / "lock" / "lightship-base.lock")
    assert lock is not None
    architecture = host_platform().architecture
    (wheel,) = lock.section(f"{architecture}-node-wheel").packages
    path = front.root / "links" / wheel.filename
    assert wheel.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "nodejs" not in {record.name for record in lock.section(f"{architecture}-node").packages}
    asked = len(front.asked)
    assert front.build(standalone, out="again").server.version == "22.19.0"  # auto takes what is locked
    assert len(front.asked) == asked
    assert front.build(standalone, update_base=True).server.version == "22.20.0"
    assert front.build(standalone, node="debian", out="deb").server.source == "deb"
    lock = read_lock(front.root / "lock" / "lightship-base.lock")
    assert lock is not None
    assert not lock.section(f"{architecture}-node-wheel").packages


def test_a_wheel_with_other_bytes_than_locked_is_refused(front: FrontEnd, standalone: Path) -> None:
    front.build(standalone, node="22.20.0")
    shutil.rmtree(front.root / "cache" / "wheels", ignore_errors=True)
    shutil.rmtree(front.root / "cache" / "builds")
    wheel = next((front.root / "links").glob(f"*22.20.0*_{host_platform().machine}.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(LightshipError, match=r"sha256|digest"):
        front.build(standalone, node="22.20.0", out="other")


@pytest.mark.parametrize(
    ("node", "said"), [("17", r"no Node 17 .*20, 22, 23"), ("latest", "not understood"), ("22.99", "no Node 22.99")]
)
def test_a_node_that_is_not_offered_is_an_error(front: FrontEnd, standalone: Path, node: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        front.build(standalone, node=node)


def test_debians_node_is_taken_where_it_is_asked_for(front: FrontEnd, standalone: Path) -> None:
    outcome = front.build(standalone, node="18")
    assert (outcome.server.version, outcome.server.source) == ("18.20.4", "deb")
    assert outcome.server.entrypoint[0] == "/usr/bin/node"
    assert "old-node" in codes(outcome), "the package says >=20.9"


def test_static_files_stay_where_a_cdn_has_them(front: FrontEnd, standalone: Path) -> None:
    settings = standalone / ".next" / "required-server-files.json"
    settings.write_text('{"config": {"assetPrefix": "https://static.example"}}')
    found = image_of(front, standalone)
    assert not [path for path in found if path.startswith("app/.next/static")]
    assert "app/public/robots.txt" in found, "a prefix is for _next/static alone"
    assert [path for path in image_of(front, standalone, static=True) if path.startswith("app/.next/static")]
    assert "app/public/robots.txt" not in image_of(front, standalone, static=False)


def image_of(front: FrontEnd, directory: Path, **fields: Any) -> Mapping[str, TarMember]:
    front.build(directory, **fields)
    return image(front)


def test_pages_without_their_scripts_are_told(front: FrontEnd, standalone: Path) -> None:
    shutil.rmtree(standalone.parent / "static")
    outcome = front.build(standalone)
    (finding,) = [each for each in outcome.build.findings if each.code == "no-static"]
    assert finding.severity == "warning"
    assert "no-static" not in codes(front.build(standalone, static=False))


def test_a_monorepos_server_is_started_where_it_lies(front: FrontEnd, tmp_path: Path) -> None:
    inner = {
        name.replace(".next/standalone/", "apps/web/.next/standalone/apps/web/")
        if name.startswith(".next/standalone/") and "node_modules" not in name
        else f"apps/web/{name}": content
        for name, content in NEXT.items()
    }
    write_files(tmp_path, inner)
    outcome = front.build(tmp_path / "apps" / "web" / ".next" / "standalone")
    assert runtime(front).working_dir == "/app/apps/web"
    assert outcome.server.writable == ("/app/apps/web/.next/cache",)
    assert "app/apps/web/.next/static/chunks/main-4bd1b696.js" in image(front)
    assert "app/node_modules/next/index.js" in image(front)


def test_another_server_has_a_first_process_that_hands_signals_on(front: FrontEnd, tmp_path: Path) -> None:
    api = write_files(tmp_path / "api", {"server.mjs": b"1\n", "package.json": b"{}"})
    outcome = front.build(api)
    assert outcome.server.entrypoint == ("/usr/bin/tini", "--", "/usr/local/bin/node", "server.mjs")
    assert "usr/bin/tini" in image(front)
    assert front.build(api, init=False).server.entrypoint == ("/usr/local/bin/node", "server.mjs")
    assert "usr/bin/tini" not in image(front)


def test_add_ons_get_their_libraries_and_those_of_others_are_told(front: FrontEnd, standalone: Path) -> None:
    machine = host_platform().machine
    add_ons = {
        "node_modules/sharp/sharp.node": shared_object(machine=machine, needed=["libvips.so.42", "libown.so.1"]),
        "node_modules/sharp/libown.so.1": shared_object(machine=machine, soname="libown.so.1"),
        "node_modules/sharp-musl/sharp.node": shared_object(machine=machine, needed=["libc.musl-x86_64.so.1"]),
        "node_modules/sharp-other/sharp.node": shared_object(machine=FOREIGN, needed=["libnowhere.so.1"]),
    }
    write_files(standalone, add_ons)
    outcome = front.build(standalone)
    assert f"usr/lib/{_multiarch()}/libvips.so.42" in image(front)
    assert {"musl-add-on", "foreign-add-on"} <= codes(outcome)
    assert "missing-library" not in codes(outcome)
    (musl,) = [finding for finding in outcome.build.findings if finding.code == "musl-add-on"]
    assert musl.unpacked_bytes == len(add_ons["node_modules/sharp-musl/sharp.node"])


def test_what_no_package_has_is_told(front: FrontEnd, standalone: Path) -> None:
    needy = shared_object(machine=host_platform().machine, needed=["libnowhere.so.1"])
    write_files(standalone, {"node_modules/odd/odd.node": needy})
    outcome = front.build(standalone)
    assert [each.location for each in outcome.build.findings if each.code == "missing-library"] == ["libnowhere.so.1"]


# both


@pytest.mark.parametrize("name", ["site/dist", "next/.next/standalone"])
def test_the_same_is_the_same_digest_elsewhere(
    front: FrontEnd, pages: Path, standalone: Path, tmp_path: Path, name: str
) -> None:
    assert (pages, standalone) == (tmp_path / "site/dist", tmp_path / "next/.next/standalone")
    top = name.partition("/")[0]
    first = front.build(tmp_path / name)
    shutil.copytree(tmp_path / top, tmp_path / "elsewhere" / top)
    for path in (tmp_path / "elsewhere").rglob("*"):
        os.utime(path, (5, 5))
        path.chmod(0o700 if path.is_dir() else 0o600)
    fresh = replace(front, cache=Cache(tmp_path / "fresh"))
    again = fresh.build(tmp_path / "elsewhere" / name, out="again", jobs=1)
    assert only(first).digest == only(again).digest


def test_nothing_changed_asks_nothing(front: FrontEnd, pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = front.build(pages, compress="ci")
    front.build(pages, compress="ci")  # the lock was written by the first
    asked = len(front.asked)
    monkeypatch.setattr("lightship.flows.assets.image.make_layers", None)
    again = front.build(pages, compress="ci", out="again")
    assert len(front.asked) == asked
    assert only(again).digest == only(first).digest
    assert (again.server, again.web) == (first.server, first.web)


def test_secrets_and_links_out_stay_out(front: FrontEnd, pages: Path) -> None:
    write_files(pages, {".env": b"TOKEN=1", ".git/config": b"[core]", ".well-known/security.txt": b"mail"})
    (pages / "out").symlink_to("../../next")
    (pages / "in.html").symlink_to("index.html")
    outcome = front.build(pages)
    found = image(front)
    assert found.keys().isdisjoint({f"{HTML}/.env", f"{HTML}/.git/config", f"{HTML}/out"})
    assert f"{HTML}/.well-known/security.txt" in found
    assert found[f"{HTML}/in.html"].link_target == "index.html"
    assert {"secret", "link-out"} <= codes(outcome)
    assert f"{HTML}/.env" in image_of(front, pages, keep=(".env",))


def test_an_image_that_lies_in_the_directory_is_not_in_the_image(front: FrontEnd, pages: Path) -> None:
    first = front.build(pages, outputs=(f"oci:{pages / 'image'}",))
    again = front.build(pages, outputs=(f"oci:{pages / 'image'}",))
    assert only(first).digest == only(again).digest


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"node": "22"}, "--node is of a Node server"),
        ({"entry": "x.js"}, "there is no such file"),
        ({"server": "node"}, "no Node server in the directory"),
        ({"mode": "gzip-only"}, "--mode and --maps say how --compress works"),
        ({"mode": "gzip-only", "compress": "ci", "brotli": True}, "gzip-only has no sidecars of brotli"),
        ({"nginx": Path("/dev/null"), "brotli": True}, "--brotli is for the written configuration"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    front: FrontEnd, pages: Path, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(LightshipError, match=said):
        front.build(pages, **fields)


def test_nginxs_options_are_not_nodes(front: FrontEnd, standalone: Path) -> None:
    with pytest.raises(UsageError, match="--compress is of nginx"):
        front.build(standalone, compress="ci")


def test_a_project_is_not_what_it_builds(front: FrontEnd, tmp_path: Path) -> None:
    project = write_files(
        tmp_path / "project",
        {"package.json": b"{}", "index.html": b"", "vite.config.ts": b"", "src/main.ts": b"", "dist/index.html": b"x"},
    )
    with pytest.raises(UsageError, match="is the project") as refused:
        front.build(project)
    assert "dist" in str(refused.value.hint)
    with pytest.raises(UsageError, match="has no files"):
        front.build(write_files(tmp_path / "none", {".DS_Store": b""}))
    with pytest.raises(InputError, match="there is none"):
        front.build(tmp_path / "nowhere")


def test_a_lock_stands_beside_others(front: FrontEnd, pages: Path, standalone: Path) -> None:
    front.build(pages)
    front.build(standalone)
    lock = read_lock(front.root / "lock" / "lightship-base.lock")
    architecture = host_platform().architecture
    assert lock is not None
    assert set(lock.architectures) == {f"{architecture}{part}" for part in ("-nginx", "-node", "-node-wheel")}


_BOTH = "linux/amd64,linux/arm64"


@pytest.mark.parametrize("name", ["site/dist", "next/.next/standalone"])
def test_two_platforms_are_an_index_that_is_known_again(
    front: FrontEnd, pages: Path, standalone: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pages.is_dir()
    add_on = shared_object(machine=host_platform().machine, needed=["libvips.so.42"])
    write_files(standalone, {"node_modules/sharp/sharp.node": add_on})
    first = front.build(tmp_path / name, platform=_BOTH)
    assert isinstance(first.build, IndexOutcome)
    assert [each.platform for each in first.build.images] == ["linux/amd64", "linux/arm64"]
    shared = set.intersection(*({layer.digest for layer in each.layers} for each in first.build.images))
    assert len(shared) == (2 if name == "site/dist" else 3), "what is no program is of both"
    assert ("foreign-add-on" in codes(first)) == (name != "site/dist")
    asked = len(front.asked)
    monkeypatch.setattr("lightship.flows.assets.image.make_layers", None)
    again = front.build(tmp_path / name, platform=_BOTH, out="again")
    assert again.build.digest == first.build.digest
    assert len(front.asked) == asked


def test_a_node_that_is_not_for_a_platform_is_an_error(front: FrontEnd, standalone: Path) -> None:
    with pytest.raises(InputError, match=f"no Node 20 for {_foreign()}"):
        front.build(standalone, platform=f"{host_platform()},{_foreign()}", node="20")


def _foreign() -> Platform:
    return Platform("linux", "arm64" if host_platform().architecture == "amd64" else "amd64")
