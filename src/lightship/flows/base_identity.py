"""What names a base before it is made: cheap enough to ask at every build."""

import contextlib
import hashlib
import operator
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.flows.request import BuildRequest
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.paths import storage_errors

if TYPE_CHECKING:
    from lightship.image.value import PlainImage

__all__ = ["PACKAGES", "base_identity", "cpython_roots", "open_base"]

PACKAGES = ("auto", "debian", "ubuntu")
"""Bases that are made of distribution packages; every other one is an image."""

_NOT_TAKEN = frozenset({"__pycache__", "site-packages", "test"})
"""Folders of an installed interpreter that no image gets."""


def base_identity(request: BuildRequest, platform: Platform) -> str:
    """What names the base, beside the options and its lock: the digest of an image's manifest, or the place and age of
    an installed interpreter's files. Costs some milliseconds."""
    options = request.options
    found = ""
    if options.base not in PACKAGES:
        found = _pinned(options.base)
        if not found:
            with open_base(request, platform) as image:
                found = str(Digest.of(image.raw_manifest))
    if options.python == "auto":
        return found
    from lightship.base.installed import find_cpython

    tree = find_cpython(options.python, cpython_roots(request.environ))
    if tree is not None:
        with storage_errors(f"read the interpreter in {tree.name}"):
            found += f" {tree.resolve()} {_mark(tree)}"
    return found


def _pinned(base: str) -> str:
    """The digest that a registry's image is named by; it need not be asked for to be known."""
    if not base.startswith("docker://"):
        return ""
    from lightship.oci.reference import Reference

    name = Reference.parse(base).name
    return str(name.digest) if name is not None and name.digest is not None else ""


_name = operator.attrgetter("name")


def _mark(tree: Path) -> str:
    """Changes when a file of the interpreter does, also in place; it is told by inode, size and time, since reading
    them would take longer than a build in which nothing changed."""
    marks: list[str] = []
    waiting = [str(tree / name) for name in ("lib", "include", "bin")]
    while waiting:
        with os.scandir(waiting.pop()) as found:
            for entry in sorted(found, key=_name):
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in _NOT_TAKEN:
                        waiting.append(entry.path)
                else:
                    status = entry.stat(follow_symlinks=False)
                    marks.append(f"{entry.name} {status.st_ino} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(marks).encode("utf-8", "surrogateescape")).hexdigest()


@contextlib.contextmanager
def open_base(request: BuildRequest, platform: Platform) -> "Iterator[PlainImage]":
    """The image that is the base, open until the block ends."""
    from lightship.store.open import locate, open_image

    host = request.environ.get("DOCKER_HOST")
    with open_image(locate(request.options.base), platform=platform, access=request.access, docker_host=host) as image:
        yield image


def cpython_roots(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where pyenv and uv keep interpreters (their documentation, 2025)."""
    home = Path(environ.get("HOME") or "/")
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    pyenv = Path(environ.get("PYENV_ROOT") or home / ".pyenv")
    uv = Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    return pyenv / "versions", uv
