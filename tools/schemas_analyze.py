"""JSON Schema of what ``lightship analyze --format json`` prints."""

import typing

from tools.schema_parts import list_of, object_of, told

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
        "reference": told(_TEXT, "As it was given."),
        "digest": told(_DIGEST, "Of the manifest; of the one that is made for a docker-archive, which has none."),
        "platform": told(_TEXT, "linux/amd64"),
        "layers": list_of(_layer(), "Bottom first."),
    }
    properties: _Schema = {
        "schema": {"const": ANALYZE_SCHEMA},
        "image": object_of(image),
        "totals": object_of(_totals()),
        "packages": list_of(_package(), "Most unpacked bytes first."),
        "unowned": list_of(_place(), "Visible files that no package owns, by place; most unpacked bytes first."),
        "findings": list_of(_finding(), "Most unpacked bytes first."),
        "complete": told(_FLAG, "Every layer was understood. Where one was not, the sums are without it."),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:analyze:1",
        "title": "What lightship analyze --format json prints.",
        **object_of(properties),
    }


def _layer() -> _Schema:
    return object_of(
        {
            "digest": told(_DIGEST, "Of the blob."),
            "diff_id": told(_DIGEST, "Of the plain tar."),
            "media_type": told(_TEXT, "As in the manifest."),
            "compression": {"enum": ["none", "gzip", "zstd", "unknown"]},
            "compressed_bytes": told(_COUNT, "Of the blob: what travels."),
            "unpacked_bytes": told(_COUNT, "Of its files: what lies on disk."),
            "tar_bytes": told(_COUNT, "Of its plain tar."),
            "files": told(_COUNT, "What is neither directory nor whiteout."),
            "wasted_bytes": told(_COUNT, "Of its files, those that a higher layer hides."),
            "created_by": told(_TEXT, "As in the config's history."),
            "instruction": told(_TEXT, "The same in the words of a Dockerfile."),
            "unique": told(_FLAG, "No image given with --beside has the blob."),
            "understood": told(_FLAG, "False: encrypted, foreign and not there, or no tar; nothing of it is counted."),
        }
    )


def _totals() -> dict[str, _Schema]:
    return {
        "compressed_bytes": told(_COUNT, "Of the layers' blobs, each once: what travels."),
        "unpacked_bytes": told(_COUNT, "Of the files of all layers: visible_bytes and wasted_bytes."),
        "unique_bytes": told(_COUNT, "Compressed bytes of layers that no image given with --beside has."),
        "visible_bytes": told(_COUNT, "What a container sees: the packages' bytes and unowned_bytes."),
        "wasted_bytes": told(_COUNT, "Hidden by higher layers: all copies but the visible one."),
        "wasted_compressed_bytes": told(_COUNT, "Their share of the blobs."),
        "unowned_bytes": told(_COUNT, "Visible, and no package's."),
        "files": told(_COUNT, "Visible, directories not counted."),
        "efficiency": told({"type": "number", "minimum": 0, "maximum": 1}, "visible_bytes / unpacked_bytes."),
    }


def _package() -> _Schema:
    return object_of(
        {
            "ecosystem": {"enum": ["deb", "apk", "conda", "python", "npm", "go", "rust"]},
            "name": _TEXT,
            "version": _TEXT,
            "architecture": told(_TEXT, "Empty where the ecosystem names none."),
            "unpacked_bytes": told(_COUNT, "Of the files that it owns, each once."),
            "compressed_bytes": told(_COUNT, "Their share of the blobs, measured to some 256 KiB of tar."),
            "files": told(_COUNT, "How many they are."),
            "location": told(_TEXT, "The file that tells of it."),
            "layer": told(_COUNT, "Index of the layer which has that file, from the bottom, from 0."),
            "requires": told(_TEXTS, "Packages of its ecosystem that it needs and that are there."),
            "required_by": told(_TEXTS, "Why it is here: packages that need it."),
            "missing": told(_TEXTS, "What it needs and nothing provides."),
            "within": told(_TEXT_OR_NULL, "ecosystem:name of the package that has its files, and their bytes."),
            "requested": told({"type": ["boolean", "null"]}, "Asked for by name; null where nothing tells."),
        }
    )


def _place() -> _Schema:
    return object_of(
        {
            "path": told(_TEXT, "A directory; empty for the root. What is told of places below it is not counted."),
            "unpacked_bytes": _COUNT,
            "compressed_bytes": _COUNT,
            "files": _COUNT,
        }
    )


def _finding() -> _Schema:
    cause = object_of(
        {
            "layer": told(_COUNT, "Index from the bottom, from 0."),
            "digest": told(_DIGEST, "Of its blob."),
            "instruction": told(_TEXT, "What made it."),
        }
    )
    return object_of(
        {
            "code": told(_TEXT, "The kind of finding; never reused."),
            "severity": {"enum": list(typing.get_args(Severity))},
            "title": told(_TEXT, "The kind of finding in words."),
            "message": told(_TEXT, "One sentence."),
            "location": told(_TEXT, "A path in the image; empty where there is none."),
            "unpacked_bytes": told(_COUNT_OR_NULL, "What it costs; null where it costs no bytes."),
            "compressed_bytes": told(_COUNT_OR_NULL, "What it costs; null where it costs no bytes."),
            "safety": {"enum": [*typing.get_args(Safety), None]},
            "fix": told(_TEXT_OR_NULL, "What to do."),
            "cause": {"anyOf": [cause, {"type": "null"}], "description": "The layer and the instruction that did it."},
        }
    )
