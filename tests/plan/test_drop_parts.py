"""What rules stand on: patterns, the heads of binaries, what sources mention."""

import struct
from pathlib import Path

import pytest
from tests.build.wheels import make_wheel

from lightship.archive.content import Content, Inline, Stored
from lightship.archive.inflate import Containers
from lightship.archive.zip import read_zip
from lightship.ecosystem.python.target import Target
from lightship.errors import ArchiveError
from lightship.oci.platform import Platform
from lightship.plan.drop import Distribution, DropOptions, apply, drops_whole
from lightship.plan.drop.build_tools import RULE as BUILD_TOOLS
from lightship.plan.drop.foreign_platform import RULE as FOREIGN
from lightship.plan.drop.globs import matches_any
from lightship.plan.drop.wrong_abi import RULE as WRONG_ABI
from lightship.plan.model import Entry
from lightship.plan.reading import read_head


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("pkg/tests", "pkg/tests", True),
        ("pkg/tests", "pkg/tests/a/b.py", True),
        ("pkg/tests/**", "pkg/tests/a/b.py", True),
        ("pkg/tests/**", "pkg/tests_of", False),
        ("pkg/*.py", "pkg/a.py", True),
        ("pkg/*.py", "pkg/a/b.py", False),
        ("**/*.py", "a.py", True),
        ("**/*.py", "pkg/a/b.py", True),
        ("/pkg/", "pkg/a.py", True),
        ("pkg/?.py", "pkg/ab.py", False),
        ("pkg/[ab].py", "pkg/a.py", True),
        ("pkg/[!ab].py", "pkg/a.py", False),
        ("pkg/a.py", "pkg/axpy", False),
        ("pkg/(a)+.py", "pkg/(a)+.py", True),
        ("**", "anything/at/all", True),
        ("*", "pkg", True),
    ],
)
def test_patterns(pattern: str, path: str, matches: bool) -> None:
    assert matches_any(path, (pattern,)) is matches


def pe(*, clr: bool, wide: bool) -> bytes:
    """The head of a Windows library, for .NET or not."""
    head = bytearray(0x80) + b"PE\0\0" + bytes(20) + struct.pack("<H", 0x20B if wide else 0x10B)
    head[:2], head[0x3C:0x40] = b"MZ", struct.pack("<I", 0x80)
    directories = bytearray(16 * 8)
    if clr:
        directories[14 * 8 : 14 * 8 + 8] = struct.pack("<II", 0x2008, 72)
    return bytes(head) + bytes((112 if wide else 96) - 2) + bytes(directories)


def selected(rule_files: dict[str, bytes], machine: str = "amd64", libc: str = "glibc") -> set[str]:
    target = Target(
        python="3.12.1", platform=Platform(os="linux", architecture=machine),
        libc="musl" if libc == "musl" else "glibc", libc_version=(1, 2),
    )  # fmt: skip
    files = {path: Entry(path=path, content=Inline(content)) for path, content in rule_files.items()}
    distribution = Distribution("pkg", files, Containers(), target=target)
    return {drop.path for drop in apply(distribution, (FOREIGN, WRONG_ABI), DropOptions())[1]}


@pytest.mark.parametrize("wide", [False, True])
def test_windows_goes_and_dotnet_stays(wide: bool) -> None:
    files = {"native.dll": pe(clr=False, wide=wide), "assembly.dll": pe(clr=True, wide=wide), "text.dll": b"no binary"}
    assert selected(files) == {"native.dll"}


def elf(machine: int, order: str = "<") -> bytes:
    return b"\x7fELF\x02" + (b"\x01" if order == "<" else b"\x02") + bytes(10) + struct.pack(f"{order}HH", 3, machine)


def test_elf_files_of_another_machine_go() -> None:
    files = {"x86.so": elf(62), "arm.so": elf(183), "i386.so": elf(3), "s390.so": elf(22, ">"), "short.so": b"\x7fELF"}
    assert selected(files) == {"arm.so", "i386.so", "s390.so"}
    assert selected(files, "arm64") == {"x86.so", "i386.so", "s390.so"}


def test_a_musl_target_may_load_either_name() -> None:
    names = [f"x.cpython-312-x86_64-{system}.so" for system in ("linux-gnu", "linux-musl")]
    files = dict.fromkeys(names, b"")
    assert selected(files) == {names[1]}
    assert selected(files, libc="musl") == set()


def test_a_whole_distribution_goes_only_when_nobody_asks_for_it() -> None:
    assert drops_whole("setuptools", (), (BUILD_TOOLS,))
    assert not drops_whole("setuptools", ("pbr",), (BUILD_TOOLS,))
    assert not drops_whole("flask", (), (BUILD_TOOLS,))
    assert not drops_whole("setuptools", (), (FOREIGN,))


def test_heads_are_those_of_the_whole(tmp_path: Path) -> None:
    text = b"head and much more\n" * 5000
    wheel = make_wheel(tmp_path, "pkg", {"pkg/a.txt": text})
    plain = tmp_path / "plain"
    plain.write_bytes(b"--" + text)
    member = next(member for member in read_zip(wheel) if member.path == "pkg/a.txt")
    assert member.content is not None
    contents: list[Content] = [member.content, Stored(plain, 2, len(text)), Inline(text)]
    with Containers() as containers:
        for content in contents:
            for size_bytes in (0, 1, 20, 70_000, len(text), len(text) + 9):
                assert read_head(content, size_bytes, containers) == text[:size_bytes]


def test_a_damaged_head_is_an_archive_error(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "pkg", {"pkg/a.txt": b"x" * 10_000})
    content = next(member.content for member in read_zip(wheel) if member.path == "pkg/a.txt")
    assert content is not None
    raw = bytearray(wheel.read_bytes())
    raw[content.offset] = 0xFF
    wheel.write_bytes(bytes(raw))
    with Containers() as containers, pytest.raises(ArchiveError, match="a member is damaged"):
        read_head(content, 10, containers)
