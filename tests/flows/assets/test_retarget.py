"""A built front end under another CDN: real files of Next.js, and small ones for every fault."""

import gzip
import hashlib
import json
import os
import re
import shutil
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path

import brotli
import pytest

from lightship.assets.model import CompressOptions
from lightship.assets.retarget import commit
from lightship.assets.retarget.commit import STAGE_NAME
from lightship.assets.retarget.flight import rows
from lightship.assets.retarget.prefix import PLACEHOLDER, Prefix
from lightship.assets.retarget.state import STATE_NAME
from lightship.assets.times import content_time
from lightship.errors import InputError, StorageError, UsageError
from lightship.flows.assets.compress import compress_assets
from lightship.flows.assets.retarget import RetargetOutcome, RetargetRequest, retarget_assets, retarget_report
from lightship.progress import SILENT
from lightship.store.cache import Cache

NEXT = Path(__file__).parents[2] / "assets/retarget/next/build"
A, B = "https://a.example/x", "https://b.example:8443"
PAGE = f"""<!doctype html><link rel=stylesheet href="{PLACEHOLDER}/assets/app.css">
<script type=module crossorigin src="{PLACEHOLDER}/assets/app.js"></script>""".encode()
SCRIPT = f'import("{PLACEHOLDER}/assets/lazy.js");'.encode() + b"const greeting = 'hello, world';\n" * 80


@pytest.fixture
def web(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    put(folder, "index.html", PAGE)
    put(folder, "assets/app.js", SCRIPT)
    put(folder, "assets/app.css", b"p{color:red}")
    put(folder, "assets/logo.png", b"\x89PNG\0\0")
    return folder


@pytest.fixture
def next_build(tmp_path: Path) -> Path:
    return Path(shutil.copytree(NEXT, tmp_path / ".next"))


def put(web: Path, name: str, content: bytes | str) -> Path:
    path = web / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def run(
    web: Path, cdn: str, *, source: str | None = None, dry_run: bool = False, leave: tuple[str, ...] = ()
) -> RetargetOutcome:
    request = RetargetRequest(
        target=Prefix.parse(cdn),
        source=None if source is None else Prefix.parse(source),
        placeholder=Prefix.parse(PLACEHOLDER),
        leave=leave,
        dry_run=dry_run,
    )
    return retarget_assets(web, request, Cache(web.parent / "cache"), SILENT, jobs=2)


def content(web: Path, *, beside: Iterable[str] = (STATE_NAME,)) -> dict[str, bytes]:
    files = (path for path in sorted(web.rglob("*")) if path.is_file() and path.name not in beside)
    return {path.relative_to(web).as_posix(): path.read_bytes() for path in files}


def codes(outcome: RetargetOutcome) -> set[str]:
    return {finding.code for finding in outcome.findings}


def test_there_and_back_gives_the_bytes_of_the_build(next_build: Path) -> None:
    built = content(next_build)
    run(next_build, A)
    first = content(next_build)
    assert PLACEHOLDER not in str(first)
    run(next_build, B)
    run(next_build, "")
    own = content(next_build)
    assert not any(b"lightship.invalid/" in each or b".example" in each for each in own.values())
    run(next_build, A)
    assert content(next_build) == first
    run(next_build, PLACEHOLDER)
    assert content(next_build) == built
    assert {path.name for path in next_build.iterdir()} == {*(path.name for path in NEXT.iterdir()), STATE_NAME}


def test_a_build_for_the_target_and_a_retargeted_one_are_alike(next_build: Path) -> None:
    """What was built for a prefix of another length has these bytes in every row, list and size."""
    outcome = run(next_build, A)
    for name in ("about", "index"):
        list(rows((next_build / f"server/app/{name}.rsc").read_bytes()))
    sizes = {
        route: found.get("htmlSize")
        for route, found in json.loads((next_build / "prerender-manifest.json").read_bytes())["routes"].items()
    }
    assert sizes["/"] == (next_build / "server/app/index.html").stat().st_size
    assert sizes["/about"] == (next_build / "server/app/about.html").stat().st_size
    config = json.loads((next_build / "required-server-files.json").read_bytes())["config"]
    assert config["assetPrefix"] == A
    assert config["images"]["remotePatterns"] == [{"hostname": "a.example", "protocol": "https", "port": ""}]
    patterns = json.loads((next_build / "images-manifest.json").read_bytes())["images"]["remotePatterns"]
    assert patterns[0]["hostname"] == r"^(?:^(?:a\.example)$)$"
    places = retarget_report(outcome).document["places"]
    assert isinstance(places, dict)
    assert places["length"] == 2
    assert places["size"] == 2
    assert places["source"] == 1


def test_what_a_policy_of_next_says_goes_with_the_cdn(next_build: Path) -> None:
    run(next_build, A)
    assert f"img-src 'self' {A}/\"" in (next_build / "routes-manifest.json").read_text()
    run(next_build, "")
    assert "img-src 'self' 'self'\"" in (next_build / "routes-manifest.json").read_text()


def test_plain_files_change_and_others_do_not(web: Path) -> None:
    before = content(web)
    outcome = run(web, A)
    assert {each.path for each in outcome.written} == {"index.html", "assets/app.js"}
    assert content(web) == {name: each.replace(PLACEHOLDER.encode(), A.encode()) for name, each in before.items()}


def test_times_come_from_the_content(web: Path) -> None:
    for cdn in (A, B):
        run(web, cdn)
        page = web / "index.html"
        assert int(page.stat().st_mtime) == content_time(hashlib.sha256(page.read_bytes()).hexdigest())


def test_a_dry_run_changes_nothing(web: Path) -> None:
    before = content(web, beside=())
    outcome = run(web, A, dry_run=True)
    assert len(outcome.written) == 2
    assert content(web, beside=()) == before


def test_twice_the_same_changes_nothing(web: Path) -> None:
    run(web, A)
    before = {path: path.stat().st_mtime_ns for path in web.rglob("*")}
    assert run(web, A).written == ()
    assert {path: path.stat().st_mtime_ns for path in web.rglob("*")} == before


def test_integrity_follows_what_it_is_of(web: Path) -> None:
    """A page names a script's digest, a list that of a chunk, and the page that of the list: from the inside out."""

    def sri(text: bytes) -> str:
        return "sha384-" + b64encode(hashlib.sha384(text).digest()).decode()

    chunk = f'fetch("{PLACEHOLDER}/x")'.encode()
    listed = json.dumps({"chunk.js": sri(chunk)}).encode()
    inline = f'import "{PLACEHOLDER}/chunk.js"'
    own = "sha256-" + b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    put(web, "chunk.js", chunk)
    put(web, "list.json", listed)
    put(web, "page.html", f"""<meta http-equiv=Content-Security-Policy content="script-src '{own}'">
        <script type=module>{inline}</script><link rel=preload as=fetch href=/list.json integrity="{sri(listed)}">
        <script src="/foreign.js" integrity="{sri(b'foreign')}"></script>""")  # fmt: skip
    run(web, A)
    new_chunk = (web / "chunk.js").read_bytes()
    new_list = (web / "list.json").read_bytes()
    page = (web / "page.html").read_text()
    assert json.loads(new_list) == {"chunk.js": sri(new_chunk)}
    assert sri(new_list) in page
    assert sri(b"foreign") in page
    new_inline = inline.replace(PLACEHOLDER, A).encode()
    assert f"'sha256-{b64encode(hashlib.sha256(new_inline).digest()).decode()}'" in page
    run(web, PLACEHOLDER)
    assert (web / "list.json").read_bytes() == listed
    assert own in (web / "page.html").read_text()


def test_revisions_of_a_precache_list_follow_their_files(web: Path) -> None:
    revision = hashlib.md5(PAGE, usedforsecurity=False).hexdigest()
    put(web, "sw.js", f'precacheAndRoute([{{url:"index.html",revision:"{revision}"}},{{url:"a.css",revision:null}}])')
    outcome = run(web, A)
    page = (web / "index.html").read_bytes()
    assert hashlib.md5(page, usedforsecurity=False).hexdigest() in (web / "sw.js").read_text()
    assert "precached" in codes(outcome)


def test_digests_in_a_circle_are_refused(web: Path) -> None:
    with pytest.raises(InputError, match="digest"):
        _circle(web)


def _circle(web: Path) -> None:
    from lightship.assets.retarget.rendering import Renderer
    from lightship.assets.retarget.slot import Slot

    slots = {
        "a": (Slot(begin=0, end=1, kind="digest", extra="sha256/hex", path="b"),),
        "b": (Slot(begin=0, end=1, kind="digest", extra="sha256/hex", path="a"),),
    }
    Renderer(slots, lambda _: b"x", Prefix.parse(A), Prefix.parse(B)).render("a")


def test_sidecars_are_made_anew_and_stale_ones_go(web: Path) -> None:
    compress_assets(web, CompressOptions(level="ci"), Cache(web.parent / "cache"), SILENT, jobs=2)
    built = content(web)
    assert {"assets/app.js.gz", "assets/app.js.br"} <= set(built)
    put(web, "index.html.gz", gzip.compress(b"another page"))
    outcome = run(web, A)
    script = (web / "assets/app.js").read_bytes()
    assert gzip.decompress((web / "assets/app.js.gz").read_bytes()) == script
    assert brotli.decompress((web / "assets/app.js.br").read_bytes()) == script
    assert not (web / "index.html.gz").exists()
    assert retarget_report(outcome).document["sidecars_removed"] == ["index.html.gz"]
    run(web, PLACEHOLDER)
    assert content(web) == built


def test_a_directory_that_is_gzip_only_stays_so(web: Path) -> None:
    compress_assets(web, CompressOptions(mode="gzip-only", level="ci"), Cache(web.parent / "cache"), SILENT, jobs=2)
    built = content(web)
    assert "assets/app.js" not in built
    run(web, A)
    assert gzip.decompress((web / "assets/app.js.gz").read_bytes()) == SCRIPT.replace(PLACEHOLDER.encode(), A.encode())
    assert not (web / "assets/app.js").exists()
    run(web, PLACEHOLDER)
    assert content(web) == built


def test_a_retargeted_directory_can_be_compressed_and_retargeted_again(web: Path) -> None:
    run(web, "")
    compress_assets(web, CompressOptions(mode="gzip-only", level="ci"), Cache(web.parent / "cache"), SILENT, jobs=2)
    assert (web / STATE_NAME).is_file()
    run(web, A)
    assert gzip.decompress((web / "assets/app.js.gz").read_bytes()) == SCRIPT.replace(PLACEHOLDER.encode(), A.encode())


def test_a_mention_that_is_not_understood_ends_it_before_anything_changes(web: Path) -> None:
    put(web, "z.js", 'const host = "cdn.lightship.invalid";')
    before = content(web, beside=())
    with pytest.raises(InputError, match=r"z\.js: byte 14 mentions cdn\.lightship\.invalid in a form"):
        run(web, A)
    assert content(web, beside=()) == before
    outcome = run(web, A, leave=("z.js",))
    assert "mention-left" in codes(outcome)
    assert (web / "z.js").read_bytes() == before["z.js"]
    assert A in (web / "index.html").read_text()


def test_a_binary_file_and_base64_are_not_touched(web: Path) -> None:
    wasm = put(web, "a.wasm", b"\0asm" + PLACEHOLDER.encode())
    with pytest.raises(InputError, match="no text"):
        run(web, A)
    wasm.unlink()
    put(web, "a.json", b64encode(b"x" + PLACEHOLDER.encode()))
    with pytest.raises(InputError, match="in base64"):
        run(web, A)


def test_a_directory_that_somebody_changed_is_noticed(web: Path) -> None:
    run(web, A)
    page = web / "index.html"
    page.write_bytes(page.read_bytes().replace(A.encode(), B.encode()))
    with pytest.raises(InputError, match=r"not as it was retargeted: index\.html") as caught:
        run(web, "https://c.example")
    assert caught.value.hint is not None
    assert f"--from {A}" in caught.value.hint
    page.write_bytes(page.read_bytes().replace(B.encode(), A.encode()) + b"<!-- edited -->")
    run(web, B, source=A)
    assert content(web)["index.html"] == PAGE.replace(PLACEHOLDER.encode(), B.encode()) + b"<!-- edited -->"
    assert A not in str(content(web))


def test_a_new_build_is_looked_through_anew(web: Path) -> None:
    run(web, A)
    put(web, "index.html", PAGE + b"<p>another")
    put(web, "assets/app.js", SCRIPT + b"//another")
    outcome = run(web, B)
    assert outcome.plan.notes == ("built anew since it was retargeted: everything is looked through",)
    assert PLACEHOLDER not in str(content(web))


def test_files_that_came_since_are_retargeted_too(web: Path) -> None:
    run(web, A)
    put(web, "rendered.html", f'<img src="{A}/a.png">')
    put(web, "added.html", f'<img src="{PLACEHOLDER}/a.png">')
    run(web, B)
    assert (web / "rendered.html").read_text() == f'<img src="{B}/a.png">'
    assert (web / "added.html").read_text() == f'<img src="{B}/a.png">'
    run(web, "")
    assert (web / "rendered.html").read_text() == '<img src="/a.png">'


def test_pages_that_a_server_of_next_keeps_are_removed(next_build: Path) -> None:
    kept = put(next_build, "server/route-cache/APP_PAGE/ab/index.html", f'<img src="{PLACEHOLDER}/a.png">')
    outcome = run(next_build, A)
    assert not kept.exists()
    assert retarget_report(outcome).document["stale_removed"] == ["server/route-cache/APP_PAGE/ab/index.html"]


def test_the_prefix_of_a_build_without_the_placeholder_is_found(web: Path) -> None:
    for path in (web / "index.html", web / "assets/app.js"):
        path.write_bytes(path.read_bytes().replace(PLACEHOLDER.encode(), b"https://static.example/site"))
    outcome = run(web, A)
    assert outcome.plan.present.text == "https://static.example/site"
    assert (web / "index.html").read_bytes() == PAGE.replace(PLACEHOLDER.encode(), A.encode())


def test_a_build_without_a_prefix_is_told_which_line_it_needs(next_build: Path) -> None:
    for path in next_build.rglob("*.*"):
        if path.suffix in (".json", ".html", ".rsc", ".js"):
            path.write_bytes(path.read_bytes().replace(PLACEHOLDER.encode(), b"").replace(b"lightship", b"other"))
    (finding,) = run(next_build, A).findings
    assert finding.code == "no-prefix"
    assert finding.fix is not None
    assert f'assetPrefix: "{PLACEHOLDER}"' in finding.fix
    assert not (next_build / STATE_NAME).exists()


@pytest.mark.parametrize("before", ["", A], ids=["as it was built", "retargeted before"])
def test_a_prefix_that_is_not_there_is_told_with_the_one_that_is(web: Path, before: str) -> None:
    if before:
        run(web, before)
    outcome = run(web, A, source="https://mistyped.example")
    (finding,) = outcome.findings
    there = before or PLACEHOLDER
    assert finding.message.endswith(f"files has https://mistyped.example in it: {there} is there")
    assert finding.fix == f"--from {there}, or no --from: then it is found"
    assert outcome.written == ()


def test_a_killed_run_is_finished_by_the_next(web: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced = 0
    original = Path.replace

    def dies(self: Path, target: Path) -> Path:
        nonlocal replaced
        replaced += self.parent.name == STAGE_NAME and self.name.isdigit()
        if replaced == 2:
            raise KeyboardInterrupt
        return original(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            run(web, A)
    assert (web / STAGE_NAME).is_dir()
    with pytest.raises(InputError, match="killed half way"):
        run(web, B, dry_run=True)
    outcome = run(web, A)
    assert outcome.resumed
    assert outcome.written == ()
    assert (web / "index.html").read_bytes() == PAGE.replace(PLACEHOLDER.encode(), A.encode())
    assert not (web / STAGE_NAME).exists()


def test_a_run_that_is_killed_before_the_journal_leaves_everything(web: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = content(web, beside=())

    def dies(_root: Path) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(commit.Stage, "commit", dies)
        with pytest.raises(KeyboardInterrupt):
            run(web, A)
    assert content(web, beside=()) == before
    put(web, f"{STAGE_NAME}/0", b"left behind")
    run(web, A)
    assert not (web / STAGE_NAME).exists()


def test_two_at_once_do_not_meet(web: Path) -> None:
    with commit.locked(web), pytest.raises(StorageError, match="somebody else"):
        run(web, A)


def test_a_journal_that_leads_out_is_refused(web: Path, tmp_path: Path) -> None:
    put(web, f"{STAGE_NAME}/0", b"evil")
    (web / "link").symlink_to(tmp_path)
    for path in ("../evil", "/evil", "link/evil"):
        put(web, f"{STAGE_NAME}/journal.json", json.dumps({"written": [path], "removed": []}))
        with pytest.raises(InputError):
            run(web, A)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "state",
    ["", "[]", "{}", '{"schema":"x"}', "[" * 9999,
     '{"schema":"lightship/retarget-state/1","built":"","present":"","files":{"../x":{"sha256":"","slots":[]}}}'],
)  # fmt: skip
def test_a_state_that_is_none_is_refused(web: Path, state: str) -> None:
    put(web, STATE_NAME, state)
    with pytest.raises(InputError):
        run(web, A)


def test_a_state_that_was_tampered_with_is_refused(web: Path) -> None:
    run(web, A)
    path = web / STATE_NAME
    state = json.loads(path.read_bytes())
    for change in ([0, 4, "url"], [0, 10**9, "url"], [0, 1, "length"], [5, 1, "url"], [0, 1, "other"], [0, "1", "url"]):
        state["files"]["index.html"]["slots"][0] = change
        path.write_text(json.dumps(state))
        with pytest.raises(InputError):
            run(web, B)


def test_a_project_is_not_a_build(tmp_path: Path) -> None:
    put(tmp_path, "package.json", "{}")
    put(tmp_path, "node_modules/a.js", "")
    put(tmp_path, "dist/index.html", PAGE)
    with pytest.raises(UsageError, match="is the project") as caught:
        run(tmp_path, A)
    assert str(tmp_path / "dist") in str(caught.value.hint)


def test_modes_stay(web: Path) -> None:
    (web / "index.html").chmod(0o640)
    run(web, A)
    assert (web / "index.html").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("kind", ["link", "link-inside", "dangling", "pipe", "folder"])
def test_a_state_is_a_file_of_its_own_and_no_link_is_followed(web: Path, tmp_path: Path, kind: str) -> None:
    """What a directory, or an image, brings under that name is somebody else's: neither read through nor waited for."""
    run(web, A)
    state = web / STATE_NAME
    kept = state.rename(tmp_path / "state.json")
    secret = put(tmp_path, "secret.json", '{"schema": "lightship/retarget-state/1", "built": "hush"}')
    match kind:
        case "link":
            state.symlink_to(secret)
        case "link-inside":
            state.symlink_to(kept)  # a whole and true one
        case "dangling":
            state.symlink_to(tmp_path / "nowhere")
        case "pipe":
            os.mkfifo(state)
        case _:
            state.mkdir()
    before = content(web)
    with pytest.raises(InputError, match=rf"^{re.escape(STATE_NAME)} cannot be read: ") as caught:
        run(web, B)
    assert "hush" not in f"{caught.value} {caught.value.hint}"
    assert content(web) == before
