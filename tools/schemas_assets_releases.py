"""JSON Schema of what ``lightship assets releases --format json`` prints."""

from collections.abc import Mapping

from lightship.flows.assets.releases import RELEASES_SCHEMA

__all__ = ["assets_releases_schema"]

_Schema = dict[str, object]

_TEXT: _Schema = {"type": "string"}
_FLAG: _Schema = {"type": "boolean"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}


def assets_releases_schema() -> _Schema:
    """Of ``lightship assets releases --format json``."""
    release = {
        "name": _told(_TEXT, "Of its manifest, below .lightship/releases."),
        "made": _told(_TEXT, "In UTC."),
        "digest": _told(_TEXT, "Of paths, plain contents and headers."),
        "cdn": _told(_TEXT, "As it was given to the push."),
        "files": _COUNT,
        "stored_bytes": _told(_COUNT, "As they lie in the store."),
        "alone_bytes": _told(_COUNT, "Of objects that no other release names."),
        "missing": _told(_list(_TEXT), "Names with a hash that are not there as it wrote them."),
        "replaced": _told(_COUNT, "Names without a hash that have another content since, or are gone."),
    }
    push = {
        "name": _told(_TEXT, "Of its manifest, below .lightship/pending."),
        "files": _COUNT,
        "alive": _told(_FLAG, "False where it was aborted."),
        "collecting": _told(_FLAG, "Whether it is deleting what no release needs."),
    }
    properties: _Schema = {
        "schema": {"const": RELEASES_SCHEMA},
        "to": _told(_TEXT, "The store."),
        "root": _told(_TEXT, "What every key begins with."),
        "releases": _told(_list(_object(release)), "Newest first."),
        "pushes": _list(_object(push)),
        "foreign": _told(
            _object({"files": _COUNT, "stored_bytes": _COUNT}), "Objects below the root that no manifest names."
        ),
        "not_understood": _told(_list(_TEXT), "Manifests that could not be read: nothing is collected beside them."),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:assets-releases:1",
        "title": "What lightship assets releases --format json prints.",
        **_object(properties),
    }


def _told(schema: _Schema, text: str) -> _Schema:
    return {**schema, "description": text}


def _list(items: _Schema) -> _Schema:
    return {"type": "array", "items": items}


def _object(properties: Mapping[str, object]) -> _Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": sorted(properties),
        "additionalProperties": False,
    }
