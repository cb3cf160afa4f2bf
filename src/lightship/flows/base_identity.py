"""What names a base before it is made: cheap enough to ask at every build."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.flows.request import BuildRequest
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform

if TYPE_CHECKING:
    from lightship.image.value import PlainImage

__all__ = ["PACKAGES", "base_identity", "cpython_roots", "open_base"]

PACKAGES = ("auto", "debian", "ubuntu")
"""Bases that are made of distribution packages; every other one is an image."""


def base_identity(request: BuildRequest, platform: Platform) -> str:
    """What names the base, beside the options and its lock: the digest of an image's manifest, or the place and age of
    an installed interpreter. Costs next to nothing."""
    options = request.options
    found = ""
    if options.base not in PACKAGES:
        with open_base(request, platform) as image:
            found = str(Digest.of(image.raw_manifest))
    if options.python == "auto":
        return found
    from lightship.base.cpython import find_cpython

    tree = find_cpython(options.python, cpython_roots(request.environ))
    if tree is not None:
        status = tree.stat()
        found += f" {tree.resolve()} {status.st_mtime_ns} {status.st_ino}"
    return found


@contextlib.contextmanager
def open_base(request: BuildRequest, platform: Platform) -> "Iterator[PlainImage]":
    """The image that is the base, open until the block ends."""
    from lightship.store.open import locate, open_image

    host = request.environ.get("DOCKER_HOST")
    with open_image(locate(request.options.base), platform=platform, docker_host=host) as image:
        yield image


def cpython_roots(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where pyenv and uv keep interpreters (their documentation, 2025)."""
    home = Path(environ.get("HOME") or "/")
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    pyenv = Path(environ.get("PYENV_ROOT") or home / ".pyenv")
    uv = Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    return pyenv / "versions", uv
