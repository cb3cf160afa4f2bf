"""Ratios with which `estimate` turns what is known of files into what a layer of them weighs. Each says whence it is.

Layers are gzip, level 6; "compressed" is a layer's blob, "unpacked" its files' bytes.
"""

from lightship.lint.subject import Cost

__all__ = [
    "BYTECODE", "COMPRESSED_BY_SUFFIX", "COMPRESSED_OTHERWISE", "DEB_TO_GZIP", "INSTALLED_TO_UNPACKED", "LISTS",
    "WHEEL_TO_GZIP", "WHEEL_TO_UNPACKED",
]  # fmt: skip

WHEEL_TO_UNPACKED = 3.40
"""Files of 360 wheels of Dify 1.12.1's lock: 1,690 MB in wheels of 497 MB (measured 2026-11)."""

WHEEL_TO_GZIP = 1.01
"""The same wheels as one gzip layer (bench/splice.py, 2026-11)."""

BYTECODE = (0.27, 0.27)
"""All bytecode of the same, as a share of unpacked and of compressed bytes (docs/concepts/cold-start.md)."""

INSTALLED_TO_UNPACKED = 0.90
DEB_TO_GZIP = 1.15

LISTS = {
    "bookworm": Cost(unpacked_bytes=19_400_000, compressed_bytes=18_900_000, how="lists of bookworm"),
    "trixie": Cost(unpacked_bytes=21_000_000, compressed_bytes=20_500_000, how="lists of trixie"),
}

COMPRESSED_BY_SUFFIX = {
    ".py": 0.27, ".js": 0.29, ".mjs": 0.29, ".ts": 0.28, ".tsx": 0.26, ".css": 0.2, ".html": 0.22, ".json": 0.2,
    ".md": 0.4, ".txt": 0.35, ".yaml": 0.25, ".yml": 0.25, ".toml": 0.4, ".lock": 0.3, ".sql": 0.2, ".csv": 0.3,
    ".svg": 0.4, ".map": 0.28, ".xml": 0.2, ".ipynb": 0.4, ".po": 0.3, ".so": 0.38, ".pyc": 0.45, ".whl": 1.0,
    ".gz": 1.0, ".zip": 1.0, ".tgz": 1.0, ".xz": 1.0, ".zst": 1.0, ".br": 1.0, ".png": 1.0, ".jpg": 1.0, ".jpeg": 1.0,
    ".gif": 1.0, ".webp": 1.0, ".mp3": 1.0, ".mp4": 1.0, ".woff": 1.0, ".woff2": 1.0, ".pdf": 0.9, ".ttf": 0.6,
    ".otf": 0.8, ".ico": 0.6, ".wasm": 0.4, ".onnx": 0.92, ".bin": 0.9, ".safetensors": 0.9, ".pt": 0.9,
}  # fmt: skip
"""gzip -6 of files of their kind in Dify's API and web, and of common model files (measured 2026-11)."""

COMPRESSED_OTHERWISE = 0.45
