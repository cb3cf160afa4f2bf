"""An image as the base of another one: its layers are taken as they are, its Python is found, its environment stays."""

from pathlib import Path

import pytest
from tests.flows.world import World, layer_digests, opened

from lightship.errors import InputError, UsageError
from lightship.image.synthetic import synthetic_image
from lightship.oci.config import ImageConfig
from lightship.oci.reference import Reference
from lightship.store.copy import copy

pytestmark = pytest.mark.conformance


@pytest.mark.parametrize("transport", ["oci", "docker-archive"])
def test_an_image_is_built_on_an_image(world: World, tmp_path: Path, transport: str) -> None:
    base = f"{transport}:{tmp_path / 'base'}"
    below = world.build(base, prefix="/opt/base", application="none", env={"FROM_BASE": "yes"})
    outcome = world.build(tmp_path / "out", base=base)
    assert outcome.python == below.python
    with opened(base) as lower, opened(tmp_path / "out") as upper:
        count = len(lower.layers)
        assert [layer.digest for layer in upper.layers[:count]] == [layer.digest for layer in lower.layers]
        config = ImageConfig.parse(upper.raw_config)
    assert config.runtime.environment["FROM_BASE"] == "yes"
    assert config.runtime.environment["PATH"].startswith("/opt/venv/bin:")
    assert world.launch(tmp_path / "out").startswith("hello 42 pretend_rival pretend_native.")


def test_another_base_makes_another_image(world: World, tmp_path: Path) -> None:
    base = tmp_path / "base"
    world.build(base, prefix="/opt/base", application="none")
    first = world.build(tmp_path / "out", base=f"oci:{base}")
    assert world.build(tmp_path / "out", base=f"oci:{base}").digest == first.digest
    world.build(base, prefix="/opt/base", application="none", env={"OTHER": "1"}, port=("81",))
    second = world.build(tmp_path / "out", base=f"oci:{base}")
    assert second.digest != first.digest, "the base is part of what a build is remembered by"
    assert layer_digests(second) == layer_digests(first), "the base's layers are the same"


def test_what_a_base_cannot_be(world: World, tmp_path: Path) -> None:
    empty = Reference.parse(f"oci:{tmp_path / 'empty'}")
    copy(synthetic_image({"etc/os-release": b"ID=nothing\n"}), empty)
    with pytest.raises(InputError, match="no Python 3 in the base image"):
        world.build(tmp_path / "out", base=str(empty))
    with pytest.raises(UsageError, match="system-packages need a base of packages"):
        world.build(tmp_path / "out", base=str(empty), system_package=("bash",))
    assert not (tmp_path / "out").exists()
