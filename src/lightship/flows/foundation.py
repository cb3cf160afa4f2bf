"""What an image stands on: a base of packages, or an image; and the building site that goes with it."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lightship.base.aptconf import host_archive
from lightship.base.lock import ArchitectureLock, BaseLock, read_lock, write_lock
from lightship.base.lock_name import LOCK_NAME
from lightship.base.plan import BasePlan, plan_base
from lightship.base.request import Account, BaseRequest
from lightship.base.source import ArchiveSettings
from lightship.build.index.configured import project_indexes, read_index_settings
from lightship.build.index.settings import IndexSettings
from lightship.ecosystem.elf.closure import Closure
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.ecosystem.python.locked import Selection
from lightship.errors import InputError, LockError, StorageError, UsageError
from lightship.flows.base_identity import PACKAGES, cpython_roots, open_base
from lightship.flows.ground import Ground, ImageBase, ground_of_packages
from lightship.flows.lower import CompilerRoot
from lightship.flows.needs import needed_libraries
from lightship.flows.request import BuildRequest
from lightship.oci.platform import Platform
from lightship.progress import Progress
from lightship.store.cache import Cache
from lightship.store.select import host_platform

if TYPE_CHECKING:
    from lightship.build.sdist.build import WheelBuilder

__all__ = ["Foundation", "base_request"]


def base_request(request: BuildRequest, platform: Platform, lock: BaseLock | None) -> BaseRequest:
    """The base that the options ask for."""
    options = request.options
    uid, gid = options.user_ids
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
        account=Account(uid=uid, gid=gid),
        archive=host_archive(archive, environment=request.environ),
        lock=lock,
        distribution=options.base if options.base in PACKAGES and options.base != "auto" else "",
        cpython_roots=cpython_roots(request.environ),
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
        self._lock = self._read_lock()
        self._kept: dict[str, ArchitectureLock] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _read_lock(self) -> BaseLock | None:
        """The lock as far as it counts: an update takes nothing of this platform from it, and keeps what is others'."""
        if not self._request.update_base:
            return read_lock(self._lock_path)
        try:
            lock = read_lock(self._lock_path)
        except LockError:  # to be written anew is what a broken one needs
            return None
        return lock.without(self.platform.architecture) if lock is not None else None

    @property
    def is_foreign(self) -> bool:
        """True when the image's programs cannot run on this machine."""
        return self.platform.machine != host_platform().machine

    @cached_property
    def interpreter(self) -> Interpreter:
        """The interpreter that the image will have."""
        if self._image is not None:
            return self._image.detected.interpreter
        return self._plan.probe()

    @cached_property
    def _image(self) -> ImageBase | None:
        """The image that is the base; None for a base of packages."""
        if self._request.options.base in PACKAGES:
            return None
        if self._request.options.system_package:
            raise UsageError(
                "system-packages need a base of packages: want base = auto, got an image", hint="put them into the base"
            )
        with open_base(self._request, self.platform) as image:
            return ImageBase(image, self.platform, self._cache, self._progress)

    @cached_property
    def _base_request(self) -> BaseRequest:
        return base_request(self._request, self.platform, self._lock)

    @cached_property
    def _plan(self) -> BasePlan:
        return self._stack.enter_context(plan_base(self._base_request, self._cache, progress=self._progress))

    def ground(self, closure: Closure, *, programs: Iterable[str], text_conversion: bool = True) -> Ground:
        """What packages with these needs stand on. A base of packages is locked beside the project; without
        ``text_conversion`` nothing beside it names ``iconv_open``."""
        if self._image is not None:
            return self._image.ground(closure)
        base = self._plan.close(needed_libraries(closure), programs=programs, text_conversion=text_conversion)
        self._keep_lock(base.lock)
        return ground_of_packages(base, self._cache, strip=self._request.options.strip)

    def index_settings(self, selection: Selection) -> Callable[[], IndexSettings]:
        """The index settings that count for the lock, read when a file must be fetched."""
        named = _named_indexes(selection)
        return lambda: read_index_settings(self._request.environ, selection.lock, named=named)

    def wheel_builder(self, selection: Selection) -> "Callable[[bool], WheelBuilder]":
        """A builder of wheels in this base's build root, made when a package has only a source; when it is given False,
        one whose compilers fail."""

        def make(compilers: bool) -> "WheelBuilder":
            from lightship.base.buildroot import build_root
            from lightship.build.sdist.build import BuildSite, WheelBuilder
            from lightship.build.sdist.constraints import read_build_constraints
            from lightship.sandbox.bubblewrap import Bubblewrap

            packages = self._request.options.build_package
            # The site is of this machine: for another's image only what comes out for all platforms is of use.
            wanted = replace(self._base_request, platform=host_platform()) if self.is_foreign else self._base_request
            if self._image is not None:
                # A building site for the image's own Python; what it builds is checked against the image's C library.
                wanted = replace(wanted, python=self.interpreter.target.minor, system_packages=())
            root = build_root(wanted, self._cache, packages=packages, progress=self._progress)
            self._keep_section(root.lock, "-build")
            return WheelBuilder(
                site=BuildSite(rootfs=root.directory, key=root.key, interpreter=root.interpreter),
                sandbox=Bubblewrap.find(),
                cache=self._cache,
                settings=self.index_settings(selection),
                variables={} if compilers else {"CC": "false", "CXX": "false"},
                constraints=read_build_constraints(self._request.project, self._request.environ),
                indexes=project_indexes(self._request.environ, selection.lock, named=_named_indexes(selection)),
                progress=self._progress,
            )

        return make

    def compiler(self, kin: CompilerRoot | None) -> CompilerRoot:
        """A root of this machine that compiles for an image of another: of ``kin``, an image for this machine that the
        same command builds, else made for it. Raise LightshipError where there is none with the same Python."""
        found = kin if kin is not None else self._own_compiler()
        want, got = self.interpreter.target.python, found.interpreter.target.python
        if want != got:
            raise InputError(
                f"this machine's interpreter is {got}, and the image's is {want}",
                hint="lock the bases of both again: --platform with both, and --update-base",
            )
        return found

    def _own_compiler(self) -> CompilerRoot:
        if self._image is not None:
            with open_base(self._request, host_platform()) as image:
                base = ImageBase(image, host_platform(), self._cache, self._progress)
            ground = base.ground(Closure(needs=(), host=(), wrong_machine=()))
            return CompilerRoot(
                interpreter=base.detected.interpreter, key=ground.cache_key, layers=tuple(ground.summaries)
            )
        from lightship.base.buildroot import compiler_root

        wanted = replace(self._base_request, platform=host_platform())
        root = compiler_root(wanted, self._cache, progress=self._progress)
        self._keep_section(root.lock, "-compiler")
        return CompilerRoot(interpreter=root.interpreter, key=root.key)

    def _keep_section(self, lock: BaseLock, suffix: str) -> None:
        """Remember the sections of ``lock`` that end so; they are written with the base's."""
        self._kept |= {name: section for name, section in lock.architectures.items() if name.endswith(suffix)}

    def _keep_lock(self, lock: BaseLock) -> None:
        if self._request.plan_only:
            return
        everything = BaseLock(architectures={**lock.architectures, **self._kept})
        if self._lock is not None and everything.text() == self._lock.text():
            return
        try:
            write_lock(self._lock_path, everything)
        except StorageError as error:
            # The image is right without it; only the next build asks the archive again.
            self._progress.note(f"{LOCK_NAME} was not written, so other machines may get another base: {error}")
            return
        self._progress.note(f"wrote {LOCK_NAME}: commit it, and every machine builds on the same base")


def _named_indexes(selection: Selection) -> list[str]:
    """Indexes that a requirements file names itself, sorted."""
    return sorted({package.index for package in selection.packages if package.hashes and package.index})
