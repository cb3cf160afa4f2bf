"""An archive that is there is not written again; one that was touched, or is to have other names, is."""

import os
from pathlib import Path

import pytest
from tests.flows.world import World, opened

from lightship.oci.digest import Digest

pytestmark = pytest.mark.conformance


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_an_untouched_archive_stays(world: World, tmp_path: Path, transport: str) -> None:
    archive = tmp_path / "image.tar"
    output = f"{transport}:{archive}"
    digest = world.build(output).digest
    before = archive.stat()
    assert world.build(output).digest == digest
    assert archive.stat().st_ino == before.st_ino, "written by renaming: another inode tells of another writing"
    world.build(output, tags=("pretend.invalid/other:2",))
    assert archive.stat().st_ino != before.st_ino


def test_a_touched_or_missing_archive_is_written(world: World, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    output = f"docker-archive:{archive}"
    digest = world.build(output).digest
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-1024] + bytes(1024))
    os.utime(archive, ns=(1, 1))
    world.build(output)
    assert archive.read_bytes() == whole
    archive.unlink()
    world.build(output)
    with opened(output) as image:
        assert str(Digest.of(image.raw_manifest)) == digest
