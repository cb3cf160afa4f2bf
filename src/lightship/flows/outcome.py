"""What a build returns: values for a report, nothing formatted."""

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path

from lightship.findings import Finding, Report, Safety
from lightship.values import dataclass

__all__ = [
    "BUILD_SCHEMA", "BuildOutcome", "DropSummary", "IndexOutcome", "LayerSummary", "build_report", "index_report",
]  # fmt: skip

BUILD_SCHEMA = "lightship/build/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSummary:
    """One layer of the image, bottom first. ``unpacked_bytes`` are those of its files. ``cached`` is True where it was
    not assembled by this build."""

    name: str
    digest: str
    diff_id: str
    media_type: str
    compressed_bytes: int
    unpacked_bytes: int
    files: int
    created_by: str
    cached: bool
    annotations: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSummary:
    """What one rule left out."""

    rule: str
    safety: Safety
    files: int
    unpacked_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOutcome:
    """The image that was built. Bytes are sums over its layers; ``seconds`` are wall time by phase."""

    reference: str | None
    digest: str
    outputs: tuple[str, ...]
    platform: str
    python: str
    layers: tuple[LayerSummary, ...]
    dropped: tuple[DropSummary, ...] = ()
    findings: tuple[Finding, ...] = ()
    kept_because: Path | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    verified: bool | None = None

    @property
    def compressed_bytes(self) -> int:
        return sum(layer.compressed_bytes for layer in self.layers)

    @property
    def unpacked_bytes(self) -> int:
        return sum(layer.unpacked_bytes for layer in self.layers)

    @property
    def files(self) -> int:
        return sum(layer.files for layer in self.layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexOutcome:
    """An index that was built: ``images`` are in its order, each with its own digest; ``digest`` is the index's."""

    reference: str | None
    digest: str
    outputs: tuple[str, ...]
    images: tuple[BuildOutcome, ...]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of all images, each once; what is not true of all says of which."""
        found: dict[Finding, list[str]] = {}
        for image in self.images:
            for finding in image.findings:
                found.setdefault(finding, []).append(image.platform)
        return tuple(
            finding
            if len(where) == len(self.images)
            else replace(finding, message=f"{', '.join(where)}: {finding.message}")
            for finding, where in found.items()
        )


def index_report(outcome: IndexOutcome) -> Report:
    """The report of a build for several platforms: a row for each in ``platforms``, with the keys that the report of
    its image alone has. Beside them the same keys for the whole: ``digest``, ``output``, ``findings`` and ``seconds``
    are the index's; what is counted by image (bytes, files, layers) is of the first row, for a node pulls one image."""
    rows = [build_report(replace(image, reference=outcome.reference)).document for image in outcome.images]
    own = ("schema", "reference", "output", "seconds", "verified")
    document = {
        **rows[0],
        "digest": outcome.digest,
        "findings": [_finding(finding) for finding in outcome.findings],
        "seconds": _seconds(outcome.seconds),
        "platforms": [{key: value for key, value in row.items() if key not in own} for row in rows],
    }
    largest = max(outcome.images, key=lambda image: image.compressed_bytes)
    return Report(
        schema=BUILD_SCHEMA, document=document, findings=outcome.findings, measures=build_report(largest).measures
    )


def build_report(outcome: BuildOutcome) -> Report:
    """The report of ``lightship build``: its keys are those of the command line's contract."""
    layers = [
        {
            "name": layer.name,
            "digest": layer.digest,
            "diff_id": layer.diff_id,
            "media_type": layer.media_type,
            "compressed_bytes": layer.compressed_bytes,
            "unpacked_bytes": layer.unpacked_bytes,
            "files": layer.files,
            "created_by": layer.created_by,
            "cached": layer.cached,
            "annotations": layer.annotations,
        }
        for layer in outcome.layers
    ]
    dropped = [
        {"rule": drop.rule, "safety": drop.safety, "files": drop.files, "unpacked_bytes": drop.unpacked_bytes}
        for drop in outcome.dropped
    ]
    document: dict[str, object] = {
        "schema": BUILD_SCHEMA,
        "reference": outcome.reference,
        "digest": outcome.digest,
        "output": outcome.outputs[0] if len(outcome.outputs) == 1 else list(outcome.outputs),
        "platform": outcome.platform,
        "python": outcome.python,
        "compressed_bytes": outcome.compressed_bytes,
        "unpacked_bytes": outcome.unpacked_bytes,
        "files": outcome.files,
        "layers": layers,
        "dropped": dropped,
        "findings": [_finding(finding) for finding in outcome.findings],
        "kept_because": str(outcome.kept_because) if outcome.kept_because else None,
        "seconds": _seconds(outcome.seconds),
        "verified": outcome.verified,
    }
    measures = {
        "compressed_bytes": float(outcome.compressed_bytes),
        "unpacked_bytes": float(outcome.unpacked_bytes),
        "files": float(outcome.files),
    }
    return Report(schema=BUILD_SCHEMA, document=document, findings=outcome.findings, measures=measures)


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "title": finding.title,
        "message": finding.message,
        "location": finding.location,
        "unpacked_bytes": finding.unpacked_bytes,
        "compressed_bytes": finding.compressed_bytes,
        "safety": finding.safety,
        "fix": finding.fix,
    }


def _seconds(seconds: Mapping[str, float]) -> dict[str, float]:
    return {phase: round(value, 3) for phase, value in seconds.items()}
