"""Which repository of a registry has which blob, as far as was seen: where a mount may be asked for.

A hint and no more: a registry that has lost the blob, or does not let it be read, gets it sent. No secret is in it.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from lightship.errors import StorageError
from lightship.oci.digest import Digest
from lightship.paths import atomic_file, storage_errors

__all__ = ["remember", "sources"]

_MOST_BLOBS = 4096
_MOST_REPOSITORIES = 3


def sources(memory: Path | None, registry: str) -> dict[str, list[str]]:
    """Digest to repositories, the latest first; empty where nothing is remembered."""
    if memory is None:
        return {}
    try:
        document = json.loads(_place(memory, registry).read_bytes())
        return {str(digest): [str(name) for name in names] for digest, names in document["blobs"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # absent, or damaged: it fills again


def remember(memory: Path | None, registry: str, repository: str, digests: Iterable[Digest]) -> None:
    """``repository`` has these blobs. Where it cannot be written it is forgotten."""
    if memory is None:
        return
    known = sources(memory, registry)
    former = json.dumps(known)
    for digest in map(str, digests):
        names = [repository, *(name for name in known.pop(digest, ()) if name != repository)]
        known[digest] = names[:_MOST_REPOSITORIES]
    kept = dict(list(known.items())[-_MOST_BLOBS:])
    if json.dumps(kept) == former:
        return
    try:
        with storage_errors("remember a blob"), atomic_file(_place(memory, registry)) as stream:
            stream.write(json.dumps({"blobs": kept}).encode())
    except StorageError:
        return  # the next push sends or asks again


def _place(memory: Path, registry: str) -> Path:
    safe = "".join(character if character.isalnum() or character in ".-" else "_" for character in registry)
    return memory / f"{safe}.json"
