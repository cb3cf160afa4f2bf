"""The project's own code as plan entries: a walk that honours ``.dockerignore`` and leaves out secrets.

Docker's build context (docs.docker.com/build/concepts/context, read November 2025) is the model of what is copied;
modes and owners are made canonical, and nothing is read from outside of the project. A project that is built as a
wheel is installed as any other wheel (`lightship.build.install`).
"""

import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lightship.archive.content import Stored
from lightship.build.known_files import KnownFiles
from lightship.build.outputs import OUTPUT_HEAD_BYTES, build_output
from lightship.build.secrets import HEAD_BYTES, is_suspect, secret_reason
from lightship.ecosystem.dockerignore import ALWAYS, Ignore
from lightship.errors import InputError, StorageError
from lightship.findings import Finding
from lightship.paths import normal_path, storage_errors
from lightship.plan.model import Dropped, Entry
from lightship.store.cache import Cache, cache_key
from lightship.units import format_bytes

__all__ = ["Application", "read_application"]

_OWNER = "application"
_CHUNK_BYTES = 1 << 20
_LARGE_BYTES = 20_000_000
"""More than the sources of all but a few applications: a data set, a model or a forgotten archive."""

_TESTS = re.compile(rb"^[ \t]*(?:from|import)[ \t]+([A-Za-z_][\w.]*\.(?:_?tests?|SelfTest)\b[\w.]*)", re.MULTILINE)

_TEST_WORDS = (b".test", b"._test", b".SelfTest")
"""A plain search first: it is many times faster than the pattern, and mostly finds nothing."""

_LOCK = re.compile(r"(?:uv|poetry|pdm|Pipfile)\.lock|pylock(?:\.[^.]+)?\.toml")
_REQUIREMENTS = re.compile(r"requirements[\w.-]*\.txt")
_LOCK_NAMES = re.compile(
    rb"(?:uv|poetry|pdm|Pipfile)\.lock|pylock(?:\.[\w-]{1,60})?\.toml|requirements[\w.-]{0,60}\.txt"
)
_LOCK_FILES = "lock-files"
"""The code of the rule that leaves locks out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The project's files. ``key`` names all their paths, modes and bytes; ``imports`` are the packages' tests that the
    sources import, which drop rules must know; ``dropped`` are locks that nothing reads; ``findings`` tell what else
    was left out and why."""

    entries: tuple[Entry, ...]
    key: str
    imports: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    findings: tuple[Finding, ...] = ()


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
        text = self.dockerignore()
        self.ignore = Ignore.parse(text, before=ALWAYS)
        self.asked = Ignore.parse(text, before=("**",))  # what only an explicit "!" brings back
        self.findings: list[Finding] = []
        self.imports: set[str] = set()
        self.locks: set[str] = set()
        self.named: set[str] = set()
        self.known = KnownFiles.load(cache, str(self.root), text, str(with_secrets)) if cache is not None else None

    def dockerignore(self) -> str:
        path = self.root / ".dockerignore"
        with storage_errors("read .dockerignore"):
            try:
                return path.read_text(encoding="utf-8")
            except FileNotFoundError:
                return ""
            except UnicodeDecodeError as error:
                raise InputError(f".dockerignore is not UTF-8: {error}") from error

    def run(self, started_with: str) -> Application:
        entries = [entry for path, status in self.walk() if (entry := self.entry(path, status)) is not None]
        entries.sort(key=lambda entry: entry.path)
        if self.known is not None:
            self.known.save()
        unread = {self.target(name) for name in self.locks - self.named if name not in started_with}
        dropped = tuple(_dropped(entry) for entry in entries if entry.path in unread)
        entries = [entry for entry in entries if entry.path not in unread]
        gone = (part for each in dropped for part in (each.path, each.unpacked_bytes))
        key = cache_key("application", 2, *(part for entry in entries for part in _identity(entry)), "|", *gone)
        return Application(
            entries=tuple(entries),
            dropped=dropped,
            key=key,
            imports=tuple(sorted(self.imports)),
            findings=tuple(sorted(self.findings, key=lambda finding: (finding.code, finding.location))),
        )

    def walk(self) -> Iterator[tuple[str, os.stat_result]]:
        """Paths, relative to the root, of everything that is not a directory and not ignored."""
        waiting = [""]
        while waiting:
            directory = waiting.pop()
            with storage_errors("read the project"), os.scandir(f"{self.top}/{directory}") as listing:
                found = list(listing)
            if directory and any(each.name == "oci-layout" for each in found):
                self.say("image-in-project", "note", directory, "is an OCI image layout and stays out of the image")
                continue
            for each in found:
                path = f"{directory}/{each.name}" if directory else each.name
                if each.name in self.left_names and os.path.realpath(each.path) in self.leave_out:
                    continue
                if each.is_dir(follow_symlinks=False):
                    if not self.ignore.prunes(path):
                        waiting.append(path)
                elif not self.ignore.matches(path):
                    if not _is_text(path):
                        raise InputError(
                            f"path is not UTF-8: {path!r}", hint="rename it, or leave its folder out with .dockerignore"
                        )
                    try:
                        status = each.stat(follow_symlinks=False)
                    except OSError as error:
                        raise StorageError(f"cannot read the project: {error.strerror} ({path})") from error
                    yield path, status

    def entry(self, path: str, status: os.stat_result) -> Entry | None:
        target = self.target(path)
        why = "the project's own file"
        if stat.S_ISLNK(status.st_mode):
            link = self.link(path)
            if link is None:
                return None
            return Entry(path=target, type="symlink", mode=0o777, link_target=link, owner=_OWNER, why=why)
        if not stat.S_ISREG(status.st_mode):
            self.say("special-file", "warning", path, "is neither file, directory nor link and was left out")
            return None
        return self.file(path, target, status, why)

    def target(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path

    def link(self, path: str) -> str | None:
        """The target of a symlink that stays inside the project, else None."""
        with storage_errors("read the project"):
            link = str((self.root / path).readlink())
            resolved = os.path.realpath(self.root / path)
        # Both ways: a chain may lead out here, and "../project/a" is out of a root that has another name in the image.
        if _climbs_out(path, link) or not resolved.startswith(f"{self.root}/"):
            self.say("link-out-of-project", "warning", path, "is a symlink out of the project and was left out")
            return None
        return link

    def file(self, path: str, target: str, status: os.stat_result, why: str) -> Entry | None:
        whole = self.root / path
        known = self.known.find(path, status) if self.known is not None else None
        if known is not None:
            self.learn(path, known[1])
            return _entry(target, Stored(whole, 0, status.st_size, sha256=known[0]), status, why)
        running = hashlib.sha256()
        count = 0
        # What was a file a moment ago may be a link to somewhere else, or a pipe that nobody writes to.
        with storage_errors("read the project"), open(whole, "rb", buffering=0, opener=_open_file) as stream:
            chunk = head = stream.read(_CHUNK_BYTES)
            written = build_output(head[:OUTPUT_HEAD_BYTES]) if self.asked.matches(path) else None
            if written is not None:
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
        facts = _facts(path, head)
        self.learn(path, facts)
        if self.known is not None and count == status.st_size <= _LARGE_BYTES:
            self.known.add(path, status, running.hexdigest(), facts)
        return _entry(target, Stored(whole, 0, count, sha256=running.hexdigest()), status, why)

    def learn(self, path: str, facts: Iterable[str]) -> None:
        """Take what `_facts` gave for ``path``."""
        for fact in facts:
            kind, _, what = fact.partition(" ")
            if kind == "imports":
                self.imports.add(what)
            elif kind == "names":
                self.named.add(what)
            elif self.asked.matches(path):
                self.locks.add(path)

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


def _facts(path: str, head: bytes) -> list[str]:
    """What the build must know of a file besides its hash: tests of packages that it ``imports``, locks that it
    ``names`` where it is a program, and whether it ``is`` a lock at the top of the project itself."""
    facts: list[str] = []
    if path.endswith(".py") and any(word in head for word in _TEST_WORDS):
        facts += sorted({f"imports {match.decode()}" for match in _TESTS.findall(head)})
    if path.endswith((".py", ".sh", ".bash")) or head.startswith(b"#!"):
        facts += sorted({f"names {match.decode()}" for match in _LOCK_NAMES.findall(head)})
    elif _LOCK.fullmatch(path) or (_REQUIREMENTS.fullmatch(path) and b"--hash=sha256:" in head):
        facts.append("is lock")
    return facts


def _dropped(entry: Entry) -> Dropped:
    return Dropped(
        path=entry.path,
        owner=_OWNER,
        rule=_LOCK_FILES,
        safety="safe",
        reason="a lock: what it names is installed, and no program of the project names it",
        unpacked_bytes=entry.unpacked_bytes,
    )


def _entry(target: str, content: Stored, status: os.stat_result, why: str) -> Entry:
    mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
    return Entry(path=target, mode=mode, content=content, owner=_OWNER, why=why)


def _identity(entry: Entry) -> tuple[str | int, ...]:
    sha256 = entry.content.sha256 if isinstance(entry.content, Stored) else ""
    return (entry.path, entry.mode, sha256 or "", entry.link_target)


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
