"""`lightship assets push` into rclone's S3 server on loopback: seconds, bytes and requests of four pushes.

    python -m bench.assets_push DIR [--base /_next/static] [--changed 33] [--work DIR]

DIR is a build's folder of static files; it is copied. Pushed are: all of it; the same again; the same again without the
cache of compressed files; a next release, in which every ``--changed``-th script has another content and another name,
and what lies in a folder that is named after the build lies in another one. Bytes and requests are counted by a proxy
in front of the store, manifests and listings with them. CPU seconds hold on a busy machine, wall seconds do not.
"""

import argparse
import collections
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.conformance.faults import Proxy, faults
from tests.conformance.object_stores import rclone


def main() -> int:
    """Run the four pushes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--base", default="/_next/static")
    parser.add_argument("--changed", type=int, default=33)
    parser.add_argument("--work", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.work) as folder:
        home = Path(folder)
        web, cache = home / "web", home / "cache"
        shutil.copytree(given.directory, web)
        (home / "store").mkdir()
        with rclone(home / "store") as store, faults(store.endpoint) as proxy:
            environ = {
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "LIGHTSHIP_CACHE_DIR": str(cache),
                **store.through(proxy.endpoint).environment,
            }
            words = ("assets", "push", str(web), "--to", f"s3://{store.bucket}", "--base", given.base)
            print(
                f"load {os.getloadavg()[0]:.1f}\n| | wall | CPU | sent | files | requests |\n|---|---|---|---|---|---|"
            )
            steps: dict[str, Callable[[], object]] = {
                "first": lambda: None,
                "the same again": lambda: None,
                "the same again, without the cache": lambda: shutil.rmtree(cache),
                "next release": lambda: _next_release(web, given.changed),
            }
            for name, prepare in steps.items():
                prepare()
                print(f"| {name} | {_measured(words, environ, proxy)} |", flush=True)
    return 0


def _measured(words: tuple[str, ...], environ: dict[str, str], proxy: Proxy) -> str:
    program = str(Path(sys.executable).with_name("lightship"))
    proxy.forget()
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run([program, *words, "--format", "json"], env=environ, check=True, capture_output=True)
    wall_s, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    asked = collections.Counter(each.method for each in proxy.asked)
    sent_bytes = sum(each.body_bytes for each in proxy.asked)
    files = json.loads(said.stdout)["sent"]["files"]
    counts = ", ".join(f"{count} {method}" for method, count in sorted(asked.items()))
    return f"{wall_s:.1f} s | {cpu_s:.2f} s | {sent_bytes / 1e6:.2f} MB | {files} | {counts}"


def _next_release(web: Path, changed: int) -> None:
    scripts = sorted(path for path in web.rglob("*.js"))
    for path in scripts[::changed]:
        content = path.read_bytes() + b"\n// next"
        path.unlink()
        path.with_name(hashlib.sha256(content).hexdigest()[:16] + ".js").write_bytes(content)
    for manifest in sorted(web.glob("*/_buildManifest.js")):
        manifest.parent.rename(web / f"next-{manifest.parent.name}")


if __name__ == "__main__":
    sys.exit(main())
