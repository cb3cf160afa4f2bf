"""The arithmetic of an update: what is pulled, what is unpacked anew, which packages changed, and what is not read."""

from dataclasses import replace
from typing import BinaryIO

import pytest
from tests.flows.test_layer_contents import package

from lightship.errors import MismatchError
from lightship.flows.diff import PackageChange, diff_images, diff_report
from lightship.image.blobs import StreamLayer, from_blobs
from lightship.image.protocol import Image
from lightship.image.synthetic import Files, synthetic_image, synthetic_layer

BASE: Files = {"bin/sh": b"1" * 3000}
OLD: Files = {**package("numpy", "1.0", {"numpy.py": b"old" * 100}), **package("same", "1", {"same.py": b"1"})}
NEW: Files = {**package("numpy", "1.1", {"numpy.py": b"newer" * 100}), **package("same", "1", {"same.py": b"1"})}
APP: Files = {"app/main.py": b"print()"}


class Watched:
    """An image that remembers which of its layers were opened."""

    def __init__(self, image: Image) -> None:
        self.opened: list[int] = []
        self.raw_manifest, self.raw_config = image.raw_manifest, image.raw_config
        self.layers = tuple(self._watched(number, layer) for number, layer in enumerate(image.layers))

    def _watched(self, number: int, layer: object) -> StreamLayer:
        assert isinstance(layer, StreamLayer)

        def opener() -> BinaryIO:
            self.opened.append(number)
            return layer.opener()

        return replace(layer, opener=opener)


def test_what_both_have_is_not_read() -> None:
    before, after = Watched(synthetic_image(BASE, OLD, APP)), Watched(synthetic_image(BASE, NEW, APP))
    found = diff_images(before, after)
    assert (before.opened, after.opened) == ([1], [1])
    assert [layer.state for layer in found.layers] == ["kept", "new", "kept", "gone"]
    assert found.pulled_bytes == after.layers[1].compressed_bytes
    assert found.pulled_share == found.pulled_bytes / sum(layer.compressed_bytes for layer in after.layers)


def test_without_packages_nothing_is_read() -> None:
    before, after = Watched(synthetic_image(BASE, OLD, APP)), Watched(synthetic_image(BASE, NEW, APP))
    found = diff_images(before, after, packages=False)
    assert (before.opened, after.opened, found.packages) == ([], [], None)
    assert [layer.unpacked_bytes for layer in found.layers] == [None] * 4


def test_what_lies_above_a_change_is_unpacked_anew() -> None:
    before, after = synthetic_image(BASE, OLD, APP), synthetic_image(BASE, NEW, APP)
    found = diff_images(before, after)
    assert [layer.unpacked_anew for layer in found.layers] == [False, True, True, False]
    totals = diff_report(found).document["totals"]
    assert isinstance(totals, dict)
    assert totals["unpacked_anew_layers"] == 2
    assert totals["unpacked_anew_compressed_bytes"] == sum(layer.compressed_bytes for layer in after.layers[1:])
    assert totals["unpacked_anew_bytes"] is None, "a kept layer is not opened, so nobody counted"


def test_packages_that_changed_are_told_with_versions_and_bytes() -> None:
    gone = package("left", "3", {"left.py": b"1" * 7})
    come = package("come", "0.1", {})
    found = diff_images(synthetic_image(BASE, {**OLD, **gone}), synthetic_image(BASE, {**NEW, **come}))
    assert found.packages is not None
    assert [(each.name, each.before, each.after) for each in found.packages] == [
        ("come", None, "0.1"),
        ("left", "3", None),
        ("numpy", "1.0", "1.1"),
    ]
    numpy = found.packages[2]
    assert numpy.after_unpacked_bytes is not None
    assert numpy.before_unpacked_bytes is not None
    assert numpy.after_unpacked_bytes - numpy.before_unpacked_bytes == 200


def test_a_package_that_moved_to_another_layer_did_not_change() -> None:
    found = diff_images(synthetic_image(BASE, {**OLD, **APP}), synthetic_image(OLD, {**BASE, **APP}))
    assert found.packages == ()
    assert found.pulled_bytes > 0


def test_an_update_by_a_layer_on_top_is_told_by_its_whiteout() -> None:
    site = "opt/venv/lib/python3.12/site-packages"
    top: Files = {**package("numpy", "1.1", {"numpy.py": b""}), f"{site}/.wh.numpy-1.0.dist-info": b""}
    found = diff_images(synthetic_image(BASE, OLD), synthetic_image(BASE, OLD, top))
    assert found.packages is not None
    assert [(each.name, each.before, each.after) for each in found.packages] == [("numpy", "1.0", "1.1")]


def test_a_status_of_all_packages_counts_where_both_sides_show_one() -> None:
    def status(*versions: str) -> Files:
        text = "".join(f"Package: p{n}\nStatus: install ok installed\nVersion: {v}\n\n" for n, v in enumerate(versions))
        return {"var/lib/dpkg/status": text.encode()}

    one, two = status("1", "1"), status("1", "2")
    both = diff_images(synthetic_image(one), synthetic_image(two))
    assert both.packages == (
        PackageChange(
            ecosystem="deb", name="p1", before="1", after="2", before_unpacked_bytes=None, after_unpacked_bytes=None
        ),
    )
    on_top = diff_images(synthetic_image(one), synthetic_image(one, two))
    assert on_top.packages == (), "what the kept layer says is not read"


def test_the_same_tar_compressed_otherwise_is_pulled_and_said_to_be_the_same() -> None:
    layers = {name: synthetic_layer(BASE, compression=name) for name in ("gzip", "zstd")}
    config = {"os": "linux", "architecture": "amd64"}
    found = diff_images(from_blobs([layers["gzip"]], config), from_blobs([layers["zstd"]], config))
    assert [(layer.state, layer.same_content, layer.unpacked_anew) for layer in found.layers] == [
        ("new", True, False),
        ("gone", False, False),
    ]
    assert found.pulled_bytes == layers["zstd"].compressed_bytes


def test_an_image_is_the_same_as_itself() -> None:
    image = synthetic_image(BASE, OLD)
    found = diff_images(image, image)
    assert (found.pulled_bytes, found.pulled_share, found.metadata_bytes, found.packages) == (0, 0.0, 0, ())
    assert {layer.state for layer in found.layers} == {"kept"}


def test_images_without_layers_differ_in_nothing() -> None:
    config = {"os": "linux", "architecture": "amd64"}
    assert diff_images(from_blobs([], config), from_blobs([], config)).pulled_share == 0.0


def test_a_layer_twice_in_an_image_is_pulled_once() -> None:
    found = diff_images(synthetic_image(BASE), synthetic_image(APP, APP))
    assert [layer.state for layer in found.layers] == ["new", "gone"]
    assert found.pulled_share == 1.0


def test_a_damaged_layer_is_refused() -> None:
    image = synthetic_image(BASE, OLD)
    layer = image.layers[1]
    assert isinstance(layer, StreamLayer)
    other = synthetic_layer(NEW)
    lying = replace(image, layers=(image.layers[0], replace(layer, opener=other.opener)))
    with pytest.raises(MismatchError):
        diff_images(synthetic_image(BASE), lying)
