"""A start traced for a build: what it depends on, and what an image without bytecode shows when it is started."""

from pathlib import Path
from typing import TYPE_CHECKING

from lightship.build.packages import PackagePlanner
from lightship.flows.compilers import find_sandbox
from lightship.flows.request import BuildRequest
from lightship.flows.startup import StartupModules, as_traced
from lightship.image.protocol import Image
from lightship.oci.config import ImageConfig, Runtime
from lightship.progress import Progress
from lightship.store.cache import cache_key

if TYPE_CHECKING:
    from lightship.coldstart.lazy import LazyPlan
    from lightship.launch.probe import Probe
    from lightship.launch.trace import StartTrace

__all__ = ["trace_key", "traced_start"]


def trace_key(request: BuildRequest, planner: PackagePlanner) -> str:
    """Of everything that a start's modules depend on but the application's own sources: packages, what is started, in
    which environment, and what is asked of it."""
    options = request.options
    requests = _requests(request)
    asked = requests.read_bytes() if requests is not None and requests.is_file() else None
    probe = (options.probe_http, asked, *options.probe_command)
    packages = (part for unit in planner.units() for part in (unit.name, unit.key))
    env = (part for pair in sorted(options.env.items()) for part in pair)
    started = (*options.entrypoint, "|", *options.cmd, "|", *probe, "|", options.workdir, *env)
    levers = ("lazy",) if options.lazy_imports else ()
    return cache_key("startup", 1, planner.context, *started, *packages, *levers)


def traced_start(
    image: Image, request: BuildRequest, purelib: str, unpacked: Path, progress: Progress
) -> StartupModules:
    """Start ``image``, which has no bytecode, in the sandbox, and tell what it read until the probe answered; where it
    is asked for, which imports can wait too. Its files are unpacked below ``unpacked``."""
    from lightship.launch.command import LaunchOptions
    from lightship.launch.probe import load_probe
    from lightship.launch.trace import trace_start
    from lightship.rootfs.unpack import unpack_cached

    options = request.options
    probe = load_probe(
        http=options.probe_http,
        timeout_s=options.probe_timeout,
        requests=_requests(request),
        command=options.probe_command,
    )
    rootfs = unpack_cached(image.layers, unpacked, progress=progress)
    runtime = ImageConfig.parse(image.raw_config).runtime
    traced = trace_start(
        find_sandbox(), rootfs, runtime, LaunchOptions(env=options.probe_env), probe, progress=progress
    )
    lazy = _lazy(rootfs, runtime, request, probe, traced, purelib, progress) if options.lazy_imports else None
    return as_traced(traced, lazy)


def _requests(request: BuildRequest) -> Path | None:
    asked = request.options.probe_requests
    return request.project / asked if asked else None


def _lazy(
    rootfs: Path,
    runtime: Runtime,
    request: BuildRequest,
    probe: "Probe",
    traced: "StartTrace",
    purelib: str,
    progress: Progress,
) -> "LazyPlan":
    from lightship.coldstart.lazy import plan_lazy
    from lightship.launch.command import LaunchOptions

    options = LaunchOptions(env=request.options.probe_env)
    found = plan_lazy(find_sandbox(), rootfs, runtime, options, probe, traced, purelib=purelib, progress=progress)
    progress.note(f"imports that can wait: {', '.join(found.names) or 'none'}")
    return found
