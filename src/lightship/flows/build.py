"""``lightship build``: what is remembered between two builds, what is made, and where the image goes.

When nothing has changed, nothing of `lightship.flows.making` is even imported.
"""

from contextlib import ExitStack

from lightship.base.lock import LOCK_NAME
from lightship.ecosystem.python.project import Project
from lightship.flows.application_layers import (
    read_project_files,
)
from lightship.flows.base_identity import base_identity
from lightship.flows.deliver import deliver
from lightship.flows.memo import find_memo, memo_key, remember
from lightship.flows.outcome import BuildOutcome
from lightship.flows.phases import Phases
from lightship.flows.request import STARTUP_LOCK, BuildRequest
from lightship.oci.platform import Platform
from lightship.paths import storage_errors
from lightship.progress import Progress
from lightship.store.cache import Cache
from lightship.store.select import host_platform

__all__ = ["build"]


def build(request: BuildRequest, cache: Cache, progress: Progress) -> BuildOutcome | str:
    """Build ``request.project`` and write the image to every output; with ``plan_only`` return the plan as JSON.

    Raise what the parts raise; outputs are complete or as they were.
    """
    phases = Phases()
    with phases("plan"):
        project = Project.discover(request.project)
        lock = project.lock(request.options.lock)
        application = read_project_files(request)
        inputs = [lock.path, *(request.project / name for name in ("pyproject.toml", LOCK_NAME, STARTUP_LOCK))]
        probe_file = request.options.probe_requests
        inputs += [request.project / probe_file] if probe_file else []
        platform = Platform.parse(request.platform) if request.platform else host_platform()
        base = base_identity(request, platform)
        memo = memo_key(request, platform=str(platform), base=base, application=application.key, files=inputs)
        found = (
            None
            if request.plan_only or request.update_base or request.retrace
            else find_memo(cache, memo, request.project)
        )
    if found is not None:
        image, outcome = found
    else:
        from lightship.flows.heap import return_freed_memory
        from lightship.flows.making import Making

        return_freed_memory()
        with storage_errors("sweep the cache"):
            cache.sweep_temporary()
        with ExitStack() as stack:
            work = Making(request, project, application, platform, cache, progress, phases, stack)
            if request.plan_only:
                return work.plan()
            image, outcome = work.image()
        # The locks may have been written by this build: the next one, which finds them, must find this image too.
        memo = memo_key(request, platform=str(platform), base=base, application=application.key, files=inputs)
        remember(cache, memo, request.project, image, outcome, work.sources)
    return deliver(image, outcome, request, cache, phases, progress)
