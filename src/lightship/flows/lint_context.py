"""A build context on disk as the rules see it: names, sizes, and small texts on demand.

What BuildKit sends: everything below the root that ``NAME.dockerignore`` beside the Dockerfile, or else the root's
``.dockerignore``, does not leave out (https://docs.docker.com/build/concepts/context/, read November 2026). Links are
not followed and nothing outside the root is read.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lightship.dockerfile.model import Dockerfile
from lightship.dockerfile.views import copy_of
from lightship.ecosystem.dockerignore import Ignore
from lightship.errors import InputError, StorageError
from lightship.flows.lint_lock import lock_reader
from lightship.flows.walking import walk_folder
from lightship.lint.subject import Context, LockReader, no_lock
from lightship.paths import open_regular
from lightship.store.cache import Cache

__all__ = ["Surroundings", "context_root", "read_context"]

_MOST_FILES = 200_000
"""Files and folders that are looked at, those that are left out among them."""
_MOST_LEVELS = 8
_MOST_TEXT_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies around the Dockerfiles of one call, read once: contexts, and their locks, through ``cache``. Without a
    cache there are no locks."""

    cache: Cache | None = None
    _contexts: dict[tuple[Path, Path | None], Context] = field(default_factory=dict, compare=False, repr=False)
    _locks: dict[Path, LockReader] = field(default_factory=dict, compare=False, repr=False)

    def context(self, root: Path, dockerfile: Path | None = None) -> Context:
        """As `read_context`; Dockerfiles without an ignore file of their own share it."""
        own = _own_ignore(dockerfile)
        key = (root, own if own is not None and own.exists() else None)
        if key not in self._contexts:
            self._contexts[key] = read_context(root, dockerfile)
        return self._contexts[key]

    def lock(self, root: Path) -> LockReader:
        """As `lightship.flows.lint_lock.lock_reader`."""
        if root not in self._locks:
            self._locks[root] = lock_reader(root, self.cache) if self.cache is not None else no_lock
        return self._locks[root]


def read_context(root: Path, dockerfile: Path | None = None) -> Context:
    """The context at ``root`` for ``dockerfile``. Raise StorageError where it cannot be listed, InputError for a
    ``.dockerignore`` that Docker refuses."""
    ignore, has_file = _ignore(root, dockerfile)
    files: dict[str, int] = {}
    directories: set[str] = set()
    left_out: set[str] = set()
    is_complete = True
    try:
        for number, (path, entry) in enumerate(walk_folder(root, passes_over=ignore.prunes)):
            if number >= _MOST_FILES:
                is_complete = False
                break
            if entry.is_dir(follow_symlinks=False):
                if ignore.prunes(path):
                    left_out.add(f"{path}/")
                else:
                    directories.add(path)
            elif ignore.matches(path):
                left_out.add(path)
            else:
                files[path] = entry.stat(follow_symlinks=False).st_size
    except OSError as error:
        raise StorageError(f"cannot list the build context {root}: {error.strerror}") from error
    return Context(
        files=dict(sorted(files.items())),
        left_out=frozenset(left_out),
        directories=frozenset(directories),
        read=_reader(root, files),
        ignore=ignore,
        has_ignore_file=has_file,
        is_complete=is_complete,
    )


def context_root(folder: Path, dockerfile: Dockerfile) -> Path:
    """The folder that the Dockerfile in ``folder`` is built in: of it and those above, up to that of a repository or
    else the two above, the one that has most of what COPY and ADD name; the nearest of those that have as much. Never
    the root of the file system."""
    wanted = [source for source in _local_sources(dockerfile) if source.strip("./")]
    best, most = folder, -1
    for current in _candidates(folder.absolute()):
        has = sum(_exists(current, source) for source in wanted)
        if has > most:
            best, most = (folder if most < 0 else current), has
    return best


def _candidates(folder: Path) -> list[Path]:
    above = [each for each in (folder, *folder.parents) if each.parent != each][:_MOST_LEVELS]
    repository = next((place for place, each in enumerate(above) if (each / ".git").exists()), None)
    return above[: 3 if repository is None else repository + 1]


def _local_sources(dockerfile: Dockerfile) -> Iterator[str]:
    for instruction in dockerfile.instructions:
        copy = copy_of(instruction)
        if copy is not None and copy.from_ is None:
            for word in copy.sources:
                if "://" not in word.text and "$" not in word.text:
                    yield word.text.strip("\"'")


def _exists(root: Path, source: str) -> bool:
    relative = source.lstrip("/")
    if ".." in relative.split("/"):
        return False
    try:
        return (root / relative).exists() or (bool(set("*?[") & set(relative)) and any(root.glob(relative)))
    except (OSError, ValueError, NotImplementedError):  # a pattern that only Docker knows
        return False


def _ignore(root: Path, dockerfile: Path | None) -> tuple[Ignore, bool]:
    for path in (_own_ignore(dockerfile), root / ".dockerignore"):
        if path is None:
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
            raise InputError(f"{path} is a link out of the build context", hint="put a file in its place")
        try:
            with open_regular(path) as file:
                text = file.read(_MOST_TEXT_BYTES).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StorageError(f"cannot read {path}: {error.strerror}") from error
        try:
            return Ignore.parse(text), True
        except InputError as error:
            raise InputError(f"{path}: {error}", hint=error.hint) from error
    return Ignore(), False


def _own_ignore(dockerfile: Path | None) -> Path | None:
    return dockerfile.with_name(f"{dockerfile.name}.dockerignore") if dockerfile is not None else None


def _reader(root: Path, files: dict[str, int]) -> Callable[[str], str | None]:
    known: dict[str, str | None] = {}

    def read(path: str) -> str | None:
        if path not in known:
            known[path] = _text(root / path) if files.get(path, _MOST_TEXT_BYTES) < _MOST_TEXT_BYTES else None
        return known[path]

    return read


def _text(path: Path) -> str | None:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return file.read(_MOST_TEXT_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError):  # gone, a link, no text: as if it were not there
        return None
