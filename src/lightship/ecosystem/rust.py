"""Rust programs built with cargo-auditable: its list of crates, github.com/rust-secure-code/cargo-auditable,
PARSING.md (2024).

The list is JSON, deflated by zlib, in a section ``.dep-v0``. A section's name stands at the end of the file, where a
program that streams by has no way back; so the list is found by what it is: a zlib stream that begins with
``{"packages":[``. The section is not loaded, so it lies behind all that is: nothing before is searched. Programs built
by plain cargo say nothing of themselves.
"""

import json
import re
import zlib
from collections.abc import Callable, Iterator

from lightship.ecosystem.elf.streamed import read_head
from lightship.ecosystem.inventory import Files, Found, Scanner, Wanted

__all__ = ["RustRecogniser", "RustScanner"]

_HEADER = re.compile(rb"\x78[\x01\x5e\x9c\xda]")  # RFC 1950, 2.2: a window of 32 KiB and each of the four levels
_BEGIN = b'{"packages":['
_LOOK_BYTES = 128
_MOST_BYTES = 8 << 20


class RustScanner:
    """See `Scanner`: what is found is the list, as JSON."""

    def __init__(self) -> None:
        self._tail = b""
        self._offset = 0
        self._loaded_end = 0
        self._inflater: zlib._Decompress | None = None
        self._found = b""

    def feed(self, chunk: bytes) -> None:
        """See `Scanner.feed`."""
        if self._inflater is not None:
            self._inflate(chunk)
            return
        if not self._offset:
            head = read_head(chunk)
            self._loaded_end = max((end for _, end, _ in head.loaded), default=0) if head is not None else 0
        self._offset += len(chunk)
        if self._offset <= self._loaded_end:
            return
        window = self._tail + chunk
        for match in _HEADER.finditer(window):
            if _begins(window[match.start() : match.start() + _LOOK_BYTES]):
                self._inflater = zlib.decompressobj()
                self._inflate(window[match.start() :])
                return
        self._tail = window[1 - _LOOK_BYTES :]

    def result(self) -> bytes:
        """See `Scanner.result`."""
        return self._found if self._inflater is not None and self._inflater.eof else b""

    def _inflate(self, chunk: bytes) -> None:
        if self._inflater is None or self._inflater.eof or len(self._found) >= _MOST_BYTES:
            return
        try:
            self._found += self._inflater.decompress(chunk, _MOST_BYTES - len(self._found))
        except zlib.error:
            self._found = b""
            self._inflater = None


def _begins(start: bytes) -> bool:
    try:
        return zlib.decompressobj().decompress(start, len(_BEGIN)) == _BEGIN
    except zlib.error:
        return False


class RustRecogniser:
    """See `Recogniser`."""

    code = "rust"
    wanted: tuple[Wanted, ...] = ()
    scanner: Callable[[], Scanner] | None = RustScanner

    def find(self, files: Files, problem: Callable[[str, str], None]) -> Iterator[Found]:
        """See `Recogniser.find`."""
        for path, said in files.scanned(self.code):
            try:
                crates = json.loads(said)["packages"]
                (root,) = [crate for crate in crates if crate.get("root")]
                name, version = str(root["name"]), str(root["version"])
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                problem(path, "a Rust program whose list of crates has no root")
                continue
            yield Found(ecosystem="rust", name=name, version=version, location=path, paths=(path,))
