"""Checks of a directory: their pages, planted faults, and the shell loop that makes them all at once."""

import gzip
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lightship.assets.model import CompressOptions
from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.checks.directory import DIRECTORY
from lightship.assets.verify.tree import Tree, read_tree
from lightship.findings import Finding
from lightship.flows.assets.compress import compress_assets
from lightship.progress import SILENT
from lightship.store.cache import Cache

_LINE = re.compile(r"    (\S+)(?: @ (\d+))?(?: \| ?(.*))?")
TEXT = b"export function greet(name) { return `hello ${name}`; }\n" * 60


def section(check: Check[Tree], heading: str) -> str:
    found = re.search(rf"^{heading}\n=+\n(.*?)(?=^\w[\w ]*\n=+\n|\Z)", check.doc, re.DOTALL | re.MULTILINE)
    assert found is not None, f"{check.name} has no {heading}"
    return found[1]


def listed(check: Check[Tree], heading: str, web: Path) -> Tree:
    """The directory that a page lists: ``path [@ time] | content``."""
    for line in section(check, heading).partition("::\n")[2].splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            assert not line
            continue
        file = web / match[1]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(match[3] or "")
        if match[2]:
            os.utime(file, (int(match[2]), int(match[2])))
    return read_tree(web, SILENT)


@pytest.mark.parametrize("check", DIRECTORY, ids=lambda check: check.name)
def test_bad_fires_and_good_does_not(check: Check[Tree], tmp_path: Path) -> None:
    for heading in ("Bad", "Good"):
        (tmp_path / heading).mkdir()
    found = list(check.run(listed(check, "Bad", tmp_path / "Bad")))
    assert found
    assert {one.code for one in found} <= {kind.code for kind in check.kinds}
    assert list(check.run(listed(check, "Good", tmp_path / "Good"))) == []


@pytest.mark.parametrize("check", DIRECTORY, ids=lambda check: check.name)
def test_a_page_has_every_section(check: Check[Tree]) -> None:
    headings = re.findall(r"^([A-Z][\w ]+)\n=+$", check.doc, re.MULTILINE)
    assert headings == ["What it does", "Why", "Bad", "Good", "References"]


FILES = {
    "index.html": b"<!doctype html><link rel=stylesheet href=/assets/style-C3xYz9ab.css><script type=module "
    b"src=/assets/index-DiwrgT4a.js></script><img src='two words.svg'><a href=/users/7>" + TEXT,
    "assets/style-C3xYz9ab.css": b"@font-face { src: url(letters-0a1b2c3d.woff2) }\n/* " + TEXT + b"*/",
    "assets/index-DiwrgT4a.js": b"import('./late-Ab3dEf9h.js'); fetch('/data.json'); fetch('/api/users');\n" + TEXT,
    "assets/late-Ab3dEf9h.js": TEXT,
    "assets/letters-0a1b2c3d.woff2": bytes(range(256)) * 8,
    "data.json": b"[" + b'{"key": "value"},' * 200 + b"{}]",
    "two words.svg": b"<svg xmlns='http://www.w3.org/2000/svg'>" + TEXT + b"</svg>",
    "engine.wasm": b"\0asm" + TEXT,
    "app.mjs": TEXT,
    "tiny.js": b"1",
    ".nojekyll": b"",
}


@pytest.fixture
def web(tmp_path: Path) -> Path:
    root = tmp_path / "web"
    for time, (name, content) in enumerate(FILES.items()):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        os.utime(file, (1_700_000_000 + time, 1_700_000_000 + time))
    return root


def findings(web: Path, **asked: object) -> list[Finding]:
    tree = read_tree(web, SILENT, **asked)  # type: ignore[arg-type]
    return [finding for check in DIRECTORY for finding in check.run(tree)]


def compress(web: Path, **options: object) -> None:
    wanted = CompressOptions(level="ci", **options)  # type: ignore[arg-type]
    assert compress_assets(web, wanted, Cache(web.parent / "cache"), SILENT, jobs=2).good


@pytest.mark.parametrize("mode", ["sidecar", "gzip-only"])
def test_what_compress_made_is_clean(web: Path, mode: str) -> None:
    compress(web, mode=mode)
    assert findings(web) == []


def test_nothing_compressed_is_said_once(web: Path) -> None:
    assert [(one.code, one.severity) for one in findings(web)] == [("nothing-compressed", "note")]


def _cut(web: Path) -> None:
    file = web / "app.mjs.gz"
    file.write_bytes(file.read_bytes()[:-9])


def _without(web: Path, *patterns: str) -> None:
    for path in [path for pattern in patterns for path in web.rglob(pattern)]:
        path.unlink()


def _write(web: Path, name: str, content: bytes) -> None:
    (web / name).write_bytes(content)


def _empty(web: Path) -> None:
    _without(web, "late-*")
    _write(web, "assets/late-Ab3dEf9h.js", b"")


def _damaged(web: Path) -> None:
    _without(web, "*.br", "*.gz", "data.json")
    compress(web, mode="gzip-only")
    _write(web, "data.json.gz", b"no gzip")


def _one_time(web: Path) -> None:
    for path in web.rglob("*.*"):
        os.utime(path, (499_162_500, 499_162_500))


def _larger(web: Path) -> None:
    _write(web, "tiny.js.gz", gzip.compress(b"1"))


def _old(web: Path) -> None:
    _write(web, "app.mjs.gz", gzip.compress(b"old"))


PLANTED: dict[str, tuple[str, str, Callable[[Path], None]]] = {
    "an empty script": ("file-empty", "assets/late-Ab3dEf9h.js", _empty),
    "an unreadable file": ("file-unreadable", "data.json.gz", _damaged),
    "an empty sidecar": ("sidecar-empty", "app.mjs.br", lambda web: _write(web, "app.mjs.br", b"")),
    "a sidecar that is cut": ("sidecar-stale", "app.mjs.gz", _cut),
    "a sidecar of the last release": ("sidecar-stale", "app.mjs.gz", _old),
    "a larger sidecar": ("sidecar-larger", "tiny.js.gz", _larger),
    "a missing sidecar": ("sidecar-missing", "engine.wasm", lambda web: _without(web, "engine.wasm.br")),
    "a sidecar without its file": ("sidecar-orphan", "gone.js.br", lambda web: _write(web, "gone.js.br", b"what")),
    "a part left out": ("reference-missing", "assets/index-DiwrgT4a.js", lambda web: _without(web, "late-*")),
    "a font left out": ("reference-missing", "assets/style-C3xYz9ab.css", lambda web: _without(web, "*.woff2")),
    "a picture left out": ("reference-missing", "index.html", lambda web: _without(web, "two words*")),
    "a page left out": ("link-broken", "tiny.html", lambda web: _write(web, "tiny.html", b"<a href=other.html>")),
    "a picture by http": (
        "reference-by-http",
        "tiny.html",
        lambda web: _write(web, "tiny.html", b"<img src=http://a.example/b.png>"),
    ),
    "one time for all": ("one-time", "", _one_time),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_and_no_other(web: Path, name: str) -> None:
    code, location, plant = PLANTED[name]
    compress(web)
    plant(web)
    found = [one for one in findings(web) if one.severity != "note" or one.code == code]
    assert {one.code for one in found} == {code}, found
    assert {one.location for one in found} == {location}


def test_references_lead_below_the_base_and_to_cdns(web: Path) -> None:
    (web / "index.html").write_text(
        "<script src=/app/tiny.js></script><script src=https://static.example/x.js></script>"
    )
    told = [one for one in findings(web) if one.code == "reference-missing"]
    assert [one.message for one in told] == ["asks for /app/tiny.js (script), and there is no such file"]
    based = findings(web, base="/app/")
    assert [(one.location, one.code) for one in based if one.code.startswith("reference")] == [
        ("https://static.example", "reference-elsewhere")
    ]
    assert [one.code for one in findings(web, base="app", cdns=("https://static.example",))] == ["nothing-compressed"]


def test_every_fault_of_the_shell_loop_is_found(web: Path) -> None:
    """The loop as it is often written, where brotli is not installed."""
    (web / "three.txt").write_bytes(os.urandom(2000))
    suffixes = " -o ".join(f"-name '*.{suffix}'" for suffix in ("js", "css", "html", "svg", "txt"))
    loop = f"""for file in $(find web {suffixes}); do
        gzip -c "$file" > "$file.gz"; brotli-that-is-not-installed -c "$file" > "$file.br"
    done; exit 0"""
    done = subprocess.run(["bash", "-c", loop], cwd=web.parent, capture_output=True, check=False)
    assert done.returncode == 0, "the loop says that all is well"
    found: dict[str, set[str]] = {}
    for one in findings(web):
        found.setdefault(one.code, set()).add(one.location)
    assert found["file-empty"] >= {"two.gz"}, "of `two words.svg`"
    text = {"index.html", "three.txt", *(name for name in FILES if name.endswith((".js", ".css")))}
    assert found["sidecar-empty"] == {f"{name}.br" for name in text}, "nothing for all"
    assert {"tiny.js.gz", "three.txt.gz"} <= found["sidecar-larger"]
    assert found["sidecar-missing"] >= {"app.mjs", "data.json", "engine.wasm", "two words.svg"}
