"""Files that a build writes, known by their first bytes: images as one tar, reports and plans.

Formats: ``oci-archive`` is a tar of an OCI layout (https://github.com/opencontainers/image-spec v1.1.0),
``docker-archive`` what ``docker save`` writes (https://github.com/moby/docker-image-spec/blob/v1.2.0/v1.2.md). A name
says nothing: outputs are called as their user likes.
"""

import re
from typing import NamedTuple

__all__ = ["OUTPUT_HEAD_BYTES", "BuildOutput", "build_output"]

OUTPUT_HEAD_BYTES = 2048
"""Enough for a tar's first header and the begin of that member."""


class BuildOutput(NamedTuple):
    """``code`` of the finding, and ``what`` the file is."""

    code: str
    what: str


_BLOCK = 512
_SURE = re.compile(rb"(?:\./)?(?:oci-layout|blobs/?|blobs/sha256(?:/[0-9a-f]{64})?/?)")
_SAVED = re.compile(rb"[0-9a-f]{64}(?:\.json|\.tar|/|/VERSION|/layer\.tar)?")
_DOCUMENTS = {
    b"manifest.json": re.compile(rb'\s*\[\s*\{.*"(?:Config|Layers|RepoTags)"\s*:', re.DOTALL),
    b"index.json": re.compile(rb'\s*\{.*"(?:schemaVersion|manifests)"\s*:', re.DOTALL),
}
"""Names that other tars have too: their content decides."""

_JSON = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"schema"\s*:\s*"lightship/[a-z]')
_TEXT = re.compile(
    rb"[^\n]+(?:  |\n)sha256:[0-9a-f]{64}\n[^\n]+ compressed, [^\n]+ (?:unpacked|as tar), [^\n]+ files, "
)


def build_output(head: bytes) -> BuildOutput | None:
    """What a file that begins with ``head`` (at least `OUTPUT_HEAD_BYTES` of it, or all) is, when a build wrote it."""
    if _is_image(head):
        return BuildOutput("image-in-project", "is an image in one file")
    if _JSON.match(head) or _TEXT.match(head):
        return BuildOutput("report-in-project", "is a report or plan of lightship")
    return None


def _is_image(head: bytes) -> bool:
    if head[257:262] != b"ustar":
        return False
    name = head[:100].rstrip(b"\0")
    if _SURE.fullmatch(name) or _SAVED.fullmatch(name):
        return True
    document = _DOCUMENTS.get(name.removeprefix(b"./"))
    return document is not None and document.match(head, _BLOCK) is not None
