"""What a finished build is remembered by: when nothing that it depends on has changed, nothing is made again.

The key covers the tool, the options, the project's files, the locks and the environment that ends up in annotations;
the record holds the image's manifest and config, and where its layers are in the cache.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from lightship import __version__
from lightship.findings import Finding
from lightship.flows.outcome import BuildOutcome, DropSummary, LayerSummary
from lightship.flows.request import BuildRequest
from lightship.image.blobs import BlobLayer
from lightship.image.value import PlainImage
from lightship.oci.digest import Digest
from lightship.store.cache import Cache, cache_key

__all__ = ["find_memo", "memo_key", "remember"]

_VERSION = 1
"""Raised when the record changes, or a build gives something else for the same key."""

_KIND = "builds"
_CI_VARIABLES = ("CI_PROJECT_URL", "CI_COMMIT_SHA", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")


def memo_key(request: BuildRequest, *, platform: str, base: str, application: str, files: Sequence[Path]) -> str:
    """The key of this build. ``base`` and ``application`` name the base and the project's files, ``files`` are further
    inputs, read whole."""
    options = [repr(getattr(request.options, field.name)) for field in fields(request.options)]
    contents = [path.read_bytes() if path.is_file() else None for path in files]
    variables = [request.environ.get(name) for name in _CI_VARIABLES]
    tool = ("build", _VERSION, __version__)
    return cache_key(*tool, platform, base, application, request.epoch, *request.tags, *options, *contents, *variables)


def find_memo(cache: Cache, key: str) -> tuple[PlainImage, BuildOutcome] | None:
    """The remembered image and what its build said; None when a part of it is gone from the cache or damaged."""
    found = cache.find(_KIND, key)
    if found is None:
        return None
    try:
        document = json.loads(found.read_bytes())
        outcome = _outcome(document["outcome"])
        layers = tuple(_layer(summary, cache) for summary in outcome.layers)
        if any(layer is None for layer in layers):
            return None
        image = PlainImage(
            raw_manifest=document["manifest"].encode(),
            raw_config=document["config"].encode(),
            layers=tuple(layer for layer in layers if layer is not None),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # a damaged record is no record
    return image, outcome


def remember(cache: Cache, key: str, image: PlainImage, outcome: BuildOutcome) -> None:
    """Keep the build for `find_memo`; images whose layers are not all in the cache are not kept."""
    document = {
        "manifest": image.raw_manifest.decode(),
        "config": image.raw_config.decode(),
        "outcome": asdict(outcome) | {"kept_because": str(outcome.kept_because) if outcome.kept_because else None},
    }
    with cache.write(_KIND, key) as stream:
        stream.write(json.dumps(document).encode())


def _layer(summary: LayerSummary, cache: Cache) -> BlobLayer | None:
    digest = Digest.parse(summary.digest)
    path = cache.find_verified("blobs", digest.hex)
    if path is None:
        return None
    return BlobLayer(
        path=path,
        digest=digest,
        diff_id=Digest.parse(summary.diff_id),
        media_type=summary.media_type,
        compressed_bytes=summary.compressed_bytes,
        unpacked_bytes=summary.unpacked_bytes,
    )


def _outcome(document: dict[str, object]) -> BuildOutcome:
    values = dict(document)
    layers, dropped, findings = values.pop("layers"), values.pop("dropped"), values.pop("findings")
    kept, outputs = values.pop("kept_because"), values.pop("outputs")
    if not (isinstance(layers, list) and isinstance(dropped, list) and isinstance(findings, list)):
        raise TypeError("a damaged record")
    return BuildOutcome(
        layers=tuple(LayerSummary(**{**fields, "cached": True}) for fields in layers),
        dropped=tuple(DropSummary(**fields) for fields in dropped),
        findings=tuple(Finding(**fields) for fields in findings),
        kept_because=Path(str(kept)) if kept else None,
        outputs=tuple(outputs) if isinstance(outputs, list) else (),
        **values,  # type: ignore[arg-type]  # written by `remember` from these very fields
    )
