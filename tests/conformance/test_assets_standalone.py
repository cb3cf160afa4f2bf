"""Servers really start, by Node in the sandbox: what is left out was not needed, and what was needed is found missing.

The pretend server is Node alone; a real Next.js is installed, built and made smaller by the last test.
"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.assets.standalone.servers import answering
from tests.cli.conftest import Lightship
from tests.conftest import require_tool

from lightship.assets.standalone.model import StandaloneOptions
from lightship.assets.standalone.pages import Ask
from lightship.assets.standalone.tree import ServerTree
from lightship.assets.standalone.trial import TrialOptions, find_node, run_trial
from lightship.errors import FindingError, ToolError
from lightship.flows.assets.standalone import StandaloneOutcome, StandaloneRequest, slim_standalone
from lightship.progress import SILENT
from lightship.sandbox.bubblewrap import Bubblewrap

pytestmark = pytest.mark.conformance


@pytest.fixture
def node() -> Path:
    require_tool("bwrap")
    return Path(require_tool("node"))


@pytest.fixture
def tree(tmp_path: Path) -> ServerTree:
    return answering(tmp_path / "server")


@pytest.fixture
def lightship(tmp_path: Path) -> Lightship:
    home = tmp_path / "home"
    home.mkdir()
    return Lightship(home=home, cache=tmp_path / "cache")


Slim = Callable[..., StandaloneOutcome]


@pytest.fixture
def slim(tree: ServerTree, node: Path) -> Slim:
    def go(**options: object) -> StandaloneOutcome:
        outer = {name: options.pop(name) for name in ("output", "write", "verify", "env", "ask") if name in options}
        request = StandaloneRequest(
            directory=tree.root,
            options=StandaloneOptions(**options),  # type: ignore[arg-type]
            node=node,
            **outer,  # type: ignore[arg-type]
        )
        return slim_standalone(request, SILENT, jobs=1)

    return go


def verdicts(outcome: StandaloneOutcome) -> dict[str, str]:
    return {page.ask.path: page.verdict for page in outcome.pages}


def test_what_was_tried_is_written(slim: Slim, tmp_path: Path) -> None:
    outcome = slim(static="moved", output=tmp_path / "slim")
    assert outcome.verified is True
    assert verdicts(outcome)["/about"] == "same"
    assert verdicts(outcome)["/moving"] == "unstable"
    assert verdicts(outcome)["/nonce"] == "same"
    about = next(page for page in outcome.pages if page.ask.path == "/about")
    assert (about.before.status, about.after.body) == (200, b"hello")
    writes = next(page for page in outcome.pages if page.ask.path == "/writes")
    assert writes.after.body == b"written"
    left = {path for path in (tmp_path / "slim").rglob("*") if path.is_file()}
    assert not any("typescript" in path.parts or "public" in path.parts for path in left)
    assert (tmp_path / "slim/node_modules/used/lazy.js").is_file()
    assert "2 of 13 requests fail with the whole tree as well" in " ".join(outcome.notes)


def test_a_page_that_answers_otherwise_stops_everything(slim: Slim, tree: ServerTree, tmp_path: Path) -> None:
    """The sources do not name what ``/lazy`` loads, and the class ``closure`` believes them."""
    (tree.root / "node_modules/used/main.js").write_text("exports.greet = 'hello'\n")
    outcome = slim(max_safety="closure", output=tmp_path / "slim")
    assert outcome.verified is False
    assert verdicts(outcome)["/lazy"] == "differs"
    assert outcome.written is None
    assert not (tmp_path / "slim").exists()


def test_a_traced_run_keeps_what_it_saw_and_proves_it(slim: Slim, tmp_path: Path) -> None:
    outcome = slim(max_safety="traced", off=("unreached",), output=tmp_path / "slim")
    assert outcome.verified is True
    kept = {path for path in outcome.selection.kept if path.startswith("node_modules/")}
    assert kept == {f"node_modules/used/{name}" for name in ("package.json", "main.js", "lazy.js")}


def test_in_place_and_back(slim: Slim, tree: ServerTree, lightship: Lightship) -> None:
    before = {path: path.read_bytes() for path in tree.root.rglob("*") if path.is_file()}
    outcome = slim(write=True)
    assert outcome.aside is not None
    assert not (tree.root / "node_modules/typescript").exists()
    said = lightship("assets", "standalone", tree.root, "--restore")
    assert said.status == 0, said.stderr
    assert {path: path.read_bytes() for path in tree.root.rglob("*") if path.is_file()} == before


def test_the_server_gets_its_variables_and_nothing_of_ours(slim: Slim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREETING", "from outside")
    outcome = slim(verify=True, env={"GREETING": " there"}, ask=("/about?again=1",))
    bodies = {page.ask.path: page.before.body for page in outcome.pages}
    assert bodies["/about"] == b"hello there"
    assert "/about?again=1" in bodies


def test_a_server_that_does_not_start_is_told_with_its_last_words(slim: Slim, tree: ServerTree) -> None:
    (tree.root / "server.js").write_text("throw new Error('no data base')\n")
    with pytest.raises(
        FindingError, match=r"ask the whole server: the server did not answer \(status 3\); it said:"
    ) as told:
        slim(verify=True)
    assert "Error: no data base" in str(told.value)
    assert str(told.value).endswith("the server did not start: it ended with status 1")


def test_a_server_reaches_nobody(tree: ServerTree, node: Path) -> None:
    (tree.root / "server.js").write_text(
        "require('http').createServer((q, s) => require('net').connect(80, '192.0.2.1')"
        ".on('error', e => s.end(e.code)).on('connect', () => s.end('connected')))"
        ".listen(process.env.PORT, process.env.HOSTNAME)\n"
    )
    asked = (Ask(route="/", path="/"),)
    options = TrialOptions(node=find_node(node))
    trial = run_trial(Bubblewrap.find(), tree, tree.files, tree.links, asked, options)
    assert trial.answers[0].body == b"ENETUNREACH"


def test_a_server_that_dies_in_the_middle_leaves_faults(tree: ServerTree, node: Path) -> None:
    (tree.root / "server.js").write_text(
        "require('http').createServer((q, s) => q.url === '/die' ? process.exit(7) : s.end('ok'))"
        ".listen(process.env.PORT, process.env.HOSTNAME)\n"
    )
    asked = tuple(Ask(route=path, path=path) for path in ("/", "/die", "/after"))
    options = TrialOptions(node=find_node(node))
    trial = run_trial(Bubblewrap.find(), tree, tree.files, tree.links, asked, options)
    assert [answer.status for answer in trial.answers] == [200, None, None]
    assert all(answer.fault for answer in trial.answers[1:])


def test_a_server_of_a_monorepo_starts_where_it_lies(tmp_path: Path, node: Path) -> None:
    answering(tmp_path / "apps/web")
    options = StandaloneOptions(static="moved")
    request = StandaloneRequest(directory=tmp_path, options=options, verify=True, node=node)
    outcome = slim_standalone(request, SILENT, jobs=1)
    assert outcome.verified is True
    bodies = {page.ask.path: page.after.body for page in outcome.pages}
    assert (bodies["/about"], bodies["/writes"]) == (b"hello", b"written")


def test_what_is_no_node_is_told(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("")
    with pytest.raises(ToolError, match="is no program that can be started"):
        find_node(tmp_path / "text")
    pretend = tmp_path / "node"
    pretend.write_text("#!/bin/sh\necho hello\n")
    pretend.chmod(0o755)
    with pytest.raises(ToolError, match="is no Node"):
        find_node(pretend)
    pretend.write_text("#!/bin/sh\necho /opt/node; echo 12.22.9\n")
    with pytest.raises(ToolError, match=r"Node.js 12\.22\.9 is too old: want 18 or later"):
        find_node(pretend)


APP = Path(__file__).with_name("next_app")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`next_app`, built: the tree that its Dockerfile would copy. Half a minute, and npm's registry."""
    node, npm = require_tool("node"), require_tool("npm")
    app = tmp_path_factory.mktemp("next") / "app"
    app.mkdir()
    for path in APP.rglob("*"):
        target = app / path.relative_to(APP)
        target.mkdir(parents=True, exist_ok=True) if path.is_dir() else target.write_bytes(path.read_bytes())
    env = {**os.environ, "NEXT_TELEMETRY_DISABLED": "1", "CI": "1"}
    subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=app, check=True, env=env)
    subprocess.run([node, "node_modules/next/dist/bin/next", "build"], cwd=app, check=True, env=env)
    server = app / ".next/standalone"
    for source, target in ((app / "public", server / "public"), (app / ".next/static", server / ".next/static")):
        subprocess.run(["cp", "-a", source, target], check=True)
    return server


@pytest.mark.parametrize(
    ("safety", "images", "share"), [("safe", "keep", 0.92), ("closure", "keep", 0.7), ("traced", "off", 0.2)]
)
def test_a_real_server_answers_the_same_with_less(
    lightship: Lightship, built: Path, tmp_path: Path, safety: str, images: str, share: float
) -> None:
    said = lightship(
        "assets", "standalone", built, "--static", "moved", "--safety", safety, "--images", images,
        "--output", tmp_path / "slim", "--format", "json",
    )  # fmt: skip
    assert said.status == 0, said.stderr + said.stdout
    report = json.loads(said.stdout)
    assert report["verified"] is True
    pages = {(page["path"], *page["headers"]): page for page in report["pages"]}
    assert {page["verdict"] for page in pages.values()} == {"same"}
    assert [pages[path,]["status"] for path in ("/", "/blog/one", "/api/hello", "/api/edge", "/old")] == [200] * 5
    assert any(page["route"] == "/_next/image" and page["status"] == 200 for page in pages.values()) == (
        images == "keep"
    )
    assert report["after"]["unpacked_bytes"] <= share * report["before"]["unpacked_bytes"]
    kept = {path.relative_to(tmp_path / "slim").as_posix() for path in (tmp_path / "slim").rglob("*") if path.is_file()}
    assert sum((tmp_path / "slim" / path).stat().st_size for path in kept) == report["after"]["unpacked_bytes"]
    assert ("public/logo.png" in kept) == (safety == "safe")  # no page names it
    assert any(path.startswith(".next/static/media/picture.") for path in kept) == (images == "keep")
    assert not any(path.startswith(".next/static/chunks") for path in kept)
