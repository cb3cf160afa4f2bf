"""JSON Schema of what ``lightship init --format json`` prints."""

from tools.schema_parts import told

from lightship.flows.init import INIT_SCHEMA
from lightship.init.files import PARTS

__all__ = ["init_schema"]

_Schema = dict[str, object]

_TEXT: _Schema = {"type": "string"}
_TEXT_OR_NULL: _Schema = {"type": ["string", "null"]}
_WORDS: _Schema = {"type": "array", "items": _TEXT}
_WORDS_OR_NULL: _Schema = {"type": ["array", "null"], "items": _TEXT}
_COUNT: _Schema = {"type": "integer", "minimum": 0}


def init_schema() -> _Schema:
    """Of ``lightship init --format json``."""
    front_end = _object({"directory": _TEXT, "kind": _TEXT, "manager": _TEXT, "mode": _TEXT})
    detected = {
        "manager": told(_TEXT_OR_NULL, "uv, poetry, pdm or pip; null without a Python project."),
        "lock": _TEXT_OR_NULL,
        "python": _TEXT_OR_NULL,
        "framework": _TEXT_OR_NULL,
        "command": told(_WORDS, "What the image starts, in exec form."),
        "port": _COUNT,
        "health": told(_TEXT_OR_NULL, "The route that the probes ask."),
        "migration": _WORDS_OR_NULL,
        "worker": _WORDS_OR_NULL,
        "system_packages": told(_WORDS, "Of the distribution, in the image."),
        "compiled": told(_WORDS, "Packages that are built from source."),
        "front_ends": {"type": "array", "items": front_end},
    }
    stage = _object({"stage": _TEXT, "peak_mb": _COUNT, "why": _TEXT, "cap": told(_TEXT, "The flag that limits it.")})
    memory = {
        "together_mb": told(_COUNT, "MB (10^6 bytes) at the peak, with all stages side by side."),
        "one_by_one_mb": told(_COUNT, "With one stage at a time."),
        "stages": {"type": "array", "items": stage},
    }
    file = {
        "path": told(_TEXT, "Relative to the project."),
        "part": {"enum": list(PARTS)},
        "state": {"enum": ["new", "replaced", "kept", "same"], "description": "What became, or would become, of it."},
        "purpose": _TEXT,
        "text": told(_TEXT_OR_NULL, "In a dry run, what would be written."),
    }
    properties: _Schema = {
        "schema": {"const": INIT_SCHEMA},
        "project": told(_TEXT, "The directory's name."),
        "dry_run": {"type": "boolean"},
        "detected": _object(detected),
        "memory": _object(memory),
        "files": {"type": "array", "items": _object(file)},
        "notes": _WORDS,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:init:1",
        **_object(properties),
    }


def _object(properties: _Schema) -> _Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
