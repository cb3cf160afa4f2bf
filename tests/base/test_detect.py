"""Which Python and which C library an image has, told by its files."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.base.pretend_elf import shared_object

from lightship.base.detect import DirectoryView, detect_base
from lightship.errors import InputError
from lightship.oci.platform import Platform

_AMD64 = Platform("linux", "amd64")
_GNU = shared_object(needed=["libc.so.6"], interpreter="/lib64/ld-linux-x86-64.so.2")
_MUSL = shared_object(interpreter="/lib/ld-musl-x86_64.so.1")
_LIBC = shared_object(soname="libc.so.6", versions=["GLIBC_2.2.5", "GLIBC_2.9", "GLIBC_2.36", "GLIBC_PRIVATE"])


class DictView:
    """A root written down in the test."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def names(self, directory: str) -> Sequence[str]:
        inside = [path[len(directory) + 1 :] for path in self._files if path.startswith(directory + "/")]
        return sorted({path.split("/")[0] for path in inside})

    def read(self, path: str, *, limit_bytes: int) -> bytes | None:
        content = self._files.get(path)
        return content[:limit_bytes] if content is not None else None

    def resolve(self, path: str) -> str:
        return path


_DEBIAN = {
    "usr/bin/python3.11": _GNU,
    "usr/lib/python3.11/os.py": b"",
    "usr/lib/x86_64-linux-gnu/libc.so.6": _LIBC,
    "etc/os-release": b'NAME="Pretend"\nID=debian\nVERSION_ID="12"\n',
    "var/lib/dpkg/status.d/python3.11-minimal": b"Package: python3.11-minimal\nVersion: 3.11.2-6+deb12u1\n",
    "var/lib/dpkg/status.d/python3.11-minimal.md5sums": b"0 x\n",
}


def test_debian() -> None:
    found = detect_base(DictView(_DEBIAN), _AMD64)
    assert found.interpreter.executable == "usr/bin/python3.11"
    assert found.interpreter.stdlib == ("usr/lib/python3.11",)
    target = found.interpreter.target
    assert (target.python, target.libc, target.libc_version) == ("3.11.2", "glibc", (2, 36))
    assert found.distribution == "debian 12"
    assert found.libraries["libc.so.6"] == "usr/lib/x86_64-linux-gnu/libc.so.6"


def test_an_interpreter_built_beside_the_distributions_own() -> None:
    files = _DEBIAN | {
        "usr/local/bin/python3.13": _GNU,
        "usr/local/lib/python3.13/os.py": b"",
        "usr/local/include/python3.13/patchlevel.h": b'/* x */\n#define PY_VERSION      "3.13.5+"\n',
    }
    found = detect_base(DictView(files), _AMD64)
    assert found.interpreter.executable == "usr/local/bin/python3.13"
    assert found.interpreter.target.python == "3.13.5"
    own = detect_base(DictView(files), _AMD64, search=["/usr/bin"])
    assert own.interpreter.executable == "usr/bin/python3.11"


def test_alpine() -> None:
    files = {
        "usr/bin/python3.12": _MUSL,
        "usr/lib/python3.12/os.py": b"",
        "etc/os-release": b"ID=alpine\nVERSION_ID=3.20.1\n",
        "lib/apk/db/installed": b"C:x\nP:musl\nV:1.2.5-r0\n\nP:python3\nV:3.12.3-r1\nF:usr/bin\n",
    }
    target = detect_base(DictView(files), _AMD64).interpreter.target
    assert (target.python, target.libc, target.libc_version) == ("3.12.3", "musl", (1, 2))


@pytest.mark.parametrize(
    ("executable", "env", "version"),
    [(_GNU + b"\x003.11.14\0", {}, "3.11.14"), (_GNU, {"PYTHON_VERSION": "3.11.9"}, "3.11.9")],
)
def test_versions_without_a_database(executable: bytes, env: dict[str, str], version: str) -> None:
    files = {path: content for path, content in _DEBIAN.items() if "dpkg" not in path} | {
        "usr/bin/python3.11": executable
    }
    assert detect_base(DictView(files), _AMD64, env=env).interpreter.target.python == version


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"usr/bin/python3.11": b"#!/bin/sh\n"}, "no Python 3 in the base image"),
        ({"usr/bin/python3.11": b"\x7fELF\2\1"}, "cannot be read"),
        ({"usr/bin/python3.11": shared_object(machine="aarch64")}, "another machine: want x86_64, got aarch64"),
        ({"usr/lib/python3.11/os.py": None}, "no standard library"),
        ({"usr/lib/x86_64-linux-gnu/libc.so.6": None}, "no C library"),
        ({"var/lib/dpkg/status.d/python3.11-minimal": None}, "does not tell which Python 3.11"),
    ],
)
def test_images_that_are_no_base(change: dict[str, bytes | None], message: str) -> None:
    files = {path: content for path, content in {**_DEBIAN, **change}.items() if content is not None}
    with pytest.raises(InputError, match=message):
        detect_base(DictView(files), _AMD64)


def test_a_directory_whose_links_leave_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "python3.11").write_bytes(_GNU)
    root = tmp_path / "root"
    (root / "usr").mkdir(parents=True)
    (root / "usr" / "bin").symlink_to(outside)
    view = DirectoryView(root)
    assert view.names("usr/bin") == ()
    assert view.read("usr/bin/python3.11", limit_bytes=100) is None
    for path, content in _DEBIAN.items():
        if path.startswith(("etc", "var", "usr/lib")):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
    (root / "usr" / "real").mkdir()
    (root / "usr" / "real" / "python3.11").write_bytes(_GNU)
    (root / "usr" / "bin").unlink()
    (root / "usr" / "bin").symlink_to("/usr/real")
    assert detect_base(view, _AMD64).interpreter.target.python == "3.11.2"
