import io
import json
import os
import tarfile
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

import pytest
from tests.analyze.making import Made, files, image_of
from tests.flows.test_layer_contents import package

from lightship.analyze.analysis import ANALYZE_TASK, analyze
from lightship.analyze.model import NOBODY, Analysis
from lightship.archive.tar_write import TypeFlag, header
from lightship.archive.verify import ReadStream
from lightship.errors import ImageError, LightshipError
from lightship.image.blobs import StreamLayer, from_blobs
from lightship.image.synthetic import synthetic_image, synthetic_layer
from lightship.image.value import PlainImage

STATUS = b"""Package: libc6
Status: install ok installed
Version: 2.36
Architecture: amd64

Package: bash
Status: install ok installed
Version: 5.2
Depends: libc6 (>= 2.30)
"""
DEBIAN = {
    "usr/lib/libc.so": b"c" * 1000,
    "usr/bin/bash": b"b" * 500,
    "usr/bin/mine": b"m" * 9,
    "var/lib/dpkg/status": STATUS,
    "var/lib/dpkg/info/libc6.list": b"/.\n/lib\n/lib/libc.so\n",
    "var/lib/dpkg/info/bash.list": b"/bin/bash\n/usr\n/usr/bin/mine-not-there\n",
}


def debian() -> list[Made]:
    """usrmerge: /lib and /bin are links, and dpkg's lists go on naming them."""
    links = [Made(name, kind=tarfile.SYMTYPE, target=f"usr/{name}") for name in ("bin", "lib")]
    return [*links, *files(DEBIAN)]


def by_name(analysis: Analysis) -> dict[str, tuple[int, int]]:
    return {package.name: (package.unpacked_bytes, package.files) for package in analysis.packages}


def assert_adds_up(analysis: Analysis) -> None:
    packages = sum(package.unpacked_bytes for package in analysis.packages)
    assert packages + sum(place.unpacked_bytes for place in analysis.unowned) == analysis.totals.visible_bytes
    assert packages + analysis.totals.unowned_bytes == analysis.totals.visible_bytes
    assert analysis.totals.visible_bytes + analysis.totals.wasted_bytes == analysis.totals.unpacked_bytes
    assert analysis.totals.unpacked_bytes == sum(layer.unpacked_bytes for layer in analysis.layers)
    files_of_packages = sum(package.files for package in analysis.packages)
    assert files_of_packages + sum(place.files for place in analysis.unowned) == analysis.totals.files


def test_debian_packages_own_what_their_lists_name_through_links() -> None:
    analysis = analyze(image_of(debian()))
    assert by_name(analysis) == {"libc6": (1000, 1), "bash": (500, 1)}
    libc, bash = analysis.packages
    assert (libc.required_by, bash.requires, libc.missing) == ((1,), (0,), ())
    assert analysis.owner("usr/bin/bash") == bash
    assert analysis.owner("usr/bin/mine") is None
    assert_adds_up(analysis)


def test_python_packages_own_their_record_and_bytecode_of_their_sources() -> None:
    wheel = package("numpy", "1.0", {"numpy.py": b"x" * 100, "numpy/core.py": b"y" * 50})
    site = next(path for path in wheel if path.endswith("METADATA")).rpartition("/")[0].rpartition("/")[0]
    more = {
        f"{site}/numpy/__pycache__/core.cpython-311.pyc": b"p" * 30,
        f"{site}/numpy/__pycache__/stray.cpython-311.pyc": b"p" * 3,
        f"{site}/numpy/notes.txt": b"n" * 2,
    }
    analysis = analyze(synthetic_image({**wheel, **more}))
    (numpy,) = analysis.packages
    assert numpy.files == len(wheel) + 1
    assert analysis.totals.unowned_bytes == 5
    assert analysis.owners[analysis.tree.rows[f"{site}/numpy/notes.txt"]] == NOBODY
    assert_adds_up(analysis)


def test_a_distribution_that_debian_installed_is_within_it() -> None:
    place = "usr/lib/python3/dist-packages/six-1.egg-info"
    status = b"Package: python3-six\nStatus: install ok installed\nVersion: 1-1\n"
    analysis = analyze(
        synthetic_image(
            {
                "var/lib/dpkg/status": status,
                "var/lib/dpkg/info/python3-six.list": f"/{place}\n/usr/lib/python3/dist-packages/six.py\n".encode(),
                place: b"Name: six\nVersion: 1\n",
                "usr/lib/python3/dist-packages/six.py": b"s" * 70,
            }
        )
    )
    deb, six = analysis.packages
    assert (six.within, six.unpacked_bytes) == (0, 0)
    assert deb.unpacked_bytes == 70 + len(b"Name: six\nVersion: 1\n")
    assert_adds_up(analysis)


def test_a_vendored_distribution_is_within_the_one_that_lists_it() -> None:
    inner = "s/pkg_resources/_vendor/inner-1.dist-info"
    analysis = analyze(
        synthetic_image(
            {
                f"{inner}/METADATA": b"Name: inner\nVersion: 1\n",
                f"{inner}/RECORD": b"inner/a.py,,\n",
                "s/pkg_resources/_vendor/inner/a.py": b"a" * 60,
                "s/setuptools-1.dist-info/METADATA": b"Name: setuptools\nVersion: 1\n",
                "s/setuptools-1.dist-info/RECORD": (
                    b"pkg_resources/_vendor/inner/a.py,,\n"
                    b"pkg_resources/_vendor/inner-1.dist-info/METADATA,,\n"
                    b"pkg_resources/_vendor/inner-1.dist-info/RECORD,,\n"
                ),
            }
        )
    )
    outer, vendored = analysis.packages
    assert (outer.name, vendored.within, vendored.unpacked_bytes) == ("setuptools", 0, 0)
    assert analysis.contested == {}
    assert_adds_up(analysis)


def test_two_packages_that_name_one_file_are_both_remembered() -> None:
    first, second = package("one", "1", {"shared.py": b"s" * 10}), package("two", "1", {"shared.py": b"s" * 10})
    analysis = analyze(synthetic_image({**first, **second}))
    ((row, owners),) = analysis.contested.items()
    assert analysis.entries.paths[row].endswith("shared.py")
    assert [analysis.packages[number].name for number in owners] == ["one", "two"]
    assert_adds_up(analysis)


def test_an_npm_package_has_its_directory_but_for_those_inside() -> None:
    contents = {
        "app/node_modules/a/package.json": b'{"name": "a", "version": "1", "dependencies": {"b": "1"}}',
        "app/node_modules/a/deep/down/x.js": b"x" * 10,
        "app/node_modules/a/node_modules/b/package.json": b'{"name": "b", "version": "2"}',
        "app/node_modules/a/node_modules/b/y.js": b"y" * 20,
        "app/index.js": b"i",
    }
    analysis = analyze(synthetic_image(contents))
    assert by_name(analysis) == {"a": (10 + 57, 2), "b": (20 + 29, 2)}
    assert_adds_up(analysis)


def test_an_npm_package_needs_the_closest_of_several() -> None:
    paths = {"node_modules/a": "b", "node_modules/b": "", "node_modules/c/node_modules/b": "", "node_modules/c": "b"}
    contents = {
        f"app/{path}/package.json": json.dumps(
            {"name": path.rpartition("/")[2], "version": path, "dependencies": {name: "1" for name in [needs] if name}}
        ).encode()
        for path, needs in paths.items()
    }
    analysis = analyze(synthetic_image(contents))
    needed = {
        each.version: [analysis.packages[number].version for number in each.requires] for each in analysis.packages
    }
    assert needed["node_modules/a"] == ["node_modules/b"]
    assert needed["node_modules/c"] == ["node_modules/c/node_modules/b"]


def test_only_the_visible_metadata_counts() -> None:
    old, new = package("numpy", "1.0", {"n.py": b"1"}), package("numpy", "2.0", {"n.py": b"22"})
    gone = {f"{next(path for path in old if 'METADATA' in path).rpartition('/')[0]}/.wh.METADATA": b""}
    analysis = analyze(synthetic_image(old, {**gone, **new}))
    assert [package.version for package in analysis.packages] == ["2.0"]
    assert analysis.packages[0].layer == 1


def test_hard_links_are_owned_once() -> None:
    members = [*debian(), Made("usr/bin/rbash", kind=tarfile.LNKTYPE, target="usr/bin/bash")]
    analysis = analyze(image_of(members))
    assert by_name(analysis)["bash"] == (500, 2)
    assert_adds_up(analysis)


def test_what_others_have_is_not_unique() -> None:
    image = synthetic_image({"a": b"1"}, {"b": b"2"})
    analysis = analyze(image, others=[{image.layers[0].digest}])
    assert analysis.totals.unique_bytes == image.layers[1].compressed_bytes
    assert [layer.unique for layer in analysis.layers] == [False, True]
    assert analyze(image).totals.unique_bytes == analysis.totals.compressed_bytes


class Watch:
    """A `Progress` that remembers, and layers that count how often they were opened."""

    def __init__(self) -> None:
        self.opened = 0
        self.told: list[tuple[str, int | None]] = []

    def start(self, task: str, total: int | None = None, *, unit: str = "") -> None:
        self.told.append((f"{task} {unit}", total))

    def advance(self, task: str, amount: int = 1) -> None:
        self.told.append((task, amount))

    def finish(self, task: str) -> None:
        self.told.append((task, None))

    def note(self, message: str) -> None:
        self.told.append((message, None))

    def counting(self, layer: StreamLayer) -> Callable[[], BinaryIO]:
        def opener() -> BinaryIO:
            self.opened += 1
            return layer.opener()

        return opener


def test_a_blob_that_is_there_twice_is_read_and_travels_once() -> None:
    layer, watch = synthetic_layer({"a": b"1" * 9}), Watch()
    layer = replace(layer, opener=watch.counting(layer))
    image = from_blobs([layer, layer], {"os": "linux", "architecture": "amd64"})
    analysis = analyze(image, progress=watch)
    assert watch.opened == 1
    assert analysis.totals.compressed_bytes == layer.compressed_bytes
    assert (analysis.totals.visible_bytes, analysis.totals.wasted_bytes) == (9, 9)
    size = layer.compressed_bytes
    assert watch.told == [(f"{ANALYZE_TASK} B", size), (ANALYZE_TASK, size), (ANALYZE_TASK, None)]


def test_progress_is_told_as_bytes_go_by() -> None:
    watch = Watch()
    content = {"a": os.urandom(4_000_000)}
    image = image_of(files(content), files(content), compressions=("none", "gzip"))
    analyze(image, progress=watch)
    steps = [amount or 0 for task, amount in watch.told[1:-1]]
    assert len(steps) > 6
    assert sum(steps) == sum(layer.compressed_bytes for layer in image.layers)


def test_one_damaged_layer_ends_the_reading_of_others() -> None:
    """Whoever reads a layer that never ends is told to stop."""
    good, bad = synthetic_layer({"a": b"1"}), synthetic_layer({"b": b"2"})
    begun = threading.Event()

    class Endless(ReadStream):
        def _fill(self, size_bytes: int) -> bytes:
            begun.set()
            return self._source.read(size_bytes) or bytes(size_bytes)

    def broken() -> BinaryIO:
        begun.wait(60)
        raise ImageError("broken")

    tar = header("big", flag=TypeFlag.FILE, mode=0o644, mtime=0, size_bytes=1 << 40)
    endless = replace(
        good,
        opener=lambda: Endless(io.BytesIO(tar)),
        media_type="application/vnd.oci.image.layer.v1.tar",
        compressed_bytes=1 << 41,
    )
    image = from_blobs([endless, replace(bad, opener=broken)], {"os": "linux", "architecture": "amd64"})
    with pytest.raises(ImageError, match="broken"):
        analyze(image, jobs=2)


def test_several_workers_find_the_same() -> None:
    image = image_of(debian(), files({"usr/bin/bash": b"other" * 99}), [Made("usr/.wh.lib")], files({"z": b"1"}))
    one, four = analyze(image), analyze(image, jobs=4)
    assert (one.totals, one.layers, one.packages, one.findings) == (
        four.totals,
        four.layers,
        four.packages,
        four.findings,
    )
    assert one.entries.paths == four.entries.paths


def without_blob(image: PlainImage, media_type: str) -> PlainImage:
    """The first layer has another media type and no blob."""
    layers = list(image.layers)
    layer = layers[0]
    assert isinstance(layer, StreamLayer)
    layers[0] = replace(layer, media_type=media_type, opener=missing)
    return from_blobs(layers, {"os": "linux", "architecture": "amd64"})


def missing() -> BinaryIO:
    raise ImageError("blob is missing")


@pytest.mark.parametrize(
    ("media_type", "said"),
    [
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "it is encrypted"),
        ("application/vnd.wasm.content.layer.v1+wasm", "it is 'application/vnd.wasm"),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "a foreign layer, and its blob is not here"),
    ],
)
def test_a_layer_that_cannot_be_understood_is_told_and_the_others_count(media_type: str, said: str) -> None:
    image = without_blob(synthetic_image({"a": b"1"}, {"b": b"2"}), media_type)
    analysis = analyze(image)
    assert not analysis.complete
    (finding,) = analysis.findings
    assert (finding.code, finding.severity) == ("not-understood", "warning")
    assert said in finding.message
    assert list(analysis.tree.rows) == ["", "b"]
    assert [layer.rows is None for layer in analysis.layers] == [True, False]


def test_a_missing_blob_of_an_ordinary_layer_is_an_error() -> None:
    image = without_blob(synthetic_image({"a": b"1"}), "application/vnd.oci.image.layer.v1.tar+gzip")
    with pytest.raises(LightshipError):
        analyze(image)


def test_damaged_metadata_is_told_of_and_owns_nothing() -> None:
    analysis = analyze(synthetic_image({"app/node_modules/x/package.json": b"{", "opt/x-1.dist-info/METADATA": b"\0"}))
    assert analysis.packages == ()
    assert sorted(finding.location for finding in analysis.findings) == [
        "app/node_modules/x/package.json",
        "opt/x-1.dist-info/METADATA",
    ]


def test_a_walk_goes_from_the_root_down() -> None:
    analysis = analyze(synthetic_image({"b/z": b"1", "b/a": b"2", "a": b"3"}))
    assert [path for path, _ in analysis.walk()] == ["a", "b", "b/a", "b/z"]
    assert [path for path, _ in analysis.walk("b")] == ["b/a", "b/z"]


def test_an_image_without_layers() -> None:
    analysis = analyze(synthetic_image())
    assert (analysis.totals.files, analysis.totals.efficiency, analysis.packages) == (0, 1.0, ())
    assert list(analysis.walk()) == []
