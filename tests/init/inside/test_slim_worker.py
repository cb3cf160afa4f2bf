"""What the Dockerfile runs: an environment made smaller, bytecode that stays valid, libraries that are found."""

import importlib.util
import os
import shutil
import struct
import sys
from pathlib import Path

import pytest

from lightship.init.inside import slim_worker
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


def _compiled(tree: Path) -> set[str]:
    return {path.name.split(".")[0] for path in tree.rglob("site-packages/**/*.pyc")}


def test_bytecode_is_never_compared_with_its_source_and_lies_in_a_tree_of_its_own(tmp_path: Path) -> None:
    environment, made = tmp_path / "venv", tmp_path / "made"
    packages = _environment(environment, {"a/b.py": "x = 1\n", "template.py": "{{ no python }}\n"})
    compile_modules(made, environment, {str(packages / name).lstrip("/") for name in ("a/b.py", "template.py")})
    source = packages / "a/b.py"
    (compiled,) = (path for path in made.rglob("*") if path.is_file())
    assert compiled == Path(f"{made}{importlib.util.cache_from_source(str(source))}")
    assert struct.unpack("<I", compiled.read_bytes()[4:8]) == (0b01,), (
        "PEP 552: hash-based, the source is not looked at"
    )
    assert str(source).encode() in compiled.read_bytes()
    assert {int(path.stat().st_mtime) for path in made.rglob("*")} == {1577836800}
    assert not list(environment.rglob("*.pyc"))


def test_only_the_modules_of_a_traced_start(tmp_path: Path) -> None:
    environment, made = tmp_path / "venv", tmp_path / "made"
    inside = _environment(environment, {"a.py": "", "b.py": ""}).relative_to("/").as_posix()
    lock = tmp_path / "lightship-startup.lock"
    lock.write_text(
        f"# traced\nkey = 1\n{inside}/a.py\n../../etc/x.py\nusr/lib/python3.11/json/tool.py\n\n[files]\n{inside}/b.py\n"
    )
    main(["compileall", str(made), "--environment", str(environment), "--startup", str(lock)])
    assert _compiled(made) == {"a"}
    assert len(list(made.rglob("*.pyc"))) == 2, "and the standard library's, wherever this Python has it"


def test_without_modules_all_are_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment, library = tmp_path / "venv", tmp_path / "stdlib"
    _environment(environment, {"a.py": "", "b.py": ""})
    for name in ("c.py", "test/d.py"):
        (library / name).parent.mkdir(parents=True, exist_ok=True)
        (library / name).write_text("")
    monkeypatch.setattr(slim_worker, "_stdlib", lambda: library)
    said = tmp_path / "modules"
    for number, text in enumerate(("# modules of a start\n", None)):
        said.unlink(missing_ok=True)
        if text is not None:
            said.write_text(text)
        made = tmp_path / f"made{number}"
        main(["compileall", str(made), "--environment", str(environment), "--startup", str(said)])
        assert {path.name.split(".")[0] for path in made.rglob("*.pyc")} == {"a", "b", "c"}


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


_LIBRARY = b"\x7fELF" + bytes(60)


@pytest.mark.parametrize(
    ("files", "stay"),
    [
        ({"opt/a.so": _LIBRARY + b"\0open\0", "opt/a.py": b"import iconvcodec\n"}, False),
        ({"opt/a.so": _LIBRARY + b"\0iconv_open\0"}, True),
        ({"root/usr/lib/libmagic.so.1": _LIBRARY + b"r,ccs=UTF-16\0"}, True),
        ({"opt/a.py": b"library.iconv_open\n"}, True),
        ({"opt/a.so": _LIBRARY + b"\0libiconv_open\0"}, True),  # no symbols that can be read
        ({"root/usr/lib/locale/de_DE.utf8/LC_CTYPE": b""}, True),
        ({"opt/readme.txt": b"iconv_open"}, False),
    ],
)
def test_tables_for_converting_text_stay_where_something_asks_for_them(
    tmp_path: Path, files: dict[str, bytes], stay: bool
) -> None:
    (tmp_path / "opt").mkdir()
    for name, content in {
        **files,
        "root/usr/lib/x86_64-linux-gnu/gconv/UTF-16.so": _LIBRARY + b"\0iconv_open\0",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    slim_worker._drop_conversions(tmp_path / "root", tmp_path / "opt")
    assert (tmp_path / "root/usr/lib/x86_64-linux-gnu/gconv").exists() is stay


def test_a_library_with_a_converter_of_its_own_asks_for_no_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "etree.so"
    library.write_bytes(_LIBRARY + b"\0libiconv_open\0")
    for said, asks in (("0 FUNC GLOBAL libiconv_open\n", False), ("0 FUNC GLOBAL UND iconv_open@GLIBC_2.2.5\n", True)):
        monkeypatch.setattr(slim_worker, "_output", lambda *_, said=said: said)
        assert slim_worker._converts(library) is asks
