"""JSON Schema of what ``lightship assets image --format json`` prints: a build's, with a server instead of a Python."""

from typing import Any, cast, get_args

from tools.schema_parts import told
from tools.schemas import build_schema

from lightship.assets.model import Mode
from lightship.flows.assets.image_report import ASSETS_IMAGE_SCHEMA
from lightship.flows.assets.image_request import ServerKind

__all__ = ["assets_image_schema"]

_Schema = dict[str, object]

_TEXT: _Schema = {"type": "string"}
_TEXTS: _Schema = {"type": "array", "items": _TEXT}
_COUNT: _Schema = {"type": "integer", "minimum": 0}
_MAYBE: _Schema = {"type": ["integer", "null"], "minimum": 0}


def assets_image_schema() -> _Schema:
    """Of ``lightship assets image --format json``."""
    schema = cast("dict[str, Any]", build_schema())
    properties = schema["properties"]
    for place in (properties, properties["platforms"]["items"]["properties"]):
        place.pop("python")
    properties.pop("verified")
    row = properties["platforms"]["items"]
    row["required"] = [name for name in row["required"] if name != "python"]
    required = [name for name in schema["required"] if name not in ("python", "verified")]
    return {
        **schema,
        "$id": "urn:lightship:assets-image:1",
        "title": "What lightship assets image --format json prints.",
        "properties": {
            **properties,
            "schema": {"const": ASSETS_IMAGE_SCHEMA},
            "server": _object(
                {
                    "kind": {"enum": list(get_args(ServerKind))},
                    "version": told(_TEXT, "Of nginx's package, or of Node."),
                    "source": {"enum": ["deb", "wheel"], "description": "Where the server's program is from."},
                    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
                    "user": told(_TEXT, "uid:gid; any other will do."),
                    "entrypoint": _TEXTS,
                    "writable": told(_TEXTS, "Absolute paths that it writes to when it may."),
                }
            ),
            "web": {"anyOf": [_web(), {"type": "null"}], "description": "Null for Node."},
        },
        "required": sorted([*required, "server", "web"]),
    }


def _web() -> _Schema:
    return _object(
        {
            "files": told(_COUNT, "Plain files and sidecars."),
            "plain_bytes": told(_COUNT, "Of the plain files that are there."),
            "sidecar_bytes": told(_COUNT, "Of the sidecars."),
            "mode": {"enum": list(get_args(Mode))},
            "layer_bytes": told(_COUNT, "Compressed bytes of the web root's layer."),
            "plain_layer_bytes": told(_MAYBE, "Of such a layer with plain files alone; null where it is not known."),
            "gzip_only_layer_bytes": told(
                _MAYBE, "Of such a layer with .gz alone where there is one; null where nothing is compressed."
            ),
            "left_out_bytes": told(_COUNT, "Of sidecars that this nginx would never send."),
        }
    )


def _object(properties: dict[str, _Schema]) -> _Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }
