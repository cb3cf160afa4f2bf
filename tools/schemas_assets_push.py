"""JSON Schema of what ``lightship assets push --format json`` prints."""

from typing import get_args

from tools.schema_parts import list_of, object_of, told

from lightship.assets.push.release import Coding
from lightship.flows.assets.push_report import PUSH_SCHEMA

__all__ = ["assets_push_schema"]

_Schema = dict[str, object]

_TEXT: _Schema = {"type": "string"}
_FLAG: _Schema = {"type": "boolean"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}


def assets_push_schema() -> _Schema:
    """Of ``lightship assets push --format json``."""
    properties: _Schema = {
        "schema": {"const": PUSH_SCHEMA},
        "directory": told(_TEXT, "As it was given."),
        "cdn": told(_TEXT, "As it was given, without a slash at its end; empty without one."),
        "base": told(_TEXT, "Path of the directory below the store's prefix and below the CDN."),
        "dry_run": told(_FLAG, "Whether this is what would be done."),
        **_site(),
        "source_maps": object_of(
            {
                "files": _COUNT,
                "plain_bytes": _COUNT,
                "pushed": told({"enum": ["skip", "push", "aside"]}, "Left out, with the rest, or to --maps-to."),
                "aside": told({"oneOf": [{"type": "null"}, object_of(_site())]}, "What became of them at --maps-to."),
            }
        ),
        "hidden": told(list_of(_TEXT), "Names that begin with a dot, or lie below one: not pushed."),
        "links": told(list_of(_TEXT), "Symbolic links: not followed."),
        "warnings": told(list_of(_TEXT), "What breaks pages, such as a build that was not retargeted."),
        "notes": list_of(_TEXT),
        "seconds": {"type": "number", "minimum": 0, "description": "Wall time."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:assets-push:1",
        "title": "What lightship assets push --format json prints.",
        **object_of(properties),
    }


def _site() -> _Schema:
    sums: _Schema = {
        "files": _COUNT,
        "stored_bytes": told(_COUNT, "As they lie in the store."),
        "plain_bytes": told(_COUNT, "As a browser sees them."),
    }
    row = {
        "path": told(_TEXT, "Below the directory."),
        "stored_bytes": _COUNT,
        "plain_bytes": _COUNT,
        "content_type": _TEXT,
        "content_encoding": {"enum": list(get_args(Coding))},
        "cache_control": _TEXT,
        "hashed": told(_FLAG, "Whether the name tells contents apart, so that it is kept for a year."),
    }
    collected = {
        "files": _COUNT,
        "stored_bytes": _COUNT,
        "paths": list_of(_TEXT),
        "releases": told(list_of(_TEXT), "Manifests of releases that are no longer kept."),
        "pushes": told(list_of(_TEXT), "Manifests of pushes that were aborted."),
    }
    purged = {
        "order": told(_TEXT, "What the CDN calls it; empty where none was given."),
        "paths": told(list_of(_TEXT), "As they stand in addresses."),
        "owed": told(list_of(_TEXT), "Those that an earlier push was to purge, and nobody has."),
    }
    return {
        "to": told(_TEXT, "The store."),
        "root": told(_TEXT, "What every key begins with."),
        "release": told({"type": ["string", "null"]}, "The manifest that was written, null where none was."),
        "unchanged": told(_FLAG, "Whether the latest release has these files already."),
        "releases": told(_COUNT, "That are in the store afterwards."),
        "sent": object_of({**sums, "objects": list_of(object_of(row))}),
        "there": told(object_of(sums), "Objects of this release that were there already."),
        "collected": object_of(collected),
        "purged": object_of(purged),
    }
