"""Metadata on disk is read as it is, and nothing in it can hurt."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lightship.verify.installed import modules_of, read_installed, read_record

SUFFIXES = (".cpython-312-x86_64-linux-gnu.so", ".abi3.so", ".so")


def install(site: Path, folder: str, **files: str) -> None:
    (site / folder).mkdir(parents=True)
    for name, text in files.items():
        (site / folder / name.replace("__", ".")).write_text(text)


def test_a_distribution_is_read(tmp_path: Path) -> None:
    install(
        tmp_path / "site",
        "Pretend_Lib-1.0.dist-info",
        METADATA="Metadata-Version: 2.1\nName: Pretend.Lib\nVersion: 1.0\nRequires-Dist: a>=1;\n python_version>'3'\n\n"
        "Requires-Dist: only in the description\n",
        RECORD="pretend/__init__.py,sha256=x,1\n../bin/say,,\n\n",
        entry_points__txt="[console_scripts]\nsay = pretend:main\nwith-extra = pretend:main [cli]\n"
        "[other]\nx = pretend\n",
    )
    (one,) = read_installed(tmp_path, "site")
    assert (one.name, one.version, one.requires) == ("pretend-lib", "1.0", ("a>=1; python_version>'3'",))
    assert list(one.paths()) == ["site/pretend/__init__.py", "bin/say"]
    assert [(point.group, point.name, point.target, point.extras) for point in one.entry_points] == [
        ("console_scripts", "say", "pretend:main", ()),
        ("console_scripts", "with-extra", "pretend:main", ("cli",)),
        ("other", "x", "pretend", ()),
    ]
    assert one.modules() == ("pretend",)
    assert one.problems == ()


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    install(tmp_path / "site", "a-1.dist-info", entry_points__txt="no section\n")
    install(tmp_path / "site", "b-2.dist-info", METADATA="Name: b\n", entry_points__txt="[g]\nx = not an object\n")
    first, second = read_installed(tmp_path, "site")
    assert first.problems[0] == "it has no METADATA"
    assert "entry_points.txt cannot be read" in first.problems[1]
    assert (first.version, second.version) == ("1", "2")
    assert second.problems == ("entry point 'x' of g names no object: 'not an object'",)


def test_an_egg_and_a_file_of_metadata(tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, "six-1.16-py3.11.egg-info", **{"PKG-INFO": "Name: six\nVersion: 1.16\n", "top_level__txt": "six\n"})
    (site / "old-2.0.egg-info").write_text("Name: old\nVersion: 2.0\n")
    old, six = read_installed(tmp_path, "site")
    assert (old.name, old.version, old.record) == ("old", "2.0", None)
    assert (six.version, six.modules()) == ("1.16", ("six",))


def test_modules_below_a_namespace_are_its_highest_packages() -> None:
    paths = [
        "google/cloud/storage/__init__.py", "google/cloud/storage/blob.py", "google/type/money_pb2.py",
        "single.py", "native.cpython-312-x86_64-linux-gnu.so", "pkg/__init__.py", "pkg/sub/__init__.py", "pkg/data.txt",
        "examples/run.py", "class/__init__.py", "not-a-module/x.py", "__main__.py", "../../../bin/tool.py",
    ]  # fmt: skip
    wanted = ("google.cloud.storage", "google.type.money_pb2", "native", "pkg", "single")
    assert modules_of(paths, SUFFIXES) == wanted
    assert modules_of(reversed(paths), SUFFIXES) == wanted


def test_a_package_that_is_an_extension_module() -> None:
    assert modules_of(["pkg/__init__.abi3.so", "pkg/more.py"], SUFFIXES) == ("pkg",)


@given(st.text())
def test_any_text_is_a_record(text: str) -> None:
    assert all(row.path for row in read_record(text)[0])


def test_a_record_that_breaks_off_is_a_problem_and_no_empty_one(tmp_path: Path) -> None:
    record = f"a.py,,1\nb.py,,2\n{'x' * 200_000},,3\nc.py,,4\n"
    install(tmp_path / "site", "a-1.dist-info", METADATA="Name: a\n", RECORD=record)
    (one,) = read_installed(tmp_path, "site")
    assert one.record is not None
    assert [row.path for row in one.record] == ["a.py", "b.py"]
    assert one.problems == ("RECORD cannot be read from line 3 on: field larger than field limit (131072)",)


def test_what_names_no_object_is_seen_soon(tmp_path: Path) -> None:
    """Two patterns of white space side by side try every way to share it: quadratic, and then some."""
    install(tmp_path / "site", "a-1.dist-info", METADATA="Name: a\n", entry_points__txt=f"[g]\nx = a{' ' * 999_999}!\n")
    (one,) = read_installed(tmp_path, "site")
    assert "names no object" in one.problems[0]
