"""The local files of a push: hashed before anything is decided, packed before anything is sent."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lightship.assets.kinds import hashed_folders
from lightship.assets.push.outgoing import Candidates, Outgoing, read_outgoing, stored
from lightship.assets.push.release import Coding, Entry
from lightship.assets.push.target import Target, blob_fault, key_fault
from lightship.assets.scan import Scan
from lightship.errors import InputError
from lightship.flows.assets.push_request import PushRequest
from lightship.progress import Progress
from lightship.store.cache import Cache

__all__ = ["check_key", "pack_files", "read_files"]


def read_files(
    found: Scan, chosen: Candidates, asked: Coding, request: PushRequest, progress: Progress
) -> list[Outgoing]:
    """Hash every file. Raise InputError where one cannot be read or called so: nothing is pushed of a directory that
    cannot be read whole."""
    if found.faults:
        raise InputError(f"{found.root}/{found.faults[0]}")
    for path, _, _ in chosen.files:
        check_key(path, request.target, request.base)
    folders = hashed_folders([path for path, _, _ in chosen.files])

    def read(candidate: tuple[str, bool, int]) -> Outgoing:
        path, alone, size_bytes = candidate
        try:
            read = read_outgoing(found.root, path, asked, folders, packed_alone=alone)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or os.strerror(error.errno or 0)}") from error
        progress.advance("read", size_bytes)
        return read

    progress.start("read", sum(size_bytes for _, _, size_bytes in chosen.files), unit="B")
    with ThreadPoolExecutor(request.jobs) as pool:
        try:
            return list(pool.map(read, chosen.files))
        finally:
            pool.shutdown(cancel_futures=True)
            progress.finish("read")


def check_key(path: str, target: Target, base: str) -> None:
    """Raise InputError where no object below ``target`` can be called ``path``."""
    root = target.root(base)
    fault = key_fault(root, path) or (blob_fault(root, path) if target.scheme == "az" else None)
    if fault is not None:
        raise InputError(f"{path}: {fault}", hint="rename it, or leave it out of the build")


def pack_files(files: Sequence[Outgoing], request: PushRequest, cache: Cache, progress: Progress) -> list[Entry]:
    """What is to be sent, as it will be stored. Its bytes are in the cache afterwards, not in memory."""
    progress.start("compress", sum(file.plain_bytes for file in files), unit="B")

    def pack(file: Outgoing) -> Entry:
        entry, _ = stored(file, cache)
        progress.advance("compress", file.plain_bytes)
        return entry

    with ThreadPoolExecutor(request.jobs) as pool:
        try:
            return list(pool.map(pack, sorted(files, key=lambda file: -file.plain_bytes)))
        finally:
            pool.shutdown(cancel_futures=True)
            progress.finish("compress")
