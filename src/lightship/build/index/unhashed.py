"""Files that a page offers without a hash: fetched, hashed, and kept where a lock allows what they are.

The address of a file that was taken is remembered, by its hash only, with the hash of the bytes: while they are in
the cache and the same address is listed, nothing is fetched again.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from lightship.build.index.request import Request
from lightship.ecosystem.python.locked import Artifact, LockedPackage
from lightship.store.cache import Cache, cache_key

if TYPE_CHECKING:
    from lightship.build.index.http import IndexClient
    from lightship.build.index.simple import IndexFile

__all__ = ["Unhashed"]

_VERSION = 1
_MOST_FILES = 20
_MOST_BYTES = 8 * 2**30
_FOREIGN = ("win", "macosx", "ios", "android")


class Unhashed:
    """What may be fetched for one package: 20 files and 8 GiB, for an index may list anything."""

    def __init__(self, package: LockedPackage, client: "IndexClient", cache: Cache) -> None:
        self._package = package
        self._client = client
        self._cache = cache
        self._left_files = _MOST_FILES
        self._left_bytes = _MOST_BYTES

    def sha256_of(self, file: "IndexFile", allowed: Collection[str]) -> str | None:
        """The hash of ``file``'s bytes, which are in the cache where it is ``allowed``.

        None for a wheel of another system and for a file too many. Raise MismatchError for one that is too long,
        NetworkError for one that cannot be had.
        """
        from lightship.build.index.transfer import transfer_unhashed

        request = Request.of(self._package, Artifact(filename=file.filename, url=file.url))
        known = self._known(file, request)
        if known in allowed:
            return known
        if _is_foreign(file.filename) or self._left_files == 0 or self._left_bytes == 0:
            return None
        self._left_files -= 1
        sha256, length = transfer_unhashed(
            self._client, file.url, request, self._cache, allowed=allowed, cap_bytes=self._left_bytes
        )
        self._left_bytes -= length
        if sha256 in allowed:
            with self._cache.write("indexes", _key(file)) as stream:
                stream.write(sha256.encode())
        return sha256

    def _known(self, file: "IndexFile", request: Request) -> str | None:
        path = self._cache.find("indexes", _key(file))
        if path is None:
            return None
        try:
            sha256 = path.read_text()
            return sha256 if self._cache.find_verified(request.kind, sha256) is not None else None
        except (OSError, ValueError):
            return None  # a damaged entry: fetch again


def _key(file: "IndexFile") -> str:
    return cache_key("unhashed", _VERSION, file.filename, file.url)


def _is_foreign(filename: str) -> bool:
    """True for a wheel that no Linux takes: its platform tags, PEP 425, are all of other systems."""
    tags = filename.removesuffix(".whl").rpartition("-")[2].split(".")
    return filename.endswith(".whl") and all(tag.startswith(_FOREIGN) for tag in tags)
