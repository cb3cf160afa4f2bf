"""Bytecode is a base's own: what one interpreter compiled is never another base's, whatever it says of itself."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from lightship import proc
from lightship.archive.content import Inline
from lightship.archive.inflate import Containers, read_content
from lightship.build.application import read_application
from lightship.config import Options
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.ecosystem.python.target import Target
from lightship.errors import InputError
from lightship.flows.application_layers import ApplicationLayers
from lightship.flows.bytecode_layers import BytecodeMaker
from lightship.flows.compilers import Compilers
from lightship.oci.platform import Platform
from lightship.plan.layering import LayerRecipe, PackageUnit
from lightship.plan.model import Entry
from lightship.proc import Popen
from lightship.progress import SILENT
from lightship.sandbox.protocol import Command
from lightship.store.cache import Cache


@dataclass
class LyingSandbox:
    """Starts the interpreter of the tests; with ``evil``, one that compiles something else than it is sent."""

    evil: bool
    started: list[str] = field(default_factory=list)

    def start(
        self,
        command: Command,
        *,
        stdin: int | IO[bytes] | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> "Popen[bytes]":
        *options, worker = command.argv[1:]
        if self.evil:
            worker = worker.replace('compile(source, "/" + path', 'compile(b"EVIL = 1", "/" + path')
        self.started.append(worker)
        argv = (sys.executable, *options, worker)
        return proc.spawn(argv, cwd=Path("/"), env=command.env, stdin=stdin, stdout=stdout, stderr=stderr)


def _maker(cache: Cache, rootfs_key: str, *, evil: bool, sandbox: LyingSandbox | None = None) -> BytecodeMaker:
    version = ".".join(map(str, sys.version_info[:3]))
    target = Target(python=version, platform=Platform("linux", "amd64"), libc="glibc", libc_version=(2, 36))
    used = sandbox or LyingSandbox(evil=evil)
    interpreter = Interpreter(executable="usr/bin/python3", stdlib=(), target=target)
    return BytecodeMaker(
        compilers=Compilers(interpreter, lambda: Path("/"), lambda: used),
        rootfs_key=rootfs_key,
        cache=cache,
        mode="all",
        progress=SILENT,
    )


def _recipes(maker: BytecodeMaker, project: Path) -> dict[str, LayerRecipe]:
    wheel = Entry(path="opt/venv/lib/pretend.py", content=Inline(b"GOOD = 1"))
    (packages,) = maker.packages(
        [PackageUnit(name="pretend", weight_bytes=8, key="k")], "context", lambda _: (wheel,), sources="s"
    )
    return {
        "packages": packages,
        "application": _application(maker, project),
        "stdlib": maker.stdlib([Entry(path="usr/lib/python3/os.py", content=Inline(b"GOOD = 1"))], "stdlib"),
    }


def _application(maker: BytecodeMaker, project: Path, options: Options | None = None) -> LayerRecipe:
    (recipe,) = maker.application(ApplicationLayers.of(read_application(project), options or Options()))
    return recipe


@pytest.mark.parametrize("kind", ["packages", "application", "stdlib"])
def test_a_base_that_lies_does_not_reach_others_through_the_cache(tmp_path: Path, kind: str) -> None:
    cache = Cache(tmp_path / "cache")
    project = tmp_path / "project"
    project.mkdir()
    (project / "main.py").write_text("GOOD = 1")
    liar, honest = _maker(cache, "evil", evil=True), _maker(cache, "good", evil=False)
    evil, good = _recipes(liar, project)[kind], _recipes(honest, project)[kind]
    assert evil.key != good.key
    with liar.compilers, honest.compilers:
        (poisoned,), (clean,) = (
            [entry for entry in recipe.make().entries if entry.type == "file"] for recipe in (evil, good)
        )
    with Containers() as containers:
        texts = [bytes(read_content(each.content, containers)) for each in (poisoned, clean) if each.content]
    assert b"EVIL" in texts[0]
    assert b"EVIL" not in texts[1]
    assert b"GOOD" in texts[1]


def test_the_same_base_compiles_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    project = tmp_path / "project"
    project.mkdir()
    (project / "main.py").write_text("GOOD = 1")
    first, again = LyingSandbox(evil=False), LyingSandbox(evil=False)
    for sandbox in (first, again):
        maker = _maker(cache, "one", evil=False, sandbox=sandbox)
        with maker.compilers:
            _recipes(maker, project)["packages"].make()
    assert len(first.started) == 2  # once for what it says of itself
    assert again.started == []


def test_what_is_writable_stays_so_where_its_sources_have_bytecode(tmp_path: Path) -> None:
    """The layer lies above that of the files: its directories are the ones that count."""
    project = tmp_path / "project"
    (project / "plugins").mkdir(parents=True)
    (project / "plugins/one.py").write_text("GOOD = 1")
    maker = _maker(Cache(tmp_path / "cache"), "good", evil=False)
    with maker.compilers:
        recipe = _application(maker, project, Options(writable=("/app", "/app/plugins")))
        assert recipe.parts is not None
        whole = recipe.make().entries
        parts = [entry for part in recipe.parts().make(range(len(recipe.parts().keys))) for entry in part]
    for entries in (whole, parts):
        modes = {entry.path: entry.mode for entry in entries if entry.type == "dir"}
        assert modes == {"app": 0o1777, "app/plugins": 0o1777, "app/plugins/__pycache__": 0o755}


def test_what_was_begun_ahead_is_compiled_once(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "main.py").write_text("GOOD = 1")
    (project / "notes.txt").write_text("no source")
    sandbox = LyingSandbox(evil=False)
    maker = _maker(Cache(tmp_path / "cache"), "good", evil=False, sandbox=sandbox)
    application = read_application(project)
    with maker.compilers:
        maker.begin(application, application.files)
        made = _application(maker, project).make()
    assert next(entry.path for entry in made.entries if entry.type == "file").endswith(".pyc")
    assert len(sandbox.started) == 2  # once for what it says of itself


def test_a_source_that_was_begun_ahead_and_does_not_compile_is_told_once_it_is_needed(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "main.py").write_text("GOOD = (")
    maker = _maker(Cache(tmp_path / "cache"), "good", evil=False)
    application = read_application(project)
    with maker.compilers:
        maker.begin(application, application.files)
        with pytest.raises(InputError, match=r"app/main\.py:1 does not compile"):
            _application(maker, project).make()
