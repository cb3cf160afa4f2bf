"""`analyze`: an image from any store to an `Analysis`, its layers read at once by several workers."""

import re
import threading
from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import replace

from lightship.analyze.attribute import Attribution, attribute
from lightship.analyze.entries import DIRECTORY, WHITEOUT, Entries
from lightship.analyze.history import instruction_of
from lightship.analyze.merge import MOST_PROBLEMS, Merged, merge_rows
from lightship.analyze.model import NOBODY, Analysis, LayerFacts, Totals
from lightship.analyze.read import LayerRows, read_layer
from lightship.analyze.rules import RULES
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.unowned import group_unowned
from lightship.analyze.view import MergedFiles
from lightship.analyze.wanted import Interest
from lightship.ecosystem.inventory import Recogniser
from lightship.ecosystem.recognisers import RECOGNISERS
from lightship.errors import ImageError, StorageError
from lightship.findings import Finding
from lightship.image.protocol import Image, Layer
from lightship.oci import media_types
from lightship.oci.config import ImageConfig
from lightship.oci.digest import Digest
from lightship.oci.secrets import redacted
from lightship.progress import SILENT, Progress

__all__ = ["ANALYZE_TASK", "analyze"]

ANALYZE_TASK = "read layers"
_FOREIGN = re.compile(r"\.(?:nondistributable|foreign)\.")
_MOST_TOLD = 20


def analyze(
    image: Image,
    *,
    reference: str = "",
    others: Iterable[Collection[Digest]] = (),
    verify: bool = True,
    recognisers: Sequence[Recogniser] = RECOGNISERS,
    rules: Sequence[Rule] = RULES,
    jobs: int = 1,
    progress: Progress = SILENT,
) -> Analysis:
    """Read every layer of ``image`` once, and ask every rule.

    ``others`` are the blobs of images that a node has already: what is in none of them is unique. ``verify`` is that of
    `read_layer`. A layer of a media type that is no tar, or a foreign one that is not there, is told as a finding
    ``not-understood`` and its rows are missing; a damaged one raises, as its stream does.
    """
    config = ImageConfig.parse(image.raw_config)
    interest = Interest(recognisers, [wanted for rule in rules for wanted in rule.wanted])
    read = _read_all(image.layers, interest, verify=verify, jobs=jobs, progress=progress)
    entries, ranges, kept, scanned, strippable, odd = _joined(read)
    tree = merge_rows(entries, ranges)
    attribution = attribute(entries, tree, MergedFiles(entries, tree, kept, scanned), recognisers)
    wasted, wasted_compressed = _wasted(entries, tree, len(ranges))
    shared: set[Digest] = set().union(*others)
    layers = tuple(
        _facts(layer, created_by, rows, tar, entries, hidden, shared)
        for layer, created_by, rows, tar, hidden in zip(
            image.layers, _history(config, len(ranges)), ranges, read, wasted, strict=True
        )
    )
    analysis = Analysis(
        reference=reference,
        digest=str(Digest.of(image.raw_manifest)),
        platform=str(config.platform),
        config=config,
        layers=layers,
        totals=_totals(image, layers, entries, tree, attribution, wasted_compressed, shared),
        entries=entries,
        tree=tree,
        packages=attribution.packages,
        owners=attribution.owners,
        contested=attribution.contested,
        unowned=group_unowned(entries, tree, attribution.owners),
        kept=kept,
        strippable=strippable,
        findings=(*odd, *_members(tree), *_metadata(attribution)),
        complete=all(isinstance(each, LayerRows) for each in read),
    )
    survey = Survey(analysis, rules)
    found = [finding for rule in rules for finding in rule.find(survey)]
    return replace(analysis, findings=(*analysis.findings, *found), evidence=survey.evidence)


_Read = LayerRows | Finding


def _read_all(
    layers: Sequence[Layer], interest: Interest, *, verify: bool, jobs: int, progress: Progress
) -> list[_Read]:
    """What each layer holds; a blob that is there twice is read once."""
    once = list({layer.digest: layer for layer in layers}.values())
    progress.start(ANALYZE_TASK, sum(layer.compressed_bytes for layer in once), unit="B")

    ended = threading.Event()

    def seen(count: int) -> None:
        if ended.is_set():
            raise StorageError("another layer failed")  # nobody hears it
        progress.advance(ANALYZE_TASK, count)

    def read(layer: Layer) -> _Read:
        return _read_one(layer, interest, verify=verify, seen=seen)

    if jobs > 1 and len(once) > 1:
        with ThreadPoolExecutor(min(jobs, len(once))) as pool:
            largest = sorted(once, key=lambda layer: -layer.compressed_bytes)
            pending = {layer.digest: pool.submit(read, layer) for layer in largest}
            try:
                wait(pending.values(), return_when=FIRST_EXCEPTION)
                for future in pending.values():
                    if future.done():
                        future.result()  # the failure, before what it must end is waited for
                found = {digest: future.result() for digest, future in pending.items()}
            except BaseException:
                ended.set()  # an interrupt must not wait for gigabytes
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    else:
        found = {layer.digest: read(layer) for layer in once}
    progress.finish(ANALYZE_TASK)
    return [found[layer.digest] for layer in layers]


def _read_one(layer: Layer, interest: Interest, *, verify: bool, seen: Callable[[int], None]) -> _Read:
    if media_types.compression_of(layer.media_type) is None:
        kind = "is encrypted" if "encrypted" in layer.media_type else f"is {layer.media_type!r:.120}"
        return _odd_layer(layer, f"it {kind}, no tar that could be read")
    try:
        return read_layer(layer, interest, verify=verify, seen=seen)
    except ImageError as error:
        if _FOREIGN.search(layer.media_type) is None:
            raise
        return _odd_layer(layer, f"it is a foreign layer, and its blob is not here ({error})")


def _odd_layer(layer: Layer, why: str) -> Finding:
    return _not_understood(f"layer {layer.digest}", why, severity="warning")


def _not_understood(location: str, why: str, *, severity: str = "note") -> Finding:
    return Finding(
        code="not-understood",
        severity="warning" if severity == "warning" else "note",
        title="not understood",
        message=f"not understood: {why}",
        location=location,
    )


def _joined(
    read: Sequence[_Read],
) -> tuple[Entries, list[range], dict[int, bytes], dict[tuple[str, int], bytes], dict[int, int], list[Finding]]:
    """The rows of all layers, one below the other, what is known by these rows, and what was not read."""
    entries = Entries()
    ranges: list[range] = []
    kept: dict[int, bytes] = {}
    scanned: dict[tuple[str, int], bytes] = {}
    strippable: dict[int, int] = {}
    odd: dict[str, Finding] = {}
    for number, found in enumerate(read):
        if isinstance(found, Finding):
            odd[found.location] = found
            ranges.append(range(len(entries), len(entries)))
            continue
        rows = entries.extend(found.entries, number)
        ranges.append(rows)
        kept.update((rows.start + row, content) for row, content in found.kept.items())
        scanned.update(((code, rows.start + row), said) for (code, row), said in found.scanned.items())
        strippable.update((rows.start + row, saved) for row, saved in found.strippable.items())
        for row in found.too_large[:_MOST_TOLD]:
            path = entries.paths[rows.start + row]
            odd[path] = _not_understood(path, f"the file is too large to be read: {found.entries.sizes[row]} bytes")
    return entries, ranges, kept, scanned, strippable, list(odd.values())


def _history(config: ImageConfig, layers: int) -> list[str]:
    said = [step.created_by for step in config.history if not step.empty_layer]
    return (said + [""] * layers)[:layers]


def _facts(
    layer: Layer,
    created_by: str,
    rows: range,
    read: _Read,
    entries: Entries,
    wasted: int,
    shared: set[Digest],
) -> LayerFacts:
    kinds = entries.kinds[rows.start : rows.stop]
    return LayerFacts(
        digest=str(layer.digest),
        diff_id=str(layer.diff_id),
        media_type=layer.media_type,
        compression=media_types.compression_of(layer.media_type) or "unknown",
        compressed_bytes=layer.compressed_bytes,
        unpacked_bytes=sum(entries.sizes[rows.start : rows.stop]),
        tar_bytes=read.tar_bytes if isinstance(read, LayerRows) else 0,
        files=sum(1 for kind in kinds if kind < WHITEOUT and kind != DIRECTORY),
        wasted_bytes=wasted,
        created_by=redacted(created_by),
        instruction=instruction_of(created_by),
        unique=layer.digest not in shared,
        rows=rows if isinstance(read, LayerRows) else None,
    )


def _wasted(entries: Entries, tree: Merged, layers: int) -> tuple["array[int]", int]:
    """Hidden bytes by layer, and the compressed bytes of all."""
    by_layer = array("Q", [0]) * layers
    compressed = 0
    for shadow in tree.shadows():
        by_layer[entries.layers[shadow.row]] += entries.sizes[shadow.row]
        compressed += entries.compressed[shadow.row]
    return by_layer, compressed


def _totals(
    image: Image,
    layers: Sequence[LayerFacts],
    entries: Entries,
    tree: Merged,
    attribution: Attribution,
    wasted_compressed: int,
    shared: set[Digest],
) -> Totals:
    blobs = {layer.digest: layer.compressed_bytes for layer in image.layers}
    visible = unowned = files = 0
    for _, row, unpacked, _ in tree.shares(entries):
        visible += unpacked
        files += 1
        if attribution.owners[row] == NOBODY:
            unowned += unpacked
    wasted = sum(layer.wasted_bytes for layer in layers)
    return Totals(
        compressed_bytes=sum(blobs.values()),
        unpacked_bytes=visible + wasted,
        unique_bytes=sum(size for digest, size in blobs.items() if digest not in shared),
        visible_bytes=visible,
        wasted_bytes=wasted,
        wasted_compressed_bytes=wasted_compressed,
        unowned_bytes=unowned,
        files=files,
    )


def _members(tree: Merged) -> list[Finding]:
    """Members that no engine could apply, in short."""
    found = [_not_understood(path, f"in layer {layer}, {why}") for layer, path, why in tree.problems[:_MOST_TOLD]]
    more = len(tree.problems) - len(found)
    if more > 0:
        count = f"{more} or more" if len(tree.problems) == MOST_PROBLEMS else str(more)
        found.append(_not_understood("", f"{count} other members of layers fit nowhere"))
    return found


def _metadata(attribution: Attribution) -> list[Finding]:
    found = [_not_understood(path, why) for path, why in attribution.problems[:_MOST_TOLD]]
    more = len(attribution.problems) - len(found)
    return [*found, *([_not_understood("", f"the metadata of {more} other packages")] if more > 0 else [])]
