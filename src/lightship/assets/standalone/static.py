"""Which files of a server's tree are static: what browsers fetch, and no page needs to be made."""

from collections.abc import Iterator

from lightship.assets.standalone.tree import ServerTree

__all__ = ["is_picture", "public_folder", "static_files"]

_PICTURES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".avif",
    ".gif",
    ".bmp",
    ".tif",
    ".tiff",
    ".ico",
    ".icns",
    ".jxl",
    ".heic",
    ".jp2",
)
"""Raster pictures that Next.js's optimiser takes or passes on (``server/image-optimizer.ts``, 16.1). SVG is refused
unless ``dangerouslyAllowSVG``."""


def public_folder(tree: ServerTree) -> str:
    """``public`` beside ``server.js``; whether it is there is another matter."""
    return f"{tree.app}/public" if tree.app else "public"


def static_files(tree: ServerTree) -> Iterator[str]:
    """Files in ``public`` and in the build's ``static``."""
    yield from tree.below(public_folder(tree))
    yield from tree.below(f"{tree.dist}/static")


def is_picture(path: str) -> bool:
    """Whether this is a raster picture by its name."""
    return path.lower().endswith(_PICTURES)
