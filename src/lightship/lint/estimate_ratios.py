"""Ratios with which estimates turn what is known of files into what a layer of them weighs. Each says whence it is.

Layers are gzip, level 6; "compressed" is a layer's blob, "unpacked" its files' bytes. Pairs are (unpacked, compressed).
"""

from lightship.lint.subject import Cost

__all__ = [
    "APT_DATABASE", "APT_DATABASE_OF_PACKAGE", "BYTECODE", "COMPILED_WHEEL", "COMPRESSED_BY_SUFFIX",
    "COMPRESSED_OF_FILE", "COMPRESSED_OTHERWISE", "LISTS", "PURE_WHEEL", "PYTHON_BYTECODE",
    "START_S_OF_SOURCES", "WHEEL_TO_GZIP",
]  # fmt: skip

PURE_WHEEL = (3.93, 2.54)
COMPILED_WHEEL = (3.14, 0.29)
"""Unpacked bytes, and bytes of ``.py`` files, of a wheel's. Dify 1.12.1's lock and that of examples/agent-platform
together: 412 wheels for every machine (152 MB) and 103 for x86_64 (477 MB), 2026-11. Apart the compiled ones come to
3.12 and 3.22, the others to 4.38 and 2.69: one package of Dify's is a text of 200 MB."""

WHEEL_TO_GZIP = 0.98
"""The same wheels' files as a layer: 1.01 with the wheels' own compression (bench/splice.py), 0.93 with gzip -6."""

BYTECODE = (1.27, 0.39)
"""All bytecode, of the bytes of the sources that it is compiled from: 161 MB for 127 MB of ``.py`` files of the lock of
examples/agent-platform (CPython 3.11, 2026-11), which gzip takes to 0.31 of its bytes."""

START_S_OF_SOURCES = 7.1 / 424e6
"""Seconds that a start without bytecode takes longer, of the bytes of the ``.py`` files of all its lock: Dify's API,
14.5 s against 7.4 s to the first answer. A start compiles only what it imports, there 4,190 modules."""

APT_DATABASE = Cost(unpacked_bytes=950_000, compressed_bytes=250_000)
"""What each line that installs writes anew: dpkg's status, twice, its log, the linker's cache, debconf's templates."""

APT_DATABASE_OF_PACKAGE = (28_000, 15_000)
"""What dpkg keeps of each package: lists of files, their hashes, scripts (both fitted to bench/debian_layers.tsv)."""

PYTHON_BYTECODE = (0.81, 0.30)
"""Bytecode that Debian's Python packages make when they are installed, of their own bytes (python3 with python3-pip,
bookworm, the same)."""

LISTS = {
    "bookworm": Cost(unpacked_bytes=19_857_885, compressed_bytes=15_294_489, how="lists of bookworm, 2026-11"),
    "trixie": Cost(unpacked_bytes=21_664_171, compressed_bytes=16_714_167, how="lists of trixie, 2026-11"),
}
"""``apt-get update`` with the official images' configuration, amd64: lz4, without translations
(bench/debian_layers.py)."""

COMPRESSED_BY_SUFFIX = {
    ".py": 0.20, ".pyi": 0.19, ".pyc": 0.31, ".so": 0.37, ".a": 0.27, ".pyx": 0.12, ".pxd": 0.14, ".c": 0.18,
    ".h": 0.19, ".json": 0.15, ".lock": 0.27, ".rst": 0.19, ".md": 0.33, ".txt": 0.29, ".html": 0.13, ".css": 0.19,
    ".csv": 0.35, ".yml": 0.10, ".yaml": 0.10, ".xsl": 0.10, ".pem": 0.54, ".exe": 0.49, ".npy": 0.29, ".npz": 0.71,
    ".wav": 0.65,
    ".js": 0.29, ".mjs": 0.29, ".ts": 0.25, ".tsx": 0.25, ".map": 0.25, ".svg": 0.35, ".sql": 0.2, ".xml": 0.15,
    ".gz": 1.0, ".zip": 1.0, ".tgz": 1.0, ".xz": 1.0, ".bz2": 1.0, ".zst": 1.0, ".br": 1.0, ".whl": 1.0, ".jar": 0.95,
    ".docx": 0.97, ".xlsx": 0.95, ".pptx": 0.95, ".pdf": 0.9, ".png": 0.95, ".jpg": 1.0, ".jpeg": 1.0, ".gif": 1.0,
    ".webp": 1.0, ".mp3": 1.0, ".mp4": 1.0, ".woff": 1.0, ".woff2": 1.0, ".ttf": 0.6, ".otf": 0.8, ".ico": 0.6,
    ".wasm": 0.4, ".onnx": 0.92, ".safetensors": 0.9, ".pt": 0.9, ".bin": 0.9,
}  # fmt: skip
"""tar | gzip -6 of the files of a kind together, headers and all, of their bytes: Dify's API, this project and its
environment, CPython's library (up to 25 MB of each kind, 2026-11). From ``.js`` on: packed already, or experience."""

COMPRESSED_OTHERWISE = 0.35
"""Of other kinds, and of files without a suffix (0.32 of 7 MB)."""

COMPRESSED_OF_FILE = 80
"""Bytes more for each file of a folder of small ones: what they have in common is far apart."""
