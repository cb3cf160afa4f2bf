"""The top of an image: the application's layers over everything below, and the image of them all."""

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from lightship.build.application import Application
from lightship.ecosystem.python.interpreter import Scheme
from lightship.ecosystem.python.project import Project
from lightship.findings import Finding
from lightship.flows.application_layers import application_recipe
from lightship.flows.blobs import blob_of
from lightship.flows.bytecode_layers import BytecodeMaker, bytecode_findings
from lightship.flows.deliver import reference_of
from lightship.flows.entrypoint import check_entrypoint
from lightship.flows.image_config import annotations, image_config, rfc3339
from lightship.flows.layers import LayerStyle, MadeLayer, make_layers, merge_drops
from lightship.flows.lower import CompilerRoot, Lower, LowerLayer
from lightship.flows.outcome import BuildOutcome
from lightship.flows.patterns import pattern_findings
from lightship.flows.phases import Phases
from lightship.flows.request import STARTUP_LOCK, BuildRequest
from lightship.flows.start_layer import start_recipe
from lightship.flows.startup import StartupModules, first_files, for_machine, read_startup_lock
from lightship.image.blobs import BlobLayer, from_blobs
from lightship.image.value import PlainImage
from lightship.plan.assemble import DEFAULT_MTIME
from lightship.plan.explain import PLAN_SCHEMA
from lightship.plan.layering import LayerRecipe
from lightship.progress import Progress
from lightship.sandbox.protocol import Sandbox
from lightship.store.cache import Cache, cache_key

__all__ = ["application_recipes", "bytecode_maker", "find_sandbox", "finish", "image_terms", "layer_style"]


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


def find_sandbox() -> Sandbox:
    """The sandbox of this machine; raise ToolError where there is none."""
    from lightship.sandbox.bubblewrap import Bubblewrap

    return Bubblewrap.find()


def bytecode_maker(lower: Lower, request: BuildRequest, cache: Cache, progress: Progress) -> BytecodeMaker:
    """A maker of bytecode whose interpreter runs in the lowest layers of ``lower``, or in its compiler's root."""
    compiler = lower.compiler or lower.own_compiler
    return BytecodeMaker(
        interpreter=compiler.interpreter,
        rootfs=lambda: _compiler_root(compiler, cache, progress),
        rootfs_key=compiler.key,
        sandbox=find_sandbox,
        cache=cache,
        mode=lower.mode,
        startup=frozenset(lower.startup),
        jobs=request.jobs,
        progress=progress,
    )


def application_recipes(
    lower: Lower, application: Application, request: BuildRequest, maker: BytecodeMaker
) -> tuple[LayerRecipe, ...]:
    """What levers put in for a quick start, the application's files, and above them their bytecode, which ``maker``
    makes."""
    files = application_recipe(application, request.options)
    known = _traced_start(lower, request)
    start = start_recipe(
        request.options,
        _scheme(lower, request),
        known.deferred if request.options.lazy_imports else (),
        maker if lower.mode != "none" else None,
        first_files=_ahead(lower, known) if request.options.read_ahead else (),
    )
    own = (files,) if lower.mode == "none" else (files, maker.application(application.entries))
    return own if start is None else (start, *own)


def _scheme(lower: Lower, request: BuildRequest) -> Scheme:
    return Scheme(prefix=request.options.prefix.strip("/"), minor=lower.interpreter.target.minor)


def _traced_start(lower: Lower, request: BuildRequest) -> StartupModules:
    """What levers are told of the start: nothing in the image whose start is traced, which shows what it reads."""
    nothing = StartupModules(keys=(), modules=())
    if lower.mode != "startup" or not (request.options.lazy_imports or request.options.read_ahead):
        return nothing
    return read_startup_lock(request.project / STARTUP_LOCK) or nothing


def _ahead(lower: Lower, known: StartupModules) -> tuple[str, ...]:
    """What the start reads until it is ready; only its modules where the lock tells no more."""
    target = lower.interpreter.target
    until_ready = replace(known, files=known.files or known.modules, requested=())
    return for_machine(
        first_files(until_ready, cache_tag=f"cpython-{target.minor.replace('.', '')}"), lower.platform.machine
    )


def finish(
    lower: Lower,
    request: BuildRequest,
    project: Project,
    application: Application,
    cache: Cache,
    progress: Progress,
    phases: Phases,
) -> tuple[PlainImage, BuildOutcome]:
    """The image of ``lower`` and the application. The application is on top: it changes most often, and an engine
    unpacks anew what lies above a change."""
    maker = bytecode_maker(lower, request, cache, progress)
    style = layer_style(request, lower.first_files)

    def make(recipe: LayerRecipe) -> tuple[MadeLayer, ...]:
        return make_layers((recipe,), style, cache, jobs=request.jobs, progress=progress)

    with phases("layers"), ExitStack() as stack:
        stack.callback(maker.close)
        if lower.mode != "none":
            maker.prepare()
        recipes = application_recipes(lower, application, request, maker)
        # The files are compressed while the sandbox compiles: both are short, and neither needs the other.
        with ThreadPoolExecutor(min(request.jobs, len(recipes))) as pool:
            made = [layer for layers in pool.map(make, recipes) for layer in layers]
    layers = (*lower.layers, *map(LowerLayer.of, made))
    with phases("image"):
        blobs = [*_blobs(lower.layers, cache), *(layer.layer for layer in made)]
        history = [layer.summary.created_by for layer in layers[lower.taken :]]
        config, notes = image_terms(lower, request, project, history)
        if lower.digest:
            notes["org.opencontainers.image.base.digest"] = lower.digest
        image = from_blobs(blobs, config, dict(sorted(notes.items())))
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
            kept_because=_explanation(layers, image, cache),
        )
    return image, outcome


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


def _compiler_root(compiler: CompilerRoot, cache: Cache, progress: Progress) -> Path:
    from lightship.rootfs.unpack import unpack_cached

    if not compiler.layers:
        return cache.path("rootfs", compiler.key)
    found = [blob_of(layer, cache) for layer in compiler.layers]
    return unpack_cached([blob for blob in found if blob is not None], cache.root / "rootfs", progress=progress)


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
    listing = [(entry.path, entry.type, entry.mode, entry.link_target) for entry in application.entries]
    key = cache_key("told", _TOLD_VERSION, lower.digest, *names, repr(listing), repr(request.options))
    known = _known_findings(cache, key)
    if known is not None:
        return known
    told = [cache.path("explanations", layer.explanation) for layer in layers if layer.explanation]
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


def _explanation(layers: Sequence[LowerLayer], image: PlainImage, cache: Cache) -> Path:
    """One JSON file for the image: the layers' explanations, one after the other."""
    key = cache_key("explanation", image.raw_manifest)
    told = [cache.path("explanations", layer.explanation) for layer in layers if layer.explanation]
    with cache.write("explanations", key) as stream:
        stream.write(f'{{"schema":"{PLAN_SCHEMA}","layers":[\n'.encode())
        for number, path in enumerate(told):
            stream.write(b",\n" if number else b"")
            stream.write(path.read_bytes())
        stream.write(b"\n]}\n")
    return cache.path("explanations", key)
