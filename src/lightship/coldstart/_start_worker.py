"""Makes this interpreter start faster; put here by lightship, and enabled by the ``.pth`` file beside it.

``LIGHTSHIP_START=0`` in the environment turns all of it off; removing both files removes it. What it does is set in
`_lightship_start.txt` beside it, a word a line, and what follows a word belongs to it:

``pause-gc``  while an import is under way, the cyclic garbage collector waits until there are many more objects than
              usually. Importing makes hundreds of thousands of objects that stay, and without this each collection
              looks at all of them again. Afterwards the collector is as it was, and does not look at what was
              imported (`gc.freeze`).
``lazy``      top-level modules that are loaded when they are first used, or in the background once nothing else is
              to do (`_lazy_worker.py`, there `_lightship_lazy.py`).
``entry-points``  `importlib.metadata.entry_points` reads each package's once, and not at each call (`_EntryPoints`).
``read-ahead``  files of a start. Where reading one of them shows that this machine does not have them in memory, the
              kernel is asked for all that `_lightship_start.ahead` lists, in the order of first use (`_ReadAhead`).

Built-in modules only, CPython 3.9 and later. Whatever fails here leaves the interpreter as it was.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types
    from typing import Any

_MANY = 1_500_000
"""Objects that may wait for a collection during an import: a server that is started by an import and never comes back
from it is still collected, with at most so many objects of garbage. A start of 4,300 modules made 1,016,000."""

_AHEAD_BYTES = 256 << 20
_AHEAD_FILE_BYTES = 64 << 20
_AHEAD_STEP = 256 << 10
"""One advice is not followed further than the device's largest request or the kernel's read-ahead (mm/readahead.c,
``force_page_cache_ra``): many devices take no more than this."""
_AHEAD_FILES = 256
_AHEAD_FILES_AN_IMPORT = 2
_SLOW_S = 50e-6
"""A byte of a file that is in memory is read in 1 to 5 microseconds; no disk answers within this."""

_STAND_IN = """
def _find_and_load(name, import_):
    if not begin():
        return original(name, import_)
    try:
        return original(name, import_)
    finally:
        end()
"""


def _pause_collections() -> None:
    """Give the interpreter a stand-in for what it calls for a module that is not loaded yet.

    ``importlib._bootstrap._find_and_load``: CPython 3.3 to 3.14, Python/import.c. It is compiled under the file name
    of frozen importlib, so that tracebacks and the stack levels of warnings leave it out.
    """
    import _frozen_importlib
    import gc

    importlib: object = _frozen_importlib
    paused: list[tuple[int, int, int]] = []

    def begin() -> bool:
        """True for the one who pauses: the outermost import, and not where the application collects by itself."""
        if paused or not gc.isenabled():
            return False
        before = gc.get_threshold()
        if not 0 < before[0] < _MANY:
            return False
        paused.append(before)
        gc.set_threshold(_MANY, before[1], before[2])
        return True

    def end() -> None:
        before = paused.pop()
        due = gc.get_count()[0] > before[0]
        if gc.get_threshold() == (_MANY, before[1], before[2]):  # else the imported code has set its own
            gc.set_threshold(*before)
        if due and gc.isenabled():
            # moves lists and looks at nothing; without it the first requests would pay for one look at everything
            gc.freeze()

    names = {"begin": begin, "end": end, "original": getattr(importlib, "_find_and_load")}  # noqa: B009
    exec(compile(_STAND_IN, "<frozen importlib._bootstrap>", "exec"), names)  # noqa: S102 - see the docstring
    setattr(importlib, "_find_and_load", names["_find_and_load"])  # noqa: B010 - typeshed does not know it


def _is_cold(samples: "list[bytes]") -> bool:
    import posix
    import time

    for path in samples:
        try:
            descriptor = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NONBLOCK)
        except OSError:
            continue
        try:
            before = time.perf_counter()
            posix.pread(descriptor, 1, 0)
            if time.perf_counter() - before > _SLOW_S:
                return True
        except OSError:
            continue
        finally:
            posix.close(descriptor)
    return False


class _ReadAhead:
    """Tells the kernel which files will be read: posix_fadvise(2), ``WILLNEED``, which starts reading and returns.

    A few hundred at once, then two whenever something is imported: where a volume may read so much in a second and no
    more, whatever is not in the list would wait for all that is. By this very thread: one of its own would wait for
    the interpreter's lock three times a file, up to 5 ms each, and a process of its own would be a child that the
    application did not make. A line of ``listed`` has two hexadecimal digits, how much of the path before it is kept,
    and the rest of its own. The first process that is forked goes on with the list, and no other.
    """

    def __init__(self, listed: bytes) -> None:
        import posix

        self._lines, self._at, self._path, self._left = listed.splitlines(), 0, b"", _AHEAD_BYTES
        self._forks = 0
        posix.register_at_fork(before=self._before_fork, after_in_child=self._in_child)
        self._ask(_AHEAD_FILES)

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:  # noqa: ARG002
        if self._at < len(self._lines):
            self._ask(_AHEAD_FILES_AN_IMPORT)

    def invalidate_caches(self) -> None:
        """Part of a finder's protocol: nothing is remembered of the file system."""

    def _before_fork(self) -> None:
        self._forks += 1

    def _in_child(self) -> None:
        if self._forks > 1:
            self._lines = []

    def _ask(self, count: int) -> None:
        lines = self._lines[self._at : self._at + count]
        self._at += count
        for line in lines:
            self._path = self._path[: int(line[:2], 16)] + line[2:]
            try:
                self._advise(self._path)
            except OSError:
                continue  # what a start reads depends on its machine and on what it is told

    def _advise(self, path: bytes) -> None:
        import posix

        descriptor = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NONBLOCK)
        try:
            status = posix.fstat(descriptor)
            size = min(status.st_size, _AHEAD_FILE_BYTES)
            if status.st_mode & 0o170000 != 0o100000 or size > self._left:
                return
            self._left -= size
            for offset in range(0, size, _AHEAD_STEP):
                posix.posix_fadvise(descriptor, offset, min(_AHEAD_STEP, size - offset), posix.POSIX_FADV_WILLNEED)
        finally:
            posix.close(descriptor)


class _EntryPoints:
    """Lets ``entry_points(group=…)`` of ``importlib.metadata``, and of its backport, remember what it has read.

    Each call reads the metadata of every installed package: 10 ms for 384, and a start of many frameworks calls it
    dozens of times. It is read anew when ``sys.path`` or the time of a directory in it has changed, as the module's
    own list of those directories is; and always where something else than files gives packages, or without a group.
    """

    _MODULES = frozenset(("importlib.metadata", "importlib_metadata"))

    def find_spec(self, name: str, path: object = None, target: object = None) -> "Any":
        if name not in self._MODULES:
            return None
        finders: list[Any] = [finder for finder in sys.meta_path if finder is not self]
        specs = (finder.find_spec(name, path, target) for finder in finders if hasattr(finder, "find_spec"))
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Remembering(spec.loader)
        return spec

    def invalidate_caches(self) -> None:
        """Part of a finder's protocol: nothing is remembered of the file system."""


class _Remembering:
    def __init__(self, real: "Any") -> None:
        self.real = real

    def __getattr__(self, name: str) -> "Any":
        return getattr(self.real, name)

    def create_module(self, spec: "Any") -> "Any":
        return self.real.create_module(spec)

    def exec_module(self, module: "types.ModuleType") -> None:
        namespace = module.__dict__
        namespace["__loader__"] = namespace["__spec__"].loader = self.real
        self.real.exec_module(module)
        original = namespace.get("entry_points")
        if callable(original) and hasattr(namespace.get("EntryPoints"), "select"):
            namespace["entry_points"] = _remembering(original)


def _remembering(original: "Any") -> "Any":
    known: list[tuple[Any, Any]] = []

    def entry_points(**params: "Any") -> "Any":
        state = _installed() if params else None
        if state is None:
            return original(**params)
        found = next((found for before, found in known if before == state), None)
        if found is None:
            found = original()
            known[:] = [(state, found)]
        return found.select(**params)

    for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
        setattr(entry_points, name, getattr(original, name))
    entry_points.__wrapped__ = original  # type: ignore[attr-defined]
    return entry_points


def _installed() -> "Any":
    """What tells that other packages are installed; None where finders of others give packages too."""
    import posix
    from _frozen_importlib_external import PathFinder

    finders = [finder for finder in sys.meta_path if hasattr(finder, "find_distributions")]
    for finder in finders:
        if finder is not PathFinder and type(finder).__module__ not in _EntryPoints._MODULES:  # noqa: SLF001
            return None
    times: list[object] = [*finders]
    for path in sys.path:
        try:
            times += (path, posix.stat(path or ".").st_mtime_ns)
        except (OSError, TypeError, ValueError):
            times += (path, None)
    return times


def _sections(text: str) -> "dict[str, list[str]]":
    found: dict[str, list[str]] = {}
    for section in text.split("\n\n"):
        word, *lines = section.split("\n")
        found[word] = [line for line in lines if line]
    return found


def _main() -> None:
    import posix

    environ: dict[bytes, bytes] = posix.environ
    if environ.get(b"LIGHTSHIP_START") == b"0":
        return
    beside = __file__.rpartition("/")[0] + "/_lightship_start"
    try:
        with open(beside + ".txt", encoding="utf-8") as stream:  # noqa: PTH123 - pathlib is not a built-in module
            wanted = _sections(stream.read())
        if "read-ahead" in wanted and _is_cold([path.encode() for path in wanted["read-ahead"]]):
            with open(beside + ".ahead", "rb") as ahead:  # noqa: PTH123
                sys.meta_path.insert(0, _ReadAhead(ahead.read()))
    except (OSError, ValueError):
        return
    if "pause-gc" in wanted:
        _pause_collections()
    if "entry-points" in wanted:
        sys.meta_path.insert(0, _EntryPoints())
    if "lazy" in wanted:
        from _lightship_lazy import Deferred  # type: ignore[import-not-found]

        sys.meta_path.insert(0, Deferred(wanted["lazy"], warm="no-warm-up" not in wanted))


_main()
