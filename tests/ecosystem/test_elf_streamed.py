import pytest
from tests.ecosystem.elves import real_elves, tiny_elf, with_debug, with_gap

from lightship.ecosystem.elf.streamed import ELF_HEAD_BYTES, StripScanner, read_head
from lightship.ecosystem.elf.strip import StripPlan, plan_strip


def saved(content: bytes, step: int) -> int:
    scanner = StripScanner(content[:ELF_HEAD_BYTES], len(content))
    if not scanner.is_idle:
        for at in range(0, len(content), step):
            scanner.feed(content[at : at + step])
    return scanner.saved_bytes()


def planned(content: bytes) -> int:
    plan = plan_strip(content)
    return plan.saved_bytes if isinstance(plan, StripPlan) else 0


@pytest.mark.parametrize("step", [1000, 1 << 18])
def test_what_stripping_would_save_is_known_without_the_file(step: int) -> None:
    tried = 0
    for path in real_elves(20):
        plain = path.read_bytes()
        content = with_debug(plain, debug=b"d" * 100_000)
        said = saved(content, step)
        if said:
            tried += 1
            assert abs(said - planned(content)) < 3 * 4096, path
    assert tried > 10


def test_debug_sections_between_segments_count_and_stripped_files_do_not() -> None:
    content = next(path.read_bytes() for path in real_elves(20) if not planned(path.read_bytes()))
    assert saved(content, 4096) == 0
    assert saved(with_gap(content), 4096) > 60_000


def test_what_is_cut_short_or_lies_is_nothing() -> None:
    content = with_debug(real_elves(1)[0].read_bytes())
    whole = StripScanner(content[:ELF_HEAD_BYTES], len(content))
    whole.feed(content[:-1])
    assert whole.saved_bytes() == 0
    for at in (0x20, 0x28, 0x36, 0x38, 0x3A, 0x3C):
        damaged = bytearray(content)
        damaged[at : at + 2] = b"\xff\xff"
        saved(bytes(damaged), 1 << 18)
    assert read_head(b"") is None
    assert read_head(b"\x7fELF\x02\x01\x01") is None
    assert read_head(b"MZ" * 100) is None


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_heads_of_all_machines_are_read(bits: int, order: str) -> None:
    content = tiny_elf(bits=bits, order=order, tail=b"x" * 100)
    head = read_head(content)
    assert head is not None
    assert head.sections == (0, 0)
    ((start, end, _),) = head.loaded
    assert (start, end) == (0, len(content))
