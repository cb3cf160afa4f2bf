"""Bytecode as layers: of the standard library, of the packages by bins, of the application.

The target's interpreter runs in the sandbox, from the image's own base; it is started only when a layer must be made.
"""

import contextlib
import json
import posixpath
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lightship.archive.content import Stored
from lightship.build.bytecode import Bytecode, BytecodeMode, BytecodeUnit, compile_units, compiler_facts
from lightship.build.compiler import Compiler, CompilerFacts, worker_source
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.errors import LightshipError
from lightship.findings import Finding
from lightship.plan.layering import LayerRecipe, PackageUnit, Parts, bytecode_recipes
from lightship.plan.model import Entry, LayerPlan
from lightship.plan.parts import cut, directories
from lightship.progress import Progress
from lightship.sandbox.protocol import Sandbox
from lightship.store.cache import Cache, cache_key
from lightship.units import format_names

__all__ = ["BytecodeMaker", "bytecode_findings"]

_VERSION = 2
"""Raised when the same sources give other layers."""


@dataclass(slots=False, kw_only=True, eq=False)
class BytecodeMaker:
    """Makes recipes of bytecode layers for ``interpreter``.

    ``rootfs`` unpacks the base when it is first needed; ``rootfs_key`` names it. ``startup`` are source paths, used
    in mode ``startup``. Sources that do not compile are remembered for `bytecode_findings`.
    """

    interpreter: Interpreter
    rootfs: Callable[[], Path]
    rootfs_key: str
    sandbox: Callable[[], Sandbox]
    cache: Cache
    mode: BytecodeMode
    startup: Collection[str] = ()
    jobs: int = 1
    progress: Progress
    _pool: ThreadPoolExecutor | None = field(default=None, init=False)
    _spare: Future[Compiler] | None = field(default=None, init=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, init=False)

    @cached_property
    def _root(self) -> Path:
        return self.rootfs()

    def prepare(self) -> None:
        """Start a compiler in the background, where one will surely be needed: that takes as long as compiling what
        changed. It ends with `close` at the latest."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="compiler")  # what a thread started ends with it
        self._spare = self._pool.submit(self._start)

    def close(self) -> None:
        """End a compiler that was prepared and not used."""
        spare, self._spare = self._spare, None
        if spare is not None:
            with contextlib.suppress(LightshipError):  # whoever needed it would have been told
                spare.result().close()
        if self._pool is not None:
            self._pool.shutdown()

    def _compiler(self) -> Compiler:
        with self._guard:
            spare, self._spare = self._spare, None
        return self._start() if spare is None else spare.result()

    def _start(self) -> Compiler:
        return Compiler(self.sandbox(), self._root, self.interpreter)

    @cached_property
    def _facts(self) -> CompilerFacts:
        return compiler_facts(
            self.interpreter,
            rootfs=self._root,
            rootfs_key=self.rootfs_key,
            sandbox=self.sandbox(),
            cache=self.cache,
        )

    @cached_property
    def context(self) -> str:
        """What all bytecode depends on, beside its sources.

        The whole root counts, not what its interpreter says of itself: a project chooses its base, and an interpreter
        that lies must not reach the images of others through the cache.
        """
        started = sorted(self.startup) if self.mode == "startup" else ()
        interpreter = (self.rootfs_key, self.interpreter.executable, self.interpreter.target.cache_key)
        return cache_key("bytecode", _VERSION, worker_source(), self.mode, *interpreter, *started)

    def stdlib(self, sources: Sequence[Entry], key: str) -> LayerRecipe:
        """The layer with the bytecode of the standard library; ``key`` names the bytes of ``sources``."""
        full = cache_key("stdlib-bytecode", self.context, key)

        def make() -> LayerPlan:
            made = self.compile([BytecodeUnit(key=cache_key(self.rootfs_key, key), entries=tuple(sources))])
            return self._plan("interpreter-bytecode", full, made, "bytecode of the standard library")

        return LayerRecipe(name="interpreter-bytecode", key=full, packages=(), make=make)

    def packages(
        self,
        units: Sequence[PackageUnit],
        context: str,
        files: Callable[[str], tuple[Entry, ...]],
        *,
        sources: str,
    ) -> tuple[LayerRecipe, ...]:
        """The layers with the bytecode of packages; ``context`` is that of their own layers. ``sources`` is what the
        bytes of their sources depend on: less, so that a wheel for all platforms is compiled for all at once."""
        keys = {unit.name: unit.key for unit in units}

        def make(name: str, key: str, packages: tuple[str, ...]) -> LayerPlan:
            wanted = [
                BytecodeUnit(key=cache_key(self.rootfs_key, sources, keys[package]), entries=files(package))
                for package in packages
            ]
            return self._plan(name, key, self.compile(wanted), f"bytecode of {format_names(packages)}")

        return bytecode_recipes(units, cache_key(self.context, context), make)

    def application(self, entries: Sequence[Entry]) -> LayerRecipe:
        """The layer with the bytecode of the project's own files.

        Each file is a unit, so that a changed line compiles nothing else, and the layer has parts: those of other files
        are not even looked at.
        """
        sources = {entry.path: entry for entry in entries if entry.path.endswith(".py") and entry.type == "file"}
        if self.mode == "startup":
            sources = {path: sources[path] for path in sorted(sources.keys() & set(self.startup))}
        groups = [[sources[path] for path in group] for group in cut(sources)]
        keys = [cache_key("application", self.context, repr([*_identities(group)])) for group in groups]
        holds = sorted({f"{posixpath.dirname(path)}/__pycache__".lstrip("/") for path in sources})
        keys.insert(0, cache_key("application", *holds))
        full = cache_key("application-bytecode", *keys)
        created_by = "bytecode of the application"

        def units(numbers: Iterable[int]) -> list[BytecodeUnit]:
            return [unit for number in numbers if number for unit in _units(groups[number - 1], self.rootfs_key)]

        def make() -> LayerPlan:
            return self._plan("application-bytecode", full, self.compile(units(range(len(keys)))), created_by)

        def parts(missing: Sequence[int]) -> list[tuple[Entry, ...]]:
            self.compile(units(missing))  # all that is missing at once, by several compilers
            return [self.compile(units([number])).entries if number else _directories(holds) for number in missing]

        return LayerRecipe(
            name="application-bytecode",
            key=full,
            packages=(),
            make=make,
            parts=Parts(keys=tuple(keys), make=parts, created_by=created_by),
        )

    def compile(self, units: Sequence[BytecodeUnit]) -> Bytecode:
        """Compile what the cache lacks."""
        return compile_units(
            units,
            start=self._compiler,
            facts=self._facts,
            cache=self.cache,
            jobs=self.jobs,
            mode=self.mode,
            startup=self.startup,
            progress=self.progress,
        )

    def _plan(self, name: str, key: str, made: Bytecode, created_by: str) -> LayerPlan:
        if made.notes:
            with self.cache.write("records", _notes_key(key)) as record:
                rows = [[note.path, note.line, note.message] for note in made.notes]
                record.write(json.dumps(rows).encode())
        return LayerPlan(name=name, key=key, entries=made.entries, created_by=created_by)


def bytecode_findings(recipes: Iterable[LayerRecipe], cache: Cache) -> list[Finding]:
    """Sources that did not compile when the layers of ``recipes`` were made, by this build or an earlier one."""
    rows: list[tuple[str, int, str]] = []
    for recipe in recipes:
        record = cache.find("records", _notes_key(recipe.key))
        if record is not None:
            with contextlib.suppress(OSError, ValueError):  # a damaged record: notes are worth no new build
                rows += json.loads(record.read_bytes())
    return [
        Finding(
            code="no-bytecode",
            severity="note",
            title="a source that does not compile",
            message=f"{path}:{line} does not compile for the target and has no bytecode: {message}",
            location=path,
        )
        for path, line, message in rows
    ]


def _notes_key(key: str) -> str:
    return cache_key("bytecode-notes", _VERSION, key)


def _units(entries: Iterable[Entry], rootfs_key: str) -> Iterable[BytecodeUnit]:
    for entry in entries:
        key = cache_key("application", rootfs_key, *_identities([entry]))
        yield BytecodeUnit(key=key, entries=(entry,), strict=True)


def _identities(entries: Iterable[Entry]) -> Iterable[str]:
    for entry in entries:
        sha256 = entry.content.sha256 if isinstance(entry.content, Stored) else None
        yield entry.path
        yield sha256 or ""


def _directories(paths: Iterable[str]) -> tuple[Entry, ...]:
    """The directories ``paths`` and those above them."""
    made = (Entry(path=path, type="dir", mode=0o755, owner="application", why="holds bytecode") for path in paths)
    return directories(made)
