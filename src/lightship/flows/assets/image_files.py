"""A directory read for an image: hashed once, what looks like a secret left out, no link followed out of it."""

import fnmatch
import hashlib
import os
import shutil
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lightship.assets.image.files import ImageFile, ImageFiles
from lightship.assets.retarget.prefix import placeholder_sentence
from lightship.build.known_files import KnownFiles
from lightship.build.secrets import HEAD_BYTES, is_suspect, secret_reason
from lightship.errors import InputError, StorageError
from lightship.findings import Finding, Severity
from lightship.flows.assets.placeholder import asks_for_placeholder
from lightship.paths import storage_errors
from lightship.store.cache import Cache, cache_key

__all__ = ["copy_image_files", "read_image_files"]

_VERSION = 2
_CHUNK_BYTES = 1 << 20
_ELF = b"\x7fELF"
_NEVER_FOLDERS = frozenset({".git", ".hg", ".svn"})
_NEVER_FILES = frozenset({".DS_Store", "Thumbs.db"})


def read_image_files(
    root: Path, cache: Cache | None, *, keep: Sequence[str] = (), leave_out: Collection[Path] = ()
) -> ImageFiles:
    """Every file below ``root`` but histories, what looks like a secret and is not named by a pattern of ``keep``, and
    links that lead out. With ``cache`` only files that changed since the last time are read. Raise InputError for what
    is no directory, or has names that are no UTF-8; StorageError for what cannot be read."""
    if not root.is_dir():
        raise InputError(f"{root}: want a directory, but {'it is a file' if root.exists() else 'there is none'}")
    return _Reading(Path(os.path.realpath(root)), cache, tuple(keep), leave_out).run()


@dataclass(slots=True)
class _Reading:
    root: Path
    cache: Cache | None
    keep: tuple[str, ...]
    leave_out: Collection[Path]
    findings: list[Finding] = field(default_factory=list)
    known: KnownFiles | None = None
    unretargeted: list[str] = field(default_factory=list)

    def run(self) -> ImageFiles:
        if self.cache is not None:
            self.known = KnownFiles.load(self.cache, "assets-image", str(self.root), str(_VERSION))
        left_out = {os.path.realpath(path) for path in self.leave_out}
        found = (self._one(path, status) for path, status in self._walk(left_out))
        files = tuple(sorted((file for file in found if file is not None), key=lambda file: file.path))
        if self.known is not None:
            self.known.save()
        self._say_placeholder()
        rows = "\n".join(f"{f.path}\0{f.executable:d}\0{f.sha256}\0{f.link}" for f in files)
        findings = tuple(sorted(self.findings, key=lambda finding: (finding.code, finding.location)))
        told = (part for finding in findings for part in (finding.code, finding.location))
        return ImageFiles(
            root=self.root, files=files, key=cache_key("image-files", _VERSION, rows, *told), findings=findings
        )

    def _walk(self, left_out: Collection[str]) -> Iterator[tuple[str, os.stat_result]]:
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            with storage_errors(f"read {self.root}"), os.scandir(self.root / folder) as listing:
                entries = list(listing)
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                _check_name(path)
                if left_out and os.path.realpath(entry.path) in left_out:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in _NEVER_FOLDERS:
                        waiting.append(path)
                elif entry.name not in _NEVER_FILES:
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except OSError as error:
                        raise StorageError(f"cannot read {path}: {error.strerror}") from error
                    yield path, status

    def _one(self, path: str, status: os.stat_result) -> ImageFile | None:
        if stat.S_ISLNK(status.st_mode):
            return self._link(path)
        if not stat.S_ISREG(status.st_mode):
            self._say("special-file", "warning", path, "is neither file, directory nor link and was left out")
            return None
        told = self.known.find(path, status) if self.known is not None else None
        if told is None:
            told = self._read(path, status)
            if self.known is not None:
                self.known.add(path, status, told)
        size, sha256, elf, placeholder, reason = told.split(" ", 4)
        if reason and not any(fnmatch.fnmatchcase(path, pattern) for pattern in self.keep):
            fix = f"if it belongs into an image that others can pull: --keep '{path}'; else mount it when it runs"
            self._say("secret", "warning", path, f"{reason} and was left out", fix=fix)
            return None
        if placeholder == "1":
            self.unretargeted.append(path)
        executable = bool(status.st_mode & stat.S_IXUSR)
        return ImageFile(path=path, executable=executable, size_bytes=int(size), sha256=sha256, is_elf=elf == "1")

    def _read(self, path: str, status: os.stat_result) -> str:
        """Bytes, hash, whether it is an ELF file, whether it asks for the placeholder, why it looks like a secret."""
        running, size_bytes, head = hashlib.sha256(), 0, b""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with storage_errors(f"read {path}"), open(os.open(self.root / path, flags), "rb", buffering=0) as stream:  # noqa: PTH123
            while chunk := stream.read(_CHUNK_BYTES):
                head = head or chunk[:HEAD_BYTES]
                running.update(chunk)
                size_bytes += len(chunk)
        if size_bytes != status.st_size:
            raise StorageError(f"{path} changed while it was read", hint="let the build of the front end end first")
        reason = secret_reason(path, head if is_suspect(path) else b"") or ""
        placeholder = asks_for_placeholder(self.root, path)
        return f"{size_bytes} {running.hexdigest()} {head.startswith(_ELF):d} {placeholder:d} {reason}"

    def _link(self, path: str) -> ImageFile | None:
        with storage_errors(f"read {path}"):
            target = str((self.root / path).readlink())
        resolved = os.path.realpath(self.root / path)
        if target.startswith("/") or not resolved.startswith(f"{self.root}/") or _climbs(path, target):
            self._say("link-out", "warning", path, "is a symlink out of the directory and was left out")
            return None
        _check_name(target)
        return ImageFile(path=path, link=target)

    def _say_placeholder(self) -> None:
        if self.unretargeted:
            paths = sorted(self.unretargeted)
            self.findings.append(
                Finding(
                    code="placeholder-left",
                    severity="warning",
                    title="a build that was not retargeted",
                    message=placeholder_sentence(paths),
                    location=paths[0],
                    fix="lightship assets retarget DIR --cdn URL before, or retarget IMAGE --output afterwards",
                )
            )

    def _say(self, code: str, severity: Severity, path: str, what: str, *, fix: str | None = None) -> None:
        title = code.replace("-", " ")
        self.findings.append(
            Finding(code=code, severity=severity, title=title, message=f"{path} {what}", location=path, fix=fix)
        )


def copy_image_files(files: ImageFiles, to: Path) -> None:
    """Copy ``files`` below the new directory ``to``: nothing of the copy is the original's."""
    with storage_errors("copy the files"):
        to.mkdir()
        for file in files.files:
            place = to / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            if file.link:
                place.symlink_to(file.link)
            else:
                shutil.copyfile(files.root / file.path, place, follow_symlinks=False)
                place.chmod(0o755 if file.executable else 0o644)


def _climbs(path: str, link: str) -> bool:
    """Whether ``link``, at ``path``, leaves the directory on its way, though it may come back under another name."""
    depth = path.count("/")
    for part in link.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return True
    return False


def _check_name(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"path is not UTF-8: {path!r:.200}", hint="rename it") from error
