"""A built image to where it was asked for."""

import json
from dataclasses import replace

from lightship.errors import BadReferenceError, UsageError
from lightship.flows.delivered import is_delivered, remember_delivery
from lightship.flows.outcome import BuildOutcome
from lightship.flows.phases import Phases
from lightship.flows.request import BuildRequest
from lightship.flows.scratch import scratch
from lightship.flows.shelf import shelf
from lightship.image.value import PlainImage
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.oci.reference import TRANSPORTS, ImageName, Reference
from lightship.progress import Progress
from lightship.store.cache import Cache
from lightship.store.copy import copy

__all__ = ["check_request", "deliver", "reference_of"]

_TITLE = "org.opencontainers.image.title"


def reference_of(request: BuildRequest) -> str | None:
    """The image's first name: from ``-t``, else the configured name."""
    return request.tags[0] if request.tags else request.options.name


def check_request(request: BuildRequest) -> None:
    """Raise UsageError or BadReferenceError for a platform, a name or an output that cannot be, before anything is
    built."""
    if request.platform is not None and Platform.parse(request.platform).os != "linux":
        raise UsageError(f"--platform: want linux/amd64 or linux/arm64, got {request.platform}")
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
        if reference.transport == "docker-daemon" and reference.name is None and not names:
            raise UsageError("--output docker-daemon: want a name, got none", hint="give one with -t")


def deliver(
    image: PlainImage, outcome: BuildOutcome, request: BuildRequest, cache: Cache, phases: Phases, progress: Progress
) -> BuildOutcome:
    """Write ``image`` to every output and complete ``outcome``. Without an output the image goes to the shelf, under
    the project's name where it has no other; there entries have whole names, as many images share a tag. An output
    is complete or as it was."""
    names = _names(request)
    outputs = request.outputs
    on_the_shelf = not outputs
    if on_the_shelf:
        outputs = (f"oci:{shelf(cache.root)}",)
        names = names or _title(image)
    references = [_destination(output) for output in outputs]
    host = request.environ.get("DOCKER_HOST")
    digest = Digest.of(image.raw_manifest)
    with phases("write"), scratch(cache.root) as temporary:
        for reference in references:
            if is_delivered(reference, digest, names, cache):
                continue
            copy(
                image,
                reference,
                names=names,
                whole_names=on_the_shelf,
                access=request.access,
                docker_host=host,
                temporary=temporary,
                progress=progress,
            )
            remember_delivery(reference, digest, names, cache)
    return replace(
        outcome,
        reference=outcome.reference or (names[0].familiar if names else None),
        digest=str(digest),
        outputs=tuple(outputs),
        seconds=dict(phases.seconds),
    )


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
