"""One repository of a registry: its manifests, blobs, tags and referrers.

OCI distribution-spec 1.1, https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import BinaryIO
from urllib.parse import quote

from lightship.archive.verify import VerifyingReader
from lightship.errors import BadReferenceError, ImageError, InputError, MismatchError, NetworkError
from lightship.oci import media_types
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.oci.document import canonical, parse_object
from lightship.oci.index import Index
from lightship.oci.manifest import MAX_MANIFEST_BYTES
from lightship.oci.reference import ImageName
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.addresses import joined
from lightship.store.registry.blob import BlobStream
from lightship.store.registry.session import Answer, Session
from lightship.store.registry.upload import Blob, Sent, Upload, find_blob
from lightship.values import dataclass

__all__ = ["Repository", "StoredManifest", "open_repository", "resolve"]

_ACCEPT = ", ".join(
    (media_types.OCI_INDEX, media_types.OCI_MANIFEST, media_types.DOCKER_INDEX, media_types.DOCKER_MANIFEST)
)
_NO_HEAD = frozenset({400, 405, 501})
_MAX_PAGES = 1000
_NEXT = re.compile(r'<([^<>]{1,4000})>\s*;\s*rel="?next"?')


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredManifest:
    """A manifest or index as a registry has it: verified bytes, and what they are."""

    media_type: str
    raw: bytes = field(repr=False)
    digest: Digest

    def descriptor(self) -> Descriptor:
        """As an index would name it."""
        return Descriptor(media_type=self.media_type, digest=self.digest, size_bytes=len(self.raw))


@contextmanager
def open_repository(name: ImageName, access: RegistryAccess) -> "Iterator[Repository]":
    """The repository of ``name``; its tag and digest do not count."""
    with Session(name.registry, access) as session:
        yield Repository(session, name.repository)


def resolve(name: ImageName, access: RegistryAccess) -> Digest:
    """What ``name`` names, an image or an index; one question. Raise BadReferenceError where there is nothing."""
    with open_repository(name, access) as repository:
        reference = name.digest or name.tag_or_latest
        digest = repository.manifest_digest(reference)
    if digest is None:
        raise BadReferenceError(f"{name.registry} has no image {name.repository}{_after(reference)}")
    return digest


class Repository:
    """``name`` in the registry of ``session``. Any number of threads may use it."""

    def __init__(self, session: Session, name: str) -> None:
        self.session = session
        self.name = name
        self._pull = (f"repository:{name}:pull",)
        self._push = (f"repository:{name}:pull,push",)

    def __str__(self) -> str:
        return f"docker://{self.session.registry}/{self.name}"

    def read_manifest(self, reference: "str | Digest") -> StoredManifest:
        """The manifest or index that a tag or a digest names; at most 4 MiB.

        Raise BadReferenceError where there is none, MismatchError when the bytes are others than they are said to be.
        """
        answer = self._manifest("GET", reference)
        if answer.status == 404:
            raise BadReferenceError(f"{self.session.registry} has no image {self.name}{_after(reference)}")
        told = answer.headers.get("Docker-Content-Digest")
        wanted = reference if isinstance(reference, Digest) else _digest_or_none(told)
        found = Digest.of(answer.content, wanted.algorithm if wanted is not None else "sha256")
        if wanted is not None and wanted != found:
            raise MismatchError(f"{self}{_after(reference)}: digest mismatch: want {wanted}, got {found}")
        return StoredManifest(media_type=_media_type(answer), raw=answer.content, digest=found)

    def manifest_digest(self, reference: "str | Digest") -> Digest | None:
        """The digest of what a tag or a digest names, None where there is nothing; one HEAD."""
        answer = self._manifest("HEAD", reference, accept=_NO_HEAD)
        if answer.status == 404:
            return None
        told = _digest_or_none(answer.headers.get("Docker-Content-Digest")) if answer.status < 400 else None
        if told is None:  # HEAD is refused, or tells nothing
            answer = self._manifest("GET", reference)
            return None if answer.status == 404 else Digest.of(answer.content)
        return told

    def push_manifest(self, reference: "str | Digest", media_type: str, raw: bytes) -> Digest:
        """Store ``raw`` under a tag or its digest; what it names must be there. A manifest with a ``subject`` is listed
        among that one's referrers, also where the registry does not do so itself."""
        if len(raw) > MAX_MANIFEST_BYTES:
            raise ImageError(f"manifest is too large: want at most {MAX_MANIFEST_BYTES} bytes, got {len(raw)}")
        digest = Digest.of(raw, reference.algorithm if isinstance(reference, Digest) else "sha256")
        if isinstance(reference, Digest) and reference != digest:
            raise MismatchError(f"manifest: digest mismatch: want {reference}, got {digest}")
        answer = self.session.small(
            "PUT",
            f"/v2/{self.name}/manifests/{reference}",
            scopes=self._push,
            headers={"Content-Type": media_type},
            content=raw,
        )
        told = answer.headers.get("Docker-Content-Digest")
        if told and told.startswith(f"{digest.algorithm}:") and told != str(digest):
            raise MismatchError(f"{self}{_after(reference)}: digest mismatch: want {digest}, got {told:.100}")
        subject = parse_object(raw, "manifest").get("subject")
        if subject is not None and not answer.headers.get("OCI-Subject"):
            self._list_by_tag(Descriptor.parse(subject).digest, _referrer(raw, media_type, digest))
        return digest

    def has_blob(self, digest: Digest) -> bool:
        """True when the repository has the blob."""
        return find_blob(self.session, self.name, digest) is not None

    def open_blob(self, digest: Digest, size_bytes: int) -> BinaryIO:
        """The blob, verified at its end; the caller closes."""
        return VerifyingReader(self.stream_blob(digest, size_bytes), digest, size_bytes, what=f"{self}: blob")

    def stream_blob(self, digest: Digest, size_bytes: int, *, offset: int = 0) -> BlobStream:
        """The blob's bytes from ``offset`` on, not verified; the caller closes."""
        return BlobStream(self.session, self.name, digest, size_bytes, offset=offset, jobs=self.session.access.jobs)

    def push_blob(
        self, blob: Blob, *, sources: Sequence[str] = (), reached: Callable[[int], object] = lambda _: None
    ) -> Sent:
        """Make the repository have ``blob``, and tell how; ``sources`` are repositories of this registry that may have
        it. ``reached`` is told how many of its bytes are there."""
        found = find_blob(self.session, self.name, blob.digest)
        if found in (blob.compressed_bytes, -1):
            reached(blob.compressed_bytes)
            return "present"
        others = [source for source in sources if source != self.name]
        return Upload(self.session, self.name, blob, reached=reached).send(others)

    def list_tags(self) -> tuple[str, ...]:
        """Every tag, sorted."""
        tags: set[str] = set()
        for answer in self._pages(f"/v2/{self.name}/tags/list", f"tags of {self}"):
            if answer.status == 404:
                raise BadReferenceError(f"{self.session.registry} has no repository {self.name}")
            tags.update(parse_object(answer.content, "tags").optional_texts("tags"))
        return tuple(sorted(tags))

    def list_referrers(self, subject: Digest, *, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """What is attached to the manifest ``subject``: by the referrers interface, else by its tag.

        distribution-spec 1.1, "Listing Referrers" and "Unavailable Referrers API".
        """
        query = f"?artifactType={quote(artifact_type, safe='')}" if artifact_type else ""
        found: list[Descriptor] = []
        for answer in self._pages(f"/v2/{self.name}/referrers/{subject}{query}", f"referrers of {self}"):
            if answer.status >= 400 or _content_type(answer) != media_types.OCI_INDEX:
                found = list(self._by_tag(subject))
                break
            found += Index.parse(answer.content, media_type=media_types.OCI_INDEX).manifests
        return tuple(each for each in found if not artifact_type or each.artifact_type == artifact_type)

    def _manifest(self, method: str, reference: "str | Digest", accept: frozenset[int] = frozenset()) -> Answer:
        return self.session.small(
            method,
            f"/v2/{self.name}/manifests/{reference}",
            scopes=self._pull,
            headers={"Accept": _ACCEPT},
            accept=accept | {404},
            cap_bytes=MAX_MANIFEST_BYTES,
            what=f"manifest {self}{_after(reference)}",
        )

    def _pages(self, path: str, what: str) -> Iterator[Answer]:
        accept = frozenset({400, 404, 405, 406, 501})
        for _ in range(_MAX_PAGES):
            answer = self.session.small("GET", path, scopes=self._pull, accept=accept, what=what)
            yield answer
            following = _NEXT.search(answer.headers.get("Link", ""))
            if following is None or answer.status >= 400:
                return
            path = joined(answer.url, following[1], registry=self.session.registry)
        raise NetworkError(f"{self.session.registry} lists without an end: {what}")

    def _by_tag(self, subject: Digest) -> tuple[Descriptor, ...]:
        answer = self._manifest("GET", _referrers_tag(subject))
        if answer.status == 404:
            return ()
        return Index.parse(answer.content).manifests

    def _list_by_tag(self, subject: Digest, referrer: Descriptor) -> None:
        listed = [each for each in self._by_tag(subject) if each.digest != referrer.digest]
        document: dict[str, object] = {
            "schemaVersion": 2,
            "mediaType": media_types.OCI_INDEX,
            "manifests": [each.document() for each in (*listed, referrer)],
        }
        self.push_manifest(_referrers_tag(subject), media_types.OCI_INDEX, canonical(document))


def _referrers_tag(subject: Digest) -> str:
    return f"{subject.algorithm[:32]}-{subject.hex[:64]}"


def _referrer(raw: bytes, media_type: str, digest: Digest) -> Descriptor:
    node = parse_object(raw, "manifest")
    config = node.get("config")
    return Descriptor(
        media_type=media_type,
        digest=digest,
        size_bytes=len(raw),
        annotations=node.optional_text_map("annotations"),
        artifact_type=node.optional_text("artifactType") or (config.optional_text("mediaType") if config else ""),
    )


def _media_type(answer: Answer) -> str:
    """What the manifest is: as it says itself, else as the registry does."""
    own = parse_object(answer.content, "manifest").optional_text("mediaType")
    return own or _content_type(answer) or media_types.OCI_MANIFEST


def _content_type(answer: Answer) -> str:
    return str(answer.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def _digest_or_none(text: str | None) -> Digest | None:
    try:
        return Digest.parse(text) if text else None
    except InputError:
        return None  # of an algorithm that is not known here: the bytes have another name as well


def _after(reference: "str | Digest") -> str:
    return f"@{reference}" if isinstance(reference, Digest) else f":{reference}"
