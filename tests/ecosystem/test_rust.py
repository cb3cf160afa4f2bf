import json
import zlib
from pathlib import Path

import pytest
from tests.ecosystem.elves import tiny_elf
from tests.ecosystem.viewing import found_in
from uv import find_uv_bin

from lightship.ecosystem.rust import RustRecogniser, RustScanner

CRATES = {
    "packages": [
        {"name": "dep", "version": "0.1.0", "source": "crates.io"},
        {"name": "tool", "version": "1.2.3", "source": "local", "dependencies": [0], "root": True},
        *({"name": f"crate-{number}", "version": f"{number}.0.0", "source": "registry"} for number in range(500)),
    ]
}
LIST = json.dumps(CRATES, separators=(",", ":")).encode()


def scanned(content: bytes, step: int) -> bytes:
    scanner = RustScanner()
    for at in range(0, len(content), step):
        scanner.feed(content[at : at + step])
    return scanner.result()


@pytest.mark.parametrize("step", [200, 997, 10**6])
@pytest.mark.parametrize("level", [1, 6, 9])
def test_the_list_is_found_among_other_bytes(step: int, level: int) -> None:
    noise = b"\x7fELF" + b"\x78\x9c\x78\xda other zlib: " + zlib.compress(b"no list")
    assert scanned(noise + zlib.compress(LIST, level) + noise, step) == LIST


def test_a_real_program_names_its_crates() -> None:
    """uv's, which its makers build with cargo-auditable; the list lies behind everything that is loaded."""
    said = json.loads(scanned(Path(find_uv_bin()).read_bytes(), 1 << 18))
    assert [crate["name"] for crate in said["packages"] if crate.get("root")] == ["uv"]


def test_a_list_among_what_is_loaded_is_not_looked_for() -> None:
    content = tiny_elf(tail=zlib.compress(LIST))
    assert scanned(content, 1 << 18) == b""
    assert scanned(content + zlib.compress(LIST), 1 << 18) == LIST


def test_a_list_that_is_cut_short_or_damaged_is_nothing() -> None:
    packed = zlib.compress(LIST)
    assert scanned(packed[:-20], 100) == b""
    assert scanned(packed[:200] + b"\xff" * 300 + packed[500:], 100) == b""
    assert scanned(b"", 1) == b""


def test_a_bomb_is_not_inflated_without_end() -> None:
    bomb = zlib.compress(b'{"packages":[' + b" " * (20 << 20))
    assert scanned(bomb, 1 << 16) == b""


def test_a_program_is_a_package_by_its_root_crate() -> None:
    found, problems = found_in(RustRecogniser(), {}, scanned={"bin/tool": LIST, "bin/odd": b'{"packages":[]}'})
    assert found["tool"].version == "1.2.3"
    assert tuple(found["tool"].paths) == ("bin/tool",)
    assert problems == ["bin/odd"]
