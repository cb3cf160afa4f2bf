"""The shelf: the OCI layout in the cache where images go that were built without ``--output``."""

from pathlib import Path

from lightship.errors import BadReferenceError, InputError, LightshipError
from lightship.oci.descriptor import CONTAINERD_NAME
from lightship.oci.index import Index
from lightship.oci.reference import ImageName, Reference, same_name
from lightship.store.open import COPY_FIRST, locate

__all__ = ["find_image", "shelf"]

_MOST_LISTED = 8


def shelf(cache_root: Path) -> Path:
    """The layout's folder."""
    return cache_root / "images"


def find_image(text: str, cache_root: Path) -> Reference:
    """The image that ``text`` means: of that name on the shelf, else what `locate` finds.

    Raise BadReferenceError, with what the shelf holds, for a name that is not there and no image on disk. Only
    ``docker://…`` is returned as a registry's.
    """
    try:
        reference = Reference.parse(text)
    except InputError:
        return locate(text)
    if reference.transport != "docker" or reference.name is None or text.startswith("docker://"):
        return reference
    root = shelf(cache_root)
    names = _names(root)
    name = str(reference.name.tagged())
    if any(same_name(known, name) for known in names):
        return Reference(transport="oci", path=root, tag=name)
    found = locate(text)
    if found.transport != "docker":
        return found
    raise _unknown(text, reference.name, names)


def _unknown(text: str, name: ImageName, names: tuple[str, ...]) -> BadReferenceError:
    familiar = sorted({ImageName.parse(known).familiar for known in names if same_name(known, known)})
    more = ", …" if len(familiar) > _MOST_LISTED else ""
    there = f"there are: {', '.join(familiar[:_MOST_LISTED])}{more}" if familiar else "it is empty"
    path = Path(text)
    if path.is_dir():
        on_disk = f"the folder {text} is no OCI layout"
    elif path.exists():
        on_disk = f"the file {text} is no archive of images"
    else:
        on_disk = "no file or folder of that name"
    if _has_registry(text, name):
        said = f"no image {text}: not on the shelf ({there}), {on_disk}, and registries are not supported"
        return BadReferenceError(said, hint=COPY_FIRST)
    return BadReferenceError(f"no image {text}: not on the shelf ({there}), and {on_disk}")


def _has_registry(text: str, name: ImageName) -> bool:
    first, slash, _ = text.partition("/")
    return bool(slash) and (first == name.registry or any(mark in first for mark in ".:"))


def _names(root: Path) -> tuple[str, ...]:
    try:
        index = Index.parse((root / "index.json").read_bytes())
    except (OSError, LightshipError):
        return ()  # no shelf, or a damaged one, which the next build without --output tells of
    return tuple(filter(None, (entry.annotations.get(CONTAINERD_NAME, "") for entry in index.manifests)))
