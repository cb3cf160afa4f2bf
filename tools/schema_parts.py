"""The pieces that the schemas of reports are put together from: JSON Schema, https://json-schema.org/draft/2020-12."""

from collections.abc import Mapping

__all__ = ["Schema", "list_of", "object_of", "told"]

Schema = dict[str, object]


def told(schema: Schema, text: str) -> Schema:
    """``schema`` with what it means."""
    return {**schema, "description": text}


def list_of(items: Schema, text: str = "") -> Schema:
    """An array of ``items``, and what it means where ``text`` says so."""
    schema: Schema = {"type": "array", "items": items}
    return told(schema, text) if text else schema


def object_of(properties: Mapping[str, object]) -> Schema:
    """An object that has all of ``properties`` and nothing else."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": sorted(properties),
        "additionalProperties": False,
    }
