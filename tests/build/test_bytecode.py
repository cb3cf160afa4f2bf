"""Bytecode for another interpreter: the same whatever was compiled before or beside it; broken sources are noted."""

import importlib.util
import json
import marshal
import subprocess
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import pytest

import lightship.build
from lightship import proc
from lightship.archive.content import Inline, Stored
from lightship.archive.inflate import Containers, read_content
from lightship.build.bytecode import Bytecode, BytecodeMode, BytecodeUnit, compile_units, compiler_facts
from lightship.build.compiler import Compiled, Compiler, DiedError
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.ecosystem.python.target import Target
from lightship.errors import InputError, ToolError
from lightship.oci.platform import Platform
from lightship.plan.model import Entry
from lightship.proc import Popen
from lightship.progress import SILENT, Progress
from lightship.sandbox.bubblewrap import Bubblewrap
from lightship.sandbox.protocol import Command, Sandbox
from lightship.store.cache import Cache

SITE = "opt/venv/lib/python3.11/site-packages"
VERSION = ".".join(map(str, sys.version_info[:3]))
TAG = sys.implementation.cache_tag


@dataclass
class PretendSandbox:
    """Starts the command on the host: these tests are about bytecode. Counts its starts."""

    started: list[tuple[str, ...]] = field(default_factory=list)

    def start(
        self,
        command: Command,
        *,
        stdin: int | IO[bytes] | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> "Popen[bytes]":
        self.started.append(command.argv)
        return proc.spawn(command.argv, cwd=Path("/"), env=command.env, stdin=stdin, stdout=stdout, stderr=stderr)


def interpreter(executable: str = sys.executable, version: str = VERSION) -> Interpreter:
    target = Target(python=version, platform=Platform("linux", "amd64"), libc="glibc", libc_version=(2, 36))
    return Interpreter(executable=executable.lstrip("/"), stdlib=(), target=target)


def python(other: str | None) -> Path:
    """The running interpreter, or another one that pyenv has installed; skip the test where it has none."""
    if other is None:
        return Path(sys.executable).resolve()
    found = sorted(Path.home().glob(f".pyenv/versions/{other}.*/bin/python{other}"))
    if not found:
        pytest.skip(f"no CPython {other} is installed beside this one")
    return found[0]


def source(path: str, text: str | bytes, owner: str = "wheel:pretend==1") -> Entry:
    content = Inline(text.encode() if isinstance(text, str) else text)
    return Entry(path=f"{SITE}/{path}", content=content, owner=owner)


def stdlib_sources(count: int, start: int = 0) -> tuple[Entry, ...]:
    """Modules of the running interpreter's own library, under the paths of an image."""
    root = Path(types.__file__).parent
    paths = sorted(path for path in root.glob("*.py") if path.stat().st_size < 60_000)[start : start + count]
    return tuple(
        Entry(path=f"usr/lib/python/{path.name}", content=Stored(path, 0, path.stat().st_size)) for path in paths
    )


class World:
    """A cache, a sandbox and an interpreter."""

    def __init__(self, root: Path, sandbox: Sandbox | None = None, target: Interpreter | None = None) -> None:
        self.pretend = PretendSandbox()
        self.sandbox: Sandbox = sandbox or self.pretend
        self.cache = Cache(root)
        self.target = target or interpreter()

    def start(self) -> Compiler:
        return Compiler(self.sandbox, Path("/"), self.target)

    def compile(
        self,
        units: Sequence[BytecodeUnit],
        *,
        jobs: int = 1,
        mode: BytecodeMode = "all",
        startup: Sequence[str] = (),
        optimize: int = 0,
        progress: Progress = SILENT,
    ) -> Bytecode:
        facts = compiler_facts(self.target, rootfs_key="host", start=self.start, cache=self.cache)
        return compile_units(
            units,
            start=self.start,
            facts=facts,
            cache=self.cache,
            jobs=jobs,
            mode=mode,
            startup=startup,
            optimize=optimize,
            progress=progress,
        )


class Tasks:
    """A progress that keeps what was done of each task."""

    def __init__(self) -> None:
        self.done: dict[str, int] = {}

    def start(self, task: str, total: int | None = None, *, unit: str = "") -> None:
        assert (total, unit) == (3, "files")
        self.done[task] = 0

    def advance(self, task: str, amount: int = 1) -> None:
        self.done[task] += amount

    def finish(self, task: str) -> None:
        assert task in self.done

    def note(self, message: str) -> None:
        raise AssertionError(message)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "cache")


def contents(result: Bytecode) -> dict[str, bytes]:
    with Containers() as containers:
        return {e.path: bytes(read_content(e.content, containers)) for e in result.entries if e.content is not None}


def test_a_pyc_is_what_the_interpreter_imports(world: World, tmp_path: Path) -> None:
    text = "import sys\nvalue = {'x': (1, 2.5, 'text')}\ndef f(a, *, b=3):\n    return a in {'p', 'q', 'r'}, b\n"
    result = world.compile([BytecodeUnit(key="a", entries=(source("pretend/mod.py", text),))])
    (entry,) = result.entries
    assert entry.path == f"{SITE}/pretend/__pycache__/mod.{TAG}.pyc"
    assert (entry.owner, entry.mode) == ("wheel:pretend==1", 0o644)
    assert entry.why == f"bytecode of mod.py for CPython {VERSION}"
    pyc = contents(result)[entry.path]
    assert pyc[:4] == importlib.util.MAGIC_NUMBER
    assert pyc[4:8] == b"\1\0\0\0", "PEP 552: hash-based, source not checked"
    assert pyc[8:16] == importlib.util.source_hash(text.encode())
    code = marshal.loads(pyc[16:])  # noqa: S302 - made here
    assert code.co_filename == f"/{SITE}/pretend/mod.py"
    module = tmp_path / "lib/pretend/mod.py"
    (module.parent / "__pycache__").mkdir(parents=True)
    module.write_text("raise SystemExit('the source was read')")
    (module.parent / "__pycache__" / f"mod.{TAG}.pyc").write_bytes(pyc)
    program = "from pretend import mod; assert mod.f('p') == (True, 3) and mod.value == {'x': (1, 2.5, 'text')}"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path / "lib", capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_progress_tells_whose_sources_are_compiled(world: World) -> None:
    progress = Tasks()
    small = BytecodeUnit(key="a", entries=(source("a.py", "1", owner="wheel:a==1"),))
    large = BytecodeUnit(key="b", entries=(source("b.py", "1"), source("c.py", "1")))
    world.compile([small, large], progress=progress)
    assert progress.done == {"bytecode of pretend and 1 more": 3}
    alone = BytecodeUnit(key="d", entries=tuple(source(f"{name}.py", "1") for name in "def"))
    world.compile([alone], progress=progress)
    assert progress.done["bytecode of pretend"] == 3
    owners = ("deb:libpython3.11-minimal=3.11.2-6", "deb:libpython3.11-stdlib=3.11.2-6", "python:3.12.1")
    library = tuple(source(f"{number}.py", "1", owner=owner) for number, owner in enumerate(owners))
    world.compile([BytecodeUnit(key="l", entries=library)], progress=progress)
    assert progress.done["bytecode of the standard library"] == 3


def test_code_is_the_same_as_py_compile_makes(world: World) -> None:
    sources = stdlib_sources(25)
    made = contents(world.compile([BytecodeUnit(key="stdlib", entries=sources)]))
    for entry in sources:
        assert isinstance(entry.content, Stored)
        name = Path(entry.path).stem
        code = compile(entry.content.container.read_bytes(), f"/{entry.path}", "exec", dont_inherit=True)
        pyc = made[f"usr/lib/python/__pycache__/{name}.{TAG}.pyc"]
        assert marshal.loads(pyc[16:]) == code  # noqa: S302 - made here


STATEFUL = (
    ("names.py", "def ä(): pass\nspam_eggs_225 = 1\n"),
    ("one.py", "x = 'ä'\ny = '?'\nz = 'spam_eggs_225'\n"),
    ("sets.py", "def a(x): return x in {'225', '226', 'q9'}\ndef b(x): return x not in {'226', 'q9', '225'}\n"),
    ("lonely.py", "def f(lonely_argument): pass\n"),
    ("nested.py", "class Outer:\n    class Inner:\n        def f(self): pass\n"),
    ("used.py", "X = '225', '226', 'q9', 'spam_eggs_225'\n"),
    ("again.py", "def f(spam_eggs_225): return {**spam_eggs_225, 'a b': (1, (2, b'x', 3.5), frozenset())}\n"),
)


def test_bytes_do_not_depend_on_what_was_compiled_before(tmp_path: Path) -> None:
    entries = (*(source(name, text) for name, text in STATEFUL), *stdlib_sources(15, 40))
    whole = contents(World(tmp_path / "whole").compile([BytecodeUnit(key="w", entries=entries)]))
    alone: dict[str, bytes] = {}
    single = World(tmp_path / "single")
    for number, entry in enumerate(entries):
        alone |= contents(single.compile([BytecodeUnit(key=str(number), entries=(entry,))]))
    assert alone == whole
    with Compiler(PretendSandbox(), Path("/"), interpreter()) as compiler, Containers() as containers:
        pairs = [(e.path, bytes(read_content(e.content, containers))) for e in entries if e.content is not None]
        for order in (pairs, pairs[::-1], pairs[7:] + pairs[:7]):
            answers = compiler.compile(order)
            assert {answer.pyc for answer in answers} == set(whole.values())


@pytest.mark.parametrize("other", [None, "3.10", "3.12", "3.13"])
def test_bytes_do_not_depend_on_what_else_lives_in_the_process(other: str | None) -> None:
    """The worker's own function, in a process where other code objects hold the same strings, and in one without."""
    program = (
        "import sys, json, hashlib; sys.path.insert(0, sys.argv[1]); import _compile_worker as worker\n"
        "worker.intern_single_characters()\n"
        "sources = json.load(sys.stdin); alive = []\n"
        "if sys.argv[2] == 'crowded':\n"
        "    alive = [compile(text, name, 'exec') for name, text in sources[::-1]]\n"
        "    alive += [sys.intern(word) for word in ('225', '226', 'q9')]\n"
        "print([hashlib.sha256(worker.compiled(n, t.encode(), 0)).hexdigest() for n, t in sources])"
    )
    folder = Path(lightship.build.__path__[0])
    request = json.dumps(STATEFUL).encode()
    said = [
        subprocess.run(
            [python(other), "-S", "-B", "-c", program, folder, state],
            input=request,
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": "0"},
        ).stdout
        for state in ("empty", "crowded")
    ]
    assert said[0] == said[1]
    assert said[0].count(b"'") == 2 * len(STATEFUL)


@pytest.mark.parametrize("jobs", [1, 3])
def test_bytes_do_not_depend_on_jobs_or_the_order_of_units(tmp_path: Path, jobs: int) -> None:
    units = [BytecodeUnit(key=str(n), entries=stdlib_sources(9, 9 * n)) for n in range(4)]
    first = World(tmp_path / "first").compile(units)
    second = World(tmp_path / "second").compile(units[::-1], jobs=jobs)
    assert contents(second) == contents(first)
    assert [entry.path for entry in second.entries] == [entry.path for entry in first.entries]
    packs = [
        sorted((p.name, p.read_bytes()) for p in (tmp_path / name / "bytecode").glob("*/*"))
        for name in ("first", "second")
    ]
    assert packs[0] == packs[1]
    assert len(packs[0]) == 4


def test_what_is_cached_starts_nothing(world: World) -> None:
    units = [BytecodeUnit(key=str(n), entries=stdlib_sources(5, 5 * n)) for n in range(2)]
    cold = world.compile(units)
    starts = len(world.pretend.started)
    warm = world.compile(units)
    assert (cold.compiled, cold.cached, warm.compiled, warm.cached) == (10, 0, 0, 10)
    assert warm.entries == cold.entries
    assert len(world.pretend.started) == starts
    third = BytecodeUnit(key="third", entries=stdlib_sources(2, 30))
    mixed = world.compile([*units, third])
    assert (mixed.compiled, mixed.cached) == (2, 10)


def test_a_damaged_pack_is_made_again(world: World, tmp_path: Path) -> None:
    unit = BytecodeUnit(key="a", entries=stdlib_sources(3))
    cold = contents(world.compile([unit]))
    (pack,) = (tmp_path / "cache/bytecode").glob("*/*")
    pack.write_bytes(pack.read_bytes()[:-9])
    again = world.compile([unit])
    assert again.compiled == 3
    assert contents(again) == cold


def test_startup_keeps_what_a_start_imports(world: World) -> None:
    entries = stdlib_sources(6)
    wanted = [entries[1].path, entries[4].path, "not/in/this/unit.py"]
    everything = contents(world.compile([BytecodeUnit(key="a", entries=entries)]))
    some = contents(world.compile([BytecodeUnit(key="a", entries=entries)], mode="startup", startup=wanted))
    assert len(some) == 2
    assert some.items() <= everything.items()
    assert world.compile([BytecodeUnit(key="a", entries=entries)], mode="none") == Bytecode()
    assert world.compile([BytecodeUnit(key="b", entries=entries)], mode="startup") == Bytecode()


BROKEN = "def f():\n    print 'python 2'\n"


def test_a_broken_source_of_a_package_is_a_note(world: World) -> None:
    entries = (source("a.py", BROKEN), source("b.py", "x = 1"), source("c.py", b"\xff\xfe"), source("d.py", b"a = 1\0"))
    unit = BytecodeUnit(key="a", entries=entries)
    cold = world.compile([unit])
    assert list(contents(cold)) == [f"{SITE}/__pycache__/b.{TAG}.pyc"]
    assert [(note.path, note.owner) for note in cold.notes] == [
        (f"{SITE}/{name}.py", "wheel:pretend==1") for name in "acd"
    ]
    assert (cold.notes[0].line, "Missing parentheses" in cold.notes[0].message) == (2, True)
    assert world.compile([unit]).notes == cold.notes, "a warm build says the same"


def test_a_broken_source_of_the_application_is_an_error(world: World) -> None:
    unit = BytecodeUnit(key="a", entries=(source("app.py", BROKEN),), strict=True)
    for _ in ("cold", "warm"):
        with pytest.raises(InputError, match=rf"app\.py:2 does not compile for CPython {VERSION}: ") as caught:
            world.compile([unit])
        assert caught.value.hint is not None


def test_only_sources_are_compiled(world: World) -> None:
    link = Entry(path=f"{SITE}/link.py", type="symlink", link_target="b.py")
    unit = BytecodeUnit(
        key="a", entries=(link, source("data.txt", "x"), source("stub.pyi", "x: int"), source("b.py", ""))
    )
    assert [entry.path for entry in world.compile([unit]).entries] == [f"{SITE}/__pycache__/b.{TAG}.pyc"]


def test_optimize_has_its_own_names_and_cache(world: World) -> None:
    unit = BytecodeUnit(key="a", entries=(source("b.py", "assert False, 'kept'"),))
    plain, optimized = world.compile([unit]), world.compile([unit], optimize=1)
    assert optimized.entries[0].path == f"{SITE}/__pycache__/b.{TAG}.opt-1.pyc"
    assert b"kept" in next(iter(contents(plain).values()))
    assert b"kept" not in next(iter(contents(optimized).values()))


def test_nothing_of_a_source_is_executed(world: World, tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    text = f"# coding: utf-8\nopen({str(marker)!r}, 'w')\n__import__('os').abort()\n"
    assert len(world.compile([BytecodeUnit(key="a", entries=(source("b.py", text),))]).entries) == 1
    assert not marker.exists()


def test_deep_nesting_is_a_note_and_not_the_end(world: World) -> None:
    entries = (source("deep.py", "(" * 100_000), source("deeper.py", "-" * 200_000 + "1"), source("good.py", "x = 1"))
    result = world.compile([BytecodeUnit(key="a", entries=entries)])
    assert [entry.path for entry in result.entries] == [f"{SITE}/__pycache__/good.{TAG}.pyc"]
    assert [note.path for note in result.notes] == [f"{SITE}/deep.py", f"{SITE}/deeper.py"]


def crash_on(monkeypatch: pytest.MonkeyPatch, victims: set[str]) -> None:
    """Stand for an interpreter that a source kills, as deep nesting killed some releases of CPython."""
    whole = Compiler.compile

    def compile_or_die(
        compiler: Compiler, sources: Sequence[tuple[str, bytes]], *, optimize: int = 0
    ) -> list[Compiled]:
        for served, (path, _) in enumerate(sources):
            if Path(path).name in victims:
                raise DiedError("11", served)
        return whole(compiler, sources, optimize=optimize)

    monkeypatch.setattr(Compiler, "compile", compile_or_die)


def test_a_crash_costs_one_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    crash_on(monkeypatch, {"b.py", "d.py"})
    unit = BytecodeUnit(key="a", entries=tuple(source(f"{name}.py", "x = 1") for name in "abcde"))
    result = world.compile([unit])
    assert len(result.entries) == 3
    assert [(note.path[-4:], "died" in note.message) for note in result.notes] == [("b.py", True), ("d.py", True)]


def test_crash_after_crash_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    crash_on(monkeypatch, {f"m{n}.py" for n in range(30)})
    unit = BytecodeUnit(key="a", entries=tuple(source(f"m{n}.py", "") for n in range(30)))
    with pytest.raises(ToolError, match="died"):
        world.compile([unit], jobs=2)
    assert list((world.cache.root / "bytecode").glob("*/*")) == []


def test_a_fork_that_dies_is_told_and_the_next_one_serves() -> None:
    with Compiler(PretendSandbox(), Path("/"), interpreter()) as compiler:
        with pytest.raises(DiedError) as caught:
            compiler.compile([("a.py", b"x = 1")], optimize=cast(int, "a TypeError that the fork does not expect"))
        assert caught.value.served == 0
        assert compiler.compile([("a.py", b"x = 1")])[0].pyc is not None


def test_an_interpreter_that_cannot_start_says_why(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho libpretend.so.1: cannot open shared object file >&2\nexit 127\n")
    program.chmod(0o755)
    with pytest.raises(ToolError, match="status 127: libpretend"):
        World(tmp_path / "cache", target=interpreter(str(program))).compile([])


def test_facts_are_asked_once(world: World) -> None:
    for _ in range(2):
        facts = compiler_facts(world.target, rootfs_key="k", start=world.start, cache=world.cache)
        assert (facts.magic, facts.cache_tag, facts.version) == (importlib.util.MAGIC_NUMBER.hex(), TAG, VERSION)
    assert len(world.pretend.started) == 1


@pytest.mark.conformance
@pytest.mark.parametrize("other", [None, "3.12", "3.13"])
def test_in_the_sandbox_for_another_interpreter(
    tmp_path: Path, require_tool: Callable[[str], str], other: str | None
) -> None:
    require_tool("bwrap")
    executable = python(other)
    program = "import json, sys, importlib.util as u; print(json.dumps([sys.version.split()[0], u.MAGIC_NUMBER.hex()]))"
    asked = subprocess.run([executable, "-c", program], capture_output=True, check=True)
    version, magic = json.loads(asked.stdout)
    entries = (*(source(name, text) for name, text in STATEFUL), *stdlib_sources(10, 40))
    target = interpreter(str(executable), version)
    world = World(tmp_path / "cache", Bubblewrap.find(), target)
    made = contents(world.compile([BytecodeUnit(key="a", entries=entries)], jobs=2))
    assert len(made) == len(entries)
    assert {pyc[:4].hex() for pyc in made.values()} == {magic}
    with Compiler(world.sandbox, Path("/"), target) as compiler, Containers() as containers:
        pairs = [(e.path, bytes(read_content(e.content, containers))) for e in entries if e.content is not None]
        for order in (pairs[::-1], pairs[3:] + pairs[:3]):
            assert {answer.pyc for answer in compiler.compile(order)} == set(made.values())
