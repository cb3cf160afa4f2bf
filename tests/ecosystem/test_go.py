import subprocess
from pathlib import Path

import pytest
from tests.conftest import require_tool
from tests.ecosystem.elves import tiny_elf
from tests.ecosystem.viewing import found_in

from lightship.ecosystem.go import GoRecogniser, GoScanner

LINES = b"path\texample.org/hi/cmd\nmod\texample.org/hi\tv1.2.3\th1:x=\ndep\texample.org/dep\tv0.1.0\th1:y=\n"
MARK = b"0123456789abcdef"


def varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 0x7F | 0x80]) + varint(number >> 7)


def block(lines: bytes = LINES, *, flags: int = 2) -> bytes:
    texts = [b"go1.22.1", MARK + lines + MARK]
    head = b"\xff Go buildinf:\x08" + bytes([flags])
    return head.ljust(32, b"\0") + b"".join(varint(len(text)) + text for text in texts)


def scanned(content: bytes, step: int) -> bytes:
    scanner = GoScanner()
    for at in range(0, len(content), step):
        scanner.feed(content[at : at + step])
    return scanner.result()


@pytest.mark.parametrize("step", [1, 7, 16, 1000, 10**6])
def test_the_block_is_found_wherever_chunks_end(step: int) -> None:
    content = b"\x7fELF".ljust(3 * 16, b"\xff") + block() + b"more" * 50
    assert scanned(content, step) == b"go1.22.1\n" + LINES


def test_data_is_searched_and_code_is_not() -> None:
    plain = tiny_elf(tail=b"x" * (1 << 19))
    at = -len(plain) % 16 + len(plain) - (1 << 18)
    with_block = plain[:at] + block() + plain[at + len(block()) :]
    flags_at = 64 + 4  # of the first program header
    as_code = with_block[:flags_at] + b"\5\0\0\0" + with_block[flags_at + 4 :]
    assert scanned(with_block, 1 << 12) == b"go1.22.1\n" + LINES
    assert scanned(as_code, 1 << 12) == b""


def test_a_program_that_only_looks_for_such_blocks_is_none() -> None:
    assert scanned(b"\x7fELF" + block() + b"x" * 100, 50) == b""


def test_what_is_cut_short_or_from_before_is_nothing() -> None:
    assert scanned(b"\0" * 16 + block()[:40], 10) == b""
    assert scanned(b"\0" * 16 + block()[:20], 10) == b""
    assert scanned(block(flags=0), 10) == b""
    assert scanned(b"", 10) == b""


def test_a_program_is_a_package_by_its_module() -> None:
    found, problems = found_in(
        GoRecogniser(),
        {},
        scanned={"bin/hi": b"go1.22.1\n" + LINES, "bin/go": b"go1.22.1\npath\tcmd/go\n", "bin/odd": b"go1.22.1\n"},
    )
    assert {name: each.version for name, each in found.items()} == {"example.org/hi": "v1.2.3", "cmd/go": "go1.22.1"}
    assert tuple(found["example.org/hi"].paths) == ("bin/hi",)
    assert problems == ["bin/odd"]


@pytest.mark.conformance
def test_a_real_program_says_what_go_says_of_it(tmp_path: Path) -> None:
    go = require_tool("go")
    (tmp_path / "main.go").write_text("package main\nfunc main() {}\n")
    (tmp_path / "go.mod").write_text("module example.org/real\ngo 1.18\n")
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    subprocess.run([go, "build", "-o", "real", "."], cwd=tmp_path, env=environ, check=True)
    said = subprocess.run([go, "version", "-m", "real"], cwd=tmp_path, env=environ, check=True, capture_output=True)
    found, _ = found_in(GoRecogniser(), {}, scanned={"real": scanned((tmp_path / "real").read_bytes(), 1 << 18)})
    assert f"mod\texample.org/real\t{found['example.org/real'].version}" in said.stdout.decode()
