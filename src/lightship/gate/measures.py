"""The figures of one image that budgets are held against, as far as they are known.

What is not known is None, and asking for it gives the reason instead of a number: nobody may take it for 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from lightship.ecosystem.python.names import normal_name
from lightship.findings import Finding, Severity
from lightship.gate.model import Metric, at_least
from lightship.image.protocol import Image
from lightship.image.views import config_of, digest_of, platform_of
from lightship.oci.media_types import compression_of
from lightship.oci.secrets import redacted

__all__ = ["Figure", "LayerSize", "Measures", "PackageSize", "is_called", "measure_manifest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSize:
    """A blob; ``created_by`` is what the config says made it."""

    digest: str
    compressed_bytes: int
    created_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSize:
    """A package's own files, wherever they lie."""

    ecosystem: str
    name: str
    version: str
    unpacked_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A value, and what it is of. ``value`` is None where it is not known, and ``reason`` says why."""

    value: float | None
    subject: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Of one image. ``compressed`` is False where a layer's blob is a plain tar, as in a docker-archive: such bytes
    are not what travels. ``owners`` are packages (``python:numpy``) by the location of a finding. ``known`` are
    figures that a report gave without what they are made of, by metric and name. ``why`` says for what is missing why
    it is."""

    reference: str
    digest: str = ""
    platform: str = ""
    compressed: bool = True
    layers: Sequence[LayerSize] | None = None
    unpacked_bytes: int | None = None
    packages: Sequence[PackageSize] | None = None
    wasted_bytes: int | None = None
    findings: Sequence[Finding] | None = None
    owners: Mapping[str, str] = field(default_factory=dict)
    cold_start_s: float | None = None
    known: Mapping[tuple[Metric, str], float] = field(default_factory=dict)
    why: Mapping[Metric, str] = field(default_factory=dict)

    def figure(self, metric: Metric, name: str = "") -> Figure:
        """The value of ``metric``; of a package that is not there it is 0."""
        match metric:
            case "compressed" if self.layers is not None:
                return Figure(value=sum({each.digest: each.compressed_bytes for each in self.layers}.values()))
            case "layer" if self.layers is not None:
                return _largest_layer(self.layers)
            case "unpacked" if self.unpacked_bytes is not None:
                return Figure(value=self.unpacked_bytes)
            case "package" if self.packages is not None:
                return _package(self.packages, name)
            case "waste" if self.wasted_bytes is not None:
                return Figure(value=self.wasted_bytes)
            case "findings" if self.findings is not None:
                counted = at_least(cast("Severity", name))
                return Figure(value=sum(1 for each in self.findings if each.severity in counted), subject=name)
            case "cold-start" if self.cold_start_s is not None:
                return Figure(value=self.cold_start_s)
        if (metric, name) in self.known:
            return Figure(value=self.known[metric, name], subject=name)
        said = self.why.get(metric) or f"nothing tells it of {self.reference or 'the image'}"
        return Figure(value=None, subject=name, reason=said)


def measure_manifest(image: Image, reference: str) -> Measures:
    """What manifest and config tell of ``image``; no layer is opened."""
    return Measures(
        reference=reference,
        digest=str(digest_of(image)),
        platform=str(platform_of(image)),
        compressed=all(compression_of(layer.media_type) != "none" for layer in image.layers),
        layers=tuple(
            LayerSize(digest=str(layer.digest), compressed_bytes=layer.compressed_bytes, created_by=words)
            for layer, words in zip(image.layers, _instructions(image), strict=False)
        ),
    )


def _instructions(image: Image) -> Iterable[str]:
    said = [redacted(step.created_by) for step in config_of(image).history if not step.empty_layer]
    return [*said, *[""] * (len(image.layers) - len(said))]


def _largest_layer(layers: Sequence[LayerSize]) -> Figure:
    if not layers:
        return Figure(value=0)
    largest = max(layers, key=lambda layer: layer.compressed_bytes)
    return Figure(value=largest.compressed_bytes, subject=f"{largest.digest} {largest.created_by}".strip())


def _package(packages: Sequence[PackageSize], name: str) -> Figure:
    if not name:
        if not packages:
            return Figure(value=0, reason="no package was found in the image")
        largest = max(packages, key=lambda package: package.unpacked_bytes)
        return Figure(value=largest.unpacked_bytes, subject=_titled(largest))
    fitting = [package for package in packages if is_called(package, name)]
    if not fitting:
        return Figure(value=0, subject=name, reason=f"there is no package {name} in the image")
    return Figure(value=sum(each.unpacked_bytes for each in fitting), subject=", ".join(map(_titled, fitting)))


def is_called(package: PackageSize, name: str) -> bool:
    """Whether ``name`` (``numpy``, ``python:numpy``) means ``package``; Python's names by PEP 503."""
    ecosystem, colon, rest = name.partition(":")
    if colon and ecosystem == package.ecosystem:
        return rest == package.name or (ecosystem == "python" and normal_name(rest) == normal_name(package.name))
    if package.ecosystem == "python":
        return normal_name(name) == normal_name(package.name)
    return name == package.name


def _titled(package: PackageSize) -> str:
    return f"{package.ecosystem}:{package.name} {package.version}".strip()
