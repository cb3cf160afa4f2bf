"""JSON Schema of what ``lightship analyze --format json`` prints."""

import typing
from collections.abc import Mapping

from lightship.findings import Safety, Severity
from lightship.flows.analyze import ANALYZE_SCHEMA

__all__ = ["analyze_schema"]

_Schema = dict[str, object]

_COUNT: _Schema = {"type": "integer", "minimum": 0}
_COUNT_OR_NULL: _Schema = {"type": ["integer", "null"], "minimum": 0}
_TEXT: _Schema = {"type": "string"}
_TEXT_OR_NULL: _Schema = {"type": ["string", "null"]}
_FLAG: _Schema = {"type": "boolean"}
_DIGEST: _Schema = {"type": "string", "pattern": "^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$"}
_TEXTS: _Schema = {"type": "array", "items": _TEXT}


def analyze_schema() -> _Schema:
    """Of ``lightship analyze --format json``."""
    image = {
        "reference": _told(_TEXT, "As it was given."),
        "digest": _told(_DIGEST, "Of the manifest; of the one that is made for a docker-archive, which has none."),
        "platform": _told(_TEXT, "linux/amd64"),
        "layers": _list(_layer(), "Bottom first."),
    }
    properties: _Schema = {
        "schema": {"const": ANALYZE_SCHEMA},
        "image": _object(image),
        "totals": _object(_totals()),
        "packages": _list(_package(), "Most unpacked bytes first."),
        "unowned": _list(_place(), "Visible files that no package owns, by place; most unpacked bytes first."),
        "findings": _list(_finding(), "Most unpacked bytes first."),
        "complete": _told(_FLAG, "Every layer was understood. Where one was not, the sums are without it."),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:analyze:1",
        "title": "What lightship analyze --format json prints.",
        **_object(properties),
    }


def _layer() -> _Schema:
    return _object(
        {
            "digest": _told(_DIGEST, "Of the blob."),
            "diff_id": _told(_DIGEST, "Of the plain tar."),
            "media_type": _told(_TEXT, "As in the manifest."),
            "compression": {"enum": ["none", "gzip", "zstd", "unknown"]},
            "compressed_bytes": _told(_COUNT, "Of the blob: what travels."),
            "unpacked_bytes": _told(_COUNT, "Of its files: what lies on disk."),
            "tar_bytes": _told(_COUNT, "Of its plain tar."),
            "files": _told(_COUNT, "What is neither directory nor whiteout."),
            "wasted_bytes": _told(_COUNT, "Of its files, those that a higher layer hides."),
            "created_by": _told(_TEXT, "As in the config's history."),
            "instruction": _told(_TEXT, "The same in the words of a Dockerfile."),
            "unique": _told(_FLAG, "No image given with --beside has the blob."),
            "understood": _told(_FLAG, "False: encrypted, foreign and not there, or no tar; nothing of it is counted."),
        }
    )


def _totals() -> dict[str, _Schema]:
    return {
        "compressed_bytes": _told(_COUNT, "Of the layers' blobs, each once: what travels."),
        "unpacked_bytes": _told(_COUNT, "Of the files of all layers: visible_bytes and wasted_bytes."),
        "unique_bytes": _told(_COUNT, "Compressed bytes of layers that no image given with --beside has."),
        "visible_bytes": _told(_COUNT, "What a container sees: the packages' bytes and unowned_bytes."),
        "wasted_bytes": _told(_COUNT, "Hidden by higher layers: all copies but the visible one."),
        "wasted_compressed_bytes": _told(_COUNT, "Their share of the blobs."),
        "unowned_bytes": _told(_COUNT, "Visible, and no package's."),
        "files": _told(_COUNT, "Visible, directories not counted."),
        "efficiency": _told({"type": "number", "minimum": 0, "maximum": 1}, "visible_bytes / unpacked_bytes."),
    }


def _package() -> _Schema:
    return _object(
        {
            "ecosystem": {"enum": ["deb", "apk", "conda", "python", "npm", "go", "rust"]},
            "name": _TEXT,
            "version": _TEXT,
            "architecture": _told(_TEXT, "Empty where the ecosystem names none."),
            "unpacked_bytes": _told(_COUNT, "Of the files that it owns, each once."),
            "compressed_bytes": _told(_COUNT, "Their share of the blobs, measured to some 256 KiB of tar."),
            "files": _told(_COUNT, "How many they are."),
            "location": _told(_TEXT, "The file that tells of it."),
            "layer": _told(_COUNT, "Index of the layer which has that file, from the bottom, from 0."),
            "requires": _told(_TEXTS, "Packages of its ecosystem that it needs and that are there."),
            "required_by": _told(_TEXTS, "Why it is here: packages that need it."),
            "missing": _told(_TEXTS, "What it needs and nothing provides."),
            "within": _told(_TEXT_OR_NULL, "ecosystem:name of the package that has its files, and their bytes."),
            "requested": _told({"type": ["boolean", "null"]}, "Asked for by name; null where nothing tells."),
        }
    )


def _place() -> _Schema:
    return _object(
        {
            "path": _told(_TEXT, "A directory; empty for the root. What is told of places below it is not counted."),
            "unpacked_bytes": _COUNT,
            "compressed_bytes": _COUNT,
            "files": _COUNT,
        }
    )


def _finding() -> _Schema:
    cause = _object(
        {
            "layer": _told(_COUNT, "Index from the bottom, from 0."),
            "digest": _told(_DIGEST, "Of its blob."),
            "instruction": _told(_TEXT, "What made it."),
        }
    )
    return _object(
        {
            "code": _told(_TEXT, "The kind of finding; never reused."),
            "severity": {"enum": list(typing.get_args(Severity))},
            "title": _told(_TEXT, "The kind of finding in words."),
            "message": _told(_TEXT, "One sentence."),
            "location": _told(_TEXT, "A path in the image; empty where there is none."),
            "unpacked_bytes": _told(_COUNT_OR_NULL, "What it costs; null where it costs no bytes."),
            "compressed_bytes": _told(_COUNT_OR_NULL, "What it costs; null where it costs no bytes."),
            "safety": {"enum": [*typing.get_args(Safety), None]},
            "fix": _told(_TEXT_OR_NULL, "What to do."),
            "cause": {"anyOf": [cause, {"type": "null"}], "description": "The layer and the instruction that did it."},
        }
    )


def _told(schema: _Schema, description: str) -> _Schema:
    return {**schema, "description": description}


def _list(items: _Schema, description: str) -> _Schema:
    return {"type": "array", "items": items, "description": description}


def _object(properties: Mapping[str, object]) -> _Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": sorted(properties),
        "additionalProperties": False,
    }
