"""Push and pull of an image through a registry on loopback, side by side: CPU and wall seconds of the client alone.

    python bench/registry.py [--megabytes 500] [--layers 5] [--rounds 3] [--work DIR]

The ways, interleaved round after round, each with a registry of its own that begins empty:

push   `lightship copy oci: docker:` against `skopeo copy --preserve-digests`
pull   `lightship copy docker: oci:` against `skopeo copy`, and `podman pull`, which unpacks as well

The layers are random bytes in gzip, so nobody can compress anything. The floor is what no client can do without: every
byte hashed once and sent once over loopback (for a pull received and written once), in one thread.
"""

import argparse
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from loopback import loopback_registry

from lightship.image.synthetic import synthetic_image
from lightship.oci.reference import Reference
from lightship.store.copy import copy
from lightship.store.open import open_image

_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Measure:
    """One run: CPU of the client's whole process tree, and wall."""

    cpu_s: float
    wall_s: float


def main() -> int:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work, prefix="registry-") as name:
        compare(Path(name), options.megabytes * 1_000_000, options.layers, options.rounds)
    return 0


def compare(work: Path, size_bytes: int, layers: int, rounds: int) -> None:
    """Every way ``rounds`` times, and the table."""
    layout = make_image(work / "image", size_bytes, layers)
    ways = {"push": _pushes(work, layout), "pull": _pulls(work)}
    found: dict[str, list[Measure]] = {}
    for number in range(rounds):
        for direction, clients in ways.items():
            for client, argv in clients.items():
                found.setdefault(f"{direction} {client}", []).append(_once(work, layout, direction, argv))
            found.setdefault(f"{direction} floor", []).append(floor(layout, work, pulls=direction == "pull"))
        print(f"round {number + 1} of {rounds} done", file=sys.stderr)
    print(f"{size_bytes / 1e6:.0f} MB in {layers} layers, {rounds} rounds: median (range)")
    for name, measures in found.items():
        ours = found[f"{name.split()[0]} lightship"]
        cpu, wall = ([getattr(each, part) for each in measures] for part in ("cpu_s", "wall_s"))
        ratio = median(cpu) / median(each.cpu_s for each in ours)
        slower = median(wall) / median(each.wall_s for each in ours)
        print(
            f"{name:16} CPU {median(cpu):5.2f} s ({min(cpu):.2f}-{max(cpu):.2f}) {ratio:5.2f}x   "
            f"wall {median(wall):5.2f} s ({min(wall):.2f}-{max(wall):.2f}) {slower:5.2f}x"
        )


def make_image(place: Path, size_bytes: int, layers: int) -> Path:
    """An OCI layout of ``layers`` layers of random bytes."""
    image = synthetic_image(*({f"f{n}": os.urandom(size_bytes // layers)} for n in range(layers)))
    copy(image, Reference(transport="oci", path=place, tag="1"))
    return place


Argv = Callable[[str, Path], Sequence[str]]
"""The registry's host and an empty folder to a command."""


def _pushes(work: Path, layout: Path) -> Mapping[str, Argv]:
    own = [sys.executable, "-m", "lightship", "copy", "--quiet", "--cache-dir", str(work / "cache")]
    ways: dict[str, Argv] = {"lightship": lambda host, _: [*own, f"oci:{layout}:1", f"docker://{host}/bench:1"]}
    if skopeo := shutil.which("skopeo"):
        ways["skopeo"] = lambda host, _: [
            skopeo, "copy", "-q", "--preserve-digests", "--dest-tls-verify=false",
            f"oci:{layout}:1", f"docker://{host}/bench:1",
        ]  # fmt: skip
    return ways


def _pulls(work: Path) -> Mapping[str, Argv]:
    own = [sys.executable, "-m", "lightship", "copy", "--quiet", "--cache-dir", str(work / "cache")]
    ways: dict[str, Argv] = {"lightship": lambda host, to: [*own, f"docker://{host}/bench:1", f"oci:{to}/out:1"]}
    if skopeo := shutil.which("skopeo"):
        ways["skopeo"] = lambda host, to: [
            skopeo, "copy", "-q", "--src-tls-verify=false", f"docker://{host}/bench:1", f"oci:{to}/out:1"
        ]  # fmt: skip
    if podman := shutil.which("podman"):
        ways["podman"] = lambda host, to: [
            podman, "--root", f"{to}/root", "--runroot", f"{to}/run", "--storage-driver", "vfs",
            "pull", "-q", "--tls-verify=false", f"{host}/bench:1",
        ]  # fmt: skip
    return ways


def _once(work: Path, layout: Path, direction: str, argv: Argv) -> Measure:
    place = work / "place"
    place.mkdir()
    try:
        with loopback_registry(place / "registry") as host:
            if direction == "pull":
                with open_image(Reference(transport="oci", path=layout, tag="1")) as image:
                    copy(image, Reference.parse(f"docker://{host}/bench:1"))
            return measured(argv(host, place), place)
    finally:
        shutil.rmtree(place)


def measured(argv: Sequence[str], home: Path) -> Measure:
    """Run ``argv`` to its end; nothing that it remembers of other runs is in its way."""
    env = {"PATH": os.defpath + ":/usr/sbin:/sbin", "HOME": str(home), "XDG_DATA_HOME": str(home)}
    os.sync()
    began = time.monotonic()
    with (home / "said").open("wb") as said:
        process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.monotonic() - began
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(argv)} failed:\n{(home / 'said').read_text(errors='replace')[-2000:]}")
    return Measure(usage.ru_utime + usage.ru_stime, wall_s)


def floor(layout: Path, work: Path, *, pulls: bool) -> Measure:
    """Read, hash and send every blob (or receive, hash and write it); the other side is a process of its own."""
    blobs = sorted((layout / "blobs" / "sha256").iterdir())
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        _other_side(theirs, blobs if pulls else [])
    theirs.close()
    began_cpu, began = time.process_time(), time.monotonic()
    running = hashlib.sha256()
    with ours:
        if pulls:
            with (work / "floor").open("wb") as sink:
                while chunk := ours.recv(_CHUNK):
                    running.update(chunk)
                    sink.write(chunk)
            (work / "floor").unlink()
        else:
            for blob in blobs:
                with blob.open("rb", buffering=0) as stream:
                    while chunk := stream.read(_CHUNK):
                        running.update(chunk)
                        ours.sendall(chunk)
    taken = Measure(time.process_time() - began_cpu, time.monotonic() - began)
    os.waitpid(child, 0)
    return taken


def _other_side(peer: socket.socket, blobs: Sequence[Path]) -> None:
    for blob in blobs:
        with blob.open("rb") as stream:
            peer.sendfile(stream)
    peer.shutdown(socket.SHUT_WR)
    while peer.recv(_CHUNK):
        pass
    os._exit(0)


if __name__ == "__main__":
    raise SystemExit(main())
