"""OCI image layouts on disk, read and written.

OCI image-spec 1.1, https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md.

Writing puts blobs first and ``index.json`` last, by rename: whoever reads meanwhile sees the former state or the
next one, whole. Writers of one layout wait for each other. When a tag is replaced, the blobs of the image it named
are removed unless something else in the index still needs them; where the index holds what is not understood here,
nothing is removed. Other unreferenced blobs are left alone: they may be somebody's.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from lightship.archive.verify import read_capped
from lightship.errors import ImageError, LightshipError, UsageError
from lightship.image.protocol import Image
from lightship.image.value import PlainImage
from lightship.oci import media_types
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.oci.document import canonical, parse_object
from lightship.oci.index import Index
from lightship.oci.manifest import MAX_MANIFEST_BYTES, Manifest
from lightship.oci.platform import Platform
from lightship.paths import atomic_file, storage_errors
from lightship.progress import SILENT, Progress
from lightship.store.blobs import BlobSource, DirectoryBlobs, blob_name, read_small
from lightship.store.contents import Contents, contents_of_image
from lightship.store.place import place_bytes, place_layer
from lightship.store.select import read_image, select_image
from lightship.store.settle import settle
from lightship.store.tags import Tag
from lightship.store.undo import Undo, locked, sweep

__all__ = ["LAYOUT_FILE", "check_layout_file", "is_layout", "layout", "open_layout", "write_layout"]

LAYOUT_FILE = canonical({"imageLayoutVersion": "1.0.0"})
"""Content of ``oci-layout``."""


def is_layout(root: Path) -> bool:
    """True when ``root`` is a folder that says it is a layout."""
    return (root / "oci-layout").is_file()


def open_layout(root: Path, *, tag: str = "", platform: Platform | None = None) -> PlainImage:
    """The image that ``tag`` and ``platform`` name (see `select_image`); its layers stay on disk until read."""
    source, index = layout(root)
    return read_image(source, select_image(source, index, tag=tag, platform=platform))


def layout(root: Path) -> tuple[BlobSource, Index]:
    """The blobs of the layout at ``root`` and its own index; raise ImageError when it is no layout."""
    source = DirectoryBlobs(root)
    if not is_layout(root):
        what = "other files" if root.is_dir() else "a file" if root.exists() else "nothing"
        raise ImageError(f"{source.where}: want an OCI layout, got {what} there")
    with storage_errors("read an OCI layout"):
        check_layout_file(_read_file(root / "oci-layout", "oci-layout"))
        return source, Index.parse(_read_file(root / "index.json", "index.json"))


def check_layout_file(raw: bytes) -> None:
    """Raise ImageError unless ``raw`` names version 1 of the layout."""
    version = parse_object(raw, "oci-layout").require("imageLayoutVersion")
    if not version.text().startswith("1."):
        raise version.fault("1.0.0")


def write_layout(content: Image | Contents, root: Path, tags: Sequence[Tag], *, progress: Progress = SILENT) -> Digest:
    """Write an image, or what stands for an index, into the layout at ``root`` (made when absent) under ``tags``;
    return the digest of its manifest or index.

    Only what has the same whole name, or has no name and the same tag, is replaced. Where an image of another name
    has the tag, this one is entered under its whole name, with a note; what `settle` says decides.
    A blob that is there already, with the right bytes, stays. A blob of the cache is hard linked where the file
    system allows. When anything fails, the layout is as it was: what this call had made is removed again.
    """
    contents = content if isinstance(content, Contents) else contents_of_image(content)
    with storage_errors(f"write oci:{root}"), Undo() as made:
        made.make_folder(root)
        with locked(root), Undo() as undo:
            _prepare(root, undo)
            former = _former_index(root)
            _write_blobs(contents, root, undo, progress)
            kept, settled = settle(_manifests(former), tags)
            document = {**former, "manifests": [*kept, *contents.entries(settled)]}
            with atomic_file(root / "index.json") as stream:
                stream.write(canonical(document))
            undo.keep()
            _remove_replaced(root, former, document)
        made.keep()
    for tag, entered in zip(tags, settled, strict=True):
        if entered.ref_name != tag.ref_name:
            progress.note(f"oci:{root}:{tag.ref_name} is an image of another name: this one is :{entered.ref_name}")
    return contents.entry.digest


def _prepare(root: Path, undo: Undo) -> None:
    for pattern in (".index.json.*.tmp", ".oci-layout.*.tmp"):
        sweep(root, pattern)
    if not is_layout(root) and {path.name for path in root.iterdir()} - {"blobs"}:
        raise UsageError(f"oci:{root}: want an OCI layout or an empty folder to write to, got one with other files")
    undo.make_folder(root / "blobs" / "sha256")
    sweep(root / "blobs" / "sha256")
    if not is_layout(root):
        undo.expect(root / "oci-layout")
        with atomic_file(root / "oci-layout") as stream:
            stream.write(LAYOUT_FILE)


def _write_blobs(contents: Contents, root: Path, undo: Undo, progress: Progress) -> None:
    for blob in contents.blobs:
        target = _room(root, blob.digest, undo)
        place_layer(blob, target)
        progress.advance("write", blob.compressed_bytes)
    for digest, raw in reversed(contents.documents):
        place_bytes(raw, digest, _room(root, digest, undo))


def _room(root: Path, digest: Digest, undo: Undo) -> Path:
    target = root / blob_name(digest)
    undo.make_folder(target.parent)
    undo.expect(target)
    return target


def _former_index(root: Path) -> dict[str, object]:
    path = root / "index.json"
    if not path.exists():
        return {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": []}
    raw = _read_file(path, "index.json")
    Index.parse(raw)
    return parse_object(raw, "index").mapping()


def _manifests(document: dict[str, object]) -> list[dict[str, object]]:
    manifests = document["manifests"]
    return manifests if isinstance(manifests, list) else []


def _remove_replaced(root: Path, former: dict[str, object], document: dict[str, object]) -> None:
    source = DirectoryBlobs(root)
    before, after = Index.parse(canonical(former)), Index.parse(canonical(document))
    gone = [entry for entry in before.manifests if entry.digest not in {other.digest for other in after.manifests}]
    try:
        needed = {digest for entry in after.manifests for digest in _reachable(source, entry, 0)}
        unneeded = {digest for entry in gone for digest in _reachable(source, entry, 0)} - needed
    except LightshipError:
        return  # not understood, or damaged: what cannot be followed is not cleaned up after
    for digest in sorted(unneeded):
        with contextlib.suppress(OSError):
            source.path_of(digest).unlink()


def _reachable(source: BlobSource, entry: Descriptor, depth: int) -> Iterator[Digest]:
    yield entry.digest
    if media_types.is_index(entry.media_type) and depth < 4:
        raw = read_small(source, entry, MAX_MANIFEST_BYTES, "index")
        for child in Index.parse(raw, media_type=entry.media_type).manifests:
            yield from _reachable(source, child, depth + 1)
    elif media_types.is_manifest(entry.media_type):
        raw = read_small(source, entry, MAX_MANIFEST_BYTES, "manifest")
        manifest = Manifest.parse(raw, media_type=entry.media_type)
        yield manifest.config.digest
        yield from (layer.digest for layer in manifest.layers)
    else:
        raise ImageError(f"{source.where}: not followed: {entry.media_type}")


def _read_file(path: Path, what: str) -> bytes:
    if not path.is_file():
        raise ImageError(f"{what} is missing: want an OCI layout, got {path.parent}")
    with path.open("rb") as stream:
        return read_capped(stream, MAX_MANIFEST_BYTES, what)
