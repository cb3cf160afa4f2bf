"""Whether a pull over a shaped link takes bytes over bandwidth: printed figures, for several links.

    python bench/link.py [--mb 24] [--layers 6] [--rounds 5] [LINK...]

An image of random bytes is served from this process and pulled as `lightship bench` pulls: manifest, config, layers
three at a time, verified, to disk. What a link allows at best is the bytes over its bandwidth and four round trips
(connection, manifest, config, the first layer); the last column is what the pull took against the bytes alone.
"""

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from pathlib import Path

from lightship.bench.link import Link, parse_link
from lightship.bench.node import Node
from lightship.bench.proxy import LinkProxy
from lightship.bench.serve import Registry, served
from lightship.bench.stage import Staged, stage
from lightship.image.synthetic import synthetic_image
from lightship.oci.reference import ImageName
from lightship.rootfs.removal import remove
from lightship.store.cache import Cache
from lightship.store.registry.access import RegistryAccess

LINKS = ("20mbit,20ms", "100mbit,20ms", "100mbit,100ms", "200mbit", "500mbit,5ms", "1gbit,1ms", "none")


def main() -> None:
    """Print a line for each link."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("links", nargs="*", default=LINKS, metavar="LINK")
    arguments.add_argument("--mb", type=float, default=24.0, help="size of the image, 10^6 bytes")
    arguments.add_argument("--layers", type=int, default=6)
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="lightship-link-") as folder:
        place = Path(folder)
        each = int(given.mb * 1e6 / given.layers)
        image = synthetic_image(*({f"layer-{number}": os.urandom(each)} for number in range(given.layers)))
        staged = stage(image, Cache(place / "cache"), repository="bench/link", tag="measured")
        print(f"{staged.compressed_bytes / 1e6:.1f} MB in {given.layers} layers, {given.rounds} rounds each")
        print(f"{'link':<16}{'bytes/bandwidth':>16}{'pull, median':>14}{'least':>9}{'most':>9}{'ratio':>8}")
        with served([staged.served]) as registry:
            for text in given.links:
                print(line(parse_link(text), registry, staged, place, given.rounds), flush=True)


def line(link: Link, registry: Registry, staged: Staged, place: Path, rounds: int) -> str:
    """The figures of one link."""
    seconds = [pulled_s(link, registry, place) for _ in range(rounds)]
    median = statistics.median(seconds)
    least_s = staged.compressed_bytes / link.bytes_per_s
    ratio = f"{median / least_s:.3f}" if least_s else "-"
    return f"{link!s:<16}{least_s:>14.3f} s{median:>12.3f} s{min(seconds):>7.3f} s{max(seconds):>7.3f} s{ratio:>8}"


def pulled_s(link: Link, registry: Registry, place: Path) -> float:
    """Seconds of one pull by an empty node."""
    where = place / "node"
    where.mkdir()
    with contextlib.ExitStack() as stack:
        stack.callback(remove, where)
        proxy = None if link.is_free else stack.enter_context(LinkProxy(link, (registry.host, registry.port)))
        address = str(registry) if proxy is None else f"{proxy.address[0]}:{proxy.address[1]}"
        name = ImageName(registry=address, repository="bench/link", tag="measured")
        began = time.monotonic()
        Node(where).pull(name, RegistryAccess(jobs=1))
        return time.monotonic() - began


if __name__ == "__main__":
    main()
