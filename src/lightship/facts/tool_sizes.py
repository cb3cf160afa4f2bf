"""What installers weigh in an image, with what they depend on."""

from dataclasses import dataclass

__all__ = ["TOOL_SIZES", "ToolSize"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSize:
    """``pip install NAME``, with dependencies and the bytecode that pip makes, on linux/amd64; compressed is tar |
    gzip -6."""

    name: str
    version: str
    unpacked_bytes: int
    compressed_bytes: int
    source: str = "measured: pip install --target, CPython 3.11"
    date: str = "2026-11"


TOOL_SIZES = {
    each.name: each
    for each in (
        ToolSize(name="uv", version="0.8.9", unpacked_bytes=47_694_476, compressed_bytes=19_309_479),
        ToolSize(name="poetry", version="2.5.1", unpacked_bytes=76_279_170, compressed_bytes=26_754_711),
        ToolSize(name="pdm", version="2.29.4", unpacked_bytes=41_186_590, compressed_bytes=16_056_436),
        ToolSize(name="pipenv", version="2026.10.3", unpacked_bytes=38_517_305, compressed_bytes=15_773_521),
        ToolSize(name="hatch", version="1.18.2", unpacked_bytes=97_277_452, compressed_bytes=38_379_152),
        ToolSize(name="pip-tools", version="7.6.2", unpacked_bytes=21_324_970, compressed_bytes=7_004_245),
        ToolSize(name="virtualenv", version="21.15.11", unpacked_bytes=14_871_297, compressed_bytes=7_813_023),
    )
}
