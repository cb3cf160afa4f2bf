"""JSON Schema of what ``lightship assets push --format json`` prints."""

from collections.abc import Mapping
from typing import get_args

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
        "directory": _told(_TEXT, "As it was given."),
        "cdn": _told(_TEXT, "As it was given, without a slash at its end; empty without one."),
        "base": _told(_TEXT, "Path of the directory below the store's prefix and below the CDN."),
        "dry_run": _told(_FLAG, "Whether this is what would be done."),
        **_site(),
        "source_maps": _object(
            {
                "files": _COUNT,
                "plain_bytes": _COUNT,
                "pushed": _told({"enum": ["skip", "push", "aside"]}, "Left out, with the rest, or to --maps-to."),
                "aside": _told({"oneOf": [{"type": "null"}, _object(_site())]}, "What became of them at --maps-to."),
            }
        ),
        "hidden": _told(_list(_TEXT), "Names that begin with a dot, or lie below one: not pushed."),
        "links": _told(_list(_TEXT), "Symbolic links: not followed."),
        "notes": _list(_TEXT),
        "seconds": {"type": "number", "minimum": 0, "description": "Wall time."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:assets-push:1",
        "title": "What lightship assets push --format json prints.",
        **_object(properties),
    }


def _site() -> _Schema:
    sums: _Schema = {
        "files": _COUNT,
        "stored_bytes": _told(_COUNT, "As they lie in the store."),
        "plain_bytes": _told(_COUNT, "As a browser sees them."),
    }
    row = {
        "path": _told(_TEXT, "Below the directory."),
        "stored_bytes": _COUNT,
        "plain_bytes": _COUNT,
        "content_type": _TEXT,
        "content_encoding": {"enum": list(get_args(Coding))},
        "cache_control": _TEXT,
        "hashed": _told(_FLAG, "Whether the name tells contents apart, so that it is kept for a year."),
    }
    collected = {
        "files": _COUNT,
        "stored_bytes": _COUNT,
        "paths": _list(_TEXT),
        "releases": _told(_list(_TEXT), "Manifests of releases that are no longer kept."),
        "pushes": _told(_list(_TEXT), "Manifests of pushes that were aborted."),
    }
    purged = {
        "order": _told(_TEXT, "What the CDN calls it; empty where none was given."),
        "paths": _told(_list(_TEXT), "As they stand in addresses."),
    }
    return {
        "to": _told(_TEXT, "The store."),
        "root": _told(_TEXT, "What every key begins with."),
        "release": _told({"type": ["string", "null"]}, "The manifest that was written, null where none was."),
        "unchanged": _told(_FLAG, "Whether the latest release has these files already."),
        "releases": _told(_COUNT, "That are in the store afterwards."),
        "sent": _object({**sums, "objects": _list(_object(row))}),
        "there": _told(_object(sums), "Objects of this release that were there already."),
        "collected": _object(collected),
        "purged": _object(purged),
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
