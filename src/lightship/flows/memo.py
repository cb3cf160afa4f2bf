"""What a finished build is remembered by: when nothing that it depends on has changed, nothing is made again.

The key covers the tool, the options, the project's files, the locks and the environment that ends up in annotations;
the record holds the image's manifest and config, where its layers are in the cache, and the hashes of what was read
beside (`lightship.flows.sources`), which must be the same still.
"""

import contextlib
import functools
import importlib.util
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from lightship import __version__
from lightship.findings import Finding
from lightship.flows.blobs import blob_of
from lightship.flows.outcome import BuildOutcome, DropSummary, LayerSummary
from lightship.flows.request import BuildRequest
from lightship.flows.sources import source_sha256
from lightship.image.value import PlainImage
from lightship.store.cache import Cache, cache_key

__all__ = ["carry_over", "find_memo", "lower_key", "memo_key", "remember"]

_VERSION = 4
"""Raised when the record changes, or a build gives something else for the same key."""

_KIND = "builds"
_CI_VARIABLES = ("CI_PROJECT_URL", "CI_COMMIT_SHA", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")


def memo_key(request: BuildRequest, *, platform: str, base: str, application: str, files: Sequence[Path]) -> str:
    """The key of this build. ``base`` and ``application`` name the base and the project's files, ``files`` are further
    inputs, read whole."""
    variables = [request.environ.get(name) for name in _CI_VARIABLES]
    return cache_key(lower_key(request, platform, base, files), application, *request.tags, "|", *variables)


def lower_key(request: BuildRequest, platform: str, base: str, files: Sequence[Path], *parts: str) -> str:
    """The key of what lies below the application; ``parts`` are what it depends on of the application."""
    options = [repr(getattr(request.options, field.name)) for field in fields(request.options)]
    contents = [path.read_bytes() if path.is_file() else None for path in files]
    tool = ("build", str(_VERSION), __version__, *_code_marks())
    return cache_key(*tool, platform, base, request.epoch, *options, *contents, *parts)


@functools.cache
def _code_marks() -> tuple[str, ...]:
    """Size and time of this package's own files and of the codecs': an upgrade or an edit may give other bytes.

    An installed package is its ``RECORD``, which every installation writes; that of a checkout may be edited.
    """
    package = Path(__file__).parent.parent
    record = package.with_name(f"lightship-{__version__}.dist-info") / "RECORD"
    found = [_mark("RECORD", record.stat())] if record.is_file() else [*_own_marks(str(package))]
    for codec in ("deflate", "isal", "backports.zstd"):
        with contextlib.suppress(ModuleNotFoundError):
            spec = importlib.util.find_spec(codec)
            places = spec.submodule_search_locations if spec is not None else None
            found += [_mark(codec, Path(place).stat()) for place in places or ()]
    return tuple(sorted(found))


def _own_marks(folder: str) -> Iterator[str]:
    with os.scandir(folder) as listing:
        for entry in listing:
            if entry.name.endswith(".py"):
                yield _mark(entry.name, entry.stat())
            elif entry.is_dir() and entry.name != "__pycache__":
                yield from _own_marks(entry.path)


def _mark(name: str, status: os.stat_result) -> str:
    return f"{name} {status.st_size} {status.st_mtime_ns}"


def find_memo(cache: Cache, key: str, project: Path) -> tuple[PlainImage, BuildOutcome] | None:
    """The remembered image and what its build said; None when a source has changed, or a part of the image is gone
    from the cache or damaged."""
    found = cache.find(_KIND, key)
    if found is None:
        return None
    try:
        document = json.loads(found.read_bytes())
        if any(source_sha256(project / path) != sha256 for path, sha256 in document["sources"]):
            return None
        outcome = _outcome(document["outcome"], cache)
        layers = tuple(blob_of(summary, cache) for summary in outcome.layers)
        if any(layer is None for layer in layers) or (outcome.kept_because and not outcome.kept_because.is_file()):
            return None
        image = PlainImage(
            raw_manifest=document["manifest"].encode(),
            raw_config=document["config"].encode(),
            layers=tuple(layer for layer in layers if layer is not None),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # a damaged record is no record
    return image, outcome


def remember(
    cache: Cache, key: str, project: Path, image: PlainImage, outcome: BuildOutcome, sources: Sequence[Path]
) -> None:
    """Keep the build for `find_memo`. Paths are kept relative: to ``project``, and to the cache's root."""
    kept = os.path.relpath(outcome.kept_because, cache.root) if outcome.kept_because else None
    document = {
        "sources": [[os.path.relpath(path, project), source_sha256(path)] for path in sources],
        "manifest": image.raw_manifest.decode(),
        "config": image.raw_config.decode(),
        "outcome": asdict(outcome) | {"kept_because": kept},
    }
    with cache.write(_KIND, key) as stream:
        stream.write(json.dumps(document).encode())


def carry_over(cache: Cache, image: tuple[str, str], lower: tuple[str, str]) -> None:
    """Keep what is remembered under the first key of each pair under the second as well: of an image, and of its
    lower part."""
    for kind, (before, after) in ((_KIND, image), ("lower", lower)):
        found = cache.find(kind, before) if before != after else None
        if found is not None:
            with contextlib.suppress(OSError), cache.write(kind, after) as stream:  # what is lost is made again
                stream.write(found.read_bytes())


def _outcome(document: dict[str, object], cache: Cache) -> BuildOutcome:
    values = dict(document)
    layers, dropped, findings = values.pop("layers"), values.pop("dropped"), values.pop("findings")
    kept, outputs = values.pop("kept_because"), values.pop("outputs")
    if not (isinstance(layers, list) and isinstance(dropped, list) and isinstance(findings, list)):
        raise TypeError("a damaged record")
    return BuildOutcome(
        layers=tuple(LayerSummary(**{**fields, "cached": True}) for fields in layers),
        dropped=tuple(DropSummary(**fields) for fields in dropped),
        findings=tuple(Finding(**fields) for fields in findings),
        kept_because=cache.root / str(kept) if kept else None,
        outputs=tuple(outputs) if isinstance(outputs, list) else (),
        **values,  # type: ignore[arg-type]  # written by `remember` from these very fields
    )
