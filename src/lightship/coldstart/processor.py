"""What a process and all that it started had of the processors, and how long it queued for them on a busy machine."""

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ProcessorUse", "processor_use"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorUse:
    """``used_s`` is user and system time, to 10 ms for each process: what a busy machine does not stretch. ``queued_s``
    is how long the first threads of processes that are still there were ready to run while others ran, 0 where the
    kernel does not tell: what is left of the wall clock without it was used, or waited for something."""

    used_s: float
    queued_s: float


def processor_use(pid: int) -> ProcessorUse:
    """That of ``pid`` and its living descendants, in ``used_s`` also of those that were waited for.

    proc(5): ``/proc/PID/stat`` fields 14 to 17, ``/proc/PID/schedstat`` field 2. 0 for a process that is gone.
    """
    ticks: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - names are enough
        if not name.isdigit():
            continue
        try:
            fields = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:  # it has just ended
            continue
        ticks[int(name)] = sum(map(int, fields[11:15]))
        children.setdefault(int(fields[1]), []).append(int(name))
    used, queued, waiting = 0, 0, [pid]
    while waiting:
        one = waiting.pop()
        used += ticks.get(one, 0)
        queued += _queued_ns(one)
        waiting += children.get(one, [])
    return ProcessorUse(used_s=used / os.sysconf("SC_CLK_TCK"), queued_s=queued / 1e9)


def _queued_ns(pid: int) -> int:
    try:
        return int(Path("/proc", str(pid), "schedstat").read_bytes().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
