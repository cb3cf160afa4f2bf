"""The outcome of ``bench`` as a `Report`: medians, ranges, and each image against the first."""

import dataclasses
import statistics
from collections.abc import Sequence

from lightship.bench.model import PHASES, Benched, Round, Spread
from lightship.coldstart.imports import ImportNode
from lightship.findings import Finding, Report
from lightship.flows.bench import BenchOutcome
from lightship.launch.probe import Check

__all__ = ["BENCH_SCHEMA", "bench_report"]

BENCH_SCHEMA = "lightship/bench/1"
_TIMES = (*PHASES, "unpacking_s", "total_s", "first_request_s")


def bench_report(outcome: BenchOutcome) -> Report:
    """The document of `tools.schemas_bench`, whose first image stands at the top too; a finding for every check that
    failed."""
    first = outcome.images[0]
    imports = outcome.imports or ((),) * len(outcome.images)
    images = [_image(image, first, nodes) for image, nodes in zip(outcome.images, imports, strict=True)]
    top = images[0]
    conditions = outcome.conditions
    document: dict[str, object] = {
        "schema": BENCH_SCHEMA,
        **{name: top[name] for name in ("image", "digest", "phases", "probes")},
        "link": {
            "text": str(conditions.link),
            "bits_per_s": conditions.link.bits_per_s,
            "delay_s": conditions.link.delay_s,
        },
        "conditions": {
            "rounds": conditions.rounds,
            "parallel": conditions.parallel,
            "page_cache": conditions.page_cache,
            "file_system": conditions.file_system,
            "engine": conditions.engine,
            "after": conditions.after,
            "probe": conditions.probe,
            "machine": dataclasses.asdict(conditions.machine),
        },
        "images": images,
    }
    measures = {"cold-start": spread.median} if (spread := Spread.of(_values(first, "ready_s"))) else {}
    return Report(schema=BENCH_SCHEMA, document=document, findings=tuple(_findings(outcome)), measures=measures)


def _image(image: Benched, first: Benched, imports: Sequence[ImportNode]) -> dict[str, object]:
    spreads = {name: Spread.of(_values(image, name)) for name in _TIMES}
    least = {name: Spread.of(_values(first, name)) for name in _TIMES}
    ratio = {name: _ratio(_median(spreads[name]), _median(least[name])) for name in _TIMES}
    made: dict[str, object] = {
        "image": image.reference,
        "digest": image.digest,
        "layers": image.layers,
        "compressed_bytes": image.compressed_bytes,
        "pulled_layers": image.pulled_layers,
        "pulled_bytes": image.pulled_bytes,
        "unpacked_bytes": image.unpacked_bytes,
        "files": image.files,
        "compressed_here": image.compressed_here,
        "phases": {name: _median(spreads[name]) for name in PHASES},
        "total_s": _median(spreads["total_s"]),
        "first_request_s": _median(spreads["first_request_s"]),
        "spread": {name: None if each is None else dataclasses.asdict(each) for name, each in spreads.items()},
        "ratio": {
            "pulled_bytes": _ratio(image.pulled_bytes, first.pulled_bytes),
            "unpacked_bytes": _ratio(image.unpacked_bytes, first.unpacked_bytes),
            **ratio,
        },
        "probes": _probes(image.rounds),
        "rounds": [{name: _value(each, name) for name in _TIMES} for each in image.rounds],
    }
    if imports:
        made["imports"] = [
            {
                "module": node.module,
                "self_s": round(node.self_s, 6),
                "total_s": round(node.total_s, 6),
                "asked_by": node.asked_by,
                "line": node.line,
            }
            for node in imports
        ]
    return made


def _values(image: Benched, name: str) -> list[float | None]:
    return [_value(each, name) for each in image.rounds]


def _value(each: Round, name: str) -> float | None:
    value = getattr(each, name)
    return None if value is None else round(float(value), 6)


def _median(spread: Spread | None) -> float | None:
    return None if spread is None else round(spread.median, 6)


def _ratio(mine: float | None, theirs: float | None) -> float | None:
    return round(mine / theirs, 4) if mine is not None and theirs else None


def _probes(rounds: Sequence[Round]) -> list[dict[str, object]]:
    """Each check by its place: good when it was in every round, with the median of its seconds."""
    return [
        {
            "name": checks[0].name,
            "ok": all(check.ok for check in checks),
            "seconds": round(statistics.median(check.seconds for check in checks), 6),
        }
        for checks in zip(*(each.checks for each in rounds), strict=False)
    ]


def _findings(outcome: BenchOutcome) -> list[Finding]:
    found: dict[tuple[str, str], Check] = {}
    for image in outcome.images:
        for each in image.rounds:
            for check in each.checks:
                if not check.ok:
                    found.setdefault((image.reference, check.name), check)
    return [
        Finding(
            code="probe-failed",
            severity="error",
            title="a check failed",
            message=f"{reference}: {name}: {check.detail}",
        )
        for (reference, name), check in found.items()
    ]
