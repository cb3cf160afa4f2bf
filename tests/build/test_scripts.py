"""Generated and rewritten programs run."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship import proc
from lightship.build.scripts import EntryPoint, parse_script_entry_points, rewrite_shebang, script_text
from lightship.errors import ArchiveError, HostileError


def test_console_and_gui_scripts_are_read_in_order() -> None:
    raw = b"""
[console_scripts]
Tool = pkg.cli:main
odd.name-2 = pkg:Class.run [extra]
percent = pkg:x%y
[gui_scripts]
window=pkg.gui : start
[pkg.plugins]
anything = at all
"""
    with pytest.raises(ArchiveError, match="want module:function, got 'pkg:x%y'"):
        parse_script_entry_points(raw, "w")
    assert parse_script_entry_points(raw.replace(b"percent = pkg:x%y\n", b""), "w") == (
        EntryPoint("Tool", "pkg.cli", "main"),
        EntryPoint("odd.name-2", "pkg", "Class.run"),
        EntryPoint("window", "pkg.gui", "start"),
    )


def test_a_file_without_scripts_is_not_parsed() -> None:
    assert parse_script_entry_points(b"[pkg.plugins]\n: broken", "w") == ()


@given(st.binary(max_size=100))
def test_no_bytes_make_it_fail_otherwise(raw: bytes) -> None:
    said = "w: "
    try:
        parse_script_entry_points(b"[console_scripts]\n" + raw, "w")
    except (ArchiveError, HostileError) as error:
        said = str(error)
    assert said.startswith("w: ")
    assert "\n" not in said


def test_a_script_calls_its_function_and_passes_its_status(tmp_path: Path) -> None:
    (tmp_path / "pretend.py").write_text("class App:\n    def run():\n        print('called')\n        return 7\n")
    script = tmp_path / "tool"
    script.write_bytes(script_text(EntryPoint("tool", "pretend", "App.run"), sys.executable))
    script.chmod(0o755)
    done = proc.run([str(script)], env={"PYTHONPATH": str(tmp_path)}, check=False)
    assert (done.returncode, done.stdout) == (7, b"called\n")


@pytest.mark.parametrize(
    ("script", "want"),
    [
        (b"#!python\nx\n", b"#!/v/bin/python\nx\n"),
        (b"#!pythonw -E\r\nx\r\n", b"#!/v/bin/python\nx\r\n"),
        (b"#!python", b"#!/v/bin/python\n"),
    ],
)
def test_shebangs(script: bytes, want: bytes) -> None:
    assert rewrite_shebang(script, "/v/bin/python") == want
