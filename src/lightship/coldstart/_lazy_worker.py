"""Modules that are loaded when they are first used, or once the process has nothing else to do.

Put into an image as ``_lightship_lazy.py`` beside `_start_worker.py`, which tells of both; imported where that is asked
for. Built-in modules only, CPython 3.9 and later.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types
    from typing import Any

_PAUSE_S = 0.25
_QUIET_PAUSES = 4
_PATIENCE_S = 5.0


class Deferred:
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

    def __init__(self, real: "Any", owner: Deferred) -> None:
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
