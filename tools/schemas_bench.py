"""JSON Schema of what ``lightship bench --format json`` prints."""

from tools.schema_parts import list_of, object_of, told

from lightship.bench.model import PHASES
from lightship.flows.bench_report import BENCH_SCHEMA

__all__ = ["bench_schema"]

_Schema = dict[str, object]

_SECONDS: _Schema = {"type": ["number", "null"], "minimum": 0}
_COUNT: _Schema = {"type": "integer", "minimum": 0}
_DIGEST: _Schema = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_TEXT_OR_NULL: _Schema = {"type": ["string", "null"]}
_TIMES = {
    "pull_s": "From the first request to the registry until every layer is on disk, verified; meanwhile layers are "
    "unpacked.",
    "unpack_s": "From then until the files are there: what was left to unpack.",
    "unpacking_s": "All of the unpacking, most of it during the pull; waiting for layers is not in it.",
    "start_s": "From the beginning of the start until the command is executed; null: nothing was started, or the "
    "probe is a command.",
    "ready_s": "From the beginning of the start until the probe answers; start_s is part of it.",
    "total_s": "pull_s, unpack_s and ready_s.",
    "first_request_s": "The first request of the probe, sent when ready; null: there is none.",
}


def bench_schema() -> _Schema:
    """Of ``lightship bench --format json``."""
    phases = object_of({name: told(_SECONDS, _TIMES[name]) for name in PHASES})
    probes = list_of(object_of({"name": {"type": "string"}, "ok": {"type": "boolean"}, "seconds": _SECONDS}))
    properties: _Schema = {
        "schema": {"const": BENCH_SCHEMA},
        "image": told({"type": "string"}, "The first image, as it was named."),
        "digest": told(_DIGEST, "Of its manifest as it was served."),
        "phases": {**phases, "description": "Medians of the first image."},
        "probes": {**probes, "description": "Of the first image: good in every round, median of the seconds."},
        "link": object_of(
            {
                "text": told({"type": "string"}, "As --link reads it."),
                "bits_per_s": told({"type": ["integer", "null"]}, "In each direction; null: not shaped."),
                "delay_s": told({"type": "number", "minimum": 0}, "One way."),
            }
        ),
        "conditions": _conditions(),
        "images": {"type": "array", "minItems": 1, "items": _image(phases, probes)},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:bench:1",
        "title": "What lightship bench --format json prints.",
        **object_of(properties),
    }


def _conditions() -> _Schema:
    machine = {
        "processor": {"type": "string"},
        "processors": told(_COUNT, "That the process may use."),
        "memory_bytes": _COUNT,
        "kernel": {"type": "string"},
        "load": told({"type": "number", "minimum": 0}, "Of the last minute, when measuring began."),
        "lightship": {"type": "string"},
        "python": {"type": "string"},
    }
    return object_of(
        {
            "rounds": {"type": "integer", "minimum": 1},
            "parallel": told({"type": "integer", "minimum": 1}, "Layers pulled at a time."),
            "page_cache": {"enum": ["dropped", "kept"]},
            "file_system": told({"type": "string"}, "The kind of that which nodes were on: ext4; empty: not known."),
            "engine": told({"type": "string"}, "What started the images."),
            "after": told(_TEXT_OR_NULL, "The image that every node had before; null: nodes were empty."),
            "probe": told(_TEXT_OR_NULL, "What told that an image was ready; null: nothing was started."),
            "machine": object_of(machine),
        }
    )


def _image(phases: _Schema, probes: _Schema) -> _Schema:
    spread = {"anyOf": [object_of(dict.fromkeys(("median", "low", "high"), _SECONDS)), {"type": "null"}]}
    ratio: _Schema = {"type": ["number", "null"], "minimum": 0}
    node = {
        "module": {"type": "string"},
        "self_s": told(_SECONDS, "Without what it imports."),
        "total_s": told(_SECONDS, "With what it imports."),
        "asked_by": told({"type": "string"}, "The module that imports it."),
        "line": told({"type": "integer"}, "Where in that module."),
    }
    made = object_of(
        {
            "image": {"type": "string"},
            "digest": told(_DIGEST, "Of its manifest as it was served."),
            "layers": _COUNT,
            "compressed_bytes": told(_COUNT, "Layers, each once, and config: what an empty node pulls."),
            "pulled_layers": _COUNT,
            "pulled_bytes": told(_COUNT, "What these nodes pulled: missing layers, config and manifest."),
            "unpacked_bytes": told(_COUNT, "Of its files; several names of one file count once."),
            "files": _COUNT,
            "compressed_here": told(_COUNT, "Layers that were plain and were compressed before they were served."),
            "phases": {**phases, "description": "Medians."},
            "total_s": told(_SECONDS, f"Median. {_TIMES['total_s']}"),
            "first_request_s": told(_SECONDS, f"Median. {_TIMES['first_request_s']}"),
            "spread": object_of(dict.fromkeys(_TIMES, spread)),
            "ratio": {
                **object_of(dict.fromkeys(("pulled_bytes", "unpacked_bytes", *_TIMES), ratio)),
                "description": "Medians against those of the first image.",
            },
            "probes": probes,
            "rounds": list_of(object_of({name: told(_SECONDS, text) for name, text in _TIMES.items()})),
        }
    )
    known = made["properties"]
    assert isinstance(known, dict)  # noqa: S101 - made so above
    known["imports"] = {**list_of(object_of(node)), "description": "The dearest, of one more start; with --imports."}
    return made
