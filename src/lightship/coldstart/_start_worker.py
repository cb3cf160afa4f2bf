"""Makes this interpreter start faster; put here by lightship, and enabled by the ``.pth`` file beside it.

``LIGHTSHIP_START=0`` in the environment turns all of it off; removing both files removes it. What it does is set in
`_lightship_start.txt` beside it, a word a line, and what follows a word belongs to it:

``pause-gc``  while an import is under way, the cyclic garbage collector waits until there are many more objects than
              usually. Importing makes hundreds of thousands of objects that stay, and without this each collection
              looks at all of them again. Afterwards the collector is as it was, and does not look at what was
              imported (`gc.freeze`).
``lazy``      top-level modules that are loaded when they are first used, or in the background once nothing else is
              to do (`_Deferred`).
``read-ahead``  files of a start. Where reading one of them shows that this machine does not have them in memory, the
              kernel is asked for all that `_lightship_start.ahead` lists, in the order of first use (`_read_ahead`).

Built-in modules only, CPython 3.9 and later. Whatever fails here leaves the interpreter as it was.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types
    from typing import Any

_PAUSE_S = 0.25
_QUIET_PAUSES = 4
_PATIENCE_S = 5.0
_MANY = 1_500_000
"""Objects that may wait for a collection during an import: a server that is started by an import and never comes back
from it is still collected, with at most so many objects of garbage. A start of 4,300 modules made 1,016,000."""

_AHEAD_BYTES = 256 << 20
_AHEAD_FILE_BYTES = 64 << 20
_AHEAD_STEP = 256 << 10
"""One advice is not followed further than the device's largest request or the kernel's read-ahead (mm/readahead.c,
``force_page_cache_ra``): many devices take no more than this."""
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


def _read_ahead(listed: bytes) -> None:
    """Tell the kernel which files will be read: posix_fadvise(2), ``WILLNEED``, which starts reading and returns.

    By this very thread, before anything is imported: a thread of its own would wait for the interpreter's lock three
    times a file, up to 5 ms each, and a process of its own would be a child that the application did not make. A line
    of ``listed`` has two hexadecimal digits, how much of the path before it is kept, and the rest of its own.
    """
    import posix

    path, left = b"", _AHEAD_BYTES
    for line in listed.splitlines():
        path = path[: int(line[:2], 16)] + line[2:]
        try:
            descriptor = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NONBLOCK)
        except OSError:
            continue  # what a start reads depends on its machine and on what it is told
        try:
            status = posix.fstat(descriptor)
            if status.st_mode & 0o170000 != 0o100000:
                continue
            size = min(status.st_size, _AHEAD_FILE_BYTES)
            left -= size
            if left < 0:
                return
            for offset in range(0, size, _AHEAD_STEP):
                posix.posix_fadvise(descriptor, offset, min(_AHEAD_STEP, size - offset), posix.POSIX_FADV_WILLNEED)
        except OSError:
            continue
        finally:
            posix.close(descriptor)


class _Deferred:
    """Modules that are imported by name only, and loaded when something is first read of them.

    What `importlib.util.LazyLoader` does, for the top-level names that a traced start imported and did not touch. A
    module that is not loaded yet is a module of its own class in ``sys.modules``; what is inside of its package is
    imported as ever, which loads it first. A thread loads what is left once the process has nothing else to do, so
    that no request has to; it is not there while the process forks.
    """

    def __init__(self, names: "list[str]", *, warm: bool) -> None:
        import _thread
        import posix

        self._names, self._warmed = frozenset(names), warm
        self._waiting: dict[str, types.ModuleType] = {}
        self._thread = _thread
        # of this very module, before anything patches it: gevent's would wait for the main loop
        self._start, self._new_lock = _thread.start_new_thread, _thread.allocate_lock
        self._warming, self._holds = _thread.allocate_lock(), False
        self._running = False
        posix.register_at_fork(
            before=self._before_fork, after_in_parent=self._after_fork, after_in_child=self._in_child
        )

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:  # noqa: ARG002
        if path is not None or name not in self._names or name in self._waiting:
            return None
        from _frozen_importlib_external import PathFinder

        spec = PathFinder.find_spec(name)
        if spec is None or spec.origin is None or not hasattr(spec.loader, "exec_module"):
            return None
        spec.loader = _Later(spec.loader, self)  # type: ignore[assignment]
        return spec

    def invalidate_caches(self) -> None:
        """Part of a finder's protocol: nothing is remembered of the file system."""

    def defer(self, module: "types.ModuleType") -> None:
        self._waiting[module.__name__] = module
        self._begin()

    def _begin(self) -> None:
        if self._waiting and self._warmed and not self._running:
            self._running = True
            self._start(self._warm, ())

    def load(self, module: "types.ModuleType", loader: "Any") -> None:
        """Execute ``module`` for the first who needs it; others wait, by the lock that its import would hold: the
        import system knows how to get out when two of them wait for each other."""
        import _frozen_importlib

        importlib: Any = _frozen_importlib
        attributes = _plain(module, "__dict__")
        spec = attributes["__spec__"]
        try:
            with importlib._ModuleLockManager(spec.name):  # noqa: SLF001
                if attributes.get(_LATER) is not None and not spec._initializing:  # noqa: SLF001
                    self._execute(module, attributes, spec, loader)
        except importlib._DeadlockError:  # noqa: SLF001
            pass  # as a circular import by two threads: what there is of the module must do

    def _execute(self, module: "types.ModuleType", attributes: "dict[str, Any]", spec: "Any", loader: "Any") -> None:
        attributes["__loader__"] = spec.loader = loader
        spec._initializing = True  # noqa: SLF001 - as the import system does: circular imports ask for it
        try:
            loader.exec_module(module)
        except BaseException:
            sys.modules.pop(spec.name, None)
            raise
        finally:
            spec._initializing = False  # noqa: SLF001
            attributes.pop(_LATER, None)
            self._waiting.pop(spec.name, None)
            if type(module) is _Waiting:
                object.__setattr__(module, "__class__", type(sys))

    def _before_fork(self) -> None:
        # not for ever: what is being loaded may wait for a lock of the thread that forks
        self._holds = self._warming.acquire(True, _PATIENCE_S)

    def _after_fork(self) -> None:
        if self._holds:
            self._warming.release()

    def _in_child(self) -> None:
        self._warming = self._new_lock()
        self._running = False
        self._begin()

    def _warm(self) -> None:
        """Load what waits, in pauses of at least a quarter of a second in which the process did next to nothing."""
        import time

        pause = self._new_lock()
        pause.acquire()
        used, quiet = time.process_time(), 0
        while self._waiting:
            pause.acquire(True, _PAUSE_S)
            before, used = used, time.process_time()
            quiet = quiet + 1 if used - before < _PAUSE_S / 20 else 0
            if quiet >= _QUIET_PAUSES and self._waiting:
                with self._warming:
                    _, module = self._waiting.popitem()
                    try:  # noqa: SIM105 - contextlib is not a built-in module
                        module.__doc__  # noqa: B018 - reading loads it
                    except BaseException:  # noqa: BLE001, S110 - whoever uses it gets the error
                        pass
                used = time.process_time()
        self._running = False


def _plain(module: "types.ModuleType", name: str) -> "Any":
    return object.__getattribute__(module, name)


_UNTOUCHED = frozenset(("__class__", "__dict__", "__file__", "__loader__", "__name__", "__package__", "__spec__"))
"""What the import system reads of a module that it has, all of it known before it is loaded. ``__path__`` is not
here: it is what the import of a submodule begins with, and the package has to run before."""

_LATER = "__lightship_later__"


class _Waiting(type(sys)):  # type: ignore[misc]
    def __getattribute__(self, name: str) -> "Any":
        if name not in _UNTOUCHED:
            later = _plain(self, "__dict__").get(_LATER)
            if later is not None:
                later.owner.load(self, later.real)
        return _plain(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        # a patch would be overwritten by the load that follows it
        later = _plain(self, "__dict__").get(_LATER)
        if name not in _UNTOUCHED and later is not None:
            later.owner.load(self, later.real)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        self.__doc__  # noqa: B018 - reading loads it
        object.__delattr__(self, name)

    def __dir__(self) -> "list[str]":
        self.__doc__  # noqa: B018 - reading loads it
        return sorted(_plain(self, "__dict__"))


class _Later:
    """Stands in for a module's loader until the module is loaded, and gives whatever else the loader has."""

    def __init__(self, real: "Any", owner: _Deferred) -> None:
        self.real, self.owner = real, owner

    def __getattr__(self, name: str) -> "Any":
        return getattr(self.real, name)

    def create_module(self, spec: "Any") -> "Any":
        return self.real.create_module(spec)

    def exec_module(self, module: "types.ModuleType") -> None:
        if type(module) is not type(sys):
            self.real.exec_module(module)  # its loader makes a module of its own kind
            return
        module.__dict__[_LATER] = self
        module.__class__ = _Waiting
        self.owner.defer(module)


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
                _read_ahead(ahead.read())
    except (OSError, ValueError):
        return
    if "pause-gc" in wanted:
        _pause_collections()
    if "lazy" in wanted:
        sys.meta_path.insert(0, _Deferred(wanted["lazy"], warm="no-warm-up" not in wanted))  # type: ignore[arg-type]


_main()
