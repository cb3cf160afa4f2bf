"""An installed CPython, taken apart below one prefix and put together below another."""

import json
import os
from pathlib import Path

import pytest
from tests.base.conftest import Distribution
from tests.base.pretend import library
from tests.base.pretend_elf import shared_object

from lightship.archive.content import Inline, Stored
from lightship.base.cpython import CPythonTree, read_cpython
from lightship.base.plan import plan_base
from lightship.errors import InputError
from lightship.plan.model import Entry
from lightship.store.cache import Cache


def _tree(root: Path, version: str = "3.12.1", *, machine: str = "x86_64") -> Path:
    """A CPython in miniature, built for the prefix ``/made/at``."""
    minor = ".".join(version.split(".")[:2])
    stdlib = root / "lib" / f"python{minor}"
    files = {
        root / "bin" / f"python{minor}": shared_object(needed=[f"libpython{minor}.so.1.0"], machine=machine),
        root / "bin" / f"pip{minor}": b"#!/made/at/bin/python\n",
        root / "lib" / f"libpython{minor}.so.1.0": shared_object(soname=f"libpython{minor}.so.1.0", machine=machine),
        root / "lib" / "libpython.a": b"!<arch>\n",
        root / "lib" / "libown.so.2": shared_object(soname="libown.so.2", machine=machine),
        root / "lib" / "libtk.so.9": shared_object(soname="libtk.so.9", needed=["libX11.so.6"], machine=machine),
        root / "include" / f"python{minor}" / "patchlevel.h": f'#define PY_VERSION      "{version}"\n'.encode(),
        root / "include" / f"python{minor}" / "Python.h": b"",
        stdlib / "os.py": b"# os\n",
        stdlib / "turtle.py": b"import tkinter\n",
        stdlib / "__pycache__" / "os.cpython-312.pyc": b"x",
        stdlib / "test" / "test_os.py": b"# test\n",
        stdlib / "ensurepip" / "__init__.py": b"",
        stdlib / "ensurepip" / "_bundled" / "pip.whl": b"wheel",
        stdlib / "site-packages" / "pip" / "__init__.py": b"",
        stdlib / "lib-dynload" / "_ssl.so": shared_object(needed=["libssl.so.3", "libown.so.2"], machine=machine),
        stdlib / "_sysconfigdata__linux_x86_64.py": b"# made\nbuild_time_vars = {'prefix': '/made/at',\n"
        b" 'LIBDIR': '/made/at/lib', 'OTHER': '/made/atomic', 'CC': 'gcc'}\n",
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (root / "bin" / f"python{minor}").chmod(0o700)
    (root / "bin" / "python3").symlink_to(f"python{minor}")
    (root / "lib" / f"libpython{minor}.so").symlink_to(f"libpython{minor}.so.1.0")
    return root


def _read(tmp_path: Path, **fields: bool) -> tuple[CPythonTree, dict[str, Entry]]:
    tree = read_cpython(_tree(tmp_path / "tree"), Cache(tmp_path / "cache"), machine="x86_64", **fields)
    return tree, {entry.path: entry for entry in tree.entries}


def test_what_is_taken(tmp_path: Path) -> None:
    tree, entries = _read(tmp_path)
    assert tree.version == "3.12.1"
    assert set(entries) == {
        "usr/local/bin/python3.12",
        "usr/local/bin/python3",
        "usr/local/bin/python",
        "usr/local/lib/libown.so.2",
        "usr/lib/x86_64-linux-gnu/libown.so.2",
        "usr/local/lib/libpython3.12.so.1.0",
        "usr/lib/x86_64-linux-gnu/libpython3.12.so.1.0",
        "usr/local/lib/python3.12/os.py",
        "usr/local/lib/python3.12/ensurepip/__init__.py",
        "usr/local/lib/python3.12/lib-dynload/_ssl.so",
        "usr/local/lib/python3.12/_sysconfigdata__linux_x86_64.py",
        "usr/local/lib/python3.12/site-packages",
    }
    assert entries["usr/local/bin/python3.12"].mode == 0o755
    assert entries["usr/local/lib/python3.12/os.py"].mode == 0o644
    assert set(tree.elves) == {
        "usr/local/bin/python3.12",
        "usr/local/lib/libown.so.2",
        "usr/local/lib/libpython3.12.so.1.0",
        "usr/local/lib/python3.12/lib-dynload/_ssl.so",
    }
    assert {drop.rule for drop in tree.dropped} == {"stdlib-idle", "stdlib-tk", "stdlib-ensurepip", "site-packages"}


def test_the_prefix_is_rewritten(tmp_path: Path) -> None:
    _, entries = _read(tmp_path)
    content = entries["usr/local/lib/python3.12/_sysconfigdata__linux_x86_64.py"].content
    assert isinstance(content, Inline)
    assert b"'LIBDIR': '/usr/local/lib'" in content.content
    assert content.content.count(b"/made/at") == content.content.count(b"/made/atomic") == 1


def test_headers_when_asked(tmp_path: Path) -> None:
    _, entries = _read(tmp_path, headers=True)
    assert "usr/local/include/python3.12/Python.h" in entries


def test_facts_are_remembered_until_a_file_changes(tmp_path: Path) -> None:
    _, first = _read(tmp_path)
    (memory,) = (tmp_path / "cache" / "records").glob("*/*")
    rows = json.loads(memory.read_bytes())
    path = str(tmp_path / "tree" / "lib" / "python3.12" / "os.py")
    rows[path][1] = "0" * 64
    memory.write_text(json.dumps(rows))
    again = read_cpython(tmp_path / "tree", Cache(tmp_path / "cache"), machine="x86_64")
    assert _sha256(again, "os.py") == "0" * 64, "not read again"
    Path(path).write_bytes(b"# changed\n")
    os.utime(path, (1, 1))
    changed = read_cpython(tmp_path / "tree", Cache(tmp_path / "cache"), machine="x86_64")
    assert _sha256(changed, "os.py") not in ("0" * 64, _sha256_of(first["usr/local/lib/python3.12/os.py"]))


def _sha256(tree: CPythonTree, name: str) -> str | None:
    return _sha256_of(next(entry for entry in tree.entries if entry.path.endswith("/" + name)))


def _sha256_of(entry: Entry) -> str | None:
    assert isinstance(entry.content, Stored)
    return entry.content.sha256


def test_build_variables_that_are_none(tmp_path: Path) -> None:
    tree = _tree(tmp_path / "tree")
    (tree / "lib" / "python3.12" / "_sysconfigdata__linux_x86_64.py").write_text("build_time_vars = open('x')\n")
    with pytest.raises(InputError, match="holds no build variables"):
        read_cpython(tree, Cache(tmp_path / "cache"), machine="x86_64")


def test_another_machine(tmp_path: Path) -> None:
    tree = _tree(tmp_path / "tree", machine="aarch64")
    with pytest.raises(InputError, match="another machine: want x86_64, got aarch64"):
        read_cpython(tree, Cache(tmp_path / "cache"), machine="x86_64")


def test_a_base_around_it(debian: Distribution, tmp_path: Path) -> None:
    debian.archive.add(library("libssl3", "libssl.so.3"))
    debian.archive.write()
    request = debian.request(python="3.12", cpython_roots=(_tree(tmp_path / "versions" / "3.12.1").parent,))
    with plan_base(request, debian.cache) as plan:
        interpreter = plan.probe()
        base = plan.close()
    assert (interpreter.executable, interpreter.target.python) == ("usr/local/bin/python3.12", "3.12.1")
    assert base.packages.keys() >= {"libssl3", "libc6"}
    assert not base.packages.keys() & {"python3.11", "zlib1g"}
    assert base.missing == {}
    owners = {entry.owner for entry in base.entries if entry.path.startswith("usr/local/lib/python3.12/")}
    assert owners == {"python:3.12.1", "lightship"}


def test_an_interpreter_that_would_not_start(debian: Distribution, tmp_path: Path) -> None:
    debian.archive.write()
    tree = _tree(tmp_path / "tree")
    (tree / "bin" / "python3.12").write_bytes(shared_object(needed=["libgone.so.1"]))
    with (
        plan_base(debian.request(python=str(tree)), debian.cache) as plan,
        pytest.raises(InputError, match=r"does not fit the base: it needs libgone\.so\.1"),
    ):
        plan.close()


@pytest.mark.parametrize(
    "trap", ["bin/python3.12", "lib/libpython3.12.so.1.0", "lib/python3.12", "include/python3.12/Python.h"]
)
def test_a_tree_does_not_lead_to_other_files_of_this_machine(tmp_path: Path, trap: str) -> None:
    """A project may bring its own interpreter, and the image is for others to see."""
    root = _tree(tmp_path / "tree")
    outside = tmp_path / "outside"
    (root / trap).rename(outside)
    (root / trap).symlink_to(outside)
    with pytest.raises(InputError, match="leads out of its folder"):
        read_cpython(root, Cache(tmp_path / "cache"), machine="x86_64", headers=True)


@pytest.mark.parametrize("up", ["", "../../../"])
def test_a_module_that_is_elsewhere_is_left_out(tmp_path: Path, up: str) -> None:
    root = _tree(tmp_path / "tree")
    (tmp_path / "secret").write_text("SECRET")
    (root / "lib/python3.12/sitecustomize.py").symlink_to(f"{up}secret" if up else tmp_path / "secret")
    tree = read_cpython(root, Cache(tmp_path / "cache"), machine="x86_64")
    assert not [entry for entry in tree.entries if "sitecustomize" in entry.path]
