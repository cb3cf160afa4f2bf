"""Files of packages as lock files write them: a URL or path, a hash, a size."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lightship.ecosystem.python.locked import Artifact
from lightship.ecosystem.toml_view import Table
from lightship.errors import LockError

__all__ = ["local_path", "read_artifact", "safe_filename", "sha256_of", "url_filename"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


def url_filename(url: str) -> str:
    """The last part of a URL's path, decoded: ``a%2Bcpu.whl`` is ``a+cpu.whl``. May be empty."""
    try:
        return unquote(urlsplit(url).path.rsplit("/", 1)[-1])
    except ValueError:  # an address that is none, such as http://[
        return ""


def sha256_of(text: str | None) -> str | None:
    """The 64 hex digits of ``sha256:…`` or ``sha256=…``; None for another algorithm, or for what is no digest."""
    algorithm, _, digits = (text or "").replace("=", ":", 1).partition(":")
    digits = digits.lower()
    return digits if algorithm.lower() == "sha256" and _SHA256.fullmatch(digits) else None


def local_path(text: str, base: Path) -> Path:
    """A path or ``file:`` URL of a lock file, absolute; relative ones start at ``base``."""
    if text.startswith("file:"):
        text = unquote(urlsplit(text).path)
    return Path(base, text)


def safe_filename(name: str, where: str) -> str:
    """``name`` when it is the name of a file; raise LockError for a path, which could name a file elsewhere."""
    if not name or "/" in name or "\\" in name or "\0" in name or name in (".", ".."):
        raise LockError(f"{where}: want the name of a file, got {name!r:.200}")
    return name


def read_artifact(
    entry: Table, *, base: Path, filename: str = "", url: str | None = None, path: Path | None = None
) -> Artifact:
    """One ``{ url | path | filename, hash, size }`` of uv.lock or poetry.lock (``file`` for ``filename`` there).

    ``base`` is where relative paths start; ``url``, ``path`` and ``filename`` stand in for what the entry leaves to
    its package's source. Raise LockError for a hash that is no digest or a file name that is a path.
    """
    own_path = entry.maybe_text("path")
    if own_path is not None:
        path = local_path(own_path, base)
    url = entry.maybe_text("url") or url
    filename = (
        entry.maybe_text("filename")
        or entry.maybe_text("file")
        or filename
        or (path.name if path is not None else url_filename(url or ""))
    )
    safe_filename(filename, entry.where())
    digest = entry.maybe_text("hash")
    if digest is not None and ":" not in digest:
        raise entry.error(f"{entry.where('hash')}: want ALGORITHM:DIGITS, got {digest!r:.200}")
    if digest is not None and digest.startswith("sha256:") and sha256_of(digest) is None:
        raise entry.error(f"{entry.where('hash')}: want sha256: and 64 hex digits, got {digest!r:.200}")
    return Artifact(
        filename=filename, sha256=sha256_of(digest), size_bytes=entry.maybe_integer("size"), url=url, path=path
    )
