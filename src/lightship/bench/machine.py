"""The machine that measures: what another one has to have to be compared."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from lightship import __version__

__all__ = ["Machine", "this_machine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """``processors`` are those this process may use; ``load`` is that of the last minute, when measuring began."""

    processor: str
    processors: int
    memory_bytes: int
    kernel: str
    load: float
    lightship: str
    python: str


def this_machine() -> Machine:
    """What Linux says of itself (proc(5)); unknown texts are empty, unknown numbers 0."""
    return Machine(
        processor=_field(Path("/proc/cpuinfo"), "model name") or platform.machine(),
        processors=len(os.sched_getaffinity(0)),
        memory_bytes=_kilobytes(_field(Path("/proc/meminfo"), "MemTotal")),
        kernel=f"{platform.system()} {platform.release()}",
        load=round(os.getloadavg()[0], 2),
        lightship=__version__,
        python=platform.python_version(),
    )


def _field(path: Path, name: str) -> str:
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == name), "")


def _kilobytes(text: str) -> int:
    number = text.removesuffix("kB").strip()
    return int(number) * 1024 if number.isdigit() else 0
