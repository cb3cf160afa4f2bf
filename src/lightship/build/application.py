"""The project's own code as plan entries: a walk that honours ``.dockerignore`` and leaves out secrets.

Docker's build context (docs.docker.com/build/concepts/context, read November 2025) is the model of what is copied;
modes and owners are made canonical, and nothing is read from outside of the project. A project that is built as a
wheel is installed as any other wheel (`lightship.build.install`).
"""

import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.build.known_files import KnownFiles
from lightship.errors import InputError, StorageError
from lightship.findings import Finding
from lightship.paths import normal_path, storage_errors
from lightship.store.cache import Cache, cache_key
from lightship.units import format_bytes

if TYPE_CHECKING:
    from lightship.ecosystem.dockerignore import Ignore
    from lightship.plan.model import Dropped, Entry

__all__ = ["Application", "read_application"]

_OWNER = "application"
_WHY = "the project's own file"
_LINK = "-> "
_PROGRAM, _READS_LOCK, _IMPORTS, _LOCK_FACT = "program", "names ", "imports ", "lock"
"""What is told of a file beside its mode, size and hash."""
_CHUNK_BYTES = 1 << 20
_LARGE_BYTES = 20_000_000
"""More than the sources of all but a few applications: a data set, a model or a forgotten archive."""

_TESTS = re.compile(rb"^[ \t]*(?:from|import)[ \t]+([A-Za-z_][\w.]*\.(?:_?tests?|SelfTest)\b[\w.]*)", re.MULTILINE)

_LOCK = re.compile(r"(?:uv|poetry|pdm|Pipfile)\.lock|pylock(?:\.[^.]+)?\.toml")
_REQUIREMENTS = re.compile(r"requirements[\w.-]*\.txt")
_LOCK_NAMES = re.compile(
    rb"(?:uv|poetry|pdm|Pipfile)\.lock|pylock(?:\.[\w-]{1,60})?\.toml|requirements[\w.-]{0,60}\.txt"
)
_LOCK_FILES = "lock-files"
"""The code of the rule that leaves locks out."""

_TEST_WORDS = (b".test", b"._test", b".SelfTest")
"""A plain search first: it is many times faster than the pattern, and mostly finds nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The project's files below ``root``, for ``prefix`` of the image.

    ``files`` tells in a line what is at each path of the image, sorted: ``644 12 SHA-256`` of a file (mode, bytes), or
    ``-> target`` of a symlink. ``key`` names all of it. ``imports`` are the packages' tests that the sources import,
    which drop rules must know; ``programs``: there are shared objects or programs that are no scripts, and what they
    ask for is not known; ``unread`` are locks that nothing reads, told as ``files`` are; ``findings`` tell what else
    was left out and why.
    """

    root: str = ""
    prefix: str = ""
    files: Mapping[str, str] = field(default_factory=dict, hash=False)
    key: str
    imports: tuple[str, ...] = ()
    programs: bool = False
    unread: Mapping[str, str] = field(default_factory=dict, hash=False)
    findings: tuple[Finding, ...] = ()

    @property
    def entries(self) -> "tuple[Entry, ...]":
        """All files as entries, sorted by path. Each is made when asked for: a build in which one file has changed
        wants a few."""
        return tuple(map(self.entry, self.files))

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
) -> Application:
    """Every file of ``project`` that belongs into the image, below ``prefix``, sorted by path.

    ``.dockerignore`` decides, after defaults that it can override; ``leave_out`` are paths that the build itself
    writes. Files that look like secrets stay out, with a finding, unless ``.dockerignore`` brings one back by ``!``
    or ``with_secrets`` is given; images and reports that earlier builds wrote stay out unless there is such a
    ``!``, and so do locks at the top that no program of the project and no word of ``started_with`` names. A
    symlink stays when it points to something inside the project. All files are read once, to be hashed; with
    ``cache`` those alone that changed since the last time. Raise InputError for a project that is no directory,
    StorageError for what cannot be read.
    """
    if not project.is_dir():
        raise InputError(f"project is not a directory: {project}")
    return _Walk(project, normal_path(prefix), leave_out, with_secrets, cache).run(" ".join(started_with))


class _Walk:
    def __init__(
        self, project: Path, prefix: str, leave_out: Collection[Path], with_secrets: bool, cache: Cache | None
    ) -> None:
        self.root = Path(os.path.realpath(project))
        self.top = str(self.root)  # a path object for every directory and file is dear
        self.prefix = prefix
        self.leave_out = {os.path.realpath(path) for path in leave_out}
        self.left_names = {Path(path).name for path in self.leave_out}  # a look at every file's links is dear
        self.with_secrets = with_secrets
        self.text = self.dockerignore()
        self.findings: list[Finding] = []
        self.imports: set[str] = set()
        self.locks: set[str] = set()
        self.named: set[str] = set()
        self.programs = False
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
        found = {path: told for path, status in self.walk() if (told := self.told(path, status)) is not None}
        if self.known is not None:
            self.known.save()
        locks = sorted(path for path in self.locks - self.named if path not in started_with)
        below = f"{self.prefix}/" if self.prefix else ""
        unread = {below + path: found.pop(path) for path in locks}
        files = {below + path: found[path] for path in sorted(found)}
        return Application(
            root=self.top,
            prefix=self.prefix,
            files=files,
            key=_key(files, unread),
            imports=tuple(sorted(self.imports)),
            programs=self.programs,
            unread=unread,
            findings=tuple(sorted(self.findings, key=lambda finding: (finding.code, finding.location))),
        )

    def walk(self) -> Iterator[tuple[str, os.stat_result]]:
        """Paths, relative to the root, of everything that is not a directory and not ignored."""
        waiting = [""]
        while waiting:
            directory = waiting.pop()
            with storage_errors("read the project"), os.scandir(f"{self.top}/{directory}") as listing:
                found = list(listing)
            if directory and "oci-layout" in {each.name for each in found}:
                self.say("image-in-project", "note", directory, "is an OCI image layout and stays out of the image")
                continue
            for each in found:
                path = f"{directory}/{each.name}" if directory else each.name
                if each.name in self.left_names and os.path.realpath(each.path) in self.leave_out:
                    continue
                if each.is_dir(follow_symlinks=False):
                    if not self.is_left_out(f"{path}/"):
                        waiting.append(path)
                elif not self.is_left_out(path):
                    try:
                        status = each.stat(follow_symlinks=False)
                    except OSError as error:
                        raise StorageError(f"cannot read the project: {error.strerror} ({path})") from error
                    yield path, status

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

    def told(self, path: str, status: os.stat_result) -> str | None:
        """What `Application.files` says of ``path``; None for what stays out."""
        if stat.S_ISREG(status.st_mode):
            row = self.known.find(path, status) if self.known is not None else None
            row = self.read(path, status) if row is None else row
            if row is None or "\t" not in row:
                return row
            told, *facts = row.split("\t")
            self.learn(path, facts)
            return told
        if stat.S_ISLNK(status.st_mode):
            return self.link(path)
        self.say("special-file", "warning", path, "is neither file, directory nor link and was left out")
        return None

    def learn(self, path: str, facts: Iterable[str]) -> None:
        """Take what `_facts` gave for ``path``."""
        for fact in facts:
            if fact == _PROGRAM:
                self.programs = True
            elif fact == _LOCK_FACT:
                self.locks.add(path)
            elif fact.startswith(_READS_LOCK):
                self.named.add(fact.removeprefix(_READS_LOCK))
            else:
                self.imports.add(fact.removeprefix(_IMPORTS))

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
            *_facts(path, mode, head),
            *([_LOCK_FACT] if _is_lock(path, head) and self.asked.matches(path) else []),
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


def _key(files: Mapping[str, str], unread: Mapping[str, str]) -> str:
    told = "\0".join(part for row in files.items() for part in row).encode("utf-8", "surrogateescape")
    return cache_key("application", 2, told, *(f"{path} {_bytes(row)}" for path, row in unread.items()))


def _bytes(told: str) -> int:
    return 0 if told.startswith(_LINK) else int(told.split(" ")[1])


def _facts(path: str, mode: int, head: bytes) -> list[str]:
    """What the build must know of a file besides its hash: whether it is a program and no script, tests of packages
    that it ``imports``, locks that it ``names`` where it is a script."""
    facts = [_PROGRAM] if _is_program(path, mode, head) else []
    if path.endswith(".py") and any(word in head for word in _TEST_WORDS):
        facts += sorted({_IMPORTS + match.decode() for match in _TESTS.findall(head)})
    if path.endswith((".py", ".sh", ".bash")) or head.startswith(b"#!"):
        facts += sorted({_READS_LOCK + match.decode() for match in _LOCK_NAMES.findall(head)})
    return facts


def _is_lock(path: str, head: bytes) -> bool:
    """Whether this is a lock at the top of the project itself, and no script."""
    if path.endswith((".py", ".sh", ".bash")) or head.startswith(b"#!"):
        return False
    return bool(_LOCK.fullmatch(path) or (_REQUIREMENTS.fullmatch(path) and b"--hash=sha256:" in head))


def _is_program(path: str, mode: int, head: bytes) -> bool:
    loaded = bool(mode & 0o111) or ".so" in path
    return loaded and head.startswith(b"\x7fELF") and not path.endswith((".py", ".sh"))


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
