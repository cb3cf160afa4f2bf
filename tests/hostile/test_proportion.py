"""Input that costs much more than it has bytes, if its reader lets it. A fault here shows as a test that never ends."""

import io
from pathlib import Path

import pytest
from tests.build.wheels import make_wheel

from lightship.archive.tar import iter_tar
from lightship.archive.tar_write import END, header, padding
from lightship.archive.zip import read_zip
from lightship.build.scripts import parse_script_entry_points
from lightship.build.sdist.requires import parse_requirements
from lightship.ecosystem.python.dlopen import find_dlopen_needs
from lightship.ecosystem.python.requirements_text import read_requirements
from lightship.errors import ArchiveError, HostileError, InputError, LightshipError
from lightship.launch.requests import parse_requests
from lightship.plan.drop.mentions import Mentions

MANY = 300_000


@pytest.mark.parametrize(
    "line",
    ["a = b:c" + " " * MANY + "!", "a" + " " * MANY + "b", "a = b:c\n" + " " * MANY + "\n", "a = b:" + "c" * MANY * 4],
)
def test_entry_points_with_a_desert_in_them(line: str) -> None:
    with pytest.raises(ArchiveError):
        parse_script_entry_points(f"[console_scripts]\n{line}\n".encode(), "pretend.whl")


def test_an_entry_point_of_blanks_in_measure_is_read() -> None:
    (found,) = parse_script_entry_points(b"[console_scripts]\na" + b" " * 200 + b"=  b : c  [x]", "pretend.whl")
    assert found == ("a", "b", "c")


@pytest.mark.parametrize("letter", ["\x1b", "\x7f", "\x01"])
def test_a_script_named_with_a_control_character_is_refused(letter: str) -> None:
    with pytest.raises(HostileError, match="no file name"):
        parse_script_entry_points(f"[console_scripts]\na{letter}b = c:d\n".encode(), "pretend.whl")


def test_a_requirements_file_with_a_desert_in_it(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"pretend==1{' ' * MANY}--hash=sha256:{'a' * 64}{' ' * MANY}# why\n")
    (line,) = read_requirements(lock, tmp_path).lines
    assert line.hashes == ("sha256:" + "a" * 64,)
    assert line.text == "pretend==1"


def test_sources_with_one_endless_word() -> None:
    source = b"x = '" + b"aGVhZGVy" * MANY + b"'\ny = ['i/first.h', \"second.h\", '.third.h', 'a b.h', 'no.hpp']\n"
    mentions = Mentions(["pkg/mod.py"], lambda _: source)
    assert mentions.file_names(".h") == {"first.h", "second.h", "third.h", "b.h"}


def test_sources_with_one_endless_line() -> None:
    source = b"# " + b"import " * MANY + b"tests\nfrom pkg import tests\n"
    assert Mentions(["pkg/mod.py"], lambda _: source).kept(["pkg/tests"]) == {"pkg/tests"}
    source = b"# " + b"import " * MANY + b"tests\n"
    assert Mentions(["pkg/mod.py"], lambda _: source).kept(["pkg/tests"]) == set()


def test_a_library_of_endless_name_is_none() -> None:
    source = f"from ctypes import CDLL\nCDLL('{'/lib' * MANY}')\nCDLL('libpretend.so.1')\n"
    assert [need.library for need in find_dlopen_needs("m.py", source.encode())] == ["libpretend.so.1"]


def test_variables_that_double_with_every_line() -> None:
    lines = ["@v0 = 0123456789", *(f"@v{n + 1} = {{{{v{n}}}}}{{{{v{n}}}}}" for n in range(64)), "GET http://h/{{v64}}"]
    with pytest.raises(InputError, match="becomes too long"):
        parse_requests("\n".join(lines))


@pytest.mark.parametrize(
    "text",
    ["GET http://h:99999/", "GET http://[/", "GET http://h/ä", "GET http://h/\x1b", "GET http://ü/", "GET http://h:0/",
     "GET http://h/\nX: ☃", "GET http://h/\nX: a\x1bb"],
)  # fmt: skip
def test_requests_that_no_client_could_send(text: str) -> None:
    with pytest.raises(InputError, match=r"line [12]: want"):
        parse_requests(text)


def test_global_records_are_few() -> None:
    records = b"".join(b"%d k%06d=1\n" % (len(b"13 k000000=1\n"), n) for n in range(1000))
    block = header("x", flag=b"g", mode=0o644, size_bytes=len(records), mtime=0)
    with pytest.raises(HostileError, match="global pax records"):
        list(iter_tar(io.BytesIO(block + records + padding(len(records)) + END), "layer"))


def test_members_are_counted_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = make_wheel(tmp_path, "pretend", {f"{n}.py": "" for n in range(20)})
    assert len(read_zip(wheel)) == 23
    monkeypatch.setattr("lightship.archive.zip._MEMBERS_CAP", 22)
    with pytest.raises(HostileError, match="too large: 23 members"):
        read_zip(wheel)


def test_nested_requirements_are_one_sentence() -> None:
    with pytest.raises(LightshipError, match="want a requirement"):
        parse_requirements(["x; " + "(" * 5000 + "extra == 'a'" + ")" * 5000], "pyproject.toml")
