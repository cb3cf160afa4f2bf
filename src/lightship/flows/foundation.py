"""What an image stands on: a base of packages, or an image; and the building site that goes with it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lightship.base.lock import LOCK_NAME, BaseLock, read_lock, write_lock
from lightship.base.plan import BasePlan, plan_base
from lightship.base.request import Account, Base, BaseRequest, NeededLibrary
from lightship.base.source import ArchiveSettings
from lightship.build.index.configured import read_index_settings
from lightship.build.index.settings import IndexSettings
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.errors import StorageError
from lightship.flows.request import BuildRequest
from lightship.oci.platform import Platform
from lightship.progress import Progress
from lightship.store.cache import Cache

if TYPE_CHECKING:
    from lightship.build.sdist.build import WheelBuilder

__all__ = ["Foundation", "base_request"]

_PACKAGES = ("auto", "debian", "ubuntu")


def base_request(request: BuildRequest, platform: Platform, lock: BaseLock | None) -> BaseRequest:
    """The base that the options ask for."""
    options = request.options
    keyring = request.project / options.archive_keyring if options.archive_keyring else None
    archive = ArchiveSettings(
        uris=options.archive_uri,
        suites=options.archive_suite,
        components=options.archive_component,
        keyring=keyring,
    )
    return BaseRequest(
        platform=platform,
        python=options.python,
        system_packages=options.system_package,
        account=Account.parse(options.user),
        archive=archive,
        lock=lock,
        distribution=options.base if options.base in _PACKAGES and options.base != "auto" else "",
        cpython_roots=_cpython_roots(request.environ),
    )


class Foundation:
    """A context manager over everything below the packages; each part is made when it is first asked for."""

    def __init__(self, request: BuildRequest, platform: Platform, cache: Cache, progress: Progress) -> None:
        self.platform = platform
        self._request = request
        self._cache = cache
        self._progress = progress
        self._stack = ExitStack()
        self._lock_path = request.project / LOCK_NAME
        self._lock = None if request.update_base else read_lock(self._lock_path)
        self._site_lock: BaseLock | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @cached_property
    def interpreter(self) -> Interpreter:
        """The interpreter that the image will have."""
        return self._plan.probe()

    @cached_property
    def _base_request(self) -> BaseRequest:
        return base_request(self._request, self.platform, self._lock)

    @cached_property
    def _plan(self) -> BasePlan:
        return self._stack.enter_context(plan_base(self._base_request, self._cache, progress=self._progress))

    def close(self, needed: Sequence[NeededLibrary], *, programs: Iterable[str]) -> Base:
        """The base with the libraries ``needed``; its lock is written beside the project's."""
        base = self._plan.close(needed, programs=programs)
        self._keep_lock(base.lock)
        return base

    def index_settings(self, lock: Path) -> Callable[[], IndexSettings]:
        """The index settings that count for ``lock``, read when a file must be fetched."""
        return lambda: read_index_settings(self._request.environ, lock)

    def wheel_builder(self, lock: Path) -> "Callable[[], WheelBuilder]":
        """A builder of wheels in this base's build root, made when a package has only a source."""

        def make() -> "WheelBuilder":
            from lightship.base.buildroot import build_root
            from lightship.build.sdist.build import BuildSite, WheelBuilder
            from lightship.sandbox.bubblewrap import Bubblewrap

            packages = self._request.options.build_package
            root = build_root(self._base_request, self._cache, packages=packages, progress=self._progress)
            self._site_lock = root.lock
            return WheelBuilder(
                site=BuildSite(rootfs=root.directory, key=root.key, interpreter=root.interpreter),
                sandbox=Bubblewrap.find(),
                cache=self._cache,
                settings=self.index_settings(lock),
                progress=self._progress,
            )

        return make

    def _keep_lock(self, lock: BaseLock) -> None:
        site = self._site_lock.architectures if self._site_lock is not None else {}
        built = {name: section for name, section in site.items() if name.endswith("-build")}
        everything = BaseLock(architectures={**lock.architectures, **built})
        if self._lock is not None and everything.text() == self._lock.text():
            return
        try:
            write_lock(self._lock_path, everything)
        except StorageError as error:
            # The image is right without it; only the next build asks the archive again.
            self._progress.note(f"{LOCK_NAME} was not written: {error}")
            return
        self._progress.note(f"wrote {LOCK_NAME}: commit it, and every machine builds on the same base")


def _cpython_roots(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where pyenv and uv keep interpreters (their documentation, 2025)."""
    home = Path(environ.get("HOME") or "/")
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    pyenv = Path(environ.get("PYENV_ROOT") or home / ".pyenv")
    uv = Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    return pyenv / "versions", uv
