"""Go programs by the build information in them. pkg.go.dev/debug/buildinfo and runtime/debug (Go 1.22).

A program since Go 1.18 has a block, at a multiple of 16: ``\\xff Go buildinf:``, the size of a pointer, flags, and at
32 two texts, each behind its length as a varint: Go's version, and lines of the modules that it is made of. Before,
the texts were elsewhere and the block had their addresses; such programs are told of by no name and are not found.
The block is data: code is not searched.
"""

from collections.abc import Callable, Iterator

from lightship.ecosystem.elf.streamed import read_head
from lightship.ecosystem.inventory import Files, Found, Scanner, Wanted

__all__ = ["GoRecogniser", "GoScanner"]

_MAGIC = b"\xff Go buildinf:"
_ALIGNMENT = 16
_HEADER_BYTES = 32
_INLINE = 2
_MOST_BYTES = 4 << 20
_MARK_BYTES = 16
"""The lines of modules stand between two marks of that many bytes."""


class GoScanner:
    """See `Scanner`: what is found is the block, cut at `_MOST_BYTES`."""

    def __init__(self) -> None:
        self._offset = 0
        self._tail = b""
        self._block: bytearray | None = None
        self._code: list[tuple[int, int]] = []

    def feed(self, chunk: bytes) -> None:
        """See `Scanner.feed`."""
        if self._block is not None:
            self._block += chunk[: _MOST_BYTES - len(self._block)]
            return
        if not self._offset:
            head = read_head(chunk)
            self._code = [(first, last) for first, last, is_code in head.loaded if is_code] if head is not None else []
        start, end = self._offset, self._offset + len(chunk)
        self._offset = end
        if any(first <= start and end <= last for first, last in self._code):
            self._tail = b""
            return
        window = self._tail + chunk
        start -= len(self._tail)
        at = window.find(_MAGIC)
        while at >= 0:
            if (start + at) % _ALIGNMENT == 0:  # elsewhere it is a text of a program that looks for it
                self._block = bytearray(window[at : at + _MOST_BYTES])
                return
            at = window.find(_MAGIC, at + 1)
        self._tail = window[1 - len(_MAGIC) :]

    def result(self) -> bytes:
        """See `Scanner.result`: Go's version, a line end, and the lines of modules."""
        block = bytes(self._block or b"")
        if len(block) <= _HEADER_BYTES or not block[15] & _INLINE:
            return b""
        version, rest = _text(block, _HEADER_BYTES)
        lines, _ = _text(block, rest)
        if len(lines) > 2 * _MARK_BYTES and lines[-_MARK_BYTES - 1] == ord("\n"):
            lines = lines[_MARK_BYTES:-_MARK_BYTES]
        return version + b"\n" + lines if version else b""


def _text(block: bytes, at: int) -> tuple[bytes, int]:
    """The text whose length stands at ``at``, and where it ends; empty where the block does not hold it."""
    length = shift = 0
    while at < len(block) and shift < 64:
        byte = block[at]
        at += 1
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return (block[at : at + length], at + length) if at + length <= len(block) else (b"", len(block))


class GoRecogniser:
    """See `Recogniser`."""

    code = "go"
    wanted: tuple[Wanted, ...] = ()
    scanner: Callable[[], Scanner] | None = GoScanner

    def find(self, files: Files, problem: Callable[[str, str], None]) -> Iterator[Found]:
        """See `Recogniser.find`."""
        for path, said in files.scanned(self.code):
            version, *lines = said.decode("utf-8", "replace").split("\n")
            fields = {line.partition("\t")[0]: line.split("\t")[1:] for line in reversed(lines) if "\t" in line}
            module, command = fields.get("mod", []), fields.get("path", [])
            if not module and not command:
                problem(path, "a Go program that names neither module nor package")
                continue
            name, version = (*module, "")[:2] if module else (command[0], version)
            yield Found(ecosystem="go", name=name, version=version, location=path, paths=(path,))
