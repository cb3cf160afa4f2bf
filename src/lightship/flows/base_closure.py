"""The exact bytes of the base that `lightship build` would make, without building: its two layers, from the cache."""

import datetime
from collections.abc import Mapping
from dataclasses import replace

from lightship.base.fit.bases import Figure
from lightship.base.lock import read_lock
from lightship.base.lock_name import LOCK_NAME
from lightship.base.plan import plan_base
from lightship.base.source import ArchiveSettings
from lightship.build.wheel_facts import WheelFacts
from lightship.ecosystem.elf.closure import Closure
from lightship.flows.foundation import base_request
from lightship.flows.ground import ground_of_packages
from lightship.flows.layers import make_layers
from lightship.flows.needs import needed_libraries
from lightship.flows.project_files import entrypoint_programs, read_project_files
from lightship.flows.request import BuildRequest
from lightship.flows.top import layer_style
from lightship.oci.platform import Platform
from lightship.progress import Progress
from lightship.store.cache import Cache

__all__ = ["measure_closure"]

_NOWHERE = ArchiveSettings(uris=("file:/nonexistent-archive",), suites=("none",))
"""An archive that answers nothing: what lock and cache do not have is not there."""


def measure_closure(
    request: BuildRequest,
    platform: Platform,
    closure: Closure,
    facts: Mapping[str, WheelFacts],
    cache: Cache,
    *,
    whole: bool,
    online: bool,
    progress: Progress,
) -> tuple[Figure, tuple[int, int]]:
    """Size of the base for what ``closure`` misses, and the version of its C library.

    ``closure`` is of every compiled wheel; ``whole`` says that the pure ones were read too, else tables for text
    conversion count, which one of them may ask for. Nothing is written beside the project. Without ``online`` only
    ``lightship-base.lock`` and the cache are asked. Raise LightshipError where these do not suffice.
    """
    lock = read_lock(request.project / LOCK_NAME)
    wanted = base_request(request, platform, lock)
    if not online:
        wanted = replace(wanted, archive=_NOWHERE)
    application = read_project_files(request, cache)
    converts = not whole or any(each.converts_text for each in facts.values()) or application.programs
    with plan_base(wanted, cache, progress=progress) as plan:
        interpreter = plan.probe()
        programs = entrypoint_programs(application, request.options)
        base = plan.close(needed_libraries(closure), programs=programs, text_conversion=converts)
        ground = ground_of_packages(base, cache, strip=request.options.strip)
        layers = make_layers(ground.recipes, layer_style(request), cache, jobs=request.jobs, progress=progress)
    figure = Figure(
        compressed_bytes=sum(layer.built.compressed_bytes for layer in layers),
        unpacked_bytes=sum(layer.built.unpacked_bytes for layer in layers),
        measured=True,
        source=f"measured: {len(base.packages)} packages, {request.options.compression}",
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
    )
    return figure, interpreter.target.libc_version
