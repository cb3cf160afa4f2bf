"""The interpreters that compile an image's bytecode: started early and ended late, both while something else is done.

Starting one takes as long as compiling what changed, and its sandbox takes a while to go.
"""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from lightship.build.compiler import Compiler
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.errors import LightshipError
from lightship.flows.blobs import blob_of
from lightship.flows.lower import CompilerRoot, Lower
from lightship.progress import Progress
from lightship.sandbox.protocol import Sandbox
from lightship.store.cache import Cache

__all__ = ["Compilers", "compilers_of", "find_sandbox"]


class Compilers:
    """Compilers of one ``interpreter``, for several threads. A context manager; what it gave must not be used after it.

    ``rootfs`` unpacks the root when it is first needed.
    """

    def __init__(
        self, interpreter: Interpreter, rootfs: Callable[[], Path], sandbox: Callable[[], Sandbox] | None = None
    ) -> None:
        self.interpreter = interpreter
        self._rootfs = rootfs
        self._find_sandbox = sandbox or find_sandbox
        self._pool: ThreadPoolExecutor | None = None
        self._spare: Future[Compiler] | None = None
        self._prepared = False
        self._begun: list[Future[object]] = []
        self._guard = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def prepare(self) -> None:
        """Start one in the background, once, where it will surely be needed."""
        with self._guard:
            if not self._prepared:
                self._prepared = True
                self._spare = self._background().submit(self._start)

    def begin(self, work: Callable[[], object]) -> None:
        """Do ``work`` in the background, in a thread of its own, beside what the caller goes on with."""
        pool = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._begun.append(pool.submit(work))
        pool.shutdown(wait=False)

    def settle(self) -> None:
        """Wait for what was begun. Its errors are not told: whoever needs what it should have made meets them again."""
        for work in self._begun:
            wait([work])

    def take(self) -> Compiler:
        """The one that was prepared, else another; closing it does not wait for its end."""
        with self._guard:
            spare, self._spare = self._spare, None
            self._background()
        return self._start() if spare is None else spare.result()

    def close(self) -> None:
        """End what was prepared and not taken, and wait for what was begun and until all that were taken have ended."""
        self.settle()
        with self._guard:
            spare, self._spare = self._spare, None
            pool, self._pool = self._pool, None
        if spare is not None:
            with contextlib.suppress(LightshipError):  # whoever needed it would have been told
                spare.result().close()
        if pool is not None:
            pool.shutdown()

    def _background(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="compiler")
        return self._pool

    def _start(self) -> Compiler:
        return Compiler(self._sandbox, self._root, self.interpreter, later=self._later)

    def _later(self, end: Callable[[], None]) -> None:
        with self._guard:
            pool = self._pool
        if pool is None:
            end()
        else:
            pool.submit(end)

    @cached_property
    def _root(self) -> Path:
        return self._rootfs()

    @cached_property
    def _sandbox(self) -> Sandbox:
        return self._find_sandbox()


def compilers_of(lower: Lower, cache: Cache, progress: Progress) -> Compilers:
    """Compilers that run in the lowest layers of ``lower``, or in its compiler's root."""
    compiler = lower.compiler or lower.own_compiler
    return Compilers(compiler.interpreter, lambda: _root(compiler, cache, progress))


def find_sandbox() -> Sandbox:
    """The sandbox of this machine; raise ToolError where there is none."""
    from lightship.sandbox.bubblewrap import Bubblewrap

    return Bubblewrap.find()


def _root(compiler: CompilerRoot, cache: Cache, progress: Progress) -> Path:
    from lightship.rootfs.unpack import unpack_cached

    if not compiler.layers:
        return cache.path("rootfs", compiler.key)
    found = [blob_of(layer, cache) for layer in compiler.layers]
    return unpack_cached([blob for blob in found if blob is not None], cache.root / "rootfs", progress=progress)
