"""A built image to where it was asked for."""

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from lightship.errors import BadReferenceError, UsageError
from lightship.flows.delivered import is_delivered, remember_delivery
from lightship.flows.outcome import BuildOutcome, IndexOutcome
from lightship.flows.phases import Phases
from lightship.flows.request import BuildRequest
from lightship.flows.shelf import shelf
from lightship.image.value import PlainImage
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.oci.reference import TRANSPORTS, ImageName, Reference
from lightship.progress import Progress
from lightship.store.cache import Cache
from lightship.store.copy import copy

__all__ = ["check_request", "deliver", "deliver_index", "reference_of"]

_TITLE = "org.opencontainers.image.title"


def reference_of(request: BuildRequest) -> str | None:
    """The image's first name: from ``-t``, else the configured name."""
    return request.tags[0] if request.tags else request.options.name


def check_request(request: BuildRequest) -> None:
    """Raise UsageError or BadReferenceError for a platform, a name or an output that cannot be, before anything is
    built."""
    for platform in request.platforms:
        if platform.os != "linux":
            raise UsageError(f"--platform: want linux/amd64 or linux/arm64, got {platform}")
    if request.options.bytecode_mode == "startup" and not request.options.has_probe:
        raise UsageError(
            "bytecode = startup needs a probe that says when a start is over", hint="set probe.http or probe.command"
        )
    if request.options.base == "scratch":
        raise UsageError(
            "base = scratch: a Python needs its C library and its files",
            hint="base = auto holds those and nothing else",
        )
    names = _names(request)
    for reference in map(_destination, request.outputs):
        if len(request.platforms) > 1:
            from lightship.store.indexes import check_holds_indexes

            check_holds_indexes(reference)
        if reference.transport == "docker-daemon" and reference.name is None and not names:
            raise UsageError("--output docker-daemon: want a name, got none", hint="give one with -t")


def deliver(
    image: PlainImage, outcome: BuildOutcome, request: BuildRequest, cache: Cache, phases: Phases, progress: Progress
) -> BuildOutcome:
    """Write ``image`` to every output and complete ``outcome``. Without an output the image goes to the shelf, under
    the project's name where it has no other; there entries have whole names, as many images share a tag. An output
    is complete or as it was."""
    digest = Digest.of(image.raw_manifest)
    host = request.environ.get("DOCKER_HOST")

    def write(to: Reference, names: Sequence[ImageName], whole_names: bool) -> None:
        with contextlib.ExitStack() as stack:
            temporary = stack.enter_context(_scratch(cache)) if to.transport == "containers-storage" else None
            copy(
                image, to,
                names=names, whole_names=whole_names, access=request.access, docker_host=host,
                temporary=temporary, progress=progress,
            )  # fmt: skip

    with phases("write"):
        names, outputs = _write_everywhere(write, digest, image, request, cache)
    return replace(
        outcome,
        reference=outcome.reference or (names[0].familiar if names else None),
        digest=str(digest),
        outputs=outputs,
        seconds=dict(phases.seconds),
    )


def deliver_index(
    images: Sequence[tuple[Platform, PlainImage, BuildOutcome]],
    request: BuildRequest,
    cache: Cache,
    phases: Phases,
    progress: Progress,
) -> IndexOutcome:
    """The same for the index of ``images``, which are in its order."""
    from lightship.image.index import make_index
    from lightship.store.indexes import copy_index

    index = make_index((platform, image) for platform, image, _ in images)

    def write(to: Reference, names: Sequence[ImageName], whole_names: bool) -> None:
        copy_index(index, to, names=names, whole_names=whole_names, access=request.access, progress=progress)

    with phases("write"):
        names, outputs = _write_everywhere(write, index.digest, images[0][1], request, cache)
    return IndexOutcome(
        reference=reference_of(request) or (names[0].familiar if names else None),
        digest=str(index.digest),
        outputs=outputs,
        images=tuple(
            replace(outcome, digest=str(Digest.of(image.raw_manifest)), outputs=outputs) for _, image, outcome in images
        ),
        seconds=dict(phases.seconds),
    )


_Write = Callable[[Reference, Sequence[ImageName], bool], None]


def _write_everywhere(
    write: _Write, digest: Digest, named: PlainImage, request: BuildRequest, cache: Cache
) -> tuple[list[ImageName], tuple[str, ...]]:
    """Call ``write`` for every output that has not ``digest`` already; return the names and the outputs."""
    names, outputs = _names(request), request.outputs
    on_the_shelf = not outputs
    if on_the_shelf:
        outputs = (f"oci:{shelf(cache.root)}",)
        names = names or _title(named)
    references = [_tagged(_destination(output), names) for output in outputs]
    for reference in references:
        if not is_delivered(reference, digest, names, cache):
            write(reference, _names_at(reference, names), on_the_shelf)
            remember_delivery(reference, digest, names, cache)
    told = [
        output if reference.path is not None else reference.spelt_out
        for output, reference in zip(outputs, references, strict=True)
    ]
    return names, tuple(told)


def _tagged(reference: Reference, names: Sequence[ImageName]) -> Reference:
    """``reference``; one of a registry without a tag gets that of its own among ``names``: who says ``-t`` means that
    tag, and not ``latest`` as well."""
    own = reference.name
    if reference.transport != "docker" or own is None or own.tag or own.digest:
        return reference
    return replace(reference, name=next(iter(_names_at(reference, names)), own))


def _scratch(cache: Cache) -> contextlib.AbstractContextManager[Path]:
    from lightship.flows.scratch import scratch

    return scratch(cache.root)


def _names_at(reference: Reference, names: Sequence[ImageName]) -> Sequence[ImageName]:
    """The names under which the image goes to ``reference``: a registry gets its own, not what others would hold."""
    own = reference.name
    if reference.transport != "docker" or own is None:
        return names
    return [name for name in names if (name.registry, name.repository) == (own.registry, own.repository)]


def _names(request: BuildRequest) -> list[ImageName]:
    return [ImageName.parse(name) for name in request.tags or filter(None, (request.options.name,))]


def _title(image: PlainImage) -> list[ImageName]:
    title = json.loads(image.raw_manifest).get("annotations", {}).get(_TITLE, "")
    try:
        return [ImageName.parse(title)] if title else []
    except BadReferenceError:
        return []  # a project may be called what no image can be


def _destination(output: str) -> Reference:
    if output.partition(":")[0] not in TRANSPORTS or ":" not in output:
        known = ", ".join("docker://…" if name == "docker" else f"{name}:…" for name in TRANSPORTS)
        raise UsageError(
            f"--output not understood: want one of {known}, got {output!r}",
            hint="a folder is oci:DIR; a name for the image is -t NAME",
        )
    return Reference.parse(output)
