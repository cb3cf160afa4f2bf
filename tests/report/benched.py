"""The report of a small measurement, made of values and no clock."""

from dataclasses import replace

from lightship.bench.link import Link
from lightship.bench.machine import Machine
from lightship.bench.model import Benched, Conditions, Round
from lightship.coldstart.imports import ImportNode
from lightship.findings import Report
from lightship.flows.bench import BenchOutcome
from lightship.flows.bench_report import bench_report
from lightship.launch.probe import Check

__all__ = ["HOSTILE", "benched", "measured"]

HOSTILE = 'oci:</title><script>alert(1)</script>" onload="x|`*\x1b[31m\u202egpj'

_MACHINE = Machine(
    processor="Example <CPU>",
    processors=2,
    memory_bytes=8_000_000_000,
    kernel="Linux 6.1",
    load=0.5,
    lightship="0.1.0",
    python="3.11.2",
)


def measured(seconds: float, *, failed: bool = False) -> Round:
    """A round whose pull took ``seconds``, and everything else what it always takes."""
    check = Check(name="first", ok=not failed, seconds=0.004, detail="want 200, got <500>" if failed else "")
    return Round(
        pull_s=seconds,
        unpack_s=2.0,
        unpacking_s=seconds - 1,
        start_s=0.02,
        ready_s=3.0,
        first_request_s=0.004,
        checks=(check,),
    )


def benched(
    *names: str,
    started: bool = True,
    after: str | None = None,
    failed: bool = False,
    imports: bool = False,
    times: tuple[float, ...] = (11.0, 10.0, 14.0),
    file_system: str = "ext4",
) -> Report:
    """An image for each name: the second pulls twice as long as the first, the third three times; a round for each of
    ``times``, which are the first's."""
    images = []
    for number, name in enumerate(names, 1):
        rounds = tuple(measured(seconds * number, failed=failed) for seconds in times)
        if not started:
            rounds = tuple(
                replace(each, start_s=None, ready_s=None, first_request_s=None, checks=()) for each in rounds
            )
        images.append(
            Benched(
                reference=name,
                digest=f"sha256:{number:064x}",
                layers=4,
                compressed_bytes=100_000_000 * number,
                pulled_layers=1 if after else 4,
                pulled_bytes=(1_000_000 if after else 100_000_000) * number,
                unpacked_bytes=300_000_000 * number,
                files=12_000,
                compressed_here=number - 1,
                rounds=rounds,
            )
        )
    conditions = Conditions(
        link=Link(bits_per_s=100_000_000, delay_s=0.02),
        rounds=len(times),
        parallel=3,
        page_cache="dropped",
        file_system=file_system,
        engine="bubblewrap",
        after=after,
        probe="http://127.0.0.1:5001/health" if started else None,
        machine=_MACHINE,
    )
    node = ImportNode(
        module="numpy", asked_by="app", line=3, pid=7, depth=0, at_s=0.1, total_s=0.5, self_s=0.25, cpu_s=0.2
    )
    nodes = ((node,),) * len(images) if imports else ()
    return bench_report(BenchOutcome(images=tuple(images), conditions=conditions, imports=nodes))
