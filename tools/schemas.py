"""JSON Schema (2020-12, https://json-schema.org/draft/2020-12) of what commands print, from the types they print.

An object has the keys it is described with here and no other, so that a key that is added without a word breaks the
test that holds real output against these schemas.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping

from lightship.findings import Finding
from lightship.flows.diff import DIFF_SCHEMA, LayerChange, PackageChange, Side
from lightship.flows.outcome import BUILD_SCHEMA, DropSummary, LayerSummary
from lightship.plan.model import Dropped, Entry

__all__ = ["build_schema", "diff_schema", "plan_schema"]

_Schema = dict[str, object]
_SIMPLE: dict[object, _Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer", "minimum": 0},
}

_DIGEST = r"^sha256:[0-9a-f]{64}$"
_WORDS = {
    "name": "What the layer holds: base, interpreter, package-numpy, packages-light-0, bytecode-0, application, …",
    "digest": "Of the compressed bytes, as in the manifest.",
    "diff_id": "Of the unpacked tar, as in the config.",
    "media_type": "As in the manifest.",
    "compressed_bytes": "Bytes that a registry stores and a node pulls.",
    "unpacked_bytes": "Of its files: what lies on disk.",
    "files": "Entries of the tar, directories and links among them.",
    "created_by": "As in the config's history.",
    "annotations": "Of the layer's descriptor in the manifest; eStargz has some.",
    "cached": "The layer was in the cache and was not assembled by this build.",
    "state": "kept: in both. new: to be pulled. gone: in the image before alone.",
    "unpacked_anew": "An engine that has the image before unpacks it, again or for the first time.",
    "same_content": "A new blob whose tar the image before has, compressed otherwise.",
    "ecosystem": "python or deb.",
    "before": "Version in the image before; null where it has none.",
    "after": "Version in the image after; null where it has none.",
    "before_unpacked_bytes": "Of its files, in the image before; null where nobody counted.",
    "after_unpacked_bytes": "Of its files, in the image after; null where nobody counted.",
    "reference": "As it was given.",
    "platform": "linux/amd64",
    "rule": "See drop-rules.md; drop is a pattern of the user's.",
    "safety": "lossless: no file that a program can see changes. safe: a rule says why nothing reads it.",
    "code": "The kind of finding; never reused.",
    "severity": "As in SARIF.",
    "title": "The kind of finding in words.",
    "message": "One sentence.",
    "location": "A path in the image or the project; empty where there is none.",
    "fix": "What to do.",
    "path": "In the image, relative to the root.",
    "type": "Kind of tar entry.",
    "mode": "Permissions, four octal digits.",
    "owner": "python:numpy, deb:libc6=2.36-9, python, lightship, application.",
    "why": "Why it is there.",
    "reason": "Why it was left out.",
}
_OTHER_WORDS = {
    (Side, "digest"): "Of the manifest.",
    (Side, "compressed_bytes"): "Of its layers, each blob once.",
    (Side, "layers"): "How many they are.",
    (LayerChange, "unpacked_bytes"): "Of its files; null for a layer that was not read.",
    (LayerChange, "files"): "What is no directory; null for a layer that was not read.",
    (PackageChange, "name"): "As the ecosystem compares names.",
    (DropSummary, "files"): "Files that the rule left out.",
    (DropSummary, "unpacked_bytes"): "Their bytes.",
    (Dropped, "unpacked_bytes"): "Its bytes.",
    (Finding, "unpacked_bytes"): "What it costs; null where it costs no bytes.",
    (Finding, "compressed_bytes"): "What it costs; null where it costs no bytes.",
}


_BY_PLATFORM = frozenset(
    {"digest", "platform", "python", "compressed_bytes", "unpacked_bytes", "files", "layers", "dropped", "findings",
     "kept_because"}
)  # fmt: skip
_BUILD_FINDING = tuple(
    field.name for field in dataclasses.fields(Finding) if field.name not in ("cause", "place", "seconds")
)
"""What lies in an image that is built has no instruction that put it there."""


def build_schema() -> _Schema:
    """Of ``lightship build --format json``."""
    sums = {
        "compressed_bytes": "Sum over the layers: what a registry stores.",
        "unpacked_bytes": "Sum over the layers.",
        "files": "Sum over the layers.",
    }
    properties: _Schema = {
        "schema": {"const": BUILD_SCHEMA},
        "reference": {"type": ["string", "null"], "description": "The image's first name."},
        "digest": {
            "type": "string",
            "pattern": _DIGEST,
            "description": "Of the image's manifest; of the index where several platforms were built.",
        },
        "output": {
            "description": "Where the image was written; a list when there are several.",
            "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        },
        "platform": {"type": "string", "description": "linux/amd64; of an index, that of its first image."},
        "python": {"type": "string", "description": "The full version of the image's interpreter."},
        **{name: {**_SIMPLE[int], "description": text} for name, text in sums.items()},
        "layers": {"type": "array", "items": _object(LayerSummary), "description": "Bottom first."},
        "dropped": {"type": "array", "items": _object(DropSummary), "description": "By rule, most bytes first."},
        "findings": {"type": "array", "items": _object(Finding, only=_BUILD_FINDING)},
        "kept_because": {
            "type": ["string", "null"],
            "description": "A file with every path of the image and why it is there: plan.schema.json.",
        },
        "seconds": {
            "type": "object",
            "additionalProperties": {"type": "number", "minimum": 0},
            "description": "Wall time by phase, in the order in which the phases began.",
        },
        "verified": {
            "type": ["boolean", "null"],
            "description": "Whether a probe of this image succeeded; null: none.",
        },
    }
    row: _Schema = {name: value for name, value in properties.items() if name in _BY_PLATFORM}
    row |= {"digest": {"type": "string", "pattern": _DIGEST, "description": "Of this platform's manifest."}}
    platforms: _Schema = {
        "type": "array",
        "minItems": 2,
        "items": {"type": "object", "properties": row, "required": list(row), "additionalProperties": False},
        "description": "Of a build for several platforms, in the index's order. What is counted outside of it (bytes, "
        "files, layers, dropped) is the first one's.",
    }
    return _document(
        "build",
        "What lightship build --format json prints.",
        {**properties, "platforms": platforms},
        required=list(properties),
    )


def diff_schema() -> _Schema:
    """Of ``lightship diff --format json``."""
    sums = {
        "pulled_bytes": "Compressed bytes of the layers that are new: what a node with the image before pulls.",
        "pulled_layers": "How many these are.",
        "metadata_bytes": "Of the manifest and the config that are pulled as well.",
        "kept_bytes": "Compressed bytes of the layers of the image after that are in the image before.",
        "kept_layers": "How many these are.",
        "gone_bytes": "Compressed bytes of the layers that only the image before has.",
        "unpacked_anew_layers": "Layers from the first one on that differs: an engine unpacks them again.",
        "unpacked_anew_compressed_bytes": "Their compressed bytes.",
    }
    totals: _Schema = {
        "type": "object",
        "properties": {
            **{name: {**_SIMPLE[int], "description": text} for name, text in sums.items()},
            "pulled_share": {"type": "number", "minimum": 0, "maximum": 1, "description": "Of the image after."},
            "unpacked_anew_bytes": {
                "type": ["integer", "null"],
                "minimum": 0,
                "description": "Bytes of their files; null where one of them was not read.",
            },
        },
        "required": sorted([*sums, "pulled_share", "unpacked_anew_bytes"]),
        "additionalProperties": False,
    }
    properties: _Schema = {
        "schema": {"const": DIFF_SCHEMA},
        "before": _object(Side),
        "after": _object(Side),
        "totals": totals,
        "explanation": {
            "type": "object",
            "properties": {
                "sentence": {"type": "string", "description": "What the growth is made of."},
                "of": {"enum": ["unpacked", "compressed"], "description": "Which bytes: packages' or layers'."},
                "grown_bytes": {"type": "integer", "description": "More than before; negative: less."},
            },
            "required": ["grown_bytes", "of", "sentence"],
            "additionalProperties": False,
        },
        "layers": {
            "type": "array",
            "items": _object(LayerChange),
            "description": "Of the image after, bottom first; then those that only the image before has.",
        },
        "packages": {
            "type": ["array", "null"],
            "items": _object(PackageChange),
            "description": "What differs in layers that changed, by ecosystem and name; null with --no-packages.",
        },
    }
    return _document("diff", "What lightship diff --format json prints.", properties, required=list(properties))


def plan_schema() -> _Schema:
    """Of ``lightship build --plan``, and of the file that ``kept_because`` names."""
    entry = _object(
        Entry,
        only=("path", "type", "owner", "why"),
        further={
            "mode": {"type": "string", "pattern": "^[0-7]{4}$", "description": _WORDS["mode"]},
            "unpacked_bytes": {**_SIMPLE[int], "description": "Bytes of a file; 0 for what is none."},
        },
    )
    optional: _Schema = {
        "link_target": {"type": "string", "description": "Where a link points; links have it."},
        "from": {
            "enum": ["spliced", "copied", "made"],
            "description": "Whether a file's compressed bytes are a wheel's own, are copied, or were made here.",
        },
    }
    known = entry["properties"]
    entry["properties"] = {**(known if isinstance(known, dict) else {}), **optional}
    layer: _Schema = {
        "type": "object",
        "properties": {
            "layer": {"type": "string", "description": _WORDS["name"]},
            "created_by": {"type": "string", "description": _WORDS["created_by"]},
            "files": {"type": "array", "items": entry, "description": "What the layer holds, in its order."},
            "dropped": {"type": "array", "items": _object(Dropped), "description": "What was left out of it."},
        },
        "required": ["created_by", "dropped", "files", "layer"],
        "additionalProperties": False,
    }
    properties: _Schema = {
        "schema": {"const": "lightship/plan/1"},
        "platform": {"type": "string", "description": "linux/amd64; only printed by --plan."},
        "config": {"type": "object", "description": "The image's config (OCI image-spec 1.1); only printed by --plan."},
        "annotations": {"type": "object", "description": "The manifest's annotations; only printed by --plan."},
        "layers": {"type": "array", "items": layer, "description": "Bottom first."},
    }
    title = "What lightship build --plan prints, and the file that kept_because of a build names."
    return _document("plan", title, properties, required=["layers", "schema"])


def _document(name: str, title: str, properties: _Schema, *, required: list[str]) -> _Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:lightship:{name}:1",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": sorted(required),
        "additionalProperties": False,
    }


def _object(value: type, *, only: tuple[str, ...] = (), further: Mapping[str, _Schema] | None = None) -> _Schema:
    """The object that a dataclass is printed as: the fields ``only``, or all of them, and what is printed beside."""
    hints: Mapping[str, object] = typing.get_type_hints(value)
    names = only or tuple(field.name for field in dataclasses.fields(value))
    properties: _Schema = dict(further or {})
    for name in names:
        words = _OTHER_WORDS.get((value, name)) or _WORDS[name]
        extra = {"pattern": _DIGEST} if name in ("digest", "diff_id") else {}
        properties[name] = {**_type(hints[name]), **extra, "description": words}
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _type(hint: object) -> _Schema:
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if hint == dict[str, str]:
        return {"type": "object", "additionalProperties": {"type": "string"}}
    if typing.get_origin(hint) is typing.Literal:
        return {"enum": list(typing.get_args(hint))}
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        parts = [part for part in typing.get_args(hint) if part is not types.NoneType]
        return {"anyOf": [*map(_type, parts), {"type": "null"}]}
    raise TypeError(f"no JSON for {hint}")
