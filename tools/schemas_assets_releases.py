"""JSON Schema of what ``lightship assets releases --format json`` prints."""

from tools.schema_parts import list_of, object_of, told

from lightship.flows.assets.releases import RELEASES_SCHEMA

__all__ = ["assets_releases_schema"]

_Schema = dict[str, object]

_TEXT: _Schema = {"type": "string"}
_FLAG: _Schema = {"type": "boolean"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}


def assets_releases_schema() -> _Schema:
    """Of ``lightship assets releases --format json``."""
    release = {
        "name": told(_TEXT, "Of its manifest, below .lightship/releases."),
        "made": told(_TEXT, "In UTC."),
        "digest": told(_TEXT, "Of paths, plain contents and headers."),
        "cdn": told(_TEXT, "As it was given to the push."),
        "files": _COUNT,
        "stored_bytes": told(_COUNT, "As they lie in the store."),
        "alone_bytes": told(_COUNT, "Of objects that no other release names."),
        "missing": told(list_of(_TEXT), "Names with a hash that are not there as it wrote them."),
        "replaced": told(_COUNT, "Names without a hash that have another content since, or are gone."),
    }
    push = {
        "name": told(_TEXT, "Of its manifest, below .lightship/pending."),
        "files": _COUNT,
        "alive": told(_FLAG, "False where it was aborted."),
        "collecting": told(_FLAG, "Whether it is deleting what no release needs."),
    }
    properties: _Schema = {
        "schema": {"const": RELEASES_SCHEMA},
        "to": told(_TEXT, "The store."),
        "root": told(_TEXT, "What every key begins with."),
        "releases": told(list_of(object_of(release)), "Newest first."),
        "pushes": list_of(object_of(push)),
        "foreign": told(
            object_of({"files": _COUNT, "stored_bytes": _COUNT}), "Objects below the root that no manifest names."
        ),
        "not_understood": told(list_of(_TEXT), "Manifests that could not be read: nothing is collected beside them."),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:assets-releases:1",
        "title": "What lightship assets releases --format json prints.",
        **object_of(properties),
    }
