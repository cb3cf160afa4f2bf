"""Whether a file converts text through the C library, which reads its tables from ``gconv``: it names ``iconv_open``
(iconv_open(3)) or a character set of a stream, as in ``r,ccs=UTF-16`` (fopen(3)). glibc 2.36.

A file with a converter of its own has ``libiconv_open`` (GNU libiconv), whose end is that name too: a linker lets one
text serve for both. Its dynamic symbols then tell. System V ABI (https://gabi.xinuos.com), chapter 4, "Symbol Table".
"""

import struct

from lightship.ecosystem.elf.layout import Buffer, Layout, Section, cut, read_layout
from lightship.errors import ArchiveError

__all__ = ["asks_for_iconv"]

_NAME = b"iconv_open\0"
_PLAIN = (b"\0" + _NAME, b",ccs=")
_CHUNK_BYTES = 1 << 20
_OVERLAP = len(_NAME)
_SHT_DYNSYM = 11


def asks_for_iconv(buffer: Buffer) -> bool:
    """True when the ELF file ``buffer`` has one of the names among its bytes. Over-cautious: it may be a function of
    its own."""
    inside_another = False
    for at in range(0, len(buffer), _CHUNK_BYTES):
        chunk = buffer[at : at + _CHUNK_BYTES + _OVERLAP]
        if any(name in chunk for name in _PLAIN):
            return True
        inside_another = inside_another or _NAME in chunk
    return inside_another and _is_symbol(buffer)


def _is_symbol(buffer: Buffer) -> bool:
    """Whether a dynamic symbol has just that name; True for a file whose symbols cannot be read."""
    try:
        layout = read_layout(buffer)
        tables = [section for section in layout.sections if section.type == _SHT_DYNSYM]
        return not tables or any(_names(buffer, layout, table) for table in tables)
    except (ArchiveError, IndexError):
        return True


def _names(buffer: Buffer, layout: Layout, table: Section) -> bool:
    strings = layout.sections[table.link]
    texts = cut(buffer, strings.offset, strings.section_bytes, "dynamic strings")
    shape = struct.Struct(layout.order + ("I20x" if layout.bits == 64 else "I12x"))
    rows = cut(buffer, table.offset, table.section_bytes // shape.size * shape.size, "dynamic symbols")
    return any(texts[name : name + len(_NAME)] == _NAME for (name,) in shape.iter_unpack(rows))
