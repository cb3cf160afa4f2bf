"""What a base costs: packages, bytes, CPU seconds cold and warm. Run: ``.venv/bin/python bench/base.py [PACKAGE…]``.

Cold starts from an empty cache and the host's own archive; locked has the packages' lock and an empty cache; warm has
both. CPU seconds are of this process, all threads. The archive's bytes are downloaded twice, so be kind to it.
"""

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from lightship.base.aptconf import read_apt_conf
from lightship.base.plan import plan_base
from lightship.base.request import Base, BaseRequest
from lightship.base.source import ArchiveSettings, Proxies
from lightship.oci.platform import Platform
from lightship.plan.assemble import write_layer
from lightship.store.cache import Cache
from lightship.units import format_bytes


def main() -> None:
    """Print one line for each state of the cache, and the size of the base."""
    proxies = Proxies.from_apt_conf(read_apt_conf(Path("/etc/apt")))
    request = BaseRequest(
        platform=Platform("linux", "amd64"),
        archive=ArchiveSettings(proxies=proxies),
        distribution=_codename(),
        system_packages=tuple(sys.argv[1:]),
    )
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        base = _timed("cold", request, Cache(Path(one)))
        locked = replace(request, lock=base.lock)
        _timed("locked", locked, Cache(Path(two)))
        _timed("warm", locked, Cache(Path(two)))
        dropped = sum(drop.unpacked_bytes for drop in base.dropped)
        print(
            f"{len(base.packages)} packages, {len(base.entries)} entries, {format_bytes(base.unpacked_bytes)} unpacked"
        )
        print(f"{format_bytes(dropped)} left out, {format_bytes(_layer_bytes(base))} as one gzip layer")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")


def _timed(name: str, request: BaseRequest, cache: Cache) -> Base:
    wall, cpu = time.perf_counter(), time.process_time()
    with plan_base(request, cache) as plan:
        plan.probe()
        base = plan.close(find_library=False, text_conversion=False)
    print(f"{name:7} {time.process_time() - cpu:6.2f} s CPU {time.perf_counter() - wall:6.2f} s wall")
    return base


def _layer_bytes(base: Base) -> int:
    with tempfile.TemporaryFile() as output:
        return write_layer(base.entries, output).compressed_bytes


def _codename() -> str:
    return subprocess.run(
        ["sh", "-c", ". /etc/os-release && echo $VERSION_CODENAME"], capture_output=True, text=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    main()
