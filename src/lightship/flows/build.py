"""``lightship build``: what is remembered between two builds, what is made, and where the image goes.

When nothing has changed, the image is known; when only the project's own files have, all that lies below them is, and
nothing of `lightship.flows.making` is even imported.
"""

from contextlib import ExitStack
from pathlib import Path

from lightship.base.lock import LOCK_NAME
from lightship.build.sdist.constraints import constraint_files
from lightship.ecosystem.python.project import Project
from lightship.flows.application_layers import application_mode, entrypoint_programs, read_project_files
from lightship.flows.base_identity import base_identity
from lightship.flows.deliver import deliver
from lightship.flows.memo import find_memo, lower_key, memo_key, remember
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
        inputs = _inputs(request, lock.path)
        platform = Platform.parse(request.platform) if request.platform else host_platform()
        base = base_identity(request, platform)
        memo = memo_key(request, platform=str(platform), base=base, application=application.key, files=inputs)
        anew = request.plan_only or request.update_base or request.retrace
        found = None if anew else find_memo(cache, memo, request.project)
    if found is not None:
        image, outcome = found
    else:
        from lightship.flows.heap import return_freed_memory
        from lightship.flows.lower import find_lower, remember_lower
        from lightship.flows.top import finish
        from lightship.rootfs.unpack import sweep_unpacked

        return_freed_memory()
        with storage_errors("sweep the cache"):
            cache.sweep_temporary()
        sweep_unpacked(cache.root / "rootfs")
        asked = (
            application_mode(request.options, request.project),
            *application.imports,
            "|",
            *entrypoint_programs(application, request.options),
        )
        below = lower_key(request, str(platform), base, inputs, *asked)
        known = None if anew else find_lower(cache, below, request.project)
        if known is not None:
            lower, sources = known
        else:
            from lightship.flows.making import Making

            with ExitStack() as stack:
                work = Making(request, project, application, platform, cache, progress, phases, stack)
                if request.plan_only:
                    return work.plan()
                lower, sources = work.lower(), work.sources
            # The locks may have been written by this build: the next one, which finds them, must find these layers.
            below = lower_key(request, str(platform), base, inputs, *asked)
            remember_lower(cache, below, request.project, lower, sources)
        image, outcome = finish(lower, request, project, application, cache, progress, phases)
        memo = memo_key(request, platform=str(platform), base=base, application=application.key, files=inputs)
        remember(cache, memo, request.project, image, outcome, sources)
    return deliver(image, outcome, request, cache, phases, progress)


def _inputs(request: BuildRequest, lock: Path) -> list[Path]:
    """Files whose content decides what a build makes, there or not; the application's and local sources are apart.

    Among them is what uv looks for around a lock: projects that have one lock and different indexes must not share
    what they built.
    """
    around = (folder / name for folder in lock.parents for name in ("uv.toml", "pyproject.toml"))
    probe_file = request.options.probe_requests
    return [
        lock,
        *(request.project / name for name in (LOCK_NAME, STARTUP_LOCK)),
        *constraint_files(request.project, request.environ),
        *([request.project / probe_file] if probe_file else []),
        *(path for path in around if path.is_file()),
    ]
