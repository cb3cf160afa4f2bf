"""Everything of an image below the application: what a changed line of the project leaves as it was.

It is a value that is remembered by everything it depends on. A build whose project has changed in its own files alone
starts from it, and asks neither locks nor wheels nor the base's packages.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightship.ecosystem.python.interpreter import Interpreter
from lightship.ecosystem.python.target import Target
from lightship.findings import Finding
from lightship.flows.blobs import blob_of
from lightship.flows.outcome import DropSummary, LayerSummary
from lightship.flows.sources import source_sha256
from lightship.oci.platform import Platform
from lightship.store.cache import Cache
from lightship.values import dataclass

if TYPE_CHECKING:  # a compiler is started by what is remembered here, before all that is imported
    from lightship.build.bytecode import BytecodeMode
    from lightship.flows.layers import MadeLayer

__all__ = ["CompilerRoot", "Lower", "LowerLayer", "find_lower", "remember_lower"]

_KIND = "lower"
_VERSION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerLayer:
    """A finished layer. ``explanation`` names a file of the cache's ``explanations``; a base image's layer has none."""

    summary: LayerSummary
    dropped: tuple[DropSummary, ...] = ()
    explanation: str = ""

    @classmethod
    def of(cls, made: "MadeLayer") -> "LowerLayer":
        """The finished layer that ``made`` is."""
        return cls(summary=made.summary, dropped=made.dropped, explanation=made.explanation.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilerRoot:
    """A root of this machine whose ``interpreter`` compiles for an image of another: same CPython, same bytecode.
    ``key`` names its bytes: those of ``layers``, or without any of a root that the cache has under that key."""

    interpreter: Interpreter
    key: str
    layers: tuple[LayerSummary, ...] = ()

    def is_there(self, cache: Cache) -> bool:
        """True when what the root is made of is in the cache."""
        if not self.layers:
            return cache.path("rootfs", self.key).is_dir()
        return all(blob_of(layer, cache) is not None for layer in self.layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lower:
    """``layers`` bottom first: ``taken`` of them are a base image's, the lowest ``rooted`` make a root in which the
    interpreter runs, which ``root_key`` names; for another machine it is ``compiler`` that compiles. ``env``,
    ``history`` and ``digest`` are the base's. ``trace_key`` is what ``startup`` was traced for, or taken over for;
    ``first_files`` are what a start reads, in that order, where layers care (eStargz)."""

    platform: Platform
    interpreter: Interpreter
    layers: tuple[LowerLayer, ...]
    taken: int
    rooted: int
    root_key: str
    env: Mapping[str, str]
    history: tuple[Mapping[str, object], ...]
    digest: str
    mode: "BytecodeMode"
    startup: tuple[str, ...]
    findings: tuple[Finding, ...]
    compiler: CompilerRoot | None = None
    trace_key: str = ""
    first_files: tuple[str, ...] = ()

    @property
    def own_compiler(self) -> CompilerRoot:
        """The root of this image itself, for its kin on other machines."""
        layers = tuple(layer.summary for layer in self.layers[: self.rooted])
        return CompilerRoot(interpreter=self.interpreter, key=self.root_key, layers=layers)


def remember_lower(cache: Cache, key: str, project: Path, lower: Lower, sources: Sequence[Path]) -> None:
    """Keep ``lower`` for `find_lower`; ``sources`` are what was read beside, kept relative to ``project``."""
    document = {
        "version": _VERSION,
        "sources": [[os.path.relpath(path, project), source_sha256(path)] for path in sources],
        "lower": asdict(lower),
    }
    with cache.write(_KIND, key) as stream:
        stream.write(json.dumps(document).encode())


def find_lower(cache: Cache, key: str, project: Path) -> tuple[Lower, tuple[Path, ...]] | None:
    """What was remembered, and its sources; None when one of them has changed, or a layer is gone or damaged."""
    found = cache.find(_KIND, key)
    if found is None:
        return None
    try:
        document = json.loads(found.read_bytes())
        if document["version"] != _VERSION:
            return None
        if any(source_sha256(project / path) != sha256 for path, sha256 in document["sources"]):
            return None
        lower = _lower(document["lower"])
        whole = all(blob_of(layer.summary, cache) is not None for layer in lower.layers)
        whole = whole and (lower.compiler is None or lower.compiler.is_there(cache))
        told = all(cache.find("explanations", layer.explanation) for layer in lower.layers if layer.explanation)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # a damaged record is no record
    return (lower, tuple(project / path for path, _ in document["sources"])) if whole and told else None


def _lower(values: dict[str, Any]) -> Lower:
    compiler = values["compiler"]
    layers = tuple(
        LowerLayer(
            summary=replace(LayerSummary(**layer["summary"]), cached=True),
            dropped=tuple(DropSummary(**drop) for drop in layer["dropped"]),
            explanation=layer["explanation"],
        )
        for layer in values["layers"]
    )
    known = {field.name: values[field.name] for field in fields(Lower)}
    known |= {
        "platform": Platform(**values["platform"]),
        "interpreter": _interpreter(values["interpreter"]),
        "compiler": _compiler(compiler) if compiler is not None else None,
        "layers": layers,
        "history": tuple(values["history"]),
        "startup": tuple(values["startup"]),
        "first_files": tuple(values["first_files"]),
        "findings": tuple(Finding(**finding) for finding in values["findings"]),
    }
    return Lower(**known)


def _interpreter(values: dict[str, Any]) -> Interpreter:
    target = dict(values["target"])
    target |= {"platform": Platform(**target["platform"]), "libc_version": tuple(target["libc_version"])}
    made = values | {"target": Target(**target)}
    made |= {name: tuple(values[name]) for name in ("stdlib", "library_path")}
    return Interpreter(**made)


def _compiler(values: dict[str, Any]) -> CompilerRoot:
    layers = tuple(LayerSummary(**layer) for layer in values["layers"])
    return CompilerRoot(interpreter=_interpreter(values["interpreter"]), key=values["key"], layers=layers)
