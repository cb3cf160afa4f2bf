"""The shelf: the OCI layout in the cache where images go that were built without ``--output``."""

from pathlib import Path

from lightship.errors import LightshipError
from lightship.oci.descriptor import CONTAINERD_NAME
from lightship.oci.index import Index
from lightship.oci.reference import Reference, same_name

__all__ = ["on_the_shelf", "shelf"]


def shelf(cache_root: Path) -> Path:
    """The layout's folder."""
    return cache_root / "images"


def on_the_shelf(reference: Reference, text: str, cache_root: Path) -> Reference:
    """``reference``, or the image on the shelf when it is a bare registry name, typed as ``text``, of one there."""
    if reference.transport != "docker" or reference.name is None or text.startswith("docker://"):
        return reference
    root = shelf(cache_root)
    name = str(reference.name.tagged())
    if not any(same_name(known, name) for known in _names(root)):
        return reference
    return Reference(transport="oci", path=root, tag=name)


def _names(root: Path) -> tuple[str, ...]:
    try:
        index = Index.parse((root / "index.json").read_bytes())
    except (OSError, LightshipError):
        return ()  # no shelf, or a damaged one, which the next build without --output tells of
    return tuple(entry.annotations.get(CONTAINERD_NAME, "") for entry in index.manifests)
