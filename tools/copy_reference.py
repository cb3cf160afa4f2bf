"""JSON Schema (2020-12, https://json-schema.org/draft/2020-12) of what ``lightship copy --format json`` prints."""

import typing

from lightship.flows.copied import COPY_SCHEMA
from lightship.store.recompress import How

__all__ = ["copy_schema"]

_DIGEST: dict[str, object] = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_COUNT: dict[str, object] = {"type": "integer", "minimum": 0}
_TEXT: dict[str, object] = {"type": "string"}


def copy_schema() -> dict[str, object]:
    """Of ``lightship copy``: an object has these keys and no other."""
    layer: dict[str, dict[str, object]] = {
        "platform": _said(_TEXT, "Whose image has it: linux/amd64."),
        "source_digest": _said(_DIGEST, "Of the blob in the source."),
        "source_compressed_bytes": _said(_COUNT, "Of the blob in the source."),
        "digest": _said(_DIGEST, "Of the blob in the destination; the source's where it was kept."),
        "diff_id": _said(_DIGEST, "Of the unpacked tar. eStargz changes it, gzip and zstd do not."),
        "media_type": _said(_TEXT, "As in the manifest."),
        "compression": {
            "enum": ["none", "gzip", "zstd", "estargz", None],
            "description": "Of the blob in the destination; null for what is no tar layer.",
        },
        "compressed_bytes": _said(_COUNT, "Of the blob in the destination."),
        "how": {
            "enum": list(typing.get_args(How)),
            "description": "kept: the source's bytes. made: compressed by this copy. cached: by an earlier one.",
        },
    }
    properties: dict[str, dict[str, object]] = {
        "schema": {"const": COPY_SCHEMA},
        "source": _said(_TEXT, "The reference that was read."),
        "destination": _said(_TEXT, "The reference that was written."),
        "digest": _said(_DIGEST, "Of the manifest, or of the index, that was written."),
        "source_digest": _said(_DIGEST, "Of the one that was read; the same unless a layer was compressed otherwise."),
        "compression": {
            "enum": ["gzip", "zstd", "estargz", None],
            "description": "What was asked for; null: every layer as it is.",
        },
        "platforms": {
            "type": "array",
            "items": dict(_TEXT),
            "description": "Of the image, or of each image of the index.",
        },
        "source_compressed_bytes": _said(_COUNT, "Sum over the source's layers, each blob once."),
        "compressed_bytes": _said(_COUNT, "Sum over the destination's layers, each blob once."),
        "moved_bytes": _said(_COUNT, "Bytes of layers that the destination did not have."),
        "layers_kept": _said(_COUNT, "Layers whose bytes are the source's, each blob once."),
        "layers": {"type": "array", "items": _object(layer), "description": "Image by image, bottom first."},
        "seconds": {
            "type": "object",
            "additionalProperties": {"type": "number", "minimum": 0},
            "description": "Wall time by phase.",
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:copy:1",
        "title": "What lightship copy --format json prints.",
        **_object(properties),
    }


def _said(shape: dict[str, object], text: str) -> dict[str, object]:
    return {**shape, "description": text}


def _object(properties: dict[str, dict[str, object]]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }
