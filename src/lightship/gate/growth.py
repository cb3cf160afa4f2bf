"""A sentence that explains growth: ``+41.2 MB unpacked: pyarrow 17.0 → 18.1 (+29.8), new: duckdb (+11.4)``.

By packages where both sides' are known, else by layers. Amounts are in the unit of the whole; what is too small to be
told, or to be seen at that precision, is the rest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from lightship.gate.measures import LayerSize, PackageSize

__all__ = ["Change", "Explanation", "explain", "layer_changes", "package_changes"]

_MOST_TOLD = 5
_WORDS = 48
_UNITS = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3), ("B", 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is more or less. ``before`` and ``after`` are versions, or empty where that image lacks it, or of layers."""

    state: Literal["changed", "new", "gone"]
    what: str
    before: str = ""
    after: str = ""
    grown_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """``grown_bytes`` are the whole's; ``changes`` most bytes first, and they need not add up to it: the rest belongs
    to nobody. ``of`` says what kind of bytes they are."""

    sentence: str
    of: Literal["unpacked", "compressed"]
    grown_bytes: int
    changes: tuple[Change, ...]


def explain(changes: Iterable[Change], grown_bytes: int, of: Literal["unpacked", "compressed"]) -> Explanation:
    """The sentence for ``changes`` of an image that grew by ``grown_bytes`` (less than 0: it shrank)."""
    ordered = sorted(changes, key=lambda change: (-abs(change.grown_bytes), change.what))
    largest = max([abs(grown_bytes), *(abs(change.grown_bytes) for change in ordered)])
    unit, factor = next((each for each in _UNITS if largest >= each[1]), _UNITS[-1])
    told, rest = [], grown_bytes
    for change in ordered[:_MOST_TOLD]:
        amount = _amount(change.grown_bytes, factor)
        if amount.strip("+-0."):
            told.append(f"{_called(change)} ({amount})")
            rest -= change.grown_bytes
    if told and _amount(rest, factor).strip("+-0."):
        told.append(f"the rest ({_amount(rest, factor)})")
    head = f"{_amount(grown_bytes, factor)} {unit} {of}" if grown_bytes else f"no growth of {of} bytes"
    sentence = f"{head}: {', '.join(told)}" if told else head
    return Explanation(sentence=sentence, of=of, grown_bytes=grown_bytes, changes=tuple(ordered))


def package_changes(before: Sequence[PackageSize], after: Sequence[PackageSize]) -> tuple[Change, ...]:
    """Packages that one side lacks, or that have another version or other bytes."""
    old, new = _by_name(before), _by_name(after)
    changes: list[Change] = []
    for key in sorted(old.keys() | new.keys()):
        (old_version, old_bytes), (new_version, new_bytes) = old.get(key, ("", 0)), new.get(key, ("", 0))
        if old.get(key) == new.get(key):
            continue
        ecosystem, name = key
        changes.append(
            Change(
                state="new" if key not in old else "gone" if key not in new else "changed",
                what=name if ecosystem == "python" else f"{ecosystem}:{name}",
                before=old_version,
                after=new_version,
                grown_bytes=new_bytes - old_bytes,
            )
        )
    return tuple(changes)


def layer_changes(before: Sequence[LayerSize], after: Sequence[LayerSize]) -> tuple[Change, ...]:
    """Layers that only one side has; those of both sides that the same instruction made are one change."""
    kept = {layer.digest for layer in before} & {layer.digest for layer in after}
    gone = [layer for layer in before if layer.digest not in kept]
    changes: list[Change] = []
    for layer in dict.fromkeys(layer for layer in after if layer.digest not in kept):
        old = next((each for each in gone if layer.created_by and each.created_by == layer.created_by), None)
        if old is not None:
            gone.remove(old)
        changes.append(
            Change(
                state="changed" if old else "new",
                what=_layer(layer),
                grown_bytes=layer.compressed_bytes - (old.compressed_bytes if old else 0),
            )
        )
    lost = [Change(state="gone", what=_layer(layer), grown_bytes=-layer.compressed_bytes) for layer in gone]
    return (*changes, *lost)


def _by_name(packages: Iterable[PackageSize]) -> dict[tuple[str, str], tuple[str, int]]:
    """Version and bytes by ecosystem and name; of one that is there several times, all versions and the sum."""
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for package in packages:
        versions, size = found.get((package.ecosystem, package.name), ("", 0))
        all_versions = " and ".join(filter(None, (versions, package.version)))
        found[package.ecosystem, package.name] = (all_versions, size + package.unpacked_bytes)
    return found


def _layer(layer: LayerSize) -> str:
    words = " ".join(layer.created_by.removeprefix("lightship build: ").split()) or layer.digest
    return f"layer {words if len(words) <= _WORDS else words[: _WORDS - 1] + '…'}"


def _called(change: Change) -> str:
    if change.state != "changed":
        return f"{change.state}: {change.what}"
    if change.before == change.after:
        return change.what
    return f"{change.what} {change.before} → {change.after}"


def _amount(size_bytes: int, factor: int) -> str:
    return f"{size_bytes / factor:+.1f}" if factor > 1 else f"{size_bytes:+d}"
