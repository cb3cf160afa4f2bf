"""The project's own code as plan entries: a walk that honours ``.dockerignore`` and leaves out secrets.

Docker's build context (docs.docker.com/build/concepts/context, read November 2025) is the model of what is copied;
modes and owners are made canonical, and nothing is read from outside of the project. A project that is built as a
wheel is installed as any other wheel (`lightship.build.install`).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.build.project_walk import LINK, ProjectWalk
from lightship.errors import InputError
from lightship.findings import Finding
from lightship.paths import normal_path
from lightship.store.cache import Cache, cache_key
from lightship.values import dataclass

if TYPE_CHECKING:
    from lightship.plan.model import Dropped, Entry

__all__ = ["Application", "read_application"]

_OWNER, _WHY = "application", "the project's own file"
_LOCK_FILES = "lock-files"
"""The code of the rule that leaves locks out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The project's files below ``root``, for ``prefix`` of the image.

    ``files`` tells in a line what is at each path of the image, sorted: ``644 12 SHA-256`` of a file (mode, bytes), or
    ``-> target`` of a symlink. ``key`` names all of it. ``imports`` are the packages' tests that the sources import,
    which drop rules must know; ``programs``: there are shared objects or programs that are no scripts, and what they
    ask for is not known; ``unread`` are locks that nothing reads, told as ``files`` are; ``anew`` those of ``files``
    that had to be read, where an earlier build's look at most of them was good enough; ``findings`` tell what else was
    left out and why.
    """

    root: str = ""
    prefix: str = ""
    files: Mapping[str, str] = field(default_factory=dict, hash=False)
    key: str
    imports: tuple[str, ...] = ()
    programs: bool = False
    unread: Mapping[str, str] = field(default_factory=dict, hash=False)
    anew: Mapping[str, str] = field(default_factory=dict, compare=False)
    findings: tuple[Finding, ...] = ()

    @property
    def entries(self) -> "tuple[Entry, ...]":
        """All files as entries, sorted by path. Each is made when asked for: a build in which one file has changed
        wants a few."""
        return tuple(map(self.entry, self.files))

    @property
    def unpacked_bytes(self) -> int:
        """Bytes of all files."""
        return sum(map(_bytes, self.files.values()))

    @property
    def dropped(self) -> "tuple[Dropped, ...]":
        """The locks that nothing reads, as a layer's losses."""
        from lightship.plan.model import Dropped

        return tuple(
            Dropped(
                path=path,
                owner=_OWNER,
                rule=_LOCK_FILES,
                safety="safe",
                reason="a lock: what it names is installed, and no program of the project names it",
                unpacked_bytes=_bytes(told),
            )
            for path, told in self.unread.items()
        )

    def shape(self) -> Iterator[str]:
        """Every path and its mode, or where it links to: what a changed line leaves as it is."""
        for path, told in self.files.items():
            yield path
            yield told if told.startswith(LINK) else told[:3]

    def source_sha256(self, path: str) -> str | None:
        """The hash of the Python source at ``path``; None for what is no file or no source."""
        told = self.files[path]
        return told[-64:] if path.endswith(".py") and not told.startswith(LINK) else None

    def find(self, path: str) -> "tuple[Entry, ...]":
        """The file or symlink at ``path`` of the image, where one is."""
        return (self.entry(path),) if path in self.files else ()

    def entry(self, path: str) -> "Entry":
        """The file or symlink at ``path`` of the image; raise KeyError where none is."""
        from lightship.archive.content import Stored
        from lightship.plan.model import Entry

        told = self.files[path]
        if told.startswith(LINK):
            target = told.removeprefix(LINK)
            return Entry(path=path, type="symlink", mode=0o777, link_target=target, owner=_OWNER, why=_WHY)
        mode, size, sha256 = told.split(" ")
        source = Path(self.root, path.removeprefix(f"{self.prefix}/"))
        content = Stored(source, 0, int(size), sha256=sha256)
        return Entry(path=path, mode=int(mode, 8), content=content, owner=_OWNER, why=_WHY)


def read_application(
    project: Path,
    *,
    prefix: str = "app",
    leave_out: Collection[Path] = (),
    with_secrets: bool = False,
    started_with: Iterable[str] = (),
    cache: Cache | None = None,
    met: Callable[[str, str], object] | None = None,
) -> Application:
    """Every file of ``project`` that belongs into the image, below ``prefix``, sorted by path.

    ``.dockerignore`` decides, after defaults that it can override; ``leave_out`` are paths that the build itself
    writes. Files that look like secrets stay out, with a finding, unless ``.dockerignore`` brings one back by ``!``
    or ``with_secrets`` is given; images and reports that earlier builds wrote stay out unless there is such a
    ``!``, and so do locks at the top that no program of the project and no word of ``started_with`` names. A
    symlink stays when it points to something inside the project. All files are read once, to be hashed; with
    ``cache`` those alone that changed since the last time, and ``met`` is told of each of these, its path in the image
    and what it is. Raise InputError for a project that is no directory,
    StorageError for what cannot be read.
    """
    if not project.is_dir():
        raise InputError(f"project is not a directory: {project}")
    walk = ProjectWalk(project, normal_path(prefix), leave_out, with_secrets, cache, met)
    found = walk.find()
    words = " ".join(started_with)
    locks = sorted(path for path in walk.locks - walk.named if path not in words)
    unread = {walk.below + path: found.pop(path) for path in locks}
    files = {walk.below + path: found[path] for path in sorted(found)}
    return Application(
        root=walk.top,
        prefix=walk.prefix,
        files=files,
        key=_key(files, unread),
        imports=tuple(sorted(walk.imports)),
        programs=walk.programs,
        unread=unread,
        anew={path: files[path] for path in sorted(walk.anew) if path in files},
        findings=tuple(sorted(walk.findings, key=lambda finding: (finding.code, finding.location))),
    )


def _key(files: Mapping[str, str], unread: Mapping[str, str]) -> str:
    told = "\0".join(part for row in files.items() for part in row).encode("utf-8", "surrogateescape")
    return cache_key("application", 2, told, *(f"{path} {_bytes(row)}" for path, row in unread.items()))


def _bytes(told: str) -> int:
    return 0 if told.startswith(LINK) else int(told.split(" ")[1])
