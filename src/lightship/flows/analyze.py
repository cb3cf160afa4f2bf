"""``lightship analyze``: an image from any store, analysed, as a report."""

from collections.abc import Collection, Iterable
from dataclasses import asdict

from lightship.analyze.analysis import analyze
from lightship.analyze.model import Analysis, LayerFacts, Package
from lightship.findings import Finding, Report
from lightship.image.protocol import Image
from lightship.oci.digest import Digest
from lightship.oci.reference import Reference
from lightship.progress import SILENT, Progress

__all__ = ["ANALYZE_SCHEMA", "analyze_image", "analyze_report"]

ANALYZE_SCHEMA = "lightship/analyze/1"
_UNHASHED = ("docker-archive", "docker-daemon", "containers-storage")
"""Transports without a manifest of their own: nothing but the tar's own config says what an uncompressed layer's hash
should be, and that costs more than the whole analysis."""


def analyze_image(
    image: Image,
    reference: Reference,
    *,
    name: str = "",
    others: Iterable[Image] = (),
    jobs: int = 1,
    progress: Progress = SILENT,
) -> Analysis:
    """Analyse ``image``, which was opened as ``reference`` and is called ``name`` in reports. Raise as
    `lightship.analyze.analysis.analyze` does. Of ``others``, images that nodes have already, no layer is read."""
    blobs: list[Collection[Digest]] = [frozenset(layer.digest for layer in other.layers) for other in others]
    return analyze(
        image,
        reference=name or str(reference),
        others=blobs,
        verify=reference.transport not in _UNHASHED,
        jobs=jobs,
        progress=progress,
    )


def analyze_report(analysis: Analysis) -> Report:
    """``analysis`` as JSON says it; findings of most bytes first."""
    totals = analysis.totals
    findings = sorted(analysis.findings, key=lambda finding: -(finding.unpacked_bytes or 0))
    document: dict[str, object] = {
        "schema": ANALYZE_SCHEMA,
        "image": {
            "reference": analysis.reference,
            "digest": analysis.digest,
            "platform": analysis.platform,
            "layers": [_layer(layer) for layer in analysis.layers],
        },
        "totals": {**asdict(totals), "efficiency": round(totals.efficiency, 6)},
        "packages": [
            _package(analysis, package)
            for package in sorted(analysis.packages, key=lambda each: (-each.unpacked_bytes, each.ecosystem, each.name))
        ],
        "unowned": [asdict(place) for place in analysis.unowned],
        "findings": [_finding(finding) for finding in findings],
        "complete": analysis.complete,
    }
    measures = {name: float(value) for name, value in asdict(totals).items()}
    return Report(
        schema=ANALYZE_SCHEMA,
        document=document,
        findings=tuple(findings),
        measures={**measures, "efficiency": totals.efficiency},
    )


def _layer(layer: LayerFacts) -> dict[str, object]:
    return {
        "digest": layer.digest,
        "diff_id": layer.diff_id,
        "media_type": layer.media_type,
        "compression": layer.compression,
        "compressed_bytes": layer.compressed_bytes,
        "unpacked_bytes": layer.unpacked_bytes,
        "tar_bytes": layer.tar_bytes,
        "files": layer.files,
        "wasted_bytes": layer.wasted_bytes,
        "created_by": layer.created_by,
        "instruction": layer.instruction,
        "unique": layer.unique,
        "understood": layer.rows is not None,
    }


def _package(analysis: Analysis, package: Package) -> dict[str, object]:
    others = analysis.packages
    holder = others[package.within] if package.within is not None else None
    return {
        "ecosystem": package.ecosystem,
        "name": package.name,
        "version": package.version,
        "architecture": package.architecture,
        "unpacked_bytes": package.unpacked_bytes,
        "compressed_bytes": package.compressed_bytes,
        "files": package.files,
        "location": package.location,
        "layer": package.layer,
        "requires": sorted({others[number].name for number in package.requires}),
        "required_by": sorted({others[number].name for number in package.required_by}),
        "missing": list(package.missing),
        "within": f"{holder.ecosystem}:{holder.name}" if holder is not None else None,
        "requested": package.requested,
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {name: value for name, value in asdict(finding).items() if name not in ("seconds", "place")}
