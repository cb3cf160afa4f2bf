"""The project's own code as plan entries: a walk that honours ``.dockerignore`` and leaves out secrets.

Docker's build context (docs.docker.com/build/concepts/context, read November 2025) is the model of what is copied;
modes and owners are made canonical, and nothing is read from outside of the project. A project that is built as a
wheel is installed as any other wheel (`lightship.build.install`).
"""

import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.build.file_facts import IMPORTS, LOCK, PROGRAM, READS_LOCK, file_facts, is_lock
from lightship.build.known_files import KnownFiles
from lightship.errors import InputError, StorageError
from lightship.findings import Finding
from lightship.paths import normal_path, storage_errors
from lightship.store.cache import Cache, cache_key
from lightship.units import format_bytes
from lightship.values import dataclass

if TYPE_CHECKING:
    from lightship.ecosystem.dockerignore import Ignore
    from lightship.plan.model import Dropped, Entry

__all__ = ["Application", "read_application"]

_OWNER, _WHY = "application", "the project's own file"
_LINK = "-> "
_CHUNK_BYTES = 1 << 20
_LARGE_BYTES = 20_000_000
"""More than the sources of all but a few applications: a data set, a model or a forgotten archive."""

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
            yield told if told.startswith(_LINK) else told[:3]

    def source_sha256(self, path: str) -> str | None:
        """The hash of the Python source at ``path``; None for what is no file or no source."""
        told = self.files[path]
        return told[-64:] if path.endswith(".py") and not told.startswith(_LINK) else None

    def find(self, path: str) -> "tuple[Entry, ...]":
        """The file or symlink at ``path`` of the image, where one is."""
        return (self.entry(path),) if path in self.files else ()

    def entry(self, path: str) -> "Entry":
        """The file or symlink at ``path`` of the image; raise KeyError where none is."""
        from lightship.archive.content import Stored
        from lightship.plan.model import Entry

        told = self.files[path]
        if told.startswith(_LINK):
            target = told.removeprefix(_LINK)
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
    walk = _Walk(project, normal_path(prefix), leave_out, with_secrets, cache, met)
    return walk.run(" ".join(started_with))


class _Walk:
    def __init__(
        self,
        project: Path,
        prefix: str,
        leave_out: Collection[Path],
        with_secrets: bool,
        cache: Cache | None,
        met: Callable[[str, str], object] | None,
    ) -> None:
        self.root = Path(os.path.realpath(project))
        self.top = str(self.root)  # a path object for every directory and file is dear
        self.prefix = prefix
        self.below = f"{prefix}/" if prefix else ""
        self.leave_out = {os.path.realpath(path) for path in leave_out}
        self.left_names = {Path(path).name for path in self.leave_out}  # a look at every file's links is dear
        self.with_secrets = with_secrets
        self.text = self.dockerignore()
        self.findings: list[Finding] = []
        self.imports: set[str] = set()
        self.locks: set[str] = set()
        self.named: set[str] = set()
        self.programs = False
        self.met = met or (lambda _path, _told: None)
        self.anew: list[str] = []
        self.known = KnownFiles.load(cache, self.top, self.text, str(with_secrets)) if cache is not None else None

    def dockerignore(self) -> str:
        path = self.root / ".dockerignore"
        with storage_errors("read .dockerignore"):
            try:
                return path.read_text(encoding="utf-8")
            except FileNotFoundError:
                return ""
            except UnicodeDecodeError as error:
                raise InputError(f".dockerignore is not UTF-8: {error}") from error

    @cached_property
    def ignore(self) -> "Ignore":
        from lightship.ecosystem.dockerignore import ALWAYS, Ignore

        return Ignore.parse(self.text, before=ALWAYS)

    @cached_property
    def asked(self) -> "Ignore":
        """What only an explicit "!" brings back."""
        from lightship.ecosystem.dockerignore import Ignore

        return Ignore.parse(self.text, before=("**",))

    def run(self, started_with: str) -> Application:
        found = self.walk()
        if self.known is not None:
            self.known.save()
        locks = sorted(path for path in self.locks - self.named if path not in started_with)
        unread = {self.below + path: found.pop(path) for path in locks}
        files = {self.below + path: found[path] for path in sorted(found)}
        return Application(
            root=self.top,
            prefix=self.prefix,
            files=files,
            key=_key(files, unread),
            imports=tuple(sorted(self.imports)),
            programs=self.programs,
            unread=unread,
            anew={path: files[path] for path in sorted(self.anew) if path in files},
            findings=tuple(sorted(self.findings, key=lambda finding: (finding.code, finding.location))),
        )

    def walk(self) -> dict[str, str]:
        """What `Application.files` says of everything that is no directory and not left out, by path relative to the
        root, in no order."""
        found: dict[str, str] = {}
        waiting = [""]
        while waiting:
            directory = waiting.pop()
            try:
                with os.scandir(f"{self.top}/{directory}") as entries:
                    listing = list(entries)
            except OSError as error:
                raise _unreadable(error, directory) from error
            if directory and any(each.name == "oci-layout" for each in listing):
                self.say("image-in-project", "note", directory, "is an OCI image layout and stays out of the image")
                continue
            above = f"{directory}/" if directory else ""
            for each in listing:
                if each.name in self.left_names and os.path.realpath(each.path) in self.leave_out:
                    continue
                path = above + each.name
                if each.is_dir(follow_symlinks=False):
                    if not self.is_left_out(f"{path}/"):
                        waiting.append(path)
                elif (told := self.told(path, each)) is not None:
                    found[path] = told
        return found

    def is_left_out(self, path: str) -> bool:
        """Whether ``.dockerignore`` leaves ``path`` out; a directory's ends with ``/``, and all below it counts."""
        known = self.known.is_left_out(path) if self.known is not None else None
        if known is not None:
            return known
        found = self.ignore.prunes(path[:-1]) if path.endswith("/") else self.ignore.matches(path)
        if not found and not path.endswith("/") and not _is_text(path):
            raise InputError(
                f"path is not UTF-8: {path!r}", hint="rename it, or leave its folder out with .dockerignore"
            )
        if self.known is not None:
            self.known.choose(path, found)
        return found

    def told(self, path: str, entry: "os.DirEntry[str]") -> str | None:
        """What `Application.files` says of ``path``, which is no directory; None for what stays out."""
        known = self.known
        before = known.files.get(path) if known is not None else None
        if before is None and self.is_left_out(path):
            return None
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            raise _unreadable(error, path) from error
        if known is not None and before is not None and (row := known.unchanged(path, before, status)) is not None:
            return self.learned(path, row) if "\t" in row else row
        if stat.S_ISREG(status.st_mode):
            row = self.read(path, status)
            told = self.learned(path, row) if row is not None else None
            if told is not None and known is not None and known.files:
                self.anew.append(self.below + path)
                self.met(self.below + path, told)
            return told
        if stat.S_ISLNK(status.st_mode):
            return self.link(path)
        self.say("special-file", "warning", path, "is neither file, directory nor link and was left out")
        return None

    def learned(self, path: str, row: str) -> str:
        """Take what `file_facts` gave for ``path``; return the rest of its ``row``."""
        told, *facts = row.split("\t")
        for fact in facts:
            if fact == PROGRAM:
                self.programs = True
            elif fact == LOCK:
                self.locks.add(path)
            elif fact.startswith(READS_LOCK):
                self.named.add(fact.removeprefix(READS_LOCK))
            else:
                self.imports.add(fact.removeprefix(IMPORTS))
        return told

    def link(self, path: str) -> str | None:
        """A symlink that stays inside the project, else None."""
        with storage_errors("read the project"):
            link = str((self.root / path).readlink())
            resolved = os.path.realpath(self.root / path)
        # Both ways: a chain may lead out here, and "../project/a" is out of a root that has another name in the image.
        if _climbs_out(path, link) or not resolved.startswith(f"{self.root}/"):
            self.say("link-out-of-project", "warning", path, "is a symlink out of the project and was left out")
            return None
        return _LINK + link

    def read(self, path: str, status: os.stat_result) -> str | None:
        """Read the file at ``path``: its mode, bytes and hash, and behind tabs what else there is to know. None for
        what stays out."""
        from lightship.build.outputs import OUTPUT_HEAD_BYTES, build_output
        from lightship.build.secrets import HEAD_BYTES, is_suspect, secret_reason

        running = hashlib.sha256()
        count = 0
        # What was a file a moment ago may be a link to somewhere else, or a pipe that nobody writes to.
        with (
            storage_errors("read the project"),
            open(self.root / path, "rb", buffering=0, opener=_open_file) as stream,
        ):
            chunk = head = stream.read(_CHUNK_BYTES)
            written = build_output(head[:OUTPUT_HEAD_BYTES])
            if written is not None and self.asked.matches(path):
                self.say(written.code, "note", path, f"{written.what} and stays out", fix=_bring_back(path))
                return None
            while chunk:
                running.update(chunk)
                count += len(chunk)
                # a short read is no end: some file systems give what they have at hand
                done = len(chunk) < _CHUNK_BYTES and count >= status.st_size
                chunk = b"" if done else stream.read(_CHUNK_BYTES)
        reason = secret_reason(path, head[:HEAD_BYTES] if is_suspect(path) else b"")
        if reason is not None and not self.with_secrets and self.asked.matches(path):
            self.say("secret", "warning", path, f"{reason} and was left out", fix=_bring_back(path))
            return None
        if count > _LARGE_BYTES:
            what = f"adds {format_bytes(count)} to the image"
            self.say(
                "large-file", "note", path, what, fix=f'if it is not needed there: write "{path}" to .dockerignore'
            )
        mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
        facts = [
            *file_facts(path, mode, head),
            *([LOCK] if is_lock(path, head) and self.asked.matches(path) else []),
        ]
        row = "\t".join((f"{mode:o} {count} {running.hexdigest()}", *facts))
        if self.known is not None and count == status.st_size <= _LARGE_BYTES:
            self.known.add(path, status, row)
        return row

    def say(self, code: str, severity: str, path: str, what: str, *, fix: str | None = None) -> None:
        self.findings.append(
            Finding(
                code=code,
                severity="warning" if severity == "warning" else "note",
                title=code.replace("-", " "),
                message=f"{path} {what}",
                location=path,
                fix=fix,
            )
        )


def _unreadable(error: OSError, path: str) -> StorageError:
    return StorageError(f"cannot read the project: {error.strerror or error} ({path or '.'})")


def _key(files: Mapping[str, str], unread: Mapping[str, str]) -> str:
    told = "\0".join(part for row in files.items() for part in row).encode("utf-8", "surrogateescape")
    return cache_key("application", 2, told, *(f"{path} {_bytes(row)}" for path, row in unread.items()))


def _bytes(told: str) -> int:
    return 0 if told.startswith(_LINK) else int(told.split(" ")[1])


def _bring_back(path: str) -> str:
    return f'write "!{path}" to .dockerignore'


def _climbs_out(path: str, link: str) -> bool:
    """True when ``link``, a symlink's target at ``path``, is absolute or leaves the root by its ``..`` alone."""
    depth = path.count("/")
    for part in link.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return True
    return link.startswith("/")


def _open_file(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _is_text(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
