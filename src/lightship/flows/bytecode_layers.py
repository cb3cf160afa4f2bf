"""Bytecode as layers: of the standard library, of the packages by bins, of the application.

The target's interpreter runs in the sandbox, from the image's own base; it is started only when a layer must be made.
"""

import contextlib
import functools
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from lightship.build.application import Application
from lightship.build.bytecode import Bytecode, BytecodeMode, BytecodeUnit, compile_units, compiler_facts
from lightship.build.compiler import CompilerFacts, worker_source
from lightship.findings import Finding
from lightship.flows.application_layers import ApplicationLayers
from lightship.flows.compilers import Compilers, compilers_of
from lightship.flows.lower import Lower
from lightship.flows.request import BuildRequest
from lightship.plan.layering import LayerRecipe, PackageUnit, Parts, bytecode_recipes
from lightship.plan.model import Entry, LayerPlan
from lightship.plan.parts import PARTS_VERSION, cut
from lightship.progress import Progress
from lightship.store.cache import Cache, cache_key
from lightship.units import format_names
from lightship.values import dataclass

__all__ = ["BytecodeMaker", "bytecode_findings", "bytecode_maker"]

_VERSION = 2
"""Raised when the same sources give other layers."""


@dataclass(slots=False, kw_only=True, eq=False)
class BytecodeMaker:
    """Makes recipes of bytecode layers by ``compilers``, whose root ``rootfs_key`` names.

    ``startup`` are source paths, used in mode ``startup``. Sources that do not compile are remembered for
    `bytecode_findings`.
    """

    compilers: Compilers
    rootfs_key: str
    cache: Cache
    mode: BytecodeMode
    startup: Collection[str] = ()
    jobs: int = 1
    progress: Progress

    @functools.cached_property
    def _facts(self) -> CompilerFacts:
        return compiler_facts(
            self.compilers.interpreter, rootfs_key=self.rootfs_key, start=self.compilers.take, cache=self.cache
        )

    @functools.cached_property
    def context(self) -> str:
        """What all bytecode depends on, beside its sources.

        The whole root counts, not what its interpreter says of itself: a project chooses its base, and an interpreter
        that lies must not reach the images of others through the cache.
        """
        started = sorted(self.startup) if self.mode == "startup" else ()
        interpreter = self.compilers.interpreter
        runs = (self.rootfs_key, interpreter.executable, interpreter.target.cache_key)
        return cache_key("bytecode", _VERSION, worker_source(), self.mode, *runs, *started)

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

    def application(self, layers: ApplicationLayers) -> tuple[LayerRecipe, ...]:
        """The layers with the bytecode of the project's own files, cut as those of the files.

        Each file is a unit, so that a changed line compiles nothing else, and the layers have parts: those of other
        files are not even looked at.
        """
        wanted = frozenset(self.startup) if self.mode == "startup" else None
        recipes = []
        for number, paths in enumerate(layers.bins):
            sources = {
                path: sha256
                for path in paths
                if (wanted is None or path in wanted) and (sha256 := layers.application.source_sha256(path))
            }
            if sources:
                recipes.append(self._application(layers, layers.name(number, "application-bytecode"), sources))
        return tuple(recipes)

    def _application(self, layers: ApplicationLayers, name: str, sources: Mapping[str, str]) -> LayerRecipe:
        full = cache_key("application-bytecode", PARTS_VERSION, self.context, layers.key(sources))
        created_by = "bytecode of the application"

        @functools.cache
        def parts() -> Parts:
            groups = cut(sources)
            holders = layers.holders(_cache_of(path) for path in sources)
            keys = [cache_key("application", "directories", *holders, layers.key({}))]
            keys += [cache_key(self.context, layers.key({path: sources[path] for path in group})) for group in groups]

            def directories() -> tuple[Entry, ...]:
                return tuple(map(layers.directory, holders))

            def make(missing: Sequence[int]) -> list[tuple[Entry, ...]]:
                wanted = [[self._unit(layers.application, path) for path in groups[n - 1]] for n in missing if n]
                if len(wanted) > 1:
                    self.compile([unit for units in wanted for unit in units])  # all at once, by several compilers
                made = (self.compile(units).entries for units in wanted)
                return [next(made) if number else directories() for number in missing]

            return Parts(keys=tuple(keys), make=make, created_by=created_by)

        def make() -> LayerPlan:
            made = self.compile([self._unit(layers.application, path) for path in sources])
            (directories,) = parts().make([0])
            return self._plan(name, full, replace(made, entries=(*directories, *made.entries)), created_by)

        return LayerRecipe(name=name, key=full, packages=(), make=make, parts=parts)

    def begin(self, application: Application, paths: Iterable[str]) -> None:
        """Compile those of ``paths`` that are sources in the background, for the layers of the application."""
        sources = [path for path in paths if application.source_sha256(path)]
        if self.mode == "startup":
            sources = [path for path in sources if path in self.startup]
        if sources and self.mode != "none":
            self.compilers.begin(lambda: self._compile([self._unit(application, path) for path in sources]))

    def _unit(self, application: Application, path: str) -> BytecodeUnit:
        key = cache_key("application", self.rootfs_key, path, application.source_sha256(path))
        return BytecodeUnit(key=key, entries=(application.entry(path),), strict=True)

    def compile(self, units: Sequence[BytecodeUnit]) -> Bytecode:
        """Compile what the cache lacks and nobody has begun to."""
        self.compilers.settle()
        return self._compile(units)

    def _compile(self, units: Sequence[BytecodeUnit]) -> Bytecode:
        return compile_units(
            units,
            start=self.compilers.take,
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


def bytecode_maker(
    lower: Lower, request: BuildRequest, cache: Cache, progress: Progress, compilers: Compilers | None = None
) -> BytecodeMaker:
    """A maker of bytecode for ``lower`` by its ``compilers``; without those of the caller, by such as start when they
    are needed."""
    return BytecodeMaker(
        compilers=compilers or compilers_of(lower, cache, progress),
        rootfs_key=(lower.compiler or lower.own_compiler).key,
        cache=cache,
        mode=lower.mode,
        startup=frozenset(lower.startup),
        jobs=request.jobs,
        progress=progress,
    )


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


def _cache_of(source: str) -> str:
    """Where bytecode of ``source`` lies, and a slash."""
    directory = source.rpartition("/")[0]
    return f"{directory}/__pycache__/" if directory else "__pycache__/"


def _notes_key(key: str) -> str:
    return cache_key("bytecode-notes", _VERSION, key)
