"""What a node does with an image: what is pulled and what is not, verified, and how unpacked layers are shared."""

import io
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.bench.node import Node, shared_layers
from lightship.bench.serve import Blob, Registry, Served, served
from lightship.bench.unpacker import Unpacker
from lightship.errors import LightshipError, MismatchError
from lightship.image.synthetic import synthetic_image
from lightship.image.value import PlainImage
from lightship.oci.digest import Digest
from lightship.oci.reference import ImageName
from lightship.rootfs.unpack import chain_id
from lightship.store.registry.access import RegistryAccess

ACCESS = RegistryAccess(retries=0)


class Asked:
    """Blobs of an image in memory, that know how often and how many at once they were opened. ``before`` is called
    with the number of a layer before any of its bytes is given."""

    def __init__(self, image: PlainImage, *, wrong: str = "", before: Callable[[int], None] = lambda _: None) -> None:
        self.opened: list[str] = []
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        blobs = [Blob.of(image.raw_config)]
        for number, layer in enumerate(image.layers):
            with layer.open() as stream:
                content = stream.read()
            if wrong and layer is image.layers[-1]:
                content = content[:-1] if wrong == "short" else content[:-1] + b"\xff"
            blobs.append(self._blob(layer.digest, layer.compressed_bytes, content, partial(before, number)))
        self.served = Served(repository="a", tag="1", raw_manifest=image.raw_manifest, blobs=tuple(blobs))

    def _blob(self, digest: Digest, size_bytes: int, content: bytes, before: Callable[[], None]) -> Blob:
        def opener() -> BinaryIO:
            before()
            with self._lock:
                self.opened.append(digest.hex)
                self._now += 1
                self.most_at_once = max(self.most_at_once, self._now)
            return _Closing(content, self._closed)

        return Blob(digest=digest, size_bytes=size_bytes, open=opener)

    def _closed(self) -> None:
        with self._lock:
            self._now -= 1


class _Closing(io.BytesIO):
    def __init__(self, content: bytes, told: Callable[[], None]) -> None:
        super().__init__(content)
        self._told = told

    def close(self) -> None:
        if not self.closed:
            self._told()
        super().close()


def name_of(registry: Registry) -> ImageName:
    return ImageName(registry=str(registry), repository="a", tag="1")


@pytest.fixture
def node(tmp_path: Path) -> Node:
    (tmp_path / "node").mkdir()
    return Node(tmp_path / "node")


def image_of(*contents: bytes) -> PlainImage:
    return synthetic_image(*({f"file{number}": content} for number, content in enumerate(contents)))


def test_an_empty_node_pulls_everything_once(node: Node) -> None:
    image = image_of(b"a" * 1000, b"b", b"c", b"d", b"e")
    asked = Asked(image)
    with served([asked.served]) as registry:
        pulled = node.pull(name_of(registry), ACCESS, parallel=2)
        again = node.pull(name_of(registry), ACCESS, parallel=2)
    assert sorted(asked.opened) == sorted(layer.digest.hex for layer in image.layers)
    assert asked.most_at_once <= 2
    assert (pulled.pulled_layers, again.pulled_layers) == (5, 0)
    texts = len(image.raw_manifest) + len(image.raw_config)
    assert pulled.pulled_bytes == sum(layer.compressed_bytes for layer in image.layers) + texts
    assert again.pulled_bytes == texts
    for layer, original in zip(pulled.layers, image.layers, strict=True):
        with layer.open() as mine, original.open() as theirs:
            assert mine.read() == theirs.read()


def test_a_layer_that_comes_twice_is_pulled_once(node: Node) -> None:
    image = synthetic_image({"a": b"x"}, {"a": b"x"})
    asked = Asked(image)
    with served([asked.served]) as registry:
        pulled = node.pull(name_of(registry), ACCESS)
    assert len(asked.opened) == 1
    assert (pulled.pulled_layers, len(pulled.layers)) == (1, 2)


@pytest.mark.parametrize(("wrong", "error"), [("flipped", MismatchError), ("short", LightshipError)])
def test_a_layer_that_is_not_what_was_promised_is_not_kept(
    wrong: str, error: type[LightshipError], node: Node, tmp_path: Path
) -> None:
    image = image_of(b"a" * 1000, b"b" * 1000)
    with served([Asked(image, wrong=wrong).served]) as registry, pytest.raises(error):
        node.pull(name_of(registry), ACCESS)
    kept = {path.name for path in (tmp_path / "node/blobs").iterdir() if path.suffix != ".incoming"}
    assert f"sha256-{image.layers[1].digest.hex}" not in kept


def test_what_was_pulled_can_be_unpacked(node: Node) -> None:
    image = synthetic_image({"a": b"old", "b": b"kept"}, {"a": b"new"})
    with served([Asked(image).served]) as registry:
        pulled = node.pull(name_of(registry), ACCESS)
    root = node.unpack(pulled.layers)
    assert (root / "a").read_bytes() == b"new"
    assert (root / "b").read_bytes() == b"kept"


def test_unpacked_layers_are_not_unpacked_again(node: Node, tmp_path: Path) -> None:
    image = image_of(b"lower", b"upper")
    with served([Asked(image).served]) as registry:
        pulled = node.pull(name_of(registry), ACCESS)
    node.unpack(pulled.layers[:1])
    pulled.layers[0].path.unlink()
    root = node.unpack(pulled.layers)
    assert (root / "file0").read_bytes() == b"lower"


def test_a_layer_is_unpacked_while_those_above_it_are_pulled(node: Node, tmp_path: Path) -> None:
    unpacked_before_the_last: list[int] = []

    def wait_for_those_below(number: int) -> None:
        deadline = time.monotonic() + 60
        while number == 2 and len(unpacked_before_the_last) < 2 and time.monotonic() < deadline:
            unpacked_before_the_last[:] = [1 for _ in tmp_path.glob("node/unpacked/layer-*/*/*/members.json")]
            time.sleep(0.01)

    image = image_of(b"lower", b"middle", b"upper")
    with served([Asked(image, before=wait_for_those_below).served]) as registry, Unpacker() as unpacker:
        brought = node.bring(name_of(registry), ACCESS, unpacker)
    assert len(unpacked_before_the_last) == 2
    assert [(brought.rootfs / f"file{number}").read_bytes() for number in range(3)] == [b"lower", b"middle", b"upper"]
    assert brought.pulled.pulled_layers == 3
    assert min(brought.pull_s, brought.unpack_s, brought.unpacking_s) > 0


def test_blobs_that_are_there_are_unpacked_without_a_pull(node: Node) -> None:
    image = image_of(b"lower", b"upper")
    asked = Asked(image)
    with served([asked.served]) as registry, Unpacker() as unpacker:
        node.pull(name_of(registry), ACCESS)
        brought = node.bring(name_of(registry), ACCESS, unpacker)
    assert len(asked.opened) == 2
    assert (brought.rootfs / "file1").read_bytes() == b"upper"


def test_a_layer_that_is_not_what_was_promised_ends_both(node: Node) -> None:
    image = image_of(b"a" * 1000, b"b" * 1000)
    asked = Asked(image, wrong="flipped")
    with served([asked.served]) as registry, Unpacker() as unpacker, pytest.raises(MismatchError):
        node.bring(name_of(registry), ACCESS, unpacker)


def test_a_registry_that_says_nothing_is_cut_when_the_user_is_tired(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, release, gave_up = threading.Event(), threading.Event(), threading.Event()

    def silent(_: int) -> None:
        waits.set()
        if not release.wait(60):
            gave_up.set()

    def interrupted(_: Collection[Future[None]], **__: object) -> Sequence[object]:
        assert waits.wait(60)
        raise KeyboardInterrupt

    monkeypatch.setattr("lightship.store.registry.workers.wait", interrupted)
    with served([Asked(image_of(b"a", b"b"), before=silent).served]) as registry:
        with pytest.raises(KeyboardInterrupt):
            node.pull(name_of(registry), ACCESS)
        assert not gave_up.is_set()
        release.set()


@given(st.lists(st.integers(0, 3), max_size=6), st.lists(st.integers(0, 3), max_size=6))
def test_shared_layers_are_those_of_equal_chain_ids(one: list[int], other: list[int]) -> None:
    """config.md, "Layer ChainID": ChainID(L0|...|Ln) = Digest(ChainID(L0|...|Ln-1) + " " + DiffID(Ln))."""
    mine, theirs = ([Digest.of(bytes([number])) for number in numbers] for numbers in (one, other))
    chains = [{str(chain_id(ids[: count + 1])) for count in range(len(ids))} for ids in (mine, theirs)]
    assert shared_layers(mine, theirs) == len(chains[0] & chains[1])
