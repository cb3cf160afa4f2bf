"""What the Dockerfile runs: an environment made smaller, bytecode that stays valid, libraries that are found."""

import importlib.util
import os
import shutil
import struct
import sys
from pathlib import Path

import pytest

from lightship.init.inside.slim_worker import compile_modules, main, slim_environment, strip_symbols


def _environment(root: Path, files: dict[str, str]) -> Path:
    packages = root / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    packages.mkdir(parents=True)
    for name, text in files.items():
        path = packages / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return packages


def _left(packages: Path) -> set[str]:
    return {path.relative_to(packages).as_posix() for path in packages.rglob("*") if path.is_file()}


def test_what_nothing_reads_is_taken_out(tmp_path: Path) -> None:
    packages = _environment(tmp_path, {
        "a/__init__.py": "", "a/types.pyi": "", "a/core.c": "", "a/include/a.h": "", "a/lib.a": "", "a/data.json": "{}",
        "a/tests/test_a.py": "", "a/tests/golden.csv": "", "a/app.js.map": "", "cffi/parse.h": "",
    })  # fmt: skip
    slim_environment(tmp_path)
    assert _left(packages) == {"a/__init__.py", "a/data.json", "cffi/parse.h"}


@pytest.mark.parametrize(
    "source",
    [
        "from a.tests.util import x\n",
        "from .tests import util\n",
        "    import a.tests.util\n",
        "NAME = 'a.tests.util'\n",
    ],
)
def test_tests_that_a_source_names_stay(tmp_path: Path, source: str) -> None:
    packages = _environment(tmp_path, {"a/core.py": source, "a/tests/test_a.py": "", "a/tests/util.py": ""})
    slim_environment(tmp_path)
    assert "a/tests/util.py" in _left(packages)


def test_another_package_may_name_them(tmp_path: Path) -> None:
    files = {"a/core.py": "", "a/tests/test_a.py": "", "b/core.py": "import a.tests.util\n", "c/tests/test_c.py": ""}
    packages = _environment(tmp_path, files)
    slim_environment(tmp_path)
    assert _left(packages) == {"a/core.py", "a/tests/test_a.py", "b/core.py"}


def test_a_folder_called_test_without_tests_stays(tmp_path: Path) -> None:
    packages = _environment(tmp_path, {"django/test/client.py": "", "tests/test_top.py": ""})
    slim_environment(tmp_path)
    assert _left(packages) == {"django/test/client.py", "tests/test_top.py"}


def test_installers_go_unless_something_requires_them(tmp_path: Path) -> None:
    files = {
        "pip/__init__.py": "", "pip-25.dist-info/RECORD": "pip/__init__.py,,\npip-25.dist-info/RECORD,,\n",
        "setuptools/__init__.py": "", "setuptools-80.dist-info/RECORD": "setuptools/__init__.py,,\n",
        "b-1.dist-info/METADATA": "Name: b\nRequires-Dist: setuptools>=40\nRequires-Dist: pip ; extra == 'x'\n",
    }  # fmt: skip
    packages = _environment(tmp_path, files)
    slim_environment(tmp_path)
    left = _left(packages)
    assert "setuptools/__init__.py" in left
    assert not any(name.startswith("pip") for name in left)


def test_bytecode_is_never_compared_with_its_source(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b.py").write_text("x = 1\n")
    (tmp_path / "template.py").write_text("{{ no python }}\n")
    compile_modules(tmp_path, Path("/opt/venv"), None)
    made = Path(importlib.util.cache_from_source(str(tmp_path / "a/b.py"))).read_bytes()
    assert struct.unpack("<I", made[4:8]) == (0b01,), "PEP 552: hash-based, and the source is not looked at"
    assert b"/opt/venv/a/b.py" in made


def test_only_the_modules_of_a_traced_start(tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    packages = _environment(environment, {"a.py": "", "b.py": ""})
    lock = tmp_path / "lightship-startup.lock"
    inside = packages.relative_to("/").as_posix()
    lock.write_text(f"# traced\nkey = 1\n{inside}/a.py\n../../etc/x.py\n\n[files]\n{inside}/b.py\n")
    main(["compileall", str(environment), "--startup", str(lock)])
    assert [path.name.split(".")[0] for path in packages.rglob("*.pyc")] == ["a"]
    main(["compileall", str(environment), "--startup", str(tmp_path / "absent")])
    assert sorted(path.name.split(".")[0] for path in packages.rglob("*.pyc")) == ["a", "b"]


def _elf(*, offset: int, address: int) -> bytes:
    """A library of one segment (ELF gABI, 64 bits, little-endian)."""
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    return head + struct.pack("<IIQQQQQQ", 1, 5, offset, address, address, 16, 16, 0x1000)


@pytest.mark.parametrize(("offset", "smaller"), [(0x1000, True), (0x1200, False)])
def test_a_library_that_could_not_be_loaded_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offset: int, smaller: bool
) -> None:
    made = tmp_path / "made"
    made.write_bytes(_elf(offset=offset, address=0x1000))
    program = tmp_path / "bin/strip"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncp {made} "$3"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    library = tmp_path / "a.so"
    before = _elf(offset=0x1000, address=0x1000) + b"symbols" * 100
    library.write_bytes(before)
    strip_symbols(library)
    assert (library.read_bytes() == made.read_bytes()) is smaller
    assert (library.read_bytes() == before) is not smaller
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.so", "bin", "made"]


def test_what_is_no_library_is_not_stripped(tmp_path: Path) -> None:
    script = tmp_path / "a.so"
    script.write_text("INPUT(b.so)\n")
    strip_symbols(script)
    assert script.read_text() == "INPUT(b.so)\n"


def test_a_root_has_an_interpreter_that_finds_its_library_and_its_user(tmp_path: Path) -> None:
    """Made of this machine: what it is linked against is there, found by the loader of the root itself."""
    if shutil.which("dpkg-query") is None or os.geteuid() != 0:
        pytest.skip("wants Debian's dpkg, and root to own a home")
    environment = tmp_path / "venv"
    _environment(environment, {})
    known = tmp_path / "elsewhere" / "python"
    known.parent.mkdir()
    known.symlink_to(sys.executable)
    (environment / "bin").mkdir()
    (environment / "bin/python").symlink_to(known)
    root = tmp_path / "root"
    main(["root", str(root), "--environment", str(environment)])
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    assert (root / str(Path(sys.base_prefix, "bin", version)).lstrip("/")).exists()
    assert (root / str(known).lstrip("/")).is_symlink()
    assert list(root.glob("usr/lib/*/libc.so.6"))
    assert "nonroot:x:65532" in (root / "etc/passwd").read_text()
    assert (root / "tmp").stat().st_mode & 0o7777 == 0o1777
    assert (root / "lib64").is_symlink()
    zone = Path("/usr/share/zoneinfo/Europe/Berlin")
    assert (root / zone.relative_to("/")).exists() is zone.exists()
    assert not (root / "usr/share/zoneinfo/posix").exists()
    assert (root / "var/lib/dpkg/status.d/libc6").read_text().startswith("Package: libc6")
    assert {int(path.lstat().st_mtime) for path in root.rglob("*")} == {1577836800}
