"""An image as the base: its layers stay as they are, what is added runs on it, and a change of it is seen."""

from pathlib import Path
from typing import Any

import pytest
from tests.flows.world import World, opened

from lightship.errors import InputError, LightshipError, UsageError
from lightship.image.synthetic import synthetic_image
from lightship.oci.config import ImageConfig
from lightship.oci.reference import Reference
from lightship.store.copy import copy

pytestmark = pytest.mark.conformance


def _base(world: World, out: Path, **options: Any) -> str:
    """An image with an interpreter and nothing else, as others make them."""
    (world.project / "requirements.txt").rename(world.project / "kept.txt")
    (world.project / "requirements.txt").write_text("")
    world.build(out, application="none", **options)
    (world.project / "kept.txt").rename(world.project / "requirements.txt")
    return f"oci:{out}"


def test_layers_of_the_base_come_first(world: World, tmp_path: Path) -> None:
    base = _base(world, tmp_path / "base", env=("FROM_BASE=yes",))
    outcome = world.build(tmp_path / "out", base=base, prefix="/opt/app-venv")
    with opened(base) as below, opened(tmp_path / "out") as image:
        digests = [layer.digest for layer in below.layers]
        assert [layer.digest for layer in image.layers][: len(digests)] == digests
        runtime = ImageConfig.parse(image.raw_config).runtime
    assert runtime.environment["FROM_BASE"] == "yes"
    assert world.launch(tmp_path / "out").startswith("hello 42 pretend_rival")
    again = world.build(tmp_path / "again", base=base, prefix="/opt/app-venv")
    assert again.digest == outcome.digest
    assert again.seconds.keys() == {"plan", "write"}


@pytest.mark.parametrize("form", ["oci-archive", "docker-archive"])
def test_every_store_can_hold_a_base(world: World, tmp_path: Path, form: str) -> None:
    base = _base(world, tmp_path / "base")
    wanted = world.build(tmp_path / "wanted", base=base, prefix="/opt/app-venv")
    (tmp_path / "base2").mkdir()
    archive = f"{form}:{tmp_path}/base2/base.tar"
    (world.project / "requirements.txt").rename(world.project / "kept.txt")
    (world.project / "requirements.txt").write_text("")
    world.build(archive, application="none")
    (world.project / "kept.txt").rename(world.project / "requirements.txt")
    made = world.build(tmp_path / "out", base=archive, prefix="/opt/app-venv")
    assert [layer.diff_id for layer in made.layers] == [layer.diff_id for layer in wanted.layers]
    with opened(tmp_path / "out"):
        pass


def test_another_base_is_another_image(world: World, tmp_path: Path) -> None:
    base = _base(world, tmp_path / "base")
    first = world.build(tmp_path / "out", base=base, prefix="/opt/app-venv")
    _base(world, tmp_path / "base", env=("NEWER=yes",))
    second = world.build(tmp_path / "out", base=base, prefix="/opt/app-venv")
    assert first.digest != second.digest
    with opened(tmp_path / "out") as image:
        assert ImageConfig.parse(image.raw_config).runtime.environment["NEWER"] == "yes"


def test_a_base_that_is_none(world: World, tmp_path: Path) -> None:
    for base in ("oci:/nowhere", f"docker-archive:{world.project}/app.py"):
        with pytest.raises(LightshipError):
            world.build(tmp_path / "out", base=base)
    assert not (tmp_path / "out").exists()


def test_a_base_without_python_and_packages_for_an_image(world: World, tmp_path: Path) -> None:
    empty = Reference.parse(f"oci:{tmp_path / 'empty'}")
    copy(synthetic_image({"etc/os-release": b"ID=nothing\n"}), empty)
    with pytest.raises(InputError, match="no Python 3 in the base image"):
        world.build(tmp_path / "out", base=str(empty))
    with pytest.raises(UsageError, match="system-packages need a base of packages"):
        world.build(tmp_path / "out", base=str(empty), system_package=("bash",))
    assert not (tmp_path / "out").exists()
