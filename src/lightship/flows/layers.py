"""From recipes to layers: what the cache has is taken, the rest is made, and what was left out is remembered."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

from lightship.archive.tar_write import END
from lightship.flows.outcome import DropSummary, LayerSummary
from lightship.image.blobs import BlobLayer
from lightship.plan.assemble import BuiltLayer, assemble_layers, find_layer, keep_layer
from lightship.plan.explain import explain_layer
from lightship.plan.layering import LayerRecipe, Parts
from lightship.plan.losses import Loss, losses
from lightship.plan.model import LayerPlan
from lightship.plan.normalise import normalise
from lightship.plan.parts import assemble_parts
from lightship.progress import Progress
from lightship.store.cache import Cache, cache_key
from lightship.values import dataclass

__all__ = ["LayerStyle", "MadeLayer", "make_layers", "merge_drops", "planned"]

_FACTS_VERSION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerStyle:
    """How every layer of an image is written; ``mtime`` in seconds since 1970. ``prioritized`` are the paths that a
    start reads, in the order of their first use: only eStargz cares."""

    compression: Literal["gzip", "zstd", "estargz"]
    level: int | None
    mtime: int
    prioritized: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLayer:
    """A layer in the cache. ``explanation`` is a file: for every path of the layer, its bytes, owner and reason."""

    name: str
    created_by: str
    built: BuiltLayer
    cached: bool
    dropped: tuple[DropSummary, ...]
    explanation: Path

    @property
    def layer(self) -> BlobLayer:
        """The layer as part of an image."""
        return BlobLayer(
            path=self.built.path,
            digest=self.built.digest,
            diff_id=self.built.diff_id,
            media_type=self.built.media_type,
            compressed_bytes=self.built.compressed_bytes,
            unpacked_bytes=self.built.unpacked_bytes,
            annotations=self.built.annotations,
        )

    @property
    def summary(self) -> LayerSummary:
        """The layer as part of a report."""
        return LayerSummary(
            name=self.name,
            digest=str(self.built.digest),
            diff_id=str(self.built.diff_id),
            media_type=self.built.media_type,
            compressed_bytes=self.built.compressed_bytes,
            unpacked_bytes=self.built.unpacked_bytes,
            files=self.built.files,
            created_by=self.created_by,
            cached=self.cached,
            annotations=dict(self.built.annotations),
        )


def make_layers(
    recipes: Sequence[LayerRecipe], style: LayerStyle, cache: Cache, *, jobs: int, progress: Progress
) -> tuple[MadeLayer, ...]:
    """The layers of ``recipes`` that have files, in their order; a recipe whose layer is cached is never made."""
    found = {recipe.key: _find(recipe, style, cache) for recipe in recipes}
    for recipe in recipes:
        if found[recipe.key] is None and recipe.parts is not None:
            found[recipe.key] = _joined(recipe, recipe.parts, style, cache, progress)
    plans = {recipe.key: planned(recipe) for recipe in recipes if found[recipe.key] is None}
    full = [plan for plan in plans.values() if plan.entries]
    built = assemble_layers(
        full, cache,
        compression=style.compression, level=style.level, mtime=style.mtime, prioritized=style.prioritized,
        jobs=jobs, progress=progress,
    ) if full else []  # fmt: skip
    for plan in plans.values():
        _remember(plan, cache)
    by_key = {plan.key: layer for plan, layer in zip(full, built, strict=True)}
    made = [
        found[recipe.key] or _made(recipe, by_key.get(recipe.key), cache, cached=recipe.key not in plans)
        for recipe in recipes
    ]
    return tuple(layer for layer in made if layer is not None)


def _joined(
    recipe: LayerRecipe, cut: Callable[[], Parts], style: LayerStyle, cache: Cache, progress: Progress
) -> MadeLayer | None:
    """The layer of the parts that ``cut`` gives, most of which the cache may have; None when they hold nothing, or
    cannot be joined."""
    if style.compression == "estargz":  # one table of contents for the whole layer
        return None
    parts = cut()
    written, told = assemble_parts(
        recipe.name, parts, cache,
        compression=style.compression, level=style.level, mtime=style.mtime, progress=progress,
    )  # fmt: skip
    if written.tar_bytes == len(END):
        return None
    built = keep_layer(recipe.key, written, cache, compression=style.compression, level=style.level, mtime=style.mtime)
    plan = LayerPlan(name=recipe.name, key=recipe.key, entries=(), created_by=parts.created_by, dropped=parts.dropped)
    empty = explain_layer(plan)
    text = json.dumps(empty, separators=(",", ":")).replace('"files":[]', f'"files":[{told}]', 1)
    _keep(recipe.key, text, parts.created_by, losses(parts.dropped), cache)
    return _made(recipe, built, cache, cached=False)


def planned(recipe: LayerRecipe) -> LayerPlan:
    """The recipe's plan with canonical owners, modes and order, whatever made its entries."""
    plan = recipe.make()
    return replace(plan, entries=normalise(plan.entries))


def merge_drops(drops: Iterable[DropSummary]) -> tuple[DropSummary, ...]:
    """What each rule left out of all layers, most bytes first."""
    total: dict[str, DropSummary] = {}
    for drop in drops:
        before = total.get(drop.rule)
        total[drop.rule] = DropSummary(
            rule=drop.rule,
            safety=drop.safety,
            files=drop.files + (before.files if before else 0),
            unpacked_bytes=drop.unpacked_bytes + (before.unpacked_bytes if before else 0),
        )
    return tuple(sorted(total.values(), key=lambda drop: (-drop.unpacked_bytes, drop.rule)))


def _facts_key(key: str) -> str:
    return cache_key("layer-facts", _FACTS_VERSION, key)


def _explanation_key(key: str) -> str:
    return cache_key("explanation", _FACTS_VERSION, key)


def _remember(plan: LayerPlan, cache: Cache) -> None:
    told = json.dumps(explain_layer(plan), separators=(",", ":"))
    _keep(plan.key, told, plan.created_by, losses(plan.dropped), cache)


def _keep(key: str, told: str, created_by: str, dropped: Iterable[Loss], cache: Cache) -> None:
    with cache.write("explanations", _explanation_key(key)) as stream:
        stream.write(told.encode())
    facts = {"created_by": created_by, "dropped": [asdict(loss) for loss in dropped]}
    with cache.write("records", _facts_key(key)) as stream:
        stream.write(json.dumps(facts).encode())


def _find(recipe: LayerRecipe, style: LayerStyle, cache: Cache) -> MadeLayer | None:
    built = find_layer(
        cache, recipe.key, style.compression, level=style.level, mtime=style.mtime, prioritized=style.prioritized
    )
    return _made(recipe, built, cache, cached=True) if built is not None else None


def _made(recipe: LayerRecipe, built: BuiltLayer | None, cache: Cache, *, cached: bool) -> MadeLayer | None:
    explanation = cache.find("explanations", _explanation_key(recipe.key))
    facts = cache.find("records", _facts_key(recipe.key))
    if built is None or explanation is None or facts is None:
        return None
    try:
        document = json.loads(facts.read_bytes())
        dropped = tuple(DropSummary(**fields) for fields in document["dropped"])
        created_by = str(document["created_by"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # a damaged record is no record: the layer's plan is made again
    return MadeLayer(
        name=recipe.name,
        created_by=created_by,
        built=built,
        cached=cached,
        dropped=dropped,
        explanation=explanation,
    )
