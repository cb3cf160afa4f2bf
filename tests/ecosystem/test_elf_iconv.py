"""Who converts text through the C library: told by a name among a file's bytes, wherever it stands."""

import struct

import pytest

from lightship.ecosystem.elf.iconv import asks_for_iconv

MIB = 1 << 20
OWN = b"\0libiconv_open\0"


def with_symbols(*names: int, order: str = "<", strings: int = 1) -> bytes:
    """A 64-bit ELF file whose dynamic symbols are called by these offsets into `OWN`."""
    symbols = b"".join(struct.pack(order + "IBBHQQ", name, 0, 0, 0, 0, 0) for name in names)
    texts_at, symbols_at = 64, 64 + len(OWN)
    table_at = symbols_at + len(symbols)
    row = struct.Struct(order + "IIQQQQIIQQ")
    sections = row.pack(*(0,) * 10) + row.pack(0, 3, 0, 0, texts_at, len(OWN), 0, 0, 1, 0)
    sections += row.pack(0, 11, 0, 0, symbols_at, len(symbols), strings, 0, 8, 24)
    ident = b"\x7fELF" + bytes([2, 1 if order == "<" else 2, 1]) + bytes(9)
    header = struct.pack(order + "HHIQQQIHHHHHH", 3, 62, 1, 0, 0, table_at, 0, 64, 56, 0, 64, 3, 0)
    return ident + header + OWN + symbols + sections


@pytest.mark.parametrize("name", [b"\0iconv_open\0", b"r,ccs=UTF-16LE\0"])
@pytest.mark.parametrize("before", [0, 7, MIB - 4, MIB, 3 * MIB - 1])
def test_the_name_is_found_wherever_it_stands(name: bytes, before: int) -> None:
    assert asks_for_iconv(bytes(before) + name + bytes(100))


@pytest.mark.parametrize("content", [b"", bytes(100), b"\0iconv_openable\0", b"access=1"])
def test_what_has_no_such_name_does_not_ask(content: bytes) -> None:
    assert not asks_for_iconv(content)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_converter_of_its_own_is_no_question_to_the_c_library(order: str) -> None:
    assert not asks_for_iconv(with_symbols(0, 1, order=order))
    assert asks_for_iconv(with_symbols(0, 1, 4, order=order)), "the end of one name is the other"


def test_symbols_that_cannot_be_read_count() -> None:
    assert asks_for_iconv(b"no ELF " + OWN)
    assert asks_for_iconv(with_symbols(1, strings=9))
    assert asks_for_iconv(with_symbols(1)[:-100])
