"""JSON Schema of what ``lightship assets compress --format json`` prints."""

from typing import get_args

from tools.schema_parts import list_of, object_of, told

from lightship.assets.codecs import ENCODINGS, Level
from lightship.assets.model import Mode, SidecarState
from lightship.flows.assets.compress import ASSETS_SCHEMA

__all__ = ["assets_schema"]

_Schema = dict[str, object]

_TEXT: _Schema = {"type": "string"}
_FLAG: _Schema = {"type": "boolean"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}
_STATES = {
    "made": "Sidecars that were compressed.",
    "cached": "Sidecars that were written from the cache.",
    "kept": "Sidecars that were there and fresh.",
    "removed": "Sidecars that were there and should not have been.",
    "unworthy": "Files that would not be 5 % smaller, and have no sidecar.",
}


def assets_schema() -> _Schema:
    """Of ``lightship assets compress --format json``."""
    sums = {
        **{state: told(_COUNT, text) for state, text in _STATES.items()},
        "stale": told(_COUNT, "Of those removed or written anew: they did not decompress to their file."),
        "plain_bytes": told(_COUNT, "Of the files that have such a sidecar."),
        "compressed_bytes": told(_COUNT, "Of these sidecars."),
    }
    sidecar = {
        "encoding": {"enum": list(ENCODINGS)},
        "state": {"enum": list(get_args(SidecarState))},
        "compressed_bytes": told(_COUNT, "0 where there is none afterwards."),
        "stale": told(_FLAG, "One was there that did not decompress to its file."),
    }
    row = {
        "path": told(_TEXT, "Relative to the directory; bytes that are no UTF-8 as Python's surrogates."),
        "plain_bytes": _COUNT,
        "source_map": _FLAG,
        "plain_removed": told(_FLAG, "By gzip-only, or as a source map."),
        "sidecars": list_of(object_of(sidecar)),
    }
    properties: _Schema = {
        "schema": {"const": ASSETS_SCHEMA},
        "directory": told(_TEXT, "As it was given."),
        "mode": {"enum": list(get_args(Mode))},
        "level": {"enum": list(get_args(Level))},
        "dry_run": _FLAG,
        "files": told(_COUNT, "Looked at: regular files that are no sidecars."),
        "before_bytes": told(_COUNT, "Of all regular files, sidecars among them."),
        "after_bytes": told(_COUNT, "The same, afterwards."),
        "encodings": {
            "type": "object",
            "propertyNames": {"enum": list(ENCODINGS)},
            "additionalProperties": object_of(sums),
            "description": "By content coding; those that no file has, had or was worth are not there.",
        },
        "source_maps": object_of(
            {
                "files": _COUNT,
                "unpacked_bytes": told(_COUNT, "Uncompressed."),
                "removed": told(_FLAG, "Whether they were, or in a dry run would be."),
            }
        ),
        "plain_removed": told(_COUNT, "Files of which gzip-only leaves the .gz alone."),
        "times_set": told(_COUNT, "Files whose time was not that of their content."),
        "links": told(list_of(_TEXT), "Symbolic links: not followed."),
        "lone": told(list_of(_TEXT), "Sidecars by their names, without a file."),
        "faults": told(list_of(_TEXT), "PATH: what could not be done. The status is 1 where there are some."),
        "notes": list_of(_TEXT),
        "results": told(list_of(object_of(row)), "Files with something to tell, by path."),
        "seconds": {"type": "number", "minimum": 0, "description": "Wall time."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:assets:1",
        "title": "What lightship assets compress --format json prints.",
        **object_of(properties),
    }
