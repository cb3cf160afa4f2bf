"""What a static file is by its name: its media type, whether it compresses, whether its name carries a hash.

Media types as in https://www.iana.org/assignments/media-types (2026-11); ``text/javascript`` by RFC 9239. The regular
expressions are written in what Python's ``re`` and PCRE2 have in common: nginx is given the very same text.
"""

import re
from pathlib import PurePosixPath

__all__ = [
    "ENCODING_OF_SUFFIX",
    "HASHED_FOLDERS",
    "HASHED_NAMES",
    "LOOSE_NAME",
    "MEDIA_TYPES",
    "SUFFIX_OF_ENCODING",
    "compressible",
    "hashed_folders",
    "is_hashed",
    "is_served",
]

_UTF8 = "; charset=utf-8"

MEDIA_TYPES: dict[str, tuple[str, ...]] = {
    "text/html" + _UTF8: ("html", "htm"),
    "text/css" + _UTF8: ("css",),
    "text/javascript" + _UTF8: ("js", "mjs", "cjs"),
    "application/json": ("json", "map"),
    "application/ld+json": ("jsonld",),
    "application/geo+json": ("geojson",),
    "application/manifest+json": ("webmanifest",),
    "application/wasm": ("wasm",),
    "application/xml": ("xml", "xsl"),
    "application/atom+xml": ("atom",),
    "application/rss+xml": ("rss",),
    "application/xhtml+xml": ("xhtml",),
    "image/svg+xml": ("svg",),
    "text/plain" + _UTF8: ("txt",),
    "text/markdown" + _UTF8: ("md",),
    "text/csv" + _UTF8: ("csv",),
    "text/yaml" + _UTF8: ("yaml", "yml"),
    "text/vtt" + _UTF8: ("vtt",),
    "image/x-icon": ("ico",),
    "font/ttf": ("ttf",),
    "font/otf": ("otf",),
    "application/vnd.ms-fontobject": ("eot",),
    "font/woff": ("woff",),
    "font/woff2": ("woff2",),
    "image/png": ("png", "apng"),
    "image/jpeg": ("jpg", "jpeg"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/avif": ("avif",),
    "audio/mpeg": ("mp3",),
    "audio/ogg": ("ogg", "oga", "opus"),
    "audio/wav": ("wav",),
    "video/mp4": ("mp4", "m4v"),
    "video/webm": ("webm",),
    "application/pdf": ("pdf",),
    "application/zip": ("zip",),
    "application/gzip": ("gz",),
}
"""Media types with their suffixes. The charset is part of the type, so that it is the same for every encoding."""

_COMPRESSIBLE = frozenset(
    ("html", "htm", "css", "js", "mjs", "cjs", "json", "map", "jsonld", "geojson", "webmanifest", "wasm", "xml", "xsl",
     "atom", "rss", "xhtml", "svg", "txt", "md", "csv", "yaml", "yml", "vtt",
     # binary, without a compression of their own: fonts halve, icons of bitmaps shrink to a tenth; an icon of PNGs
     # does not, and then gets no sidecar
     "ttf", "otf", "eot", "ico")
)  # fmt: skip

_SERVED = {suffix for suffixes in MEDIA_TYPES.values() for suffix in suffixes} - {"md", "txt", "zip", "gz"}
"""Without those that lie in every folder, beside whatever is served."""

SUFFIX_OF_ENCODING = {"gzip": ".gz", "br": ".br", "zstd": ".zst"}
"""Suffix of the sidecar for each content coding (RFC 9110, 8.4.1; RFC 7932; RFC 8878)."""

ENCODING_OF_SUFFIX = {suffix: encoding for encoding, suffix in SUFFIX_OF_ENCODING.items()}

HASHED_FOLDERS = ("_next/static", "_app/immutable")
"""What Next.js and SvelteKit promise never to change under the same name, whatever the name looks like."""

_END = r"(?:\.(?:chunk|bundle|min|module|worker|legacy))*\.[A-Za-z0-9]+$"

HASHED_NAMES = (
    # webpack, Parcel, Gatsby, CRA: hexadecimal; a digit and a letter in it, so that no date and no word is taken; not
    # the end of a UUID, which names a thing and not its content
    r"(?:^|[/._]|(?<!-[0-9a-f]{4})-)(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{8,64}" + _END,
    # esbuild, Angular: eight of base32, and what base64url may look like; a digit before a letter: RELEASE1 is none
    r"[._-](?=[A-Z0-9]*[0-9][A-Z])[A-Z0-9]{8}" + _END,
    # Vite, Rollup: eight of base64url with all of upper, lower and a digit before a letter: Version2 is none
    r"[._-](?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*[0-9][A-Za-z_-])[A-Za-z0-9_-]{8}" + _END,
)
"""Names that carry a hash of the content for certain. A name that is missed costs its users a 304; one that is taken
wrongly shows them an old file for a year: hence what is strict here, and `hashed_folders` for the rest."""

LOOSE_NAME = r"(?:[^/]*[._-])?[A-Za-z0-9_-]{8}" + _END
"""Names that may carry a hash; believed in a folder whose other names say so."""

_STRICT = tuple(re.compile(pattern, re.ASCII) for pattern in HASHED_NAMES)
_LOOSE = re.compile(LOOSE_NAME, re.ASCII)
_NEVER = (".html", ".htm", ".xhtml", ".webmanifest")


def compressible(path: str) -> bool:
    """Whether a file of this name is of a type that gzip and brotli make smaller, and not one of this tool's own, which
    no browser gets (``.lightship-retarget.json``)."""
    named = PurePosixPath(path)
    return named.suffix[1:].lower() in _COMPRESSIBLE and not named.name.startswith(".lightship-")


def is_served(path: str) -> bool:
    """Whether a file of this name is of a type that browsers ask for: a page, or what pages are made of."""
    named = PurePosixPath(path)
    return named.suffix[1:].lower() in _SERVED and not named.name.startswith(".")


def is_hashed(path: str, folders: tuple[str, ...] = ()) -> bool:
    """Whether the name of ``path``, relative to the web root, changes with its content. ``folders`` are those that
    `hashed_folders` found. What a browser asks for by a name that people know is never hashed: pages and manifests."""
    if path.endswith(_NEVER):
        return False
    if any(path.startswith(folder + "/") for folder in HASHED_FOLDERS):
        return True
    folder, _, name = path.rpartition("/")
    if folder in folders and _LOOSE.fullmatch(name):
        return True
    return any(pattern.search(name) for pattern in _STRICT)


def hashed_folders(paths: list[str]) -> tuple[str, ...]:
    """Folders in which every name may carry a hash and at least half, three of them or more, do so for certain.

    A quarter of Vite's hashes has no digit (54 of 64 letters, eight times), and looks like a word; beside others that
    are hashes it is one.
    """
    names: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if folder and not name.endswith((".map", *ENCODING_OF_SUFFIX)):
            names.setdefault(folder, []).append(name)
    return tuple(sorted(folder for folder, found in names.items() if _all_hashed(found)))


def _all_hashed(names: list[str]) -> bool:
    certain = sum(any(pattern.search(name) for pattern in _STRICT) for name in names)
    return certain >= 3 and 2 * certain >= len(names) and all(_LOOSE.fullmatch(name) for name in names)
