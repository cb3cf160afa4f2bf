"""Wheels from sources, built once: nothing of a source runs outside the sandbox, which has neither network nor secrets.

PEP 517 as https://peps.python.org/pep-0517/ has it, with build isolation. The host reads ``[build-system]``, resolves
and fetches what it requires as wheels; inside, the target's interpreter unpacks them, asks the backend what else it
needs, and builds. Paths, times, hash seed, locale, user and umask inside are fixed and the wheel is rewritten in one
normal form, so the same sources give the same bytes.

What the build root must hold: the interpreter at ``site.interpreter.executable`` with its standard library (no pip,
setuptools or venv needed) and its C headers where `sysconfig` says; for extensions a C (and C++) compiler under the
name that `sysconfig` gives as ``CC``, libc's headers, binutils, make; ``/bin/sh``; and whatever headers of libraries
the packages want. ``/build`` and ``/tmp`` are mounted over. Content below ``/usr/local`` and site directories of the
root is not seen by a build.
"""

import contextlib
import hashlib
import json
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lightship.build.index.download import fetch
from lightship.build.index.request import Fetched, Request
from lightship.build.index.settings import IndexSettings
from lightship.build.sdist.share import Share
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.errors import InputError, LightshipError, ToolError
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.sandbox.protocol import Sandbox
from lightship.store.cache import Cache, cache_key

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from lightship.build.index.http import IndexClient
    from lightship.build.sdist.job import Job
    from lightship.build.sdist.requires import Pin, Resolver

__all__ = ["VERSION", "BuildSite", "BuiltWheel", "WheelBuilder"]

VERSION = 1
"""Part of every key: raised when a build would come out differently."""
_MAX_DEPTH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSite:
    """Where builds happen: a root file system with the target's interpreter and compilers. ``key`` changes with its
    content. The root is mounted read-only."""

    rootfs: Path
    key: str
    interpreter: Interpreter


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltWheel:
    """A wheel in the cache (kind ``wheels``), and the build requirements that made it, as ``name==version``."""

    filename: str
    path: Path
    sha256: str
    size_bytes: int
    requirements: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class WheelBuilder:
    """Builds wheels for one site; a context manager that any number of threads may use.

    ``settings`` is asked only when a build requirement must be looked up. ``constraints`` hold back versions of build
    requirements (``setuptools<82``); ``variables`` are added to the environment inside; ``indexes`` names what the
    project itself says about indexes, whose packages run in its builds. All three are part of the key. ``share`` says
    how many compilers a build may start: what it makes does not hang on that.
    """

    site: BuildSite
    sandbox: Sandbox
    cache: Cache
    settings: IndexSettings | Callable[[], IndexSettings]
    constraints: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    indexes: str = ""
    progress: Progress = SILENT
    share: Share | None = None
    timeout_s: float = 3600.0
    _guard: threading.RLock = field(default_factory=threading.RLock)
    _client: "IndexClient | None" = None
    _resolver: "Resolver | None" = None
    _read_settings: IndexSettings | None = None
    _depth: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.__exit__(kind, error, trace)

    def build_sdist(self, sdist: Fetched, *, project: str, filename: str, version: str | None = None) -> BuiltWheel:
        """The wheel of ``sdist`` for the site's target, from the cache or built.

        Raise ToolError when the build fails (the sentence ends with the last line of its output; the hint says where
        all of it is), InputError or ArchiveError when the sdist cannot be read or its requirements have no solution.
        """
        return self._build_sdist(sdist, project, filename, version, depth=0)

    def build_directory(
        self, directory: Path, *, project: str, ignored: Callable[[str], bool] = lambda _: False
    ) -> BuiltWheel:
        """The wheel of the project in ``directory``, cached by its content; ``ignored`` is asked with relative paths.

        ``.git``, ``.venv`` and ``__pycache__`` never come along. Errors as `build_sdist`.
        """
        from lightship.build.sdist.source import copy_directory, directory_sha256

        key = self._key("directory", directory_sha256(directory, ignored))

        def lay_out(source: Path) -> Path:
            copy_directory(directory, source, ignored)
            return source

        return self._cached(key, lay_out, project, None, depth=0)

    def _build_sdist(
        self, sdist: Fetched, project: str, filename: str, version: str | None, *, depth: int
    ) -> BuiltWheel:
        def lay_out(source: Path) -> Path:
            from lightship.build.sdist.source import unpack_sdist

            return unpack_sdist(sdist.path, source, what=filename)

        return self._cached(self._key("sdist", sdist.sha256), lay_out, project, version, depth=depth)

    def _key(self, kind: str, sha256: str) -> str:
        target = self.site.interpreter.target.cache_key
        variables = json.dumps(sorted(self.variables.items()))
        constraints = "\n".join(self.constraints)
        return cache_key(kind, VERSION, sha256, target, self.site.key, constraints, variables, self.indexes)

    def _cached(
        self, key: str, lay_out: Callable[[Path], Path], project: str, version: str | None, *, depth: int
    ) -> BuiltWheel:
        found = self._find(key)
        if found is not None:
            self._check_name(found.filename, project, version)  # the same source under another name in this lock
            return found
        if depth > _MAX_DEPTH:
            raise InputError(f"{project}: build requirements without wheels are nested more than {_MAX_DEPTH} deep")
        from lightship.build.sdist.source import read_build_system

        with self._workplace(project) as work:
            source = lay_out(work / "unpacked")
            wheel, pins = self._job(work, project, key, depth).run(source, read_build_system(source))
            built = self._keep(wheel, pins, project, version)
        with self.cache.write("built-wheels", key) as record:
            document = {"filename": built.filename, "sha256": built.sha256, "requirements": built.requirements}
            record.write(json.dumps(document, sort_keys=True).encode())
        return built

    def _job(self, work: Path, project: str, key: str, depth: int) -> "Job":
        from packaging.utils import canonicalize_name

        from lightship.build.sdist.job import Job

        return Job(
            project=project,
            site=self.site,
            sandbox=self.sandbox,
            work=work,
            log=self.cache.root / "logs" / f"{canonicalize_name(project)}-{key[:12]}.log",
            variables={**(self.share.variables if self.share is not None else {}), **self.variables},
            timeout_s=self.timeout_s,
            resolve=lambda requirements: self._resolve(requirements, project, depth),
        )

    def _find(self, key: str) -> BuiltWheel | None:
        record = self.cache.find("built-wheels", key)
        if record is None:
            return None
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # a damaged record: build again
            document = json.loads(record.read_text())
            path = self.cache.find_verified("wheels", document["sha256"])
            if path is not None:
                return BuiltWheel(
                    filename=document["filename"],
                    path=path,
                    sha256=document["sha256"],
                    size_bytes=path.stat().st_size,
                    requirements=tuple(document["requirements"]),
                )
        return None

    @contextlib.contextmanager
    def _workplace(self, project: str) -> Iterator[Path]:
        from lightship.build.sdist.workplace import workplace

        task = f"build {project}"
        with workplace(self.cache.root / "work") as work:
            self.progress.start(task)
            try:
                yield work
            finally:
                self.progress.finish(task)

    def _keep(self, wheel: Path, requirements: Sequence["Pin"], project: str, version: str | None) -> BuiltWheel:
        from lightship.build.sdist.normal import write_normal_wheel

        self._check_name(wheel.name, project, version)
        normal = wheel.parent.parent / f"normal-{secrets.token_hex(4)}"
        with storage_errors("write the wheel"), normal.open("w+b") as stream:
            write_normal_wheel(wheel, stream)
            stream.seek(0)
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            stream.seek(0)
            with self.cache.write("wheels", sha256, sha256=sha256) as entry:
                shutil.copyfileobj(stream, entry, 2**20)
        path = self.cache.path("wheels", sha256)
        return BuiltWheel(
            filename=wheel.name,
            path=path,
            sha256=sha256,
            size_bytes=path.stat().st_size,
            requirements=tuple(f"{pin.name}=={pin.version}" for pin in requirements),
        )

    def _check_name(self, filename: str, project: str, version: str | None) -> None:
        from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

        from lightship.ecosystem.python.choose import wheel_rank

        target = self.site.interpreter.target
        try:
            name, built, _, _ = parse_wheel_filename(filename)
        except InvalidWheelFilename as error:
            raise ToolError(f"{project}: the build made a file that is no wheel: {filename[:200]!r}") from error
        if name != canonicalize_name(project) or (version is not None and str(built) != _normal_version(version)):
            want = project if version is None else f"{project} {version}"
            raise ToolError(f"{project}: the build made another wheel: want {want}, got {filename[:200]}")
        if wheel_rank(filename, target) is None:
            raise ToolError(f"{project}: the build made a wheel that does not fit {target.cache_key}: {filename[:200]}")

    def _resolve(self, requirements: Sequence["Requirement"], project: str, depth: int) -> tuple["Pin", ...]:
        """Build requirements as wheels, for one build at ``depth``."""
        from lightship.build.index.http import IndexClient
        from lightship.build.index.locate import Catalogue
        from lightship.build.sdist.requires import Resolver, parse_requirements

        with self._guard:  # one at a time: what one build looks up, the others find
            if self._resolver is None:
                self._read_settings = self.settings() if callable(self.settings) else self.settings
                self._client = IndexClient(self._read_settings)
                self._resolver = Resolver(
                    self.site.interpreter.target,
                    Catalogue(self._client),
                    self._fetch,
                    self._build_requirement,
                    parse_requirements(self.constraints, "build constraints"),
                )
            outer, self._depth = self._depth, depth
            try:
                return self._resolver.resolve(requirements, project)
            finally:
                self._depth = outer

    def _fetch(self, request: Request) -> Fetched:
        settings = self._read_settings
        if settings is None:  # `resolve` has set it
            raise LightshipError("index settings were not read")
        return fetch([request], settings, self.cache)[request]

    def _build_requirement(self, request: Request) -> tuple[str, Fetched]:
        sdist = self._fetch(request)
        built = self._build_sdist(sdist, request.project, request.artifact.filename, None, depth=self._depth + 1)
        return built.filename, Fetched(path=built.path, sha256=built.sha256)


def _normal_version(text: str) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(text))
    except InvalidVersion:
        return text
