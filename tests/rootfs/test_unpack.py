import concurrent.futures
import io
import json
import os
import tarfile
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from lightship.errors import StorageError, UsageError
from lightship.image.protocol import Layer
from lightship.image.synthetic import synthetic_layer
from lightship.oci.digest import Digest
from lightship.rootfs.layer_files import read_members
from lightship.rootfs.merge import merge
from lightship.rootfs.unpack import OWNERSHIP, chain_id, unpack, unpack_cached


def _layer(*members: tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]) -> Layer:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member in members:
            entry, content = member if isinstance(member, tuple) else (member, b"")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return synthetic_layer(buffer.getvalue())


def _entry(name: str, *, kind: bytes = tarfile.REGTYPE, mode: int = 0o644, **fields: object) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = kind, mode
    for field, value in fields.items():
        setattr(entry, field, value)
    return entry


def _names(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def _nothing_else(directory: Path, expected: Iterable[str]) -> bool:
    return sorted(path.name for path in directory.iterdir()) == sorted(expected)


def test_layers_become_a_directory(tmp_path: Path) -> None:
    layers = [
        synthetic_layer({"etc": None, "etc/a": b"old", "etc/b": b"b", "bin/sh": b"#!shell", "lib": "usr/lib"}),
        synthetic_layer({"etc/a": b"new", "etc/.wh.b": b"", "lib/x": b"through a link"}),
    ]
    root = unpack(layers, tmp_path / "out")
    assert root == tmp_path / "out/rootfs"
    assert _names(root) == ["bin", "bin/sh", "etc", "etc/a", "lib", "usr", "usr/lib", "usr/lib/x"]
    assert (root / "etc/a").read_bytes() == b"new"
    assert (root / "bin/sh").stat().st_mode & 0o7777 == 0o755
    assert (root / "lib").readlink() == Path("usr/lib")
    assert _nothing_else(tmp_path, ["out"])
    assert _nothing_else(tmp_path / "out", ["rootfs", OWNERSHIP])


def test_modes_and_times(tmp_path: Path) -> None:
    root = unpack(
        [
            _layer(
                _entry("ro", kind=tarfile.DIRTYPE, mode=0o555, mtime=1_000_000),
                (_entry("ro/file", mode=0o400, mtime=1_234_567), b"x"),
                _entry("tmp", kind=tarfile.DIRTYPE, mode=0o1777),
                (_entry("far", mtime=2**60), b""),
                (_entry("before", mtime=-5), b""),
            )
        ],
        tmp_path / "out",
    )
    assert (root / "ro").stat().st_mode & 0o7777 == 0o555
    assert (root / "ro").stat().st_mtime == 1_000_000
    assert (root / "ro/file").stat().st_mode & 0o7777 == 0o400
    assert (root / "ro/file").stat().st_mtime == 1_234_567
    assert (root / "tmp").stat().st_mode & 0o7777 == 0o1777
    assert (root / "before").stat().st_mtime == 0


def test_ownership_is_beside_the_tree_and_not_in_it(tmp_path: Path) -> None:
    layer = _layer(
        (_entry("su", mode=0o4755), b"x"),
        (_entry("mine", uid=1001, gid=2**31), b"x"),
        (_entry("plain"), b"x"),
        _entry("null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3),
        _entry("pipe", kind=tarfile.FIFOTYPE),
        _entry("shared", kind=tarfile.DIRTYPE, mode=0o2775),
    )
    root = unpack([layer], tmp_path / "out")
    own = root.stat().st_uid
    assert _names(root) == ["mine", "plain", "shared", "su"]
    assert (root / "su").stat().st_mode & 0o7777 == 0o755
    assert (root / "shared").stat().st_mode & 0o7777 == 0o775
    assert (root / "mine").stat().st_uid == own
    assert json.loads((tmp_path / "out" / OWNERSHIP).read_text()) == {
        "version": 1,
        "paths": {
            "mine": ["file", 0o644, 1001, 2**31],
            "null": ["device", 0o644, 0, 0],
            "pipe": ["device", 0o644, 0, 0],
            "shared": ["dir", 0o2775, 0, 0],
            "su": ["file", 0o4755, 0, 0],
        },
    }


def test_hard_links_stay_links(tmp_path: Path) -> None:
    layer = _layer((_entry("a"), b"shared"), _entry("b", kind=tarfile.LNKTYPE, linkname="a"))
    root = unpack([layer], tmp_path / "out")
    assert (root / "a").stat().st_ino == (root / "b").stat().st_ino
    assert (root / "b").read_bytes() == b"shared"


def test_a_place_that_is_taken_is_refused(tmp_path: Path) -> None:
    layer = synthetic_layer({"a": b"x"})
    (tmp_path / "out").mkdir()
    unpack([layer], tmp_path / "out")
    with pytest.raises(StorageError, match="cannot unpack the image: Directory not empty"):
        unpack([layer], tmp_path / "out")
    assert (tmp_path / "out/rootfs/a").read_bytes() == b"x"
    assert _nothing_else(tmp_path, ["out"])


def test_a_cached_tree_is_made_once(tmp_path: Path) -> None:
    opened = []

    class _Counting:
        def __init__(self, layer: Layer) -> None:
            self._layer = layer

        def __getattr__(self, name: str) -> object:
            if name == "open_tar":
                opened.append(self._layer.diff_id)
            return getattr(self._layer, name)

    def counted(files: dict[str, bytes | str | None]) -> Layer:
        return _Counting(synthetic_layer(files))  # type: ignore[return-value]  # passes everything on

    base, first, second = counted({"base": b"b"}), counted({"app": b"1"}), counted({"app": b"2"})
    one = unpack_cached([base, first], tmp_path)
    again = unpack_cached([base, first], tmp_path)
    two = unpack_cached([base, second], tmp_path)
    assert one == again != two
    assert opened == [base.diff_id, first.diff_id, second.diff_id]
    assert (one / "app").read_bytes() == b"1"
    assert (two / "app").read_bytes() == b"2"
    assert (one / "base").stat().st_ino == (two / "base").stat().st_ino
    assert list(tmp_path.rglob("*.tmp")) == []


def test_the_order_of_layers_is_part_of_the_key(tmp_path: Path) -> None:
    first, second = synthetic_layer({"app": b"1"}), synthetic_layer({"app": b"2"})
    assert (unpack_cached([first, second], tmp_path) / "app").read_bytes() == b"2"
    assert (unpack_cached([second, first], tmp_path) / "app").read_bytes() == b"1"


def test_a_damaged_list_of_members_is_reported(tmp_path: Path) -> None:
    base = synthetic_layer({"base": b"b"})
    unpack_cached([base], tmp_path)
    for path in tmp_path.rglob("members.json"):
        path.write_text("[[1]]")
    with pytest.raises(StorageError, match="the list of an unpacked layer is damaged") as caught:
        unpack_cached([base, synthetic_layer({"app": b"1"})], tmp_path)
    assert "rm -rf" in (caught.value.hint or "")


def test_chain_ids_are_those_of_the_specification() -> None:
    """image-spec 1.1, config.md: ChainID(A) = DiffID(A), ChainID(A|B) = Digest(ChainID(A) + " " + DiffID(B))."""
    first, second = Digest.of(b"first"), Digest.of(b"second")
    assert chain_id([first]) == first
    assert chain_id([first, second]) == Digest.of(f"{first} {second}".encode())
    with pytest.raises(UsageError, match="no layers"):
        chain_id([])


def test_two_at_once_agree(tmp_path: Path) -> None:
    layers = [synthetic_layer({"base": b"b"}), synthetic_layer({"app": b"1"})]
    together = threading.Barrier(2)

    class _Together:
        """Both are in the middle before either ends."""

        def __getattr__(self, name: str) -> object:
            if name == "open_tar":
                together.wait(60)
            return getattr(layers[0], name)

    def unpack_one() -> Path:
        return unpack_cached([_Together(), layers[1]], tmp_path)  # type: ignore[list-item]  # passes everything on

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        roots = [found.result(120) for found in [pool.submit(unpack_one) for _ in range(2)]]
    assert roots[0] == roots[1]
    assert _names(roots[0]) == ["app", "base"]
    assert list(tmp_path.rglob("*.tmp")) == []


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    old, young = (tmp_path / f"bundle-1/ab/.{name}.tmp" for name in ("old", "young"))
    for leftover in (old, young):
        (leftover / "layer").mkdir(parents=True)
        (leftover / "layer").chmod(0o500)
    os.utime(old, (1, 1))
    unpack_cached([synthetic_layer({"a": b"x"})], tmp_path)
    assert not old.exists()
    assert young.exists()


def test_members_are_read_without_their_contents(tmp_path: Path) -> None:
    lower, upper = synthetic_layer({"etc/a": b"old", "lib": "usr/lib"}), synthetic_layer({"etc/a": b"newer"})
    tree = merge(read_members(layer) for layer in (lower, upper))
    assert [(node.path, node.type, node.layer) for node in tree.walk()] == [
        ("etc", "dir", 0),
        ("etc/a", "file", 1),
        ("lib", "symlink", 0),
    ]
    assert tree.nodes["etc/a"].unpacked_bytes == 5
