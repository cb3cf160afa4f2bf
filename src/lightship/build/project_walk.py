"""A walk over a project's directory: what belongs into the image, and what is told of each file.

What is known from the last walk is not read again (`lightship.build.known_files`).
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Collection
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.build.file_facts import IMPORTS, LOCK, PROGRAM, READS_LOCK, file_facts, is_lock
from lightship.build.known_files import KnownFiles
from lightship.errors import InputError, StorageError
from lightship.findings import Finding
from lightship.paths import storage_errors
from lightship.store.cache import Cache
from lightship.units import format_bytes

if TYPE_CHECKING:
    from lightship.ecosystem.dockerignore import Ignore

__all__ = ["LINK", "ProjectWalk"]

LINK = "-> "
"""What is told of a symlink begins with it."""
_CHUNK_BYTES = 1 << 20
_LARGE_BYTES = 20_000_000
"""More than the sources of all but a few applications: a data set, a model or a forgotten archive."""
_GLANCES = 16
"""Changed files that are told of before the walk; as few may have changed since what is known was written."""


class ProjectWalk:
    """One walk over a project's directory; `find` gives what it found, and the other public values hold what it learned
    on the way. What the parameters mean, `lightship.build.application.read_application` says."""

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
        self.met = met
        self.anew: list[str] = []
        self.same: dict[str, str] = {}
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

    def find(self) -> dict[str, str]:
        """What is told of everything that belongs into the image, by path relative to the root, in no order."""
        self._glance()
        found = self._walk()
        if self.known is not None:
            self.known.save()
        return found

    def _glance(self) -> None:
        """Ask for the status of every known file, and tell `met` of those that are not as they were, before folders
        are listed: who waits for the first change begins earlier. Which files there are, the walk says alone."""
        known = self.known
        if known is None:
            return
        changed: list[tuple[str, os.stat_result]] = []
        for path, row in known.files.items():
            try:
                status = os.lstat(f"{self.top}/{path}")
            except OSError:
                continue  # it is gone, or the walk says why not
            if (told := known.unchanged(path, row, status)) is not None:
                self.same[path] = told
            elif stat.S_ISREG(status.st_mode) and status.st_size <= _CHUNK_BYTES:
                changed.append((path, status))
        if (met := self.met) is None:
            return
        for path, status in changed[:_GLANCES]:
            with contextlib.suppress(OSError), open(f"{self.top}/{path}", "rb", opener=_open_file) as stream:
                content = stream.read(_CHUNK_BYTES)
                met(self.below + path, _told(status, len(content), hashlib.sha256(content)))

    def _walk(self) -> dict[str, str]:
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
                self._say("image-in-project", "note", directory, "is an OCI image layout and stays out of the image")
                continue
            above = f"{directory}/" if directory else ""
            for each in listing:
                if each.name in self.left_names and os.path.realpath(each.path) in self.leave_out:
                    continue
                path = above + each.name
                if each.is_dir(follow_symlinks=False):
                    if not self._is_left_out(f"{path}/"):
                        waiting.append(path)
                elif (told := self._told(path, each)) is not None:
                    found[path] = told
        return found

    def _is_left_out(self, path: str) -> bool:
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

    def _told(self, path: str, entry: "os.DirEntry[str]") -> str | None:
        """What `Application.files` says of ``path``, which is no directory; None for what stays out."""
        if (row := self.same.get(path)) is not None:
            return self._learned(path, row) if "\t" in row else row
        known = self.known
        if (known is None or path not in known.files) and self._is_left_out(path):
            return None
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            raise _unreadable(error, path) from error
        if stat.S_ISREG(status.st_mode):
            row = self._read(path, status)
            told = self._learned(path, row) if row is not None else None
            if told is not None and known is not None and known.files:
                self.anew.append(self.below + path)
                if self.met is not None:
                    self.met(self.below + path, told)
            return told
        if stat.S_ISLNK(status.st_mode):
            return self._link(path)
        self._say("special-file", "warning", path, "is neither file, directory nor link and was left out")
        return None

    def _learned(self, path: str, row: str) -> str:
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

    def _link(self, path: str) -> str | None:
        """A symlink that stays inside the project, else None."""
        with storage_errors("read the project"):
            link = str((self.root / path).readlink())
            resolved = os.path.realpath(self.root / path)
        # Both ways: a chain may lead out here, and "../project/a" is out of a root that has another name in the image.
        if _climbs_out(path, link) or not resolved.startswith(f"{self.root}/"):
            self._say("link-out-of-project", "warning", path, "is a symlink out of the project and was left out")
            return None
        return LINK + link

    def _read(self, path: str, status: os.stat_result) -> str | None:
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
                self._say(written.code, "note", path, f"{written.what} and stays out", fix=_bring_back(path))
                return None
            while chunk:
                running.update(chunk)
                count += len(chunk)
                # a short read is no end: some file systems give what they have at hand
                done = len(chunk) < _CHUNK_BYTES and count >= status.st_size
                chunk = b"" if done else stream.read(_CHUNK_BYTES)
        reason = secret_reason(path, head[:HEAD_BYTES] if is_suspect(path) else b"")
        if reason is not None and not self.with_secrets and self.asked.matches(path):
            self._say("secret", "warning", path, f"{reason} and was left out", fix=_bring_back(path))
            return None
        if count > _LARGE_BYTES:
            what = f"adds {format_bytes(count)} to the image"
            self._say(
                "large-file", "note", path, what, fix=f'if it is not needed there: write "{path}" to .dockerignore'
            )
        facts = [
            *file_facts(path, _mode(status), head),
            *([LOCK] if is_lock(path, head) and self.asked.matches(path) else []),
        ]
        row = "\t".join((_told(status, count, running), *facts))
        if self.known is not None and count == status.st_size <= _LARGE_BYTES:
            self.known.add(path, status, row)
        return row

    def _say(self, code: str, severity: str, path: str, what: str, *, fix: str | None = None) -> None:
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


def _mode(status: os.stat_result) -> int:
    return 0o755 if status.st_mode & stat.S_IXUSR else 0o644


def _told(status: os.stat_result, count: int, content: "hashlib._Hash") -> str:
    """What `Application.files` says of a file."""
    return f"{_mode(status):o} {count} {content.hexdigest()}"


def _unreadable(error: OSError, path: str) -> StorageError:
    return StorageError(f"cannot read the project: {error.strerror or error} ({path or '.'})")


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
