"""The shelf: the OCI layout in the cache where images go that were built without ``--output``."""

from pathlib import Path

from lightship.errors import BadReferenceError, InputError, LightshipError
from lightship.oci.descriptor import CONTAINERD_NAME
from lightship.oci.index import Index
from lightship.oci.reference import ImageName, Reference, same_name
from lightship.progress import SILENT, Progress

__all__ = ["find_image", "shelf"]

_MOST_LISTED = 8
_ARCHIVES = (".tar", ".tar.gz", ".tar.zst", ".tgz")


def shelf(cache_root: Path) -> Path:
    """The layout's folder."""
    return cache_root / "images"


def find_image(text: str, cache_root: Path, *, progress: Progress = SILENT) -> Reference:
    """The image that ``text`` means: of that name on the shelf, else what `locate` finds.

    A bare name that is neither is a registry's, and ``progress`` is told what was looked for first. Raise
    BadReferenceError, with what the shelf holds, where a file or folder is meant that is no image.
    """
    from lightship.store.open import locate

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
    path = Path(text)
    if path.exists() or text.endswith(_ARCHIVES):
        kind = f"the folder {text} is no OCI layout" if path.is_dir() else f"the file {text} is no archive of images"
        said = kind if path.exists() else "no file of that name"
        raise BadReferenceError(
            f"no image {text}: not in the cache ({_there(names)}), and {said}",
            hint=f"an image of that name in a registry is docker://{text}",
        )
    progress.note(f"{text} is not in the cache ({_there(names)}) and no file: asking {reference.name.registry}")
    return found


def _there(names: tuple[str, ...]) -> str:
    familiar = sorted({ImageName.parse(known).familiar for known in names if same_name(known, known)})
    more = ", …" if len(familiar) > _MOST_LISTED else ""
    return f"there are: {', '.join(familiar[:_MOST_LISTED])}{more}" if familiar else "it is empty"


def _names(root: Path) -> tuple[str, ...]:
    try:
        index = Index.parse((root / "index.json").read_bytes())
    except (OSError, LightshipError):
        return ()  # no shelf, or a damaged one, which the next build without --output tells of
    return tuple(filter(None, (entry.annotations.get(CONTAINERD_NAME, "") for entry in index.manifests)))
