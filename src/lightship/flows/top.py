"""The top of an image: the application's layers over everything below, and the image of them all."""

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from lightship.build.application import Application
from lightship.ecosystem.python.project import Project
from lightship.findings import Finding
from lightship.flows.application_layers import ApplicationLayers
from lightship.flows.application_layers import application_recipes as file_recipes
from lightship.flows.blobs import blob_of
from lightship.flows.bytecode_layers import BytecodeMaker, bytecode_findings, bytecode_maker
from lightship.flows.compilers import Compilers, compilers_of
from lightship.flows.deliver import reference_of
from lightship.flows.explanation import image_explanation
from lightship.flows.image_config import annotations, image_config, rfc3339
from lightship.flows.layers import LayerStyle, MadeLayer, make_layers, merge_drops
from lightship.flows.lower import Lower, LowerLayer
from lightship.flows.outcome import BuildOutcome
from lightship.flows.phases import Phases
from lightship.flows.request import BuildRequest
from lightship.image.blobs import BlobLayer, from_blobs
from lightship.image.value import PlainImage
from lightship.plan.assemble import DEFAULT_MTIME
from lightship.plan.layering import LayerRecipe
from lightship.progress import Progress
from lightship.store.cache import Cache, cache_key

__all__ = ["application_recipes", "finish", "image_terms", "layer_style"]


_TOLD_VERSION = 1
"""Raised when the same files give other findings."""


def layer_style(request: BuildRequest, first_files: Sequence[str] = ()) -> LayerStyle:
    """How the layers of ``request`` are written; ``first_files`` are those that a start reads, in that order."""
    return LayerStyle(
        compression=request.options.compression,
        level=request.options.level,
        mtime=DEFAULT_MTIME if request.epoch is None else request.epoch,
        prioritized=tuple(first_files) if request.options.compression == "estargz" else (),
    )


def application_recipes(
    lower: Lower, application: Application, request: BuildRequest, maker: BytecodeMaker
) -> tuple[LayerRecipe, ...]:
    """What levers put in for a quick start, the application's files, and above them their bytecode, which ``maker``
    makes."""
    layers = ApplicationLayers.of(application, request.options)
    own = file_recipes(layers, request.options)
    if lower.mode != "none":
        own += maker.application(layers)
    if not request.options.has_levers:
        return own
    from lightship.flows.start_layer import start_layer_recipe

    start = start_layer_recipe(lower, request, maker if lower.mode != "none" else None)
    return own if start is None else (start, *own)


def finish(
    lower: Lower,
    request: BuildRequest,
    project: Project,
    application: Application,
    cache: Cache,
    progress: Progress,
    phases: Phases,
    compilers: Compilers | None = None,
) -> tuple[PlainImage, BuildOutcome]:
    """The image of ``lower`` and the application. The application is on top: it changes most often, and an engine
    unpacks anew what lies above a change. ``compilers`` are closed, those that were started early and others."""
    compilers = compilers or compilers_of(lower, cache, progress)
    maker = bytecode_maker(lower, request, cache, progress, compilers)
    style = layer_style(request, lower.first_files)

    def make(recipe: LayerRecipe) -> tuple[MadeLayer, ...]:
        return make_layers((recipe,), style, cache, jobs=request.jobs, progress=progress)

    names = [layer.explanation for layer in lower.layers if layer.explanation]
    with image_explanation(cache, names) as explain:
        with phases("layers"), compilers:
            if lower.mode != "none":
                compilers.prepare()
            recipes = application_recipes(lower, application, request, maker)
            # The files are compressed while the sandbox compiles: both are short, and neither needs the other.
            with ThreadPoolExecutor(min(request.jobs, len(recipes))) as pool:
                made = [layer for layers in pool.map(make, recipes) for layer in layers]
        with phases("image"):
            layers = (*lower.layers, *map(LowerLayer.of, made))
            image = _image(lower, layers, [layer.layer for layer in made], request, project, cache)
            findings = (
                *application.findings,
                *lower.findings,
                *bytecode_findings(recipes, cache),
                *_told_findings(layers, lower, request, application, cache, progress),
            )
            outcome = BuildOutcome(
                reference=reference_of(request),
                digest="",
                outputs=(),
                platform=str(lower.platform),
                python=lower.interpreter.target.python,
                layers=tuple(layer.summary for layer in layers),
                dropped=merge_drops(drop for layer in layers for drop in layer.dropped),
                findings=tuple(dict.fromkeys(findings)),
                kept_because=explain([layer.explanation.name for layer in made]),
            )
    return image, outcome


def _image(
    lower: Lower,
    layers: Sequence[LowerLayer],
    own: Sequence[BlobLayer],
    request: BuildRequest,
    project: Project,
    cache: Cache,
) -> PlainImage:
    """The image of ``layers``, of which ``own`` are those over ``lower``."""
    history = [layer.summary.created_by for layer in layers[lower.taken :]]
    config, notes = image_terms(lower, request, project, history)
    if lower.digest:
        notes["org.opencontainers.image.base.digest"] = lower.digest
    return from_blobs([*_blobs(lower.layers, cache), *own], config, dict(sorted(notes.items())))


def image_terms(
    lower: Lower, request: BuildRequest, project: Project, history: Sequence[str]
) -> tuple[dict[str, object], dict[str, str]]:
    """Config and annotations; ``history`` has a sentence for every layer made here."""
    created = rfc3339(layer_style(request).mtime)
    notes = annotations(
        request.options,
        name=request.options.name or project.name,
        version=project.version,
        created=created,
        environ=request.environ,
    )
    config = image_config(
        request.options,
        lower.interpreter,
        created=created,
        history=history,
        labels=notes,
        base_env=lower.env,
        base_history=lower.history,
    )
    return config, dict(notes)


def _blobs(layers: Iterable[LowerLayer], cache: Cache) -> list[BlobLayer]:
    found = [blob_of(layer.summary, cache) for layer in layers]
    return [blob for blob in found if blob is not None]


def _root(lower: Lower, cache: Cache, progress: Progress) -> Path:
    from lightship.rootfs.unpack import unpack_cached

    return unpack_cached(_blobs(lower.layers[: lower.rooted], cache), cache.root / "rootfs", progress=progress)


def _told_findings(
    layers: Sequence[LowerLayer],
    lower: Lower,
    request: BuildRequest,
    application: Application,
    cache: Cache,
    progress: Progress,
) -> tuple[Finding, ...]:
    """What the explanations of all layers say of the command and of the user's patterns.

    They have ten megabytes, and a changed line changes nothing that is asked here: names and modes alone count.
    """
    names = [layer.explanation for layer in lower.layers]
    listing = "\0".join(application.shape())
    key = cache_key("told", _TOLD_VERSION, lower.digest, *names, listing, repr(request.options))
    known = _known_findings(cache, key)
    if known is not None:
        return known
    told = [cache.path("explanations", layer.explanation) for layer in layers if layer.explanation]
    from lightship.flows.entrypoint import check_entrypoint
    from lightship.flows.patterns import pattern_findings

    command = check_entrypoint(
        request.options,
        told,
        image_rootfs=_root(lower, cache, progress) if lower.taken else None,
        base_path=lower.env.get("PATH"),
        project=request.project,
    )
    findings = (*command, *pattern_findings(request.options, told))
    with cache.write("records", key) as stream:
        stream.write(json.dumps([asdict(finding) for finding in findings]).encode())
    return findings


def _known_findings(cache: Cache, key: str) -> tuple[Finding, ...] | None:
    found = cache.find("records", key)
    try:
        return tuple(Finding(**row) for row in json.loads(found.read_bytes())) if found is not None else None
    except (OSError, ValueError, TypeError):
        return None  # a damaged record is no record
