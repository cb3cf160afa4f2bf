"""JSON Schema of what ``lightship base --format json`` prints."""

from tools.schema_parts import list_of, object_of, told

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
    python = {"version": told(_TEXT, "Full: markers hang on it."), "why": told(_TEXT, "Who says so.")}
    properties: _Schema = {
        "schema": {"const": BASE_SCHEMA},
        "verdict": told(_TEXT, "One sentence about Alpine, without a full stop."),
        "advice": told(_TEXT, "One sentence about what to take."),
        "lock": told(_TEXT, "The lock file's name."),
        "python": object_of(python),
        "platform": told(_TEXT, "linux/amd64: what the ranking is for."),
        "packages": told(_COUNT, "How many apply to it."),
        "ranking": list_of(
            _row(), "Best first: what fits, what is not known, what compiles, what is closed; each by bytes."
        ),
        "machines": list_of(_machine(), "What the lock offers each; the platform's first."),
        "needs": _needs(),
        "against": list_of(_asked(), "Images that were asked about."),
        "notes": _NAMES,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:base:1",
        "title": "What lightship base --format json prints.",
        **object_of(properties),
    }


def _row() -> _Schema:
    packages = {
        "wheels": told(_COUNT, "Packages that have one for this base."),
        "builds": told(_NAMES, "Built from their source."),
        "compiles": told(_NAMES, "Those of them that have a wheel for another C library, or a newer one."),
        "missing": told(_NAMES, "Neither a wheel for this base nor a source."),
        "unknown": told(_NAMES, "The lock names no files."),
        "compressed_bytes": told(_COUNT, "Sum of the wheels' sizes in the lock."),
        "estimated": told(
            _COUNT, "Packages that count with a wheel which this base does not get, or with their sdist."
        ),
        "unsized": told(_COUNT, "Packages that are not in the sum: the lock has no size of them."),
    }
    keys = ["closure", "slim", "full", "distroless", "wolfi", "ubuntu", "alpine"]
    return object_of(
        {
            "rank": {"type": "integer", "minimum": 1},
            "key": {"enum": keys},
            "title": _TEXT,
            "image": told(_TEXT_OR_NULL, "What FROM would name; null for the closure."),
            "addition": told(_TEXT_OR_NULL, "The package of the interpreter, where the image has none."),
            "libc": told({"enum": ["glibc", "musl", None]}, "Null: none."),
            "libc_version": told(_TEXT_OR_NULL, "Null: it rolls, or is not known."),
            "release": told(_TEXT_OR_NULL, "Codename or version of the distribution."),
            "python": told(_TEXT_OR_NULL, "Null: it has none of the wanted version."),
            "status": {"enum": ["fits", "unknown", "compiles", "closed"]},
            "base": _figure(),
            "packages": object_of(packages),
            "total_compressed_bytes": told(
                _COUNT_OR_NULL, "Base and packages; null where the base's size is not known, or nothing comes of it."
            ),
            "reasons": list_of(_reason(), "Why it is not the first."),
            "traps": list_of(_trap(), "What is known to go wrong on it."),
        }
    )


def _figure() -> _Schema:
    figure = {
        "compressed_bytes": _COUNT,
        "unpacked_bytes": _COUNT_OR_NULL,
        "measured": told(_FLAG, "By a registry, or made here; else cited."),
        "at_least": told(_FLAG, "The interpreter, or what some wheels need, comes on top."),
        "source": _TEXT,
        "date": _TEXT,
    }
    return {"anyOf": [object_of(figure), {"type": "null"}], "description": "Of the base alone; null: not known."}


def _reason() -> _Schema:
    return object_of(
        {
            "code": _TEXT,
            "message": _TEXT,
            "closed": told(_FLAG, "Building there does not help."),
            "packages": told(_NAMES, "Those it is about."),
        }
    )


def _trap() -> _Schema:
    return object_of({"code": _TEXT, "text": _TEXT, "remedy": _TEXT_OR_NULL, "source": _TEXT, "date": _TEXT})


def _machine() -> _Schema:
    offer = object_of(
        {
            "name": _TEXT,
            "version": _TEXT,
            "sdist": _FLAG,
            "glibc": told(
                _TEXT_OR_NULL, "The oldest that one of its wheels accepts, by tags; null: none, or untagged."
            ),
            "musl": told(_TEXT_OR_NULL, "The same for musl."),
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
    return object_of(
        {
            "machine": told(_TEXT, "x86_64"),
            "packages": _COUNT,
            "counts": object_of(counts),
            **{kind: list_of(offer, text) for kind, text in kinds.items()},
        }
    )


def _needs() -> _Schema:
    exact = object_of({"family": _TEXT, "version": _TEXT, "packages": _NAMES})
    library = object_of({"soname": _TEXT, "packages": _NAMES, "from_host": told(_FLAG, "A GPU's driver brings it.")})
    return object_of(
        {
            "glibc": told(_TEXT_OR_NULL, "The oldest for which every compiled package has a wheel, by tags."),
            "glibc_wanted_by": _NAMES,
            "compiled": told(_COUNT, "Packages with compiled wheels for glibc."),
            "read": told(_COUNT, "Those whose wheels are in the cache and were read."),
            "exact": list_of(exact, "The highest symbol versions that these ask of libraries from outside."),
            "libraries": list_of(library, "What these ask for and do not bring."),
        }
    )


def _asked() -> _Schema:
    return object_of(
        {
            "name": _TEXT,
            "fits": _FLAG,
            "family": told(_TEXT_OR_NULL, "Null: the name does not tell."),
            "libc": {"enum": ["glibc", "musl", None]},
            "libc_version": _TEXT_OR_NULL,
            "python": _TEXT_OR_NULL,
            "reasons": list_of(_reason(), "Why not; empty where it fits."),
            "base": _figure(),
            "total_compressed_bytes": _COUNT_OR_NULL,
            "more_bytes": told({"type": ["integer", "null"]}, "Than the first of the ranking."),
            "traps": list_of(_trap(), "What is known to go wrong on it."),
        }
    )
