"""Two images of one application side by side: what a node that has the one pulls for the other, and why.

Layers are compared by the digests of their blobs, so what is in both is never opened. What is in one alone is read, for
the packages that changed, unless that is not asked for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from lightship.findings import Report
from lightship.flows.layer_contents import LayerContents, LayerPackage, read_contents
from lightship.gate.growth import Change, Explanation, explain, layer_changes
from lightship.gate.measures import LayerSize
from lightship.image.diff import diff_layers
from lightship.image.protocol import Image, Layer
from lightship.oci.config import ImageConfig
from lightship.oci.digest import Digest
from lightship.oci.secrets import redacted
from lightship.progress import SILENT, Progress

__all__ = [
    "DIFF_SCHEMA", "ImageDiff", "LayerChange", "PackageChange", "Side", "diff_images", "diff_report", "explain_diff",
]  # fmt: skip

DIFF_SCHEMA = "lightship/diff/1"
_TASK = "read changed layers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two images. ``compressed_bytes`` are those of its layers, each blob once; ``layers`` counts them."""

    reference: str
    digest: str
    platform: str
    compressed_bytes: int
    layers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerChange:
    """One layer of either image. ``unpacked_bytes`` and ``files`` are None where nobody counted: a kept layer is not
    opened. ``unpacked_anew`` says that an engine with the image before unpacks it again or for the first time;
    ``same_content`` that a new blob holds a tar that the image before has, compressed otherwise."""

    state: Literal["kept", "new", "gone"]
    digest: str
    diff_id: str
    media_type: str
    compressed_bytes: int
    unpacked_bytes: int | None
    files: int | None
    created_by: str
    unpacked_anew: bool
    same_content: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageChange:
    """A package of a changed layer: ``before`` and ``after`` are versions, None where that image lacks it."""

    ecosystem: str
    name: str
    before: str | None
    after: str | None
    before_unpacked_bytes: int | None
    after_unpacked_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDiff:
    """``layers`` are those of the image after, bottom first, then those that only the image before has. ``packages``
    is None when the layers were not read. ``metadata_bytes`` are of the manifest and the config that must be pulled."""

    before: Side
    after: Side
    layers: tuple[LayerChange, ...]
    packages: tuple[PackageChange, ...] | None
    metadata_bytes: int

    @property
    def pulled_bytes(self) -> int:
        """Compressed bytes of the layers that the image before lacks."""
        return sum(layer.compressed_bytes for layer in self.layers if layer.state == "new")

    @property
    def pulled_share(self) -> float:
        """Of the compressed bytes of the whole image after; 0 for one without layers."""
        return self.pulled_bytes / self.after.compressed_bytes if self.after.compressed_bytes else 0.0


def diff_images(
    before: Image,
    after: Image,
    *,
    references: tuple[str, str] = ("", ""),
    packages: bool = True,
    progress: Progress = SILENT,
) -> ImageDiff:
    """Compare two images. With ``packages`` the layers that only one of them has are read, whole and verified; no
    other layer is opened. Raise as their layers' `open_tar` does."""
    changed = diff_layers(before, after)
    opened = _read((*changed.removed, *changed.added), progress) if packages else {}
    anew = _unpacked_anew(before, after)
    tars = {layer.diff_id for layer in before.layers}
    shared = {layer.digest for layer in changed.shared}
    rows = [
        _row("kept" if layer.digest in shared else "new", layer, said, opened, anew=layer.digest in anew, tars=tars)
        for layer, said in _each(after)
    ]
    gone = {layer.digest for layer in changed.removed}
    rows += [
        _row("gone", layer, said, opened, anew=False, tars=set())
        for layer, said in _each(before)
        if layer.digest in gone
    ]
    return ImageDiff(
        before=_side(before, references[0]),
        after=_side(after, references[1]),
        layers=tuple(rows),
        packages=_packages(
            [opened[layer.digest] for layer in changed.removed], [opened[layer.digest] for layer in changed.added]
        )
        if packages
        else None,
        metadata_bytes=_metadata_bytes(before, after),
    )


def explain_diff(diff: ImageDiff) -> Explanation:
    """The explanation of ``diff``: unpacked bytes by the packages of layers that only one image has, where these were
    read and tell something; else compressed bytes by layers."""
    changes = [
        Change(
            state="new" if each.before is None else "gone" if each.after is None else "changed",
            what=each.name if each.ecosystem == "python" else f"{each.ecosystem}:{each.name}",
            before=each.before or "",
            after=each.after or "",
            grown_bytes=(each.after_unpacked_bytes or 0) - (each.before_unpacked_bytes or 0),
        )
        for each in diff.packages or ()
    ]
    if any(change.grown_bytes for change in changes):
        new, gone = (
            sum(layer.unpacked_bytes or 0 for layer in diff.layers if layer.state == state) for state in ("new", "gone")
        )
        return explain(changes, new - gone, "unpacked")
    before = [_size(layer) for layer in diff.layers if layer.state != "new"]
    after = [_size(layer) for layer in diff.layers if layer.state != "gone"]
    grown = diff.after.compressed_bytes - diff.before.compressed_bytes
    return explain(layer_changes(before, after), grown, "compressed")


def diff_report(diff: ImageDiff) -> Report:
    """``diff`` as JSON says it."""
    anew = [layer for layer in diff.layers if layer.unpacked_anew]
    unpacked = [layer.unpacked_bytes for layer in anew]
    totals: dict[str, object] = {
        "pulled_bytes": diff.pulled_bytes,
        "pulled_share": round(diff.pulled_share, 6),
        "pulled_layers": _count(diff, "new"),
        "metadata_bytes": diff.metadata_bytes,
        "kept_bytes": diff.after.compressed_bytes - diff.pulled_bytes,
        "kept_layers": _count(diff, "kept"),
        "gone_bytes": sum(layer.compressed_bytes for layer in diff.layers if layer.state == "gone"),
        "unpacked_anew_layers": len(anew),
        "unpacked_anew_compressed_bytes": sum(layer.compressed_bytes for layer in anew),
        "unpacked_anew_bytes": None if None in unpacked else sum(size for size in unpacked if size is not None),
    }
    explained = explain_diff(diff)
    document: dict[str, object] = {
        "schema": DIFF_SCHEMA,
        "before": asdict(diff.before),
        "after": asdict(diff.after),
        "totals": totals,
        "explanation": {"sentence": explained.sentence, "of": explained.of, "grown_bytes": explained.grown_bytes},
        "layers": [asdict(layer) for layer in diff.layers],
        "packages": None if diff.packages is None else [asdict(package) for package in diff.packages],
    }
    measures = {"pulled_bytes": float(diff.pulled_bytes), "pulled_share": diff.pulled_share}
    return Report(schema=DIFF_SCHEMA, document=document, measures=measures)


def _count(diff: ImageDiff, state: str) -> int:
    return sum(1 for layer in diff.layers if layer.state == state)


def _side(image: Image, reference: str) -> Side:
    return Side(
        reference=reference,
        digest=str(Digest.of(image.raw_manifest)),
        platform=str(ImageConfig.parse(image.raw_config).platform),
        compressed_bytes=sum({layer.digest: layer.compressed_bytes for layer in image.layers}.values()),
        layers=len(image.layers),
    )


def _metadata_bytes(before: Image, after: Image) -> int:
    return sum(
        len(new)
        for old, new in ((before.raw_manifest, after.raw_manifest), (before.raw_config, after.raw_config))
        if old != new
    )


def _each(image: Image) -> list[tuple[Layer, str]]:
    """Each blob of ``image`` once, with what the config says made it."""
    said = [redacted(step.created_by) for step in ImageConfig.parse(image.raw_config).history if not step.empty_layer]
    said += [""] * (len(image.layers) - len(said))
    once = {layer.digest: (layer, words) for layer, words in zip(image.layers, said, strict=False)}
    return list(once.values())


def _unpacked_anew(before: Image, after: Image) -> set[Digest]:
    """Blobs from the first layer on that differs: a snapshot is named by all the tars up to it (image-spec 1.1,
    config.md, "Layer ChainID")."""
    same = 0
    for old, new in zip(before.layers, after.layers, strict=False):
        if old.diff_id != new.diff_id:
            break
        same += 1
    return {layer.digest for layer in after.layers[same:]}


def _read(layers: Sequence[Layer], progress: Progress) -> dict[Digest, LayerContents]:
    progress.start(_TASK, sum(layer.compressed_bytes for layer in layers), unit="B")
    found: dict[Digest, LayerContents] = {}
    for layer in layers:
        found[layer.digest] = read_contents(layer)
        progress.advance(_TASK, layer.compressed_bytes)
    progress.finish(_TASK)
    return found


def _row(
    state: Literal["kept", "new", "gone"],
    layer: Layer,
    created_by: str,
    opened: dict[Digest, LayerContents],
    *,
    anew: bool,
    tars: set[Digest],
) -> LayerChange:
    contents = opened.get(layer.digest)
    return LayerChange(
        state=state,
        digest=str(layer.digest),
        diff_id=str(layer.diff_id),
        media_type=layer.media_type,
        compressed_bytes=layer.compressed_bytes,
        unpacked_bytes=contents.unpacked_bytes if contents is not None else None,
        files=contents.files if contents is not None else None,
        created_by=created_by,
        unpacked_anew=anew,
        same_content=state == "new" and layer.diff_id in tars,
    )


def _packages(gone: Sequence[LayerContents], new: Sequence[LayerContents]) -> tuple[PackageChange, ...]:
    """What differs between the packages of the layers that only one image has.

    A status file of dpkg names every package of the image: it counts only where both sides show one.
    """
    status = any(each.whole_status for each in gone) and any(each.whole_status for each in new)
    removed = {(package.ecosystem, package.name): package for contents in new for package in contents.removed}
    before, after = {**removed, **_by_name(gone, status=status)}, _by_name(new, status=status)
    changes = [_change(before.get(key), after.get(key)) for key in sorted(before.keys() | after.keys())]
    return tuple(change for change in changes if change is not None)


def _by_name(layers: Iterable[LayerContents], *, status: bool) -> dict[tuple[str, str], LayerPackage]:
    return {
        (package.ecosystem, package.name): package
        for contents in layers
        for package in contents.packages
        if package.ecosystem != "deb" or status or not contents.whole_status
    }


def _change(before: LayerPackage | None, after: LayerPackage | None) -> PackageChange | None:
    some = after or before
    if some is None or before == after:
        return None
    return PackageChange(
        ecosystem=some.ecosystem,
        name=some.name,
        before=before.version if before else None,
        after=after.version if after else None,
        before_unpacked_bytes=before.unpacked_bytes if before else None,
        after_unpacked_bytes=after.unpacked_bytes if after else None,
    )


def _size(layer: LayerChange) -> LayerSize:
    return LayerSize(digest=layer.digest, compressed_bytes=layer.compressed_bytes, created_by=layer.created_by)
