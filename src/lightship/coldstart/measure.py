"""Measure one start of an unpacked image, phase by phase, from outside: nothing of the image changes.

The phases follow each other and add up to ``ready_s``, whatever the application does side by side:

``exec_s``         the sandbox, and what the command runs before its first Python (a shell)
``interpreter_s``  from the making of that process to the end of its ``site``
``imports_s``      while at least one process imports
``application_s``  the rest: its own code outside of imports, and what it waits for
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from lightship.coldstart.events import PythonProcess, read_events
from lightship.coldstart.imports import ImportNode, import_tree, union_s
from lightship.coldstart.inside import EVENTS, agent_source, given_files
from lightship.coldstart.page_cache import drop_cached
from lightship.coldstart.processor import ProcessorUse, processor_use
from lightship.errors import UsageError
from lightship.launch.command import LaunchOptions, launch_command
from lightship.launch.probe import Check, Probe, ProbeOutcome, ensure_unused, probe
from lightship.launch.running import start
from lightship.oci.config import Runtime
from lightship.paths import storage_errors
from lightship.rootfs.removal import remove
from lightship.sandbox.protocol import Sandbox

__all__ = ["ColdStart", "StartPhases", "measure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPhases:
    """Seconds, one after the other; a start that runs no Python has the first and the last only."""

    exec_s: float
    interpreter_s: float
    imports_s: float
    application_s: float

    @property
    def ready_s(self) -> float:
        return self.exec_s + self.interpreter_s + self.imports_s + self.application_s


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStart:
    """One start. ``processor_s`` is what it cost of the processors until ready, ``queued_s`` how long it queued for
    them (`ProcessorUse`), ``listening_s`` when the probe's port was bound, ``first_request_s`` the probe's first
    request after ready. ``hook_s`` is what the watching itself took of ``imports_s``. ``cold`` says whether the page
    cache was dropped before."""

    phases: StartPhases
    ready_s: float
    processor_s: float
    queued_s: float
    listening_s: float | None
    first_request_s: float | None
    cold: bool
    hook_s: float
    checks: tuple[Check, ...]
    processes: tuple[PythonProcess, ...]
    imports: tuple[ImportNode, ...]


def measure(
    sandbox: Sandbox,
    rootfs: Path,
    runtime: Runtime,
    options: LaunchOptions,
    wanted: Probe,
    *,
    cold: bool = True,
    watched: bool = True,
) -> ColdStart:
    """Start the image unpacked at ``rootfs`` until it is ready and has answered the probe's requests, then end it.

    With ``cold`` its files are dropped from the page cache first. Without ``watched`` nothing looks into it: what it
    takes then, against what it takes watched, is the cost of watching. Raise FindingError when it does not become
    ready; a request that fails is in ``checks``.
    """
    if wanted.http is None:
        raise UsageError("nothing to measure: a start is over when a URL answers", hint="set http in [probe]")
    ensure_unused(wanted.http)
    with storage_errors("make a temporary directory"):
        scratch = Path(tempfile.mkdtemp(prefix="lightship-start-"))
    try:
        agent = {"sitecustomize.py": agent_source()}
        told = {"LIGHTSHIP_AGENT_DIR": EVENTS}
        within = given_files(options, runtime, scratch, agent, env=told) if watched else options
        if cold:
            drop_cached(rootfs)
        used: list[ProcessorUse] = []
        with launch_command(rootfs, runtime, within) as command, start(sandbox, command) as running:

            def ready() -> None:
                used.append(processor_use(running.process.pid))

            outcome = probe(running, wanted, sandbox, on_ready=ready)
            began = running.started_at
        processes = read_events(scratch / "events") if watched else ()
    finally:
        remove(scratch)
    return _cold_start(outcome, processes, began=began, wanted=wanted, processor=used[0], cold=cold)


def _cold_start(
    outcome: ProbeOutcome,
    processes: tuple[PythonProcess, ...],
    *,
    began: float,
    wanted: Probe,
    processor: ProcessorUse,
    cold: bool,
) -> ColdStart:
    until = began + outcome.ready_s
    early = tuple(process for process in processes if process.at <= until)
    nodes = import_tree(early, began=began, until=until)
    requests = outcome.checks[: len(wanted.requests)]
    return ColdStart(
        phases=_phases(outcome, early, nodes, began),
        ready_s=outcome.ready_s,
        processor_s=processor.used_s,
        queued_s=processor.queued_s,
        listening_s=_listening_s(early, wanted, began),
        first_request_s=requests[0].seconds if requests else None,
        cold=cold,
        hook_s=sum(len(process.imports) * process.hook_s for process in early),
        checks=outcome.checks,
        processes=early,
        imports=nodes,
    )


def _phases(
    outcome: ProbeOutcome, processes: tuple[PythonProcess, ...], nodes: tuple[ImportNode, ...], began: float
) -> StartPhases:
    first = next((process for process in processes if not process.forked), None)
    if first is None:
        return StartPhases(
            exec_s=outcome.start_s, interpreter_s=0.0, imports_s=0.0, application_s=outcome.ready_s - outcome.start_s
        )
    site_s = first.at - began
    # the kernel counts in ticks of 10 ms and from the boot, which differs from CLOCK_MONOTONIC after a suspend
    exec_s = min(max(outcome.start_s, first.since - began), site_s)
    imports_s = min(union_s(nodes), outcome.ready_s - site_s)
    return StartPhases(
        exec_s=exec_s,
        interpreter_s=site_s - exec_s,
        imports_s=imports_s,
        application_s=outcome.ready_s - site_s - imports_s,
    )


def _listening_s(processes: tuple[PythonProcess, ...], wanted: Probe, began: float) -> float | None:
    from urllib.parse import urlsplit

    parts = urlsplit(wanted.http or "")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    times = [at for process in processes for number, at in process.ports if number == port]
    return min(times) - began if times else None
