"""Cold starts side by side: ready, first real request and processor seconds, in rounds that take turns.

    python bench/coldstart.py --http URL --request URL --env NAME=VALUE… NAME=IMAGE…

IMAGE is ``oci:DIR``, and after it, each after a comma, host directories to show inside: ``oci:DIR,/tmp/site:/opt/x``:
with them the content of another image's Dockerfile can be started by the same interpreter in the same sandbox. The
page cache is dropped of each image's files before each start, unless ``--warm``. Ratios are against the first image.
Medians, with their ranges. On a busy machine processes queue for processors: ready without that is what it would be on
one that is not, and the processor seconds are the steadiest figure.

What waits for a disk is seen on a disk that is like a node's: a loop device with the kernel's usual read-ahead, and
the cgroup that this runs in held to a cloud volume's requests and bytes a second:

    losetup -f --show --direct-io=on FILE; echo 128 > /sys/block/loopN/queue/read_ahead_kb; mount …; --cache there
    blkio.throttle.read_iops_device: MAJOR:MINOR 3000; blkio.throttle.read_bps_device: MAJOR:MINOR 125000000
"""

import argparse
import statistics
from pathlib import Path

from lightship.coldstart.measure import ColdStart, measure
from lightship.coldstart.page_cache import drop_cached
from lightship.launch.command import LaunchOptions, parse_bind
from lightship.launch.probe import Probe
from lightship.launch.requests import HttpRequest
from lightship.oci.config import ImageConfig, Runtime
from lightship.oci.reference import Reference
from lightship.rootfs.unpack import unpack_cached
from lightship.sandbox.bubblewrap import Bubblewrap
from lightship.sandbox.protocol import Bind
from lightship.store.open import open_image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="+", metavar="NAME=IMAGE")
    parser.add_argument("--http", required=True, help="URL that answers when the application is ready")
    parser.add_argument("--request", action="append", default=[], help="URL of the first real request")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm", action="store_true")
    parser.add_argument("--watched", action="store_true", help="watch imports, to see what watching costs")
    parser.add_argument("--cache", type=Path, required=True, help="where images are unpacked")
    given = parser.parse_args()
    wanted = Probe(
        http=given.http,
        timeout_s=600,
        requests=tuple(HttpRequest(name=url, url=url) for url in given.request),
    )
    env = dict(pair.split("=", 1) for pair in given.env)
    sides = {}
    for text in given.images:
        name, _, image = text.partition("=")
        sides[name] = _opened(image, given.cache)
    found: dict[str, list[ColdStart]] = {name: [] for name in sides}
    for number in range(given.rounds):
        for name, (rootfs, runtime, binds) in sides.items():
            if not given.warm:
                for bind in binds:
                    drop_cached(bind.source)
            options = LaunchOptions(env=env, binds=binds)
            start = measure(
                Bubblewrap.find(), rootfs, runtime, options, wanted, cold=not given.warm, watched=given.watched
            )
            wrong = [f"{check.name}: {check.detail}" for check in start.checks if not check.ok]
            if wrong:
                raise SystemExit(f"{name}: {wrong[0]}")
            found[name].append(start)
            print(
                f"round {number + 1} {name}: ready {start.ready_s:.2f} s, CPU {start.processor_s:.2f} s, "
                f"queued {start.queued_s:.2f} s",
                flush=True,
            )
    _print(found)


def _opened(image: str, cache: Path) -> tuple[Path, Runtime, tuple[Bind, ...]]:
    reference, *binds = image.split(",")
    with open_image(Reference.parse(reference)) as opened:
        rootfs = unpack_cached(opened.layers, cache)
        return rootfs, ImageConfig.parse(opened.raw_config).runtime, tuple(map(parse_bind, binds))


def _print(found: dict[str, list[ColdStart]]) -> None:
    first = next(iter(found.values()))
    base = statistics.median(start.ready_s for start in first)
    base_cpu = statistics.median(start.processor_s for start in first)
    alone = statistics.median(start.ready_s - start.queued_s for start in first)
    columns = (
        "",
        "ready, s",
        "ratio",
        "without queueing, s",
        "ratio",
        "CPU s until ready",
        "ratio",
        "first request, ms",
    )
    print(f"\n|{' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for name, starts in found.items():
        ready = [start.ready_s for start in starts]
        own = [start.ready_s - start.queued_s for start in starts]
        cpu = [start.processor_s for start in starts]
        request = [start.first_request_s * 1000 for start in starts if start.first_request_s is not None]
        print(
            f"| {name} | {_told(ready, 2)} | {statistics.median(ready) / base:.2f} "
            f"| {_told(own, 2)} | {statistics.median(own) / alone:.2f} "
            f"| {_told(cpu, 2)} | {statistics.median(cpu) / base_cpu:.2f} | {_told(request, 0) if request else ''} |"
        )


def _told(values: list[float], digits: int) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


if __name__ == "__main__":
    main()
