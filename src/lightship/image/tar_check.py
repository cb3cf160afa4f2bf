"""Whether a layer's tar is whole, and says the same to every unpacker. What the files hold is not looked at.

OCI image-spec 1.1, https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md.
"""

from collections.abc import Iterator
from typing import BinaryIO

from lightship.archive.tar import MemberType, TarReader

__all__ = ["check_tar"]


def check_tar(stream: BinaryIO) -> Iterator[str]:
    """Read ``stream`` to its end and yield a sentence for each entry that is not as it should be.

    Raise ArchiveError or HostileError where the structure itself breaks: after that nothing can be said. A path that
    is there twice is a fault, for unpackers differ in what they keep (layer.md: "SHOULD NOT"); a folder that is only
    named again is none.
    """
    seen: dict[str, MemberType] = {}
    for member in TarReader(stream):
        former = seen.get(member.path)
        if former is not None and not former == member.type == "dir":
            yield f"path is there twice: {member.path!r:.160}"
        elif not member.path and member.type != "dir":
            yield f"want a path, got a {member.type} that is the root itself"
        seen[member.path] = member.type
