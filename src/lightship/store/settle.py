"""Which entries of a layout's index stay when an image is written into it, and under which tags the image goes in.

OCI image-spec 1.1, annotations.md, gives an entry one ``org.opencontainers.image.ref.name``; umoci and skopeo find
images by it and refuse a layout where it is ambiguous. The whole name stands beside it, in containerd's annotation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from lightship.errors import BadReferenceError
from lightship.oci.descriptor import CONTAINERD_NAME, REF_NAME
from lightship.oci.reference import ImageName
from lightship.store.tags import Tag

__all__ = ["settle"]

_Entry = dict[str, object]


def settle(former: Iterable[_Entry], tags: Sequence[Tag]) -> tuple[list[_Entry], list[Tag]]:
    """The entries of ``former`` that stay, and ``tags`` as they are to be entered; together no ref name is there twice.

    An entry goes when an image of its whole name comes, or when it has no name and its ref name is taken. An image
    of another name never goes: it keeps its ref name, and what comes is entered under its whole name. Where the
    ref name itself was asked for (``oci:DIR:TAG``), or what comes has no name, the entry that holds it is moved to
    its own whole name instead.
    """
    arriving = {str(tag.name) for tag in tags if tag.name is not None}
    staying = [entry for entry in former if _name(entry) not in arriving]
    held = {_annotation(entry, REF_NAME) for entry in staying if _name(entry)}
    settled = [
        replace(tag, ref_name=str(tag.name)) if tag.ref_name in held and tag.name is not None and not tag.asked else tag
        for tag in tags
    ]
    taken = {tag.ref_name for tag in settled}
    used = taken | {_annotation(entry, REF_NAME) for entry in staying}
    kept = []
    for entry in staying:
        ref_name, name = _annotation(entry, REF_NAME), _name(entry)
        if ref_name not in taken:
            kept.append(entry)
        elif name and name != ref_name:
            kept.append(_renamed(entry, name if name not in used else None))
            used.add(name)
    return kept, settled


def _renamed(entry: _Entry, ref_name: str | None) -> _Entry:
    """``entry`` under ``ref_name``; None: found by its whole name alone."""
    annotations = {key: value for key, value in _annotations(entry).items() if key != REF_NAME}
    return {**entry, "annotations": annotations if ref_name is None else {**annotations, REF_NAME: ref_name}}


def _name(entry: _Entry) -> str:
    """The whole name, with its tag; as it stands there when it is none; empty where there is none."""
    text = _annotation(entry, CONTAINERD_NAME)
    try:
        return str(ImageName.parse(text).tagged()) if text else ""
    except BadReferenceError:
        return text


def _annotation(entry: _Entry, key: str) -> str:
    value = _annotations(entry).get(key)
    return value if isinstance(value, str) else ""


def _annotations(entry: _Entry) -> Mapping[str, object]:
    annotations = entry.get("annotations")
    return annotations if isinstance(annotations, dict) else {}
