"""The image started as its users start it, and asked: the one place where ``verify`` starts an application.

With a probe it must become ready and pass every check; without, it must stay alive for a moment, or end well.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from lightship.errors import FindingError, NoCommandError, ToolError, UsageError
from lightship.findings import Finding, Kind
from lightship.launch.command import LaunchOptions, launch_command
from lightship.launch.probe import Check, Probe, ensure_unused, probe, run_check
from lightship.launch.program import check_program
from lightship.launch.running import Running, start
from lightship.oci.config import Runtime
from lightship.sandbox.protocol import Sandbox
from lightship.verify.offline import ALIVE_S

__all__ = ["PYTHON_BROKEN", "START_KINDS", "Started", "started"]

_FAILED = Kind(code="start-failed", severity="error", title="the application does not start")
_PROBE = Kind(code="probe-failed", severity="error", title="a probe failed")

PYTHON_BROKEN = Kind(code="python-broken", severity="error", title="the image's Python does not work")

START_KINDS = (_FAILED, _PROBE, PYTHON_BROKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """``start_s`` until the command was executed, ``ready_s`` from before that until it was ready; None where it came
    to neither."""

    start_s: float | None = None
    ready_s: float | None = None
    checks: tuple[Check, ...] = ()
    findings: tuple[Finding, ...] = ()


def started(sandbox: Sandbox, rootfs: Path, runtime: Runtime, options: LaunchOptions, wanted: Probe | None) -> Started:
    """Start the image unpacked at ``rootfs``, probe it, end it.

    What the image does wrong is in the findings. Raise UsageError where something else answers at the probe's address,
    ToolError where the sandbox or the engine does not work.
    """
    if wanted is not None and wanted.http is not None:
        ensure_unused(wanted.http)
    try:
        if wanted is not None and wanted.http is None:
            return _command_alone(sandbox, rootfs, runtime, options, wanted)
        with launch_command(rootfs, runtime, options) as command:
            check_program(command)
            with start(sandbox, command) as running:
                return _alive(running) if wanted is None else _probed(running, wanted, sandbox)
    except NoCommandError as error:
        return _failed("start", error)
    except UsageError as error:
        if runtime.entrypoint or runtime.cmd:
            raise
        return Started(findings=(_FAILED.finding(str(error), severity="note", fix=error.hint),))
    except ToolError as error:
        if "cannot be executed" not in str(error):
            raise  # the sandbox itself: the world's fault
        return _failed("start", error)


def _failed(name: str, error: FindingError | NoCommandError | ToolError, running: Running | None = None) -> Started:
    seconds = time.monotonic() - running.started_at if running is not None else 0.0
    return Started(
        start_s=running.start_s if running is not None else None,
        checks=(Check(name=name, ok=False, seconds=seconds, detail=str(error)),),
        findings=(_FAILED.finding(str(error), fix=error.hint),),
    )


def _probed(running: Running, wanted: Probe, sandbox: Sandbox) -> Started:
    try:
        outcome = probe(running, wanted, sandbox)
    except FindingError as error:
        return _failed("ready", error, running)
    ready = Check(name="ready", ok=True, seconds=outcome.ready_s)
    return Started(
        start_s=outcome.start_s,
        ready_s=outcome.ready_s,
        checks=(ready, *outcome.checks),
        findings=tuple(_PROBE.finding(f"{check.name}: {check.detail}", location=check.name)
                       for check in outcome.checks if not check.ok),
    )  # fmt: skip


def _command_alone(sandbox: Sandbox, rootfs: Path, runtime: Runtime, options: LaunchOptions, wanted: Probe) -> Started:
    with launch_command(rootfs, runtime, replace(options, entrypoint=wanted.command, command=())) as command:
        check = run_check(sandbox, command, wanted.timeout_s)
    findings = () if check.ok else (_PROBE.finding(f"{check.name}: {check.detail}", location=check.name),)
    return Started(start_s=0.0, ready_s=check.seconds if check.ok else None, checks=(check,), findings=findings)


def _alive(running: Running) -> Started:
    deadline = running.started_at + running.start_s + ALIVE_S
    while running.status is None and time.monotonic() < deadline:
        time.sleep(0.02)
    status, seconds = running.status, time.monotonic() - running.started_at
    if not status:
        name = "stays alive" if status is None else "ends well"
        return Started(start_s=running.start_s, checks=(Check(name=name, ok=True, seconds=seconds),))
    said = "\n".join(f"  {line}" for line in running.tail[-15:] if line.strip())
    detail = f"it ended with status {status}" + (f"; it said:\n{said}" if said else " and said nothing")
    return Started(
        start_s=running.start_s,
        checks=(Check(name="stays alive", ok=False, seconds=seconds, detail=detail),),
        findings=(_FAILED.finding(f"without arguments {detail}"),),
    )
