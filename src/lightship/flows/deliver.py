"""A built image to where it was asked for."""

from dataclasses import replace

from lightship.errors import UsageError
from lightship.flows.outcome import BuildOutcome
from lightship.flows.phases import Phases
from lightship.flows.request import BuildRequest
from lightship.image.value import PlainImage
from lightship.oci.digest import Digest
from lightship.oci.reference import ImageName, Reference
from lightship.progress import Progress
from lightship.store.cache import Cache
from lightship.store.copy import copy

__all__ = ["deliver", "reference_of"]


def reference_of(request: BuildRequest) -> str | None:
    """The image's first name: from ``-t``, else the configured name."""
    return request.tags[0] if request.tags else request.options.name


def deliver(
    image: PlainImage, outcome: BuildOutcome, request: BuildRequest, cache: Cache, phases: Phases, progress: Progress
) -> BuildOutcome:
    """Write ``image`` to every output and complete ``outcome``. Without an output the image goes to the cache's own
    layout. An output is complete or as it was."""
    names = [ImageName.parse(name) for name in request.tags or filter(None, (request.options.name,))]
    outputs = request.outputs or (f"oci:{cache.root / 'images'}",)
    references = [_destination(output) for output in outputs]
    with phases("write"):
        for reference in references:
            copy(image, reference, names=names, docker_host=request.environ.get("DOCKER_HOST"), progress=progress)
    digest = Digest.of(image.raw_manifest)
    return replace(outcome, digest=str(digest), outputs=tuple(outputs), seconds=dict(phases.seconds))


def _destination(output: str) -> Reference:
    if ":" not in output:
        raise UsageError(f"output not understood: want oci:DIR, docker-archive:FILE …, got {output!r}")
    return Reference.parse(output)
