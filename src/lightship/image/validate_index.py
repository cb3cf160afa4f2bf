"""An index recomputed from its bytes: what it says of its entries, and every image below it.

OCI image-spec 1.1, https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md.
"""

from collections.abc import Iterator
from dataclasses import replace

from lightship.archive.verify import drain
from lightship.errors import LightshipError
from lightship.findings import Finding
from lightship.image.index import ImageIndex, Member
from lightship.image.protocol import Blob
from lightship.image.validate import validate
from lightship.image.views import config_of
from lightship.oci.digest import Digest
from lightship.oci.index import Index

__all__ = ["validate_index"]


def validate_index(index: ImageIndex) -> list[Finding]:
    """Every fault of ``index`` and of what is below it, none when it is valid; each layer is read once.

    Codes beside those of `validate`, whose locations begin with the entry's place: ``IX001`` the index is not as
    specified, ``IX002`` digest or size of an entry is wrong, ``IX003`` the platform is not the image's, ``IX004`` an
    entry's content is absent or cannot be read, ``IX005`` two images for one platform, of which a client takes one.
    """
    return list(_faults(index, "index", set()))


def _faults(index: ImageIndex, location: str, checked: set[Digest]) -> Iterator[Finding]:
    try:
        parsed = Index.parse(index.raw, media_type=index.media_type)
    except LightshipError as error:
        yield _fault("IX001", "index is not as specified", location, str(error))
        return
    if parsed.manifests != tuple(member.descriptor for member in index.members):
        yield _fault("IX001", "index is not as specified", location, "its members are not the entries of its bytes")
    for place, member in enumerate(index.members):
        yield from _member_faults(member, f"{location}.manifests[{place}]", checked)
    yield from _ambiguous(index, location)


def _member_faults(member: Member, location: str, checked: set[Digest]) -> Iterator[Finding]:
    entry = member.descriptor
    if member.is_absent:
        yield _fault("IX004", "content is absent", location, f"nothing has the bytes of {entry.digest}")
    if member.raw is not None:
        found = (Digest.of(member.raw, entry.digest.algorithm), len(member.raw))
        if found != (entry.digest, entry.size_bytes):
            message = f"want {entry.digest} of {entry.size_bytes} bytes, got {found[0]} of {found[1]}"
            yield _fault("IX002", "digest or size is wrong", location, message)
    if member.index is not None:
        yield from _faults(member.index, location, checked)
    elif member.image is None:
        yield from (fault for blob in member.blobs for fault in _blob_faults(blob, location))
    elif entry.digest not in checked:
        checked.add(entry.digest)
        yield from _platform_faults(member, location)
        yield from (replace(fault, location=f"{location}.{fault.location}") for fault in validate(member.image))


def _platform_faults(member: Member, location: str) -> Iterator[Finding]:
    if member.image is None or member.descriptor.platform is None:
        return
    try:
        own = config_of(member.image).platform.normal()
    except LightshipError:
        return  # said by `validate`
    said = member.descriptor.platform.normal()
    # An entry may leave the variant open, or name one where the config does not.
    if (own.os, own.architecture) != (said.os, said.architecture):
        yield _fault("IX003", "platform is not the image's", location, f"want {own} as the config says, got {said}")


def _blob_faults(blob: Blob, location: str) -> Iterator[Finding]:
    try:
        with blob.open() as stream:
            drain(stream)
    except (LightshipError, OSError) as error:
        yield _fault("IX004", "content cannot be read", location, str(error))


def _ambiguous(index: ImageIndex, location: str) -> Iterator[Finding]:
    by_platform: dict[str, set[Digest]] = {}
    for member in index.members:
        if member.image is not None and member.descriptor.platform is not None:
            by_platform.setdefault(str(member.descriptor.platform), set()).add(member.descriptor.digest)
    for platform, digests in by_platform.items():
        if len(digests) > 1:
            yield _fault("IX005", "several images for one platform", location, f"{platform}: {len(digests)} images")


def _fault(code: str, title: str, location: str, message: str) -> Finding:
    return Finding(code=code, severity="error", title=title, message=message, location=location)
