"""What users call images: registry names, and the transports that say where an image lives.

Names: the distribution reference grammar (https://pkg.go.dev/github.com/distribution/reference v0.6.0) with Docker's
defaults. Transports: containers-transports(5). A bare name is a registry's; whether it names an existing path
instead is asked by `lightship.store.open.locate`, for nothing here looks at the disk.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

from lightship.errors import BadReferenceError, InputError
from lightship.oci.digest import Digest
from lightship.values import dataclass

__all__ = ["TRANSPORTS", "ImageName", "Reference", "Transport", "same_name"]

Transport = Literal["oci", "oci-archive", "docker-archive", "docker-daemon", "containers-storage", "docker"]
TRANSPORTS: tuple[Transport, ...] = (
    "oci", "oci-archive", "docker-archive", "docker-daemon", "containers-storage", "docker",
)  # fmt: skip

_DEFAULT_REGISTRY = "docker.io"
_HOST_PART = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_REGISTRY = re.compile(rf"(?:{_HOST_PART}(?:\.{_HOST_PART})*|\[[0-9A-Fa-f:]+\])(?::[0-9]{{1,5}})?")
_COMPONENT = r"[a-z0-9]+(?:(?:[_.]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
# image-spec 1.1, annotations.md: the grammar of org.opencontainers.image.ref.name
_REF_NAME = re.compile(
    r"[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*(?:/[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*)*"
)
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageName:
    """A name in a registry; ``str(name)`` is its full form, ``familiar`` what Docker shows."""

    registry: str
    repository: str
    tag: str = ""
    digest: Digest | None = None

    def __post_init__(self) -> None:
        if not _REGISTRY.fullmatch(self.registry):
            raise BadReferenceError(f"image name not understood: want host[:port] as registry, got {self.registry!r}")
        if not _REPOSITORY.fullmatch(self.repository):
            name = self.repository.removeprefix("library/") if self.registry == _DEFAULT_REGISTRY else self.repository
            near = re.sub(r"[^a-z0-9/]+", "-", name.lower()).strip("-/")
            raise BadReferenceError(
                f"image name not understood: want lowercase letters, digits and single separators, got {name!r:.120}",
                hint=f"such as {near}" if _REPOSITORY.fullmatch(near) and len(near) <= _LONGEST_NAME else None,
            )
        if len(self.registry) + 1 + len(self.repository) > _LONGEST_NAME:
            raise BadReferenceError(f"image name too long: want at most {_LONGEST_NAME} characters")
        if self.tag and not _TAG.fullmatch(self.tag):
            raise BadReferenceError(
                f"tag not understood: want at most 128 letters, digits, '_', '.', '-', got {self.tag!r:.120}"
            )

    @classmethod
    def parse(cls, text: str) -> "ImageName":
        """Read ``[registry/]repository[:tag][@digest]``; a name without registry is Docker's default registry's."""
        rest, at, digest_text = text.partition("@")
        digest = _digest(digest_text, text) if at else None
        head, colon, tag = rest.rpartition(":")
        if not colon or "/" in tag:
            head, tag = rest, ""
        elif not tag:
            raise BadReferenceError(f"image name not understood: want a tag after ':', got {text!r:.120}")
        if re.fullmatch(r"[0-9a-f]{64}", head):
            raise BadReferenceError(f"image name not understood: want a name, got an image id: {head}")
        registry, repository = _split_registry(head)
        return cls(registry=registry, repository=repository, tag=tag, digest=digest)

    @property
    def tag_or_latest(self) -> str:
        """The tag, and ``latest`` where none is given."""
        return self.tag or "latest"

    @property
    def familiar(self) -> str:
        """Without what Docker adds by itself: ``redis:7`` for ``docker.io/library/redis:7``.

        What would be read as another name without it keeps it: ``docker.io/a.b/c``.
        """
        for short in (self.repository.removeprefix("library/"), self.repository):
            if self.registry == _DEFAULT_REGISTRY and _split_registry(short) == (self.registry, self.repository):
                return short + str(self).removeprefix(f"{self.registry}/{self.repository}")
        return str(self)

    def tagged(self) -> "ImageName":
        """The same name with its tag written out and without a digest, as archives and engines list it."""
        return ImageName(registry=self.registry, repository=self.repository, tag=self.tag_or_latest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Where an image lives. ``path`` for files, ``name`` for names, ``tag`` for the entry of an OCI layout."""

    transport: Transport
    path: Path | None = None
    name: ImageName | None = None
    tag: str = ""

    def __post_init__(self) -> None:
        on_disk = self.transport in ("oci", "oci-archive", "docker-archive")
        if on_disk != (self.path is not None):
            wanted = "a path" if on_disk else "a name"
            raise BadReferenceError(f"{self.transport}: want {wanted} after the colon")
        if not on_disk and self.name is None:
            raise BadReferenceError(f"{self.transport}: want an image name after the colon")
        if self.tag and not (
            _REF_NAME.fullmatch(self.tag) or _TAG.fullmatch(self.tag) or same_name(self.tag, self.tag)
        ):
            raise BadReferenceError(f"{self.transport}: tag not understood: {self.tag!r:.120}")

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read ``TRANSPORT:…`` or a bare registry name; raise BadReferenceError for anything else."""
        if not text or text != text.strip() or "\0" in text:
            raise BadReferenceError(f"image reference not understood: {text!r:.120}")
        transport, colon, rest = text.partition(":")
        if not colon or transport not in TRANSPORTS:
            return cls(transport="docker", name=ImageName.parse(text))
        if transport == "docker" and not rest.startswith("//"):
            return cls(transport="docker", name=ImageName.parse(text))  # an image called docker, with a tag
        if not rest or rest == "//":
            raise BadReferenceError(f"image reference not understood: want something after {transport}:")
        if transport == "docker":
            return cls(transport="docker", name=ImageName.parse(rest.removeprefix("//")))
        return cls._parse_transport(transport, rest)

    @classmethod
    def _parse_transport(cls, transport: str, rest: str) -> "Reference":
        if transport in ("docker-daemon", "containers-storage"):
            name = ImageName.parse(rest)
            return cls(transport="docker-daemon" if transport == "docker-daemon" else "containers-storage", name=name)
        path, _, tag = rest.partition(":")  # a path with a colon cannot be told from a tag: containers-transports(5)
        if not path:
            raise BadReferenceError(f"image reference not understood: want a path after {transport}:")
        if transport == "docker-archive":
            return cls(transport="docker-archive", path=Path(path), name=ImageName.parse(tag) if tag else None)
        return cls(transport="oci" if transport == "oci" else "oci-archive", path=Path(path), tag=tag)

    @property
    def spelt_out(self) -> str:
        """As text, with the tag that a name without one has: ``docker://registry.example/api:latest``."""
        if self.path is not None or self.name is None or self.name.digest:
            return str(self)
        return str(replace(self, name=self.name.tagged()))

    def __str__(self) -> str:
        if self.path is None:
            slashes = "//" if self.transport == "docker" else ""
            return f"{self.transport}:{slashes}{self.name}"
        tag = self.tag or (self.name.familiar if self.name else "")
        return f"{self.transport}:{self.path}" + (f":{tag}" if tag else "")


def same_name(one: str, other: str) -> bool:
    """True when both are names of images and name the same tag, however short they are written."""
    try:
        return ImageName.parse(one).tagged() == ImageName.parse(other).tagged()
    except BadReferenceError:
        return False


def _split_registry(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    is_registry = slash and (any(mark in first for mark in ".:") or first == "localhost" or first.lower() != first)
    registry, repository = (first, rest) if is_registry else (_DEFAULT_REGISTRY, name)
    if registry == f"index.{_DEFAULT_REGISTRY}":
        registry = _DEFAULT_REGISTRY
    if registry == _DEFAULT_REGISTRY and "/" not in repository:
        repository = f"library/{repository}"
    return registry, repository


def _digest(text: str, whole: str) -> Digest:
    try:
        return Digest.parse(text)
    except InputError as error:
        raise BadReferenceError(
            f"image name not understood: want @sha256:<64 lowercase hex digits>, got {whole!r:.160}"
        ) from error
