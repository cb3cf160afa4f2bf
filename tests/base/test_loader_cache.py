"""The loader's cache: what glibc's own ldconfig reads in it, and its order."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lightship import proc
from lightship.base.loader_cache import configured_directories, loader_cache
from lightship.errors import UsageError

_LIBRARIES = {
    "libz.so.1": "usr/lib/x86_64-linux-gnu/libz.so.1",
    "libfoo.so.9": "usr/lib/x86_64-linux-gnu/libfoo.so.9",
    "libfoo.so.10": "opt/foo/libfoo.so.10",
    "ld-linux-x86-64.so.2": "usr/lib64/ld-linux-x86-64.so.2",
}


@pytest.mark.conformance
def test_ldconfig_reads_it(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    path = tmp_path / "ld.so.cache"
    path.write_bytes(loader_cache(_LIBRARIES, "x86_64"))
    printed = proc.run([require_tool("ldconfig"), "-p", "-C", str(path)]).stdout.decode().splitlines()
    assert printed[0].startswith("4 libs found")
    assert [line.split()[0] for line in printed[1:5]] == [
        "libz.so.1", "libfoo.so.10", "libfoo.so.9", "ld-linux-x86-64.so.2",
    ]  # fmt: skip
    assert "\tlibfoo.so.10 (libc6,x86-64) => /opt/foo/libfoo.so.10" in printed


def test_an_empty_cache_is_a_header() -> None:
    assert len(loader_cache({}, "aarch64")) == 48


def test_other_machines_are_refused() -> None:
    with pytest.raises(UsageError, match="machine not supported: s390x"):
        loader_cache({}, "s390x")


def test_directories_that_configuration_adds() -> None:
    files = [
        ("etc/ld.so.conf.d/b.conf", "# comment\n/usr/local/lib\n"),
        ("etc/ld.so.conf.d/a.conf", "/lib/x86_64-linux-gnu\n/opt/x # why\n\nrelative\n"),
    ]
    assert configured_directories(files) == ["usr/lib/x86_64-linux-gnu", "opt/x", "usr/local/lib"]
