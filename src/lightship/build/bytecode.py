"""Bytecode for the target interpreter, compiled in the sandbox and kept in the cache, one pack for each unit.

Python's "Cached bytecode" (PEP 3147) with unchecked hashes (PEP 552, https://peps.python.org/pep-0552): nothing of
the image's clock is in them, and the interpreter does not read the source to trust them. A pyc depends on its source,
its path and the interpreter alone, so a part of a unit gives the same bytes as the whole. Sources are compiled, never
executed. See ``docs/decisions/bytecode.md``.
"""

import collections
import dataclasses
import json
import posixpath
import queue
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from typing import Literal, Self

from lightship.archive.content import Deflated
from lightship.archive.inflate import Containers, read_content
from lightship.archive.pack import PACK_VERSION, PackWriter
from lightship.archive.zip import read_zip
from lightship.build.compiler import Compiled, Compiler, CompilerFacts, DiedError, worker_source
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.errors import ArchiveError, InputError, ToolError, WorldError
from lightship.paths import storage_errors
from lightship.plan.model import Entry
from lightship.progress import SILENT, Progress
from lightship.store.cache import Cache, cache_key
from lightship.values import dataclass

__all__ = ["Bytecode", "BytecodeMode", "BytecodeNote", "BytecodeUnit", "compile_units", "compiler_facts"]

BytecodeMode = Literal["all", "startup", "none"]

_KIND = "bytecode"
_NOTES = "notes.json"
_CHUNK_FILES = 64
_CHUNK_BYTES = 1 << 20
_CRASH_LIMIT = 8
_SOURCE_CAP_BYTES = 64 << 20
"""Compiling takes about a hundred times a source's size in memory: what is larger would not end well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BytecodeUnit:
    """Sources that are compiled and cached together: the ``.py`` files of a wheel, of the standard library, of the
    application. ``key`` names the bytes of ``entries`` (a wheel's SHA-256 and its place); entries that are no sources
    are passed over. ``strict``: a source that does not compile is an error, as it is in an application."""

    key: str
    entries: tuple[Entry, ...]
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BytecodeNote:
    """A source without bytecode: it does not compile for the target."""

    path: str
    owner: str
    line: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytecode:
    """``entries`` are the ``__pycache__`` files, sorted by path, to be added where their sources stay. Counts are
    files; ``cached`` came from the cache."""

    entries: tuple[Entry, ...] = ()
    notes: tuple[BytecodeNote, ...] = ()
    compiled: int = 0
    cached: int = 0


@dataclass(slots=True)
class _Work:
    """A unit that is not in the cache, and what came back of it so far, by source path."""

    unit: BytecodeUnit
    pack_key: str
    sources: tuple[Entry, ...]
    left: int = 0
    pycs: dict[str, bytes] = field(default_factory=dict)
    notes: dict[str, tuple[int, str]] = field(default_factory=dict)


def compiler_facts(
    interpreter: Interpreter, *, rootfs_key: str, start: Callable[[], Compiler], cache: Cache
) -> CompilerFacts:
    """What the interpreter that ``start`` starts says of itself, asked once per root file system (``rootfs_key`` names
    its bytes)."""
    key = cache_key("compiler", rootfs_key, interpreter.executable, interpreter.target.python)
    found = cache.find("records", key)
    if found is not None:
        with storage_errors("read the cache"):
            text = found.read_text("utf-8")
        try:
            return CompilerFacts(**json.loads(text))
        except (ValueError, TypeError):
            pass  # a damaged entry counts as absent
    with start() as compiler:
        facts = compiler.facts
    with cache.write("records", key) as stream:
        stream.write(json.dumps(dataclasses.asdict(facts), sort_keys=True).encode())
    return facts


def compile_units(
    units: Sequence[BytecodeUnit],
    *,
    start: Callable[[], Compiler],
    facts: CompilerFacts,
    cache: Cache,
    jobs: int,
    mode: BytecodeMode = "all",
    startup: Collection[str] = (),
    optimize: int = 0,
    progress: Progress = SILENT,
) -> Bytecode:
    """Bytecode of ``units`` by compilers that ``start`` starts and that are as ``facts`` say.

    ``mode`` ``startup`` keeps the sources whose paths are in ``startup``. What is cached costs a zip directory; the
    compiler is started only where something is missing, ``jobs`` times at most. The result does not depend on ``jobs``,
    the order of ``units`` or the cache. Raise InputError, naming file and line, for a strict unit that does not
    compile.
    """
    if mode == "none":
        return Bytecode()
    wanted = frozenset(startup) if mode == "startup" else None
    works = [work for unit in units if (work := _work(unit, wanted, facts, optimize)).sources]
    known = {work.pack_key: _members(work.pack_key, cache) for work in works}
    missing = {work.pack_key: work for work in works if known[work.pack_key] is None}
    if missing:
        _Compilation(list(missing.values()), start, facts, cache, optimize, progress).run(jobs)
    known |= {key: _members(key, cache) for key in missing}
    entries: list[Entry] = []
    notes: list[BytecodeNote] = []
    for work in works:
        made, said = _results(work, known[work.pack_key], facts, optimize)
        entries += made
        notes += said
    return Bytecode(
        entries=tuple(sorted(entries, key=lambda entry: entry.path)),
        notes=tuple(sorted(notes, key=lambda note: note.path)),
        compiled=sum(len(work.sources) for work in works if work.pack_key in missing),
        cached=sum(len(work.sources) for work in works if work.pack_key not in missing),
    )


def _work(unit: BytecodeUnit, wanted: frozenset[str] | None, facts: CompilerFacts, optimize: int) -> _Work:
    sources = sorted(
        (
            entry
            for entry in unit.entries
            if entry.type == "file" and entry.path.endswith(".py") and (wanted is None or entry.path in wanted)
        ),
        key=lambda entry: entry.path,
    )
    paths = [entry.path for entry in sources]
    key = cache_key(
        _KIND, unit.key, facts.magic, facts.cache_tag, facts.version, optimize, worker_source(), PACK_VERSION, *paths
    )
    return _Work(unit=unit, pack_key=key, sources=tuple(sources))


def _pyc_path(source: str, facts: CompilerFacts, optimize: int) -> str:
    """PEP 3147 and PEP 488: ``a/b.py`` to ``a/__pycache__/b.cpython-311.pyc``."""
    directory, name = posixpath.split(source)
    level = f".opt-{optimize}" if optimize else ""
    return posixpath.join(directory, "__pycache__", f"{name.removesuffix('.py')}.{facts.cache_tag}{level}.pyc")


_Members = tuple[dict[str, Deflated], dict[str, tuple[int, str]]]
"""Contents and notes (line, message) by source path."""


def _members(pack_key: str, cache: Cache) -> _Members | None:
    """What a pack holds; None when it is absent or damaged."""
    pack = cache.find(_KIND, pack_key)
    if pack is None:
        return None
    try:
        contents = {m.path: m.content for m in read_zip(pack) if isinstance(m.content, Deflated)}
        with Containers() as containers:
            notes = json.loads(bytes(read_content(contents.pop(_NOTES), containers, _NOTES)))
        return contents, {str(path): (int(line), str(message)) for path, (line, message) in notes.items()}
    except (ArchiveError, KeyError, ValueError, TypeError, AttributeError):
        return None


def _results(
    work: _Work, found: _Members | None, facts: CompilerFacts, optimize: int
) -> tuple[list[Entry], list[BytecodeNote]]:
    if found is None:
        raise WorldError("a pack of bytecode that was just written cannot be read")
    contents, notes = found
    if work.unit.strict and notes:
        path, (line, message) = min(notes.items())
        raise InputError(
            f"{path}:{line} does not compile for CPython {facts.version}: {message}",
            hint="set the Python version that the project needs, or leave the file out with .dockerignore",
        )
    entries = [
        Entry(
            path=_pyc_path(source.path, facts, optimize),
            content=contents[source.path],
            uid=source.uid,
            gid=source.gid,
            owner=source.owner,
            why=f"bytecode of {posixpath.basename(source.path)} for CPython {facts.version}",
        )
        for source in work.sources
        if source.path in contents
    ]
    owners = {source.path: source.owner for source in work.sources}
    said = [
        BytecodeNote(path=path, owner=owners.get(path, ""), line=line, message=message)
        for path, (line, message) in notes.items()
    ]
    return entries, said


class _Compilation:
    """Units that have to be compiled, cut into chunks that any of several compilers takes."""

    def __init__(
        self,
        works: Sequence[_Work],
        start: Callable[[], Compiler],
        facts: CompilerFacts,
        cache: Cache,
        optimize: int,
        progress: Progress,
    ) -> None:
        self._start = start
        self._facts = facts
        self._cache = cache
        self._optimize = optimize
        self._progress = progress
        self._guard = threading.Lock()
        self._failed = threading.Event()
        self._chunks: queue.SimpleQueue[list[_Source]] = queue.SimpleQueue()
        self._total = sum(len(work.sources) for work in works)
        self._task = _task(works)
        for work in works:
            work.left = len(work.sources)
        # The largest unit first: its chunks are spread, and no compiler is left alone with it at the end.
        by_size = sorted(works, key=lambda w: (-sum(s.unpacked_bytes for s in w.sources), w.pack_key))
        for chunk in _cut((work, source) for work in by_size for source in work.sources):
            self._chunks.put(chunk)

    def run(self, jobs: int) -> None:
        jobs = max(1, min(jobs, self._chunks.qsize()))
        self._progress.start(self._task, self._total, unit="files")
        with ThreadPoolExecutor(jobs, thread_name_prefix="bytecode") as pool:
            for outcome in [pool.submit(self._serve) for _ in range(jobs)]:
                outcome.result()
        self._progress.finish(self._task)

    def _serve(self) -> None:
        """One compiler's life: chunks until there are none, or until another has failed."""
        try:
            with Containers() as containers, _Restarting(self._start()) as compiler:
                compiler.check(self._facts)
                while not self._failed.is_set():
                    try:
                        chunk = self._chunks.get_nowait()
                    except queue.Empty:
                        return
                    self._take(chunk, compiler, containers)
        except BaseException:
            self._failed.set()
            raise

    def _take(self, chunk: list["_Source"], compiler: "_Restarting", containers: Containers) -> None:
        fit = [(work, entry) for work, entry in chunk if entry.unpacked_bytes <= _SOURCE_CAP_BYTES]
        sources = [
            (entry.path, bytes(read_content(entry.content, containers, entry.path)))
            for _, entry in fit
            if entry.content is not None
        ]
        answers = dict(compiler.compile(sources, self._optimize))
        with self._guard:
            for work, entry in chunk:
                if entry.unpacked_bytes > _SOURCE_CAP_BYTES:
                    work.notes[entry.path] = (0, f"too large: {entry.unpacked_bytes} bytes")
            for number, (work, entry) in enumerate(fit):
                answer = answers[number]
                if answer.pyc is None:
                    work.notes[entry.path] = (answer.line, answer.message)
                else:
                    work.pycs[entry.path] = answer.pyc
            for work, _ in chunk:
                work.left -= 1
            complete = [work for work in {id(work): work for work, _ in chunk}.values() if not work.left]
        for work in complete:
            self._keep(work)
        self._progress.advance(self._task, len(chunk))

    def _keep(self, work: _Work) -> None:
        with self._cache.write(_KIND, work.pack_key) as stream, PackWriter(stream) as pack:
            for path in sorted(work.pycs):
                pack.add(path, work.pycs[path])
            pack.add(_NOTES, json.dumps(work.notes, sort_keys=True).encode())
        work.pycs.clear()


def _task(works: Sequence[_Work]) -> str:
    """What is compiled, by the name of most sources' owner: a build compiles several times."""
    names = collections.Counter(_name_of(source.owner) for work in works for source in work.sources)
    (most, _), *others = sorted(names.items(), key=lambda item: (-item[1], item[0]))
    return f"bytecode of {most}" + (f" and {len(others)} more" if others else "")


def _name_of(owner: str) -> str:
    kind, _, name = owner.partition(":")
    if kind == "wheel":
        return name.partition("==")[0]
    return "the application" if kind == "application" else "the standard library"


class _Restarting:
    """A compiler that survives sources that crash it: they get a note, as those that do not compile."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._compiler.close()

    def check(self, facts: CompilerFacts) -> None:
        """Raise ToolError when the interpreter is not the one that ``facts`` describe."""
        if self._compiler.facts != facts:
            raise ToolError(f"the target's interpreter changed: want {facts}, got {self._compiler.facts}")

    def compile(self, sources: list[tuple[str, bytes]], optimize: int) -> Iterable[tuple[int, Compiled]]:
        """An answer for each source, by its number; raise ToolError when crash follows crash."""
        crashed: dict[int, Compiled] = {}
        while True:
            left = [number for number in range(len(sources)) if number not in crashed]
            try:
                answers = self._compiler.compile([sources[number] for number in left], optimize=optimize)
            except DiedError as error:
                if len(crashed) >= _CRASH_LIMIT or error.served >= len(left):
                    raise
                crashed[left[error.served]] = Compiled(index=-1, pyc=None, message=str(error))
                continue
            return [*crashed.items(), *((left[answer.index], answer) for answer in answers)]


_Source = tuple[_Work, Entry]


def _cut(sources: Iterable[_Source]) -> Iterable[list[_Source]]:
    """Chunks of neighbours, by number and size."""
    chunk: list[_Source] = []
    size_bytes = 0
    for work, source in sources:
        if chunk and (len(chunk) >= _CHUNK_FILES or size_bytes + source.unpacked_bytes > _CHUNK_BYTES):
            yield chunk
            chunk, size_bytes = [], 0
        chunk.append((work, source))
        size_bytes += source.unpacked_bytes
    if chunk:
        yield chunk
