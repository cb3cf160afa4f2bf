"""The same inputs give the same manifest, wherever and however they are built: builds are processes of their own, with
another place, clock, user's mask, hash seed, locale and number of workers."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.flows.world import World, opened

pytestmark = pytest.mark.conformance

# What a build looked up or downloaded, and so what a second machine would have to download as well.
_DOWNLOADED = frozenset({"wheels", "debs", "indexes"})


def _digest(world: World, out: Path, *more: str, umask: int = 0o022, cwd: Path | None = None, **env: str) -> str:
    environment = {**world.environment, **env}
    done = world.run(out, *more, env=environment, umask=umask, cwd=cwd or world.home)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def _touch(folder: Path, when_s: int) -> None:
    """Other times everywhere, in another order, and other modes where they do not count."""
    for number, path in enumerate(sorted(folder.rglob("*"), reverse=True)):
        if path.is_file():
            path.chmod(0o770 if os.access(path, os.X_OK) else 0o640)
        os.utime(path, (when_s + number, when_s + number))


def _elsewhere(world: World, where: Path, *, when_s: int) -> World:
    """A copy of the project under another name, with an empty cache; its files were made in another order."""
    where.mkdir()
    copied = world.copy(where, project=f"a project of {where.name}")
    for path in sorted(copied.project.rglob("*.py"), reverse=True):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
    _touch(copied.project, when_s)
    return copied


@pytest.mark.parametrize("options", [(), ("--compression", "zstd", "--bytecode", "all")], ids=["gzip", "zstd"])
def test_two_machines_make_one_image(world: World, tmp_path: Path, options: tuple[str, ...]) -> None:
    first = _elsewhere(world, tmp_path / "first", when_s=1_000_000_000)
    second = _elsewhere(world, tmp_path / "second", when_s=1_700_000_000)
    (second.project / "lightship-base.lock").unlink()  # found out anew, from the same archive
    out = tmp_path / "out"
    one = _digest(first, out, *options, "--jobs", "1", umask=0o077, PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C")
    two = _digest(
        second, tmp_path / "out2", *options, "--jobs", "3",
        umask=0o000, cwd=second.project, PYTHONHASHSEED="77", TZ="Asia/Kathmandu", LC_ALL="de_DE.UTF-8", LANG="tr_TR",
    )  # fmt: skip
    assert one == two
    with opened(out) as image, opened(tmp_path / "out2") as other:
        assert image.raw_config == other.raw_config
    locks = [each.project / "lightship-base.lock" for each in (first, second)]
    assert len({lock.read_text() for lock in locks}) == 1


def test_the_state_of_the_cache_does_not_matter(world: World, tmp_path: Path) -> None:
    """Warm; cold, with what was downloaded; and with every other kind missing, one after the other."""
    wanted = world.build(tmp_path / "out").digest
    kinds = {path.name for path in world.cache.root.iterdir() if path.is_dir()}
    states = [kinds - _DOWNLOADED, kinds, *({"builds", "blobs", kind} for kind in sorted(kinds - {"builds", "blobs"}))]
    for number, missing in enumerate(states):
        where = tmp_path / f"state{number}"
        where.mkdir()
        other = world.copy(where, cache=True)
        for kind in missing:
            shutil.rmtree(other.cache.root / kind)
        assert other.build(tmp_path / "again", jobs=1 + number % 3).digest == wanted, missing


def test_a_startup_image_is_the_same_too(world: World, tmp_path: Path) -> None:
    """The lock of a traced start, once written, is an input like any other."""
    options = ("--probe-command", "python app.py")
    first = _elsewhere(world, tmp_path / "first", when_s=1_000_000_000)
    one = _digest(first, tmp_path / "out", *options, PYTHONHASHSEED="1")
    second = replace(_elsewhere(first, tmp_path / "second", when_s=1_700_000_000), links=first.links)
    assert (second.project / "lightship-startup.lock").is_file()
    two = _digest(second, tmp_path / "out2", *options, "--jobs", "3", PYTHONHASHSEED="2")
    assert one == two
    (second.project / "lightship-startup.lock").unlink()
    assert _digest(second, tmp_path / "out3", *options, PYTHONHASHSEED="3") == one


def test_source_date_epoch_is_the_only_clock(world: World, tmp_path: Path) -> None:
    one = _digest(world, tmp_path / "out", SOURCE_DATE_EPOCH="1700000000")
    assert one == _digest(world, tmp_path / "out2", SOURCE_DATE_EPOCH="1700000000")
    assert one != _digest(world, tmp_path / "out3", SOURCE_DATE_EPOCH="1700000001")
