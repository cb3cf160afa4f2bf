"""Unpacking in a process of its own: what it is told, what it says, and how it ends."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lightship.bench.unpack_worker import Arrivals
from lightship.bench.unpacker import Unpacker
from lightship.errors import HostileError, ImageError, MismatchError, ToolError
from lightship.image.blobs import BlobLayer
from lightship.image.synthetic import synthetic_layer
from lightship.oci.digest import Digest


def on_disk(place: Path, *contents: dict[str, bytes]) -> list[BlobLayer]:
    """A layer of each, as a node has them."""
    layers = []
    for content in contents:
        layer = synthetic_layer(content)
        with layer.open() as stream:
            (place / layer.digest.hex).write_bytes(stream.read())
        layers.append(
            BlobLayer(
                path=place / layer.digest.hex,
                digest=layer.digest,
                diff_id=layer.diff_id,
                media_type=layer.media_type,
                compressed_bytes=layer.compressed_bytes,
            )
        )
    return layers


@pytest.fixture
def unpacker() -> Iterator[Unpacker]:
    with Unpacker() as unpacker:
        yield unpacker


def until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_layers_are_unpacked_bottom_first_however_they_arrive(unpacker: Unpacker, tmp_path: Path) -> None:
    layers = on_disk(tmp_path, {"a": b"1"}, {"b": b"2"}, {"a": b"3"})
    unpacker.begin(layers, tmp_path / "unpacked")

    def done() -> int:
        return len(list(tmp_path.glob("unpacked/layer-*/*/*/members.json")))

    unpacker.arrived(layers[2].digest)
    unpacker.arrived(layers[0].digest)
    until(lambda: done() == 1)
    unpacker.arrived(layers[1].digest)
    unpacked = unpacker.finish()
    assert done() == 3
    assert (unpacked.rootfs / "a").read_bytes() == b"3"
    assert (unpacked.rootfs / "b").read_bytes() == b"2"
    assert unpacked.unpacking_s > 0


def test_waiting_is_counted_apart() -> None:
    one, other = Digest.of(b"1"), Digest.of(b"2")

    def lines() -> Iterator[bytes]:
        for digest in (other, one):
            time.sleep(0.02)
            yield json.dumps(str(digest)).encode()

    arrivals = Arrivals(lines())
    arrivals.wait(one)
    waited_s = arrivals.waited_s
    assert waited_s >= 0.04
    arrivals.wait(other)
    with pytest.raises(SystemExit):
        arrivals.wait(Digest.of(b"3"))


@pytest.mark.parametrize(
    ("content", "error"),
    [({"../../escape": b"x"}, HostileError), ({"a": b"x"}, MismatchError)],
    ids=["leaves the root", "another diff_id"],
)
def test_what_is_wrong_is_raised_as_it_is_in_this_process(
    content: dict[str, bytes], error: type[Exception], unpacker: Unpacker, tmp_path: Path
) -> None:
    (layer,) = on_disk(tmp_path, content)
    if error is MismatchError:
        layer = BlobLayer(
            path=layer.path,
            digest=layer.digest,
            diff_id=Digest.of(b"other"),
            media_type=layer.media_type,
            compressed_bytes=layer.compressed_bytes,
        )
    unpacker.begin([layer], tmp_path / "unpacked")
    unpacker.arrived(layer.digest)
    with pytest.raises((error, ImageError)) as caught:
        unpacker.finish()
    assert type(caught.value) is error
    assert not list(tmp_path.glob("unpacked/*/*/*/members.json"))


def test_a_process_that_dies_is_told(unpacker: Unpacker, tmp_path: Path) -> None:
    layers = on_disk(tmp_path, {"a": b"1"})
    unpacker.begin(layers, tmp_path / "unpacked")
    unpacker._process.kill()
    unpacker._process.wait()
    unpacker.arrived(layers[0].digest)
    with pytest.raises(ToolError, match="the process that unpacks ended with status -9"):
        unpacker.finish()


def test_no_process_is_left(tmp_path: Path) -> None:
    with Unpacker() as unpacker:
        unpacker.begin(on_disk(tmp_path, {"a": b"1"}), tmp_path / "unpacked")
        pid = unpacker._process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
