"""Large files that a distribution holds more than once, as hard links.

A zip cannot hold a symlink that an installer would honour, so wheels ship ``libkrb5.so.3`` and ``libkrb5.so.3.3`` as
two copies. A hard link gives every name the same bytes, mode and owner: a program reads what it read before. Hard
links may only name a file of their own layer (OCI image-spec 1.1, layer.md), and a distribution is always in one.
"""

import dataclasses
from collections.abc import Mapping

from lightship.archive.content import Deflated, Inline, Stored
from lightship.build.install import InstalledWheel
from lightship.plan.model import Entry

__all__ = ["LINKED_BYTES", "link_duplicates"]

LINKED_BYTES = 1 << 16
"""Below, a link saves less than its header and a reader's surprise cost."""


def link_duplicates(installed: InstalledWheel, files: Mapping[str, Entry]) -> dict[str, Entry]:
    """``files`` (as in ``RECORD``) in which all but the first of equal large files are hard links to it.

    Equal is what ``RECORD`` says of files that are as the wheel has them, and the hash or the bytes of others.
    """
    first: dict[tuple[object, ...], Entry] = {}
    linked: dict[str, Entry] = {}
    for place in sorted(files):
        entry = files[place]
        identity = _identity(installed, place, entry)
        target = first.setdefault(identity, entry) if identity is not None else entry
        if target is not entry:
            why = f"the same bytes as /{target.path}"
            entry = dataclasses.replace(entry, type="hardlink", content=None, link_target=target.path, why=why)
        linked[place] = entry
    return {place: linked[place] for place in files}


def _identity(installed: InstalledWheel, place: str, entry: Entry) -> tuple[object, ...] | None:
    content = entry.content
    if content is None or content.unpacked_bytes < LINKED_BYTES or place.endswith(".py"):
        return None  # a module is compiled from its own entry
    original, row = installed.files.get(place), installed.rows.get(place)
    if row is not None and original is not None and original.content is content:
        return (entry.mode, row.digest, row.size)
    if isinstance(content, Inline):
        return (entry.mode, content.content)
    if isinstance(content, Deflated) and row is not None:
        # stripped: what is made of a file depends on its bytes alone, and whoever was left as it is has other sizes
        return (entry.mode, row.digest, row.size, content.crc32, content.unpacked_bytes)
    return (entry.mode, content.sha256) if isinstance(content, Stored) and content.sha256 is not None else None
