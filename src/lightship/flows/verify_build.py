"""A build that is held to account: what was built is verified where it was written, against the project it is of."""

from contextlib import ExitStack
from dataclasses import replace

from lightship.findings import Finding
from lightship.flows.outcome import BuildOutcome, IndexOutcome
from lightship.flows.request import BuildRequest
from lightship.flows.scratch import scratch
from lightship.flows.verified import VerifyOutcome
from lightship.flows.verify import VerifyRequest, verify
from lightship.flows.verify_project import ProjectSides
from lightship.launch.command import LaunchOptions
from lightship.launch.probe import load_probe
from lightship.launch.processor import runs_here
from lightship.oci.platform import Platform
from lightship.progress import Progress
from lightship.store.cache import Cache

__all__ = ["verify_build"]


def verify_build(
    outcome: BuildOutcome | IndexOutcome, request: BuildRequest, cache: Cache, progress: Progress
) -> BuildOutcome | IndexOutcome:
    """``outcome`` with ``verified`` set and what was found added. An image that this machine cannot run is not
    verified, and told of. Raise what `lightship.flows.verify.verify` raises."""
    if isinstance(outcome, BuildOutcome):
        return _verified(outcome, request, cache, progress)
    images = [_verified(image, request, cache, progress) for image in outcome.images]
    known = [image.verified for image in images if image.verified is not None]
    verdict = all(known) if known else None  # the report of an index has one verdict, for all that run here
    return replace(outcome, images=tuple(replace(image, verified=verdict) for image in images))


def _verified(outcome: BuildOutcome, request: BuildRequest, cache: Cache, progress: Progress) -> BuildOutcome:
    if not runs_here(Platform.parse(outcome.platform)):
        progress.note(f"{outcome.platform} does not run on this machine: its image is not verified")
        return outcome
    options = request.options
    probe = None
    if options.has_probe:
        requests = request.project / options.probe_requests if options.probe_requests else None
        probe = load_probe(
            http=options.probe_http, timeout_s=options.probe_timeout, requests=requests, command=options.probe_command
        )
    with ExitStack() as stack:
        sides = ProjectSides(
            directory=request.project,
            options=options,
            environ=request.environ,
            jobs=request.jobs,
            cache=cache,
            progress=progress,
            stack=stack,
            temporary=stack.enter_context(scratch(cache.root)),
        )
        wanted = VerifyRequest(
            probe=probe,
            launch=LaunchOptions(env=options.probe_env),
            platform=outcome.platform,
            sides=sides,
            environ=request.environ,
        )
        found = verify(_nearest(outcome, request), wanted, cache, progress, access=request.access)
    return replace(outcome, verified=found.passed, findings=(*outcome.findings, *_grave(found)))


def _nearest(outcome: BuildOutcome, request: BuildRequest) -> str:
    """Where the image can be read soonest: on disk rather than in a registry; by name in the cache without output."""
    if not request.outputs:
        return outcome.reference or outcome.outputs[0]
    on_disk = [output for output in outcome.outputs if not output.startswith(("docker:", "docker-daemon:"))]
    return (on_disk or list(outcome.outputs))[0]


def _grave(found: VerifyOutcome) -> tuple[Finding, ...]:
    return tuple(finding for finding in found.findings if finding.severity != "note")
