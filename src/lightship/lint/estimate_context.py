"""What files of the build context weigh in a layer: their bytes are known, compressed they are tried on a sample."""

import itertools
import zlib
from collections.abc import Iterator, Sequence

from lightship.lint.estimate_ratios import COMPRESSED_BY_SUFFIX, COMPRESSED_OF_FILE, COMPRESSED_OTHERWISE
from lightship.lint.subject import Context, Cost

__all__ = ["context_cost"]

_SAMPLE_BYTES = 96_000
_SAMPLED_OF_FILE = 48_000
_RUNS = 4
_PACKED = 0.6
"""Kinds that come to more than this are packed already, and are not read."""

_LARGEST = 1_000_000
"""Bytes of a file that is read (`Context.read`)."""

_EVERYTHING = ("", ".", "*")


def context_cost(context: Context, paths: Sequence[str]) -> Cost:
    """Of the files at or below ``paths``; not known where the context was not listed whole, or for patterns. About
    100 kB of texts are read."""
    folders = tuple(path.removeprefix("./").strip("/") for path in paths)
    if not context.is_complete or any(_is_pattern(folder) for folder in folders):
        return Cost()
    found = list(_below(context, folders))
    sizes = context.files
    texts = [path for path in found if _ratio(path) < _PACKED and 0 < sizes[path] < _LARGEST]
    tried = frozenset(texts)
    packed = sum(sizes[path] * _ratio(path) + COMPRESSED_OF_FILE for path in found if path not in tried)
    ratio = _tried(context, texts)
    text_bytes = sum(sizes[path] if ratio is not None else sizes[path] * _ratio(path) for path in texts)
    return Cost(
        unpacked_bytes=sum(sizes[path] for path in found),
        compressed_bytes=int(packed + text_bytes * (ratio if ratio is not None else 1)),
        how=f"{len(found)} file{'' if len(found) == 1 else 's'} of the context",
    )


def _below(context: Context, folders: tuple[str, ...]) -> Iterator[str]:
    if any(folder in _EVERYTHING for folder in folders):
        yield from context.files
        return
    below = tuple(f"{folder}/" for folder in folders)
    for path in context.files:
        if path in folders or path.startswith(below):
            yield path


def _is_pattern(folder: str) -> bool:
    return folder not in _EVERYTHING and any(mark in folder for mark in "*?[\\")


def _tried(context: Context, texts: Sequence[str]) -> float | None:
    """What a sample comes to as tar and gzip, of its bytes; None where none can be read. Runs of neighbours are taken,
    spread over all: files of one folder are alike, and gzip sees no farther than 32 kB."""
    packer, read, compressed = zlib.compressobj(6), 0, 0
    is_large = sum(context.files[path] for path in texts) > _SAMPLE_BYTES
    starts = range(0, len(texts), -(-len(texts) // _RUNS)) if is_large else range(1)
    for start in starts:
        until = read + _SAMPLE_BYTES // len(starts)
        for path in itertools.takewhile(lambda _: read < until, texts[start:]):  # noqa: B023 - used up in the loop
            text = context.read(path)
            if text is not None:
                content = text.encode()[:_SAMPLED_OF_FILE]
                read += len(content)
                whole = _header(path, len(content)) + content + b"\0" * (-len(content) % 512)
                compressed += len(packer.compress(whole))
    return (compressed + len(packer.flush())) / read if read else None


def _header(path: str, size: int) -> bytes:
    """Like a tar's: names and numbers that hardly change."""
    name = path.encode("utf-8", "surrogateescape")[:100].ljust(100, b"\0")
    numbers = b"0000644\0000000000\0000000000\0%011o\00014700000000\000012345\0 0" % size
    return (name + numbers).ljust(257, b"\0") + b"ustar\00000" + b"\0" * 248


def _ratio(path: str) -> float:
    name = path[path.rfind("/") + 1 :]
    dot = name.rfind(".")
    return COMPRESSED_BY_SUFFIX.get(name[dot:].lower(), COMPRESSED_OTHERWISE) if dot >= 0 else COMPRESSED_OTHERWISE
