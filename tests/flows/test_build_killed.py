"""Builds that end before their end: killed at any moment, on a full disk. The next one is none the worse for it."""

import os
import random
import resource
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.flows.world import World, opened

from lightship.oci.digest import Digest
from lightship.store.cache import Cache

pytestmark = pytest.mark.conformance


def _end(world: World, out: Path, number: signal.Signals, *, after_lines: int, pause_s: float) -> int:
    """Start a build and end it after so many lines of its progress; return its status, 0 when it was too
    late."""
    with world.start(out, "-v") as process:
        assert process.stderr is not None
        said = [line for _, line in zip(range(after_lines), process.stderr, strict=False)]
        time.sleep(pause_s)
        process.send_signal(number)
        stdout, rest = process.communicate(timeout=120)
    assert "Traceback" not in "".join(said) + rest
    # whoever was told a digest has an image, even when the process was ended on its last way out
    return 0 if stdout else process.returncode


def _leftovers(root: Path) -> list[str]:
    found = [path for path in root.rglob("*") if path.name.endswith(".tmp") or path.parent.name == "temporary"]
    return [str(path.relative_to(root)) for path in found]


def _two_days_go_by(root: Path) -> None:
    then = time.time() - 2 * 86_400
    for path in (*root.rglob("*.tmp"), *root.glob(".swept")):
        os.utime(path, (then, then))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "term"])
def test_a_build_ended_at_any_moment(cold_world: World, world: World, tmp_path: Path, number: signal.Signals) -> None:
    """A cold build, ended again and again, each time further on; then one that may go to its end."""
    wanted = world.build(tmp_path / "wanted").digest
    out = tmp_path / "out"
    pauses = random.Random(20_261)  # noqa: S311 - no secret
    statuses = []
    for after_lines in (0, 1, 2, 3, 5, 8):
        statuses.append(_end(cold_world, out, number, after_lines=after_lines, pause_s=pauses.uniform(0, 0.15)))
        if statuses[-1] == 0 or (out / "index.json").exists():
            with opened(out) as image:
                assert str(Digest.of(image.raw_manifest)) == wanted
    # 130 is lightship's own answer; before Python has started, and when it has ended, the kernel answers
    assert set(statuses) <= {0, -number} | ({130} if number == signal.SIGTERM else set())
    assert number == signal.SIGKILL or 130 in statuses
    assert len([status for status in statuses if status]) > 2, "too quick to be ended: the test shows nothing"
    if number == signal.SIGTERM:
        assert _leftovers(cold_world.cache.root) == []
    done = cold_world.run(out)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == wanted
    with opened(out):
        pass
    assert {path.name for path in out.iterdir()} == {"blobs", "index.json", "oci-layout"}
    _two_days_go_by(cold_world.cache.root)
    (cold_world.project / "helper/text.py").write_text('GREETING = "good day"\n')
    cold_world.build(out)
    assert _leftovers(cold_world.cache.root) == []


def test_what_a_killed_writer_left_is_swept(world: World, tmp_path: Path) -> None:
    root = world.cache.root
    old = [root / "blobs/ab/.abc.tmp", root / "wheels/incoming/.abc.tmp", root / "rootfs/layer-1/ab/.abc.tmp"]
    fresh = root / "blobs/ab/.new.tmp"
    for path in (*old, fresh):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    then = time.time() - 2 * 86_400
    for path in old:
        os.utime(path, (then, then))
    (world.project / "helper/text.py").write_text('GREETING = "good day"\n')
    shutil.rmtree(root / "rootfs" / "bundle-1", ignore_errors=True)
    world.build(tmp_path / "out")
    assert [path for path in old if path.exists()] == []
    assert fresh.exists()


def _refused(done: "subprocess.CompletedProcess[str]", reason: str) -> None:
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    (error,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert reason in error


def _snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _on_a_small_disk(
    world: World, disk: Path, size_bytes: int, out: Path | str, *then: str
) -> "subprocess.CompletedProcess[str]":
    """A build that sees a file system of ``size_bytes`` at ``disk``; afterwards ``then`` runs there."""
    disk.mkdir(exist_ok=True)
    script = '"$@" >&2; status=$?; ' + (shlex.join(then) or ":") + "; exit $status"
    mounts = ["--dev-bind", "/", "/", "--size", str(size_bytes), "--tmpfs", str(disk), "--die-with-parent"]
    argv = ["bwrap", *mounts, "--", "sh", "-c", script, "sh", *world.command(out)]
    return subprocess.run(argv, capture_output=True, text=True, env=world.environment, check=False)


@pytest.mark.parametrize("size_bytes", [20_000, 1_000_000, 9_000_000, 20_000_000])
def test_a_full_disk_under_the_cache(cold_world: World, tmp_path: Path, size_bytes: int) -> None:
    """At each of these sizes another step of the build finds no room."""
    disk, out = tmp_path / "disk", tmp_path / "out"
    full = replace(cold_world, cache=Cache(disk / "cache"))
    done = _on_a_small_disk(full, disk, size_bytes, out, "find", str(disk), "-name", "*.tmp")
    _refused(done, "No space left on device")
    assert done.stdout == ""
    assert not out.exists()


@pytest.mark.parametrize("form", ["oci:{}", "oci-archive:{}/image.tar", "docker-archive:{}/image.tar"])
def test_a_full_disk_under_the_output(world: World, tmp_path: Path, form: str) -> None:
    disk = tmp_path / "disk"
    out = disk / "out" if form.startswith("oci:") else disk
    output = form.format(out)
    disk.mkdir()
    done = _on_a_small_disk(world, disk, 2_000_000, output, "find", str(disk), "-mindepth", "1")
    _refused(done, "No space left on device")
    assert done.stdout == ""


@pytest.mark.parametrize("form", ["oci:{}", "oci-archive:{}/image.tar", "docker-archive:{}/image.tar"])
def test_an_output_that_cannot_grow_stays_as_it_was(world: World, tmp_path: Path, form: str) -> None:
    """A limit on the size of files stands for the end of the disk: the former image is there to be compared."""
    out = tmp_path / "out"
    out.mkdir()
    output = form.format(out)
    world.build(output)
    before = _snapshot(out)
    (world.project / "big.bin").write_bytes(random.Random(1).randbytes(3_000_000))  # noqa: S311
    done = world.run(output, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000)))
    _refused(done, "File too large")
    assert _snapshot(out) == before
    with opened(output):
        pass
