"""Cold starts side by side: ready, first real request and processor seconds, in rounds that take turns.

    python bench/coldstart.py --http URL --request URL --env NAME=VALUE… NAME=IMAGE…

IMAGE is ``oci:DIR``, and after it, each after a comma, host directories to show inside: ``oci:DIR,/tmp/site:/opt/x``:
with them the content of another image's Dockerfile can be started by the same interpreter in the same sandbox. The
page cache is dropped of each image's files before each start, unless ``--warm``. Ratios are against the first image.
Medians; on a busy machine the processor seconds are the steadier figure.
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
            print(f"round {number + 1} {name}: ready {start.ready_s:.2f} s, CPU {start.processor_s:.2f} s", flush=True)
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
    print("\n| | ready, s (range) | ratio | CPU s until ready | ratio | first request, ms |\n|---|---|---|---|---|---|")
    for name, starts in found.items():
        ready = [start.ready_s for start in starts]
        cpu = statistics.median(start.processor_s for start in starts)
        request = [start.first_request_s for start in starts if start.first_request_s is not None]
        told = f"{statistics.median(request) * 1000:.0f}" if request else ""
        middle = statistics.median(ready)
        print(
            f"| {name} | {middle:.2f} ({min(ready):.2f}-{max(ready):.2f}) | {middle / base:.2f} "
            f"| {cpu:.2f} | {cpu / base_cpu:.2f} | {told} |"
        )


if __name__ == "__main__":
    main()
