"""Measures out of JSON that lightship wrote before: reports of analyze, check and build as a baseline, of verify and
bench for the time of a cold start. What is missing in one stays unknown, with the reason."""

from dataclasses import replace
from typing import cast

from lightship.errors import InputError
from lightship.findings import Finding, Severity
from lightship.gate.measures import LayerSize, Measures, PackageSize
from lightship.gate.model import ANALYSED, METRICS, Metric
from lightship.oci.document import Node, parse_object
from lightship.oci.media_types import compression_of

__all__ = ["MAX_REPORT_BYTES", "read_cold_start", "read_measures"]

MAX_REPORT_BYTES = 256 * 2**20
"""A report of analyze with every file of a large image stays below."""


def read_measures(raw: bytes, name: str, *, platform: str = "") -> Measures:
    """What the report ``raw`` says of its image; of a build for several platforms, of the one for ``platform``.

    Raise InputError when it is no report of analyze, check, build, verify or bench, or does not hold what these hold.
    """
    node = parse_object(raw, name)
    command = _command(node)
    readers = {
        "analyze": _of_analyze,
        "check": _of_check,
        "build": _of_build,
        "verify": _of_started,
        "bench": _of_started,
    }
    if command not in readers:
        wanted = "a report of lightship analyze, check or build in JSON"
        raise InputError(f"{name}: want {wanted}, got schema {node.optional_text('schema')!r:.80}")
    measures = readers[command](node, platform)
    unknown = dict.fromkeys(METRICS, f"a report of lightship {command} does not tell it ({name})")
    return replace(measures, reference=measures.reference or name, why={**unknown, **measures.why})


def read_cold_start(raw: bytes, name: str, digest: str) -> float:
    """``ready_s`` of the image ``digest`` in a report of verify or bench. Raise InputError when there is none."""
    node = parse_object(raw, name)
    command = _command(node)
    if command not in ("verify", "bench"):
        raise InputError(f"{name}: want a report of lightship verify or bench, got {command or 'another document'}")
    rows = list(node.require("images").items()) if command == "bench" else [node]
    own = [row for row in rows if row.optional_text("digest") == digest]
    if not own:
        raise InputError(f"{name}: want times of {digest}, got those of another image")
    return _ready(own[0])


def _command(node: Node) -> str:
    parts = node.optional_text("schema").split("/")
    if len(parts) != 3 or parts[0] != "lightship":
        return ""
    if parts[2] != "1":
        raise InputError(f"{node.path}.schema: want version 1, got {'/'.join(parts)!r:.80}")
    return parts[1]


def _of_analyze(node: Node, _platform: str) -> Measures:
    image, totals = node.require("image"), node.require("totals")
    if (complete := node.get("complete")) is not None and not complete.flag():
        return Measures(
            reference=image.optional_text("reference"),
            digest=image.optional_text("digest"),
            platform=image.optional_text("platform"),
            compressed=_are_compressed(image.require("layers")),
            layers=_layers(image.require("layers")),
            why=dict.fromkeys(ANALYSED, "a layer of the image could not be read when the report was made"),
        )
    return Measures(
        reference=image.optional_text("reference"),
        digest=image.optional_text("digest"),
        platform=image.optional_text("platform"),
        compressed=_are_compressed(image.require("layers")),
        layers=_layers(image.require("layers")),
        unpacked_bytes=totals.require("unpacked_bytes").integer(),
        wasted_bytes=totals.require("wasted_bytes").integer(),
        packages=tuple(_package(row) for row in node.require("packages").items()),
        findings=tuple(_finding(row) for row in node.require("findings").items()),
    )


def _of_check(node: Node, _platform: str) -> Measures:
    known: dict[tuple[Metric, str], float] = {}
    for key in node.require("measures").mapping():
        metric, _, name = key.partition(":")
        if metric in METRICS:
            known[cast("Metric", metric), name] = _number(node.require("measures").require(key))
    image = node.get("image") or Node({}, f"{node.path}.image")
    compressed = image.get("compressed")
    return Measures(
        reference=image.optional_text("reference"),
        digest=image.optional_text("digest"),
        platform=image.optional_text("platform"),
        compressed=compressed is None or compressed.flag(),
        known=known,
    )


def _of_build(node: Node, platform: str) -> Measures:
    rows = list(platforms.items()) if (platforms := node.get("platforms")) else [node]
    own = [row for row in rows if not platform or row.optional_text("platform") == platform]
    if not own:
        offered = ", ".join(row.optional_text("platform") for row in rows)
        raise InputError(f"{node.path}: want an image for {platform}, got {offered}")
    layers = own[0].require("layers")
    return Measures(
        reference=node.optional_text("reference"),
        digest=own[0].optional_text("digest"),
        platform=own[0].optional_text("platform"),
        compressed=_are_compressed(layers),
        layers=_layers(layers),
        unpacked_bytes=own[0].require("unpacked_bytes").integer(),
    )


def _of_started(node: Node, _platform: str) -> Measures:
    return Measures(
        reference=node.optional_text("image"),
        digest=node.optional_text("digest"),
        platform=node.optional_text("platform"),
        cold_start_s=_ready(node),
    )


def _ready(node: Node) -> float:
    probes = node.get("probes")
    if probes is not None and not all(probe.require("ok").flag() for probe in probes.items()):
        raise InputError(f"{node.path}.probes: want a start whose probes were good, got one that failed")
    ready = node.require("phases").get("ready_s")
    if ready is None:
        raise InputError(f"{node.path}.phases.ready_s: want seconds, got nothing: the image was not started")
    return _number(ready)


def _are_compressed(layers: Node) -> bool:
    return all(compression_of(row.optional_text("media_type")) != "none" for row in layers.items())


def _layers(node: Node) -> tuple[LayerSize, ...]:
    return tuple(
        LayerSize(
            digest=row.require("digest").text(),
            compressed_bytes=row.require("compressed_bytes").integer(),
            created_by=row.optional_text("created_by"),
        )
        for row in node.items()
    )


def _package(node: Node) -> PackageSize:
    return PackageSize(
        ecosystem=node.require("ecosystem").text(),
        name=node.require("name").text(),
        version=node.optional_text("version"),
        unpacked_bytes=node.require("unpacked_bytes").integer(),
    )


def _finding(node: Node) -> Finding:
    severity = node.require("severity")
    if severity.text() not in ("error", "warning", "note"):
        raise severity.fault("error, warning or note")
    return Finding(
        code=node.require("code").text(),
        severity=cast("Severity", severity.text()),
        title=node.optional_text("title"),
        message=node.optional_text("message"),
        location=node.optional_text("location"),
    )


def _number(node: Node) -> float:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**63:
        raise node.fault("a number that is not negative")
    return value
