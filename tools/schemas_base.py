"""JSON Schema of what ``lightship base --format json`` prints."""

from collections.abc import Mapping

from lightship.flows.base_fit_report import BASE_SCHEMA

__all__ = ["base_schema"]

_Schema = dict[str, object]

_TEXT: _Schema = {"type": "string"}
_TEXT_OR_NULL: _Schema = {"type": ["string", "null"]}
_FLAG: _Schema = {"type": "boolean"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}
_COUNT_OR_NULL: _Schema = {"type": ["integer", "null"], "minimum": 0}
_NAMES: _Schema = {"type": "array", "items": _TEXT}


def base_schema() -> _Schema:
    """Of ``lightship base --format json``."""
    python = {"version": _told(_TEXT, "Full: markers hang on it."), "why": _told(_TEXT, "Who says so.")}
    properties: _Schema = {
        "schema": {"const": BASE_SCHEMA},
        "verdict": _told(_TEXT, "One sentence about Alpine, without a full stop."),
        "advice": _told(_TEXT, "One sentence about what to take."),
        "lock": _told(_TEXT, "The lock file's name."),
        "python": _object(python),
        "platform": _told(_TEXT, "linux/amd64: what the ranking is for."),
        "packages": _told(_COUNT, "How many apply to it."),
        "ranking": _list(
            _row(), "Best first: what fits, what is not known, what compiles, what is closed; each by bytes."
        ),
        "machines": _list(_machine(), "What the lock offers each; the platform's first."),
        "needs": _needs(),
        "against": _list(_asked(), "Images that were asked about."),
        "notes": _NAMES,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:base:1",
        "title": "What lightship base --format json prints.",
        **_object(properties),
    }


def _row() -> _Schema:
    packages = {
        "wheels": _told(_COUNT, "Packages that have one for this base."),
        "builds": _told(_NAMES, "Built from their source."),
        "compiles": _told(_NAMES, "Those of them that have a wheel for another C library, or a newer one."),
        "missing": _told(_NAMES, "Neither a wheel for this base nor a source."),
        "unknown": _told(_NAMES, "The lock names no files."),
        "compressed_bytes": _told(_COUNT, "Sum of the wheels' sizes in the lock."),
        "estimated": _told(
            _COUNT, "Packages that count with a wheel which this base does not get, or with their sdist."
        ),
        "unsized": _told(_COUNT, "Packages that are not in the sum: the lock has no size of them."),
    }
    keys = ["closure", "slim", "full", "distroless", "wolfi", "ubuntu", "alpine"]
    return _object(
        {
            "rank": {"type": "integer", "minimum": 1},
            "key": {"enum": keys},
            "title": _TEXT,
            "image": _told(_TEXT_OR_NULL, "What FROM would name; null for the closure."),
            "addition": _told(_TEXT_OR_NULL, "The package of the interpreter, where the image has none."),
            "libc": _told({"enum": ["glibc", "musl", None]}, "Null: none."),
            "libc_version": _told(_TEXT_OR_NULL, "Null: it rolls, or is not known."),
            "release": _told(_TEXT_OR_NULL, "Codename or version of the distribution."),
            "python": _told(_TEXT_OR_NULL, "Null: it has none of the wanted version."),
            "status": {"enum": ["fits", "unknown", "compiles", "closed"]},
            "base": _figure(),
            "packages": _object(packages),
            "total_compressed_bytes": _told(
                _COUNT_OR_NULL, "Base and packages; null where the base's size is not known, or nothing comes of it."
            ),
            "reasons": _list(_reason(), "Why it is not the first."),
            "traps": _list(_trap(), "What is known to go wrong on it."),
        }
    )


def _figure() -> _Schema:
    figure = {
        "compressed_bytes": _COUNT,
        "unpacked_bytes": _COUNT_OR_NULL,
        "measured": _told(_FLAG, "By a registry, or made here; else cited."),
        "at_least": _told(_FLAG, "The interpreter, or what some wheels need, comes on top."),
        "source": _TEXT,
        "date": _TEXT,
    }
    return {"anyOf": [_object(figure), {"type": "null"}], "description": "Of the base alone; null: not known."}


def _reason() -> _Schema:
    return _object(
        {
            "code": _TEXT,
            "message": _TEXT,
            "closed": _told(_FLAG, "Building there does not help."),
            "packages": _told(_NAMES, "Those it is about."),
        }
    )


def _trap() -> _Schema:
    return _object({"code": _TEXT, "text": _TEXT, "remedy": _TEXT_OR_NULL, "source": _TEXT, "date": _TEXT})


def _machine() -> _Schema:
    offer = _object(
        {
            "name": _TEXT,
            "version": _TEXT,
            "sdist": _FLAG,
            "glibc": _told(
                _TEXT_OR_NULL, "The oldest that one of its wheels accepts, by tags; null: none, or untagged."
            ),
            "musl": _told(_TEXT_OR_NULL, "The same for musl."),
            "required_by": _NAMES,
        }
    )
    kinds = {
        "both": "Compiled, with wheels for glibc and for musl.",
        "manylinux": "Compiled, with wheels for glibc only.",
        "musllinux": "Compiled, with wheels for musl only.",
        "source": "An sdist, a directory or a repository only.",
        "nothing": "No wheel that fits, and no sdist.",
        "unlisted": "The lock names no files.",
    }
    counts = {"pure": _COUNT, **dict.fromkeys(kinds, _COUNT)}
    return _object(
        {
            "machine": _told(_TEXT, "x86_64"),
            "packages": _COUNT,
            "counts": _object(counts),
            **{kind: _list(offer, text) for kind, text in kinds.items()},
        }
    )


def _needs() -> _Schema:
    exact = _object({"family": _TEXT, "version": _TEXT, "packages": _NAMES})
    library = _object({"soname": _TEXT, "packages": _NAMES, "from_host": _told(_FLAG, "A GPU's driver brings it.")})
    return _object(
        {
            "glibc": _told(_TEXT_OR_NULL, "The oldest for which every compiled package has a wheel, by tags."),
            "glibc_wanted_by": _NAMES,
            "compiled": _told(_COUNT, "Packages with compiled wheels for glibc."),
            "read": _told(_COUNT, "Those whose wheels are in the cache and were read."),
            "exact": _list(exact, "The highest symbol versions that these ask of libraries from outside."),
            "libraries": _list(library, "What these ask for and do not bring."),
        }
    )


def _asked() -> _Schema:
    return _object(
        {
            "name": _TEXT,
            "fits": _FLAG,
            "family": _told(_TEXT_OR_NULL, "Null: the name does not tell."),
            "libc": {"enum": ["glibc", "musl", None]},
            "libc_version": _TEXT_OR_NULL,
            "python": _TEXT_OR_NULL,
            "reasons": _list(_reason(), "Why not; empty where it fits."),
            "base": _figure(),
            "total_compressed_bytes": _COUNT_OR_NULL,
            "more_bytes": _told({"type": ["integer", "null"]}, "Than the first of the ranking."),
            "traps": _list(_trap(), "What is known to go wrong on it."),
        }
    )


def _object(properties: Mapping[str, object]) -> _Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _list(items: _Schema, text: str) -> _Schema:
    return {"type": "array", "items": items, "description": text}


def _told(schema: _Schema, text: str) -> _Schema:
    return {**schema, "description": text}
