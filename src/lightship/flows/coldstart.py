"""The cold start of an image: unpacked, started, watched, and told as a document."""

import time
from pathlib import Path

from lightship.coldstart.imports import dearest, package_costs
from lightship.coldstart.measure import ColdStart, measure
from lightship.image.protocol import Image
from lightship.launch.command import LaunchOptions
from lightship.launch.probe import Probe
from lightship.launch.processor import check_runs_here
from lightship.oci.config import ImageConfig
from lightship.progress import SILENT, Progress
from lightship.rootfs.removal import remove
from lightship.rootfs.unpack import unpack, unpack_cached
from lightship.sandbox.protocol import Sandbox

__all__ = ["START_SCHEMA", "cold_start", "start_document"]

START_SCHEMA = "lightship/cold-start/1"


def cold_start(
    image: Image,
    options: LaunchOptions,
    wanted: Probe,
    *,
    sandbox: Sandbox,
    directory: Path,
    fresh: bool = False,
    cold: bool = True,
    progress: Progress = SILENT,
) -> tuple[ColdStart, float | None]:
    """One measured start of ``image``, and how long its unpacking took.

    It is unpacked below ``directory`` and stays there for the next start; with ``fresh`` everything is unpacked anew,
    which is what a node does first, measured, and removed afterwards. Without ``fresh`` there is no such time.
    """
    config = ImageConfig.parse(image.raw_config)
    check_runs_here(config.platform)
    if not fresh:
        rootfs = unpack_cached(image.layers, directory, progress=progress)
        return measure(sandbox, rootfs, config.runtime, options, wanted, cold=cold), None
    place = directory / f"fresh-{time.monotonic_ns()}"
    try:
        began = time.monotonic()
        rootfs = unpack(image.layers, place, progress=progress)
        unpack_s = time.monotonic() - began
        return measure(sandbox, rootfs, config.runtime, options, wanted, cold=cold), unpack_s
    finally:
        remove(place)


def start_document(
    start: ColdStart, *, unpack_s: float | None = None, most_imports: int | None = None
) -> dict[str, object]:
    """``start`` as JSON's values: ``imports`` is the whole tree in the order of time, or its first ``most_imports``."""
    phases = start.phases
    return {
        "schema": START_SCHEMA,
        "cold": start.cold,
        "phases": {
            "unpack_s": _rounded(unpack_s),
            "exec_s": _rounded(phases.exec_s),
            "interpreter_s": _rounded(phases.interpreter_s),
            "imports_s": _rounded(phases.imports_s),
            "application_s": _rounded(phases.application_s),
            "ready_s": _rounded(start.ready_s),
            "first_request_s": _rounded(start.first_request_s),
        },
        "listening_s": _rounded(start.listening_s),
        "processor_s": _rounded(start.processor_s),
        "queued_s": _rounded(start.queued_s),
        "hook_s": _rounded(start.hook_s),
        "probes": [{"name": check.name, "ok": check.ok, "seconds": _rounded(check.seconds)} for check in start.checks],
        "processes": [
            {"pid": process.pid, "parent": process.parent, "forked": process.forked, "argv": list(process.argv)}
            for process in start.processes
        ],
        "dearest": [
            {
                "module": node.module,
                "self_s": _rounded(node.self_s),
                "total_s": _rounded(node.total_s),
                "asked_by": node.asked_by,
                "line": node.line,
            }
            for node in dearest(start.imports)
        ],
        "packages": [
            {"name": cost.name, "modules": cost.modules, "self_s": _rounded(cost.self_s)}
            for cost in package_costs(start.imports)
        ],
        "imports": [
            {
                "module": node.module,
                "depth": node.depth,
                "pid": node.pid,
                "at_s": _rounded(node.at_s),
                "self_s": _rounded(node.self_s),
                "total_s": _rounded(node.total_s),
                "asked_by": node.asked_by,
                "line": node.line,
            }
            for node in start.imports[:most_imports]
        ],
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
