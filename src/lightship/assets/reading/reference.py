"""What a file leads a browser to: one URL, with the bytes it stands in."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, get_args

__all__ = ["KINDS", "MOST_REFERENCES", "MOST_URL_BYTES", "Kind", "Reference", "kind_of", "tidy"]

Kind = Literal[
    "script", "style", "font", "image", "media", "manifest", "preload", "worker", "page", "fetch", "map", "other"
]
KINDS: tuple[Kind, ...] = get_args(Kind)

MOST_REFERENCES = 50_000
"""Of one file; no honest one has as many."""
MOST_URL_BYTES = 8192
"""Longer ones are asked for by no browser with success: servers stop at 8 KiB for a request's line."""

_KIND_OF_SUFFIX: dict[str, Kind] = {
    **dict.fromkeys(("js", "mjs", "cjs"), "script"),
    **dict.fromkeys(("css",), "style"),
    **dict.fromkeys(("woff", "woff2", "ttf", "otf", "eot"), "font"),
    **dict.fromkeys(
        ("png", "apng", "jpg", "jpeg", "gif", "webp", "avif", "svg", "ico", "bmp", "cur"), "image"
    ),
    **dict.fromkeys(
        ("mp3", "ogg", "oga", "ogv", "opus", "wav", "m4a", "aac", "flac", "mp4", "m4v", "webm", "mov", "vtt"), "media"
    ),
    **dict.fromkeys(("webmanifest",), "manifest"),
    **dict.fromkeys(("html", "htm", "xhtml"), "page"),
    **dict.fromkeys(("json", "wasm", "txt", "xml", "csv", "glb", "gltf", "bin", "pdf", "lottie", "geojson"), "fetch"),
    **dict.fromkeys(("map",), "map"),
}  # fmt: skip
_BLANKS = re.compile(r"[\t\n\r]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """``content[begin:end]`` says ``target``, whose escapes are undone here.

    A relative ``target`` is resolved against ``base``, and that against the address of the file. ``crossorigin``: the
    browser asks with CORS, so that another origin must allow it (module scripts, fonts, what has the attribute).
    ``certain``: a browser surely asks for it; else it is a string in a script that looks like an asset. ``via`` says
    in a word or two where it stands, such as ``script[src]`` or ``precache``.
    """

    target: str
    kind: Kind
    begin: int
    end: int
    crossorigin: bool = False
    integrity: str = ""
    base: str = ""
    certain: bool = True
    via: str = ""


def kind_of(target: str) -> Kind | None:
    """By the suffix of its path; None for one that says nothing."""
    path = re.split(r"[?#]", target, maxsplit=1)[0]
    return _KIND_OF_SUFFIX.get(PurePosixPath(path).suffix[1:].lower())


def tidy(text: str) -> str | None:
    """``text`` as a URL that is asked for over HTTP: blanks removed as the URL standard does (https://url.spec.whatwg.org,
    2026-10, basic URL parser). None for an empty one, a fragment and any other scheme (``data:``, ``blob:``)."""
    found = _BLANKS.sub("", text.strip("\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f \x1f"))
    if not found or found.startswith("#") or len(found) > MOST_URL_BYTES:
        return None
    scheme = _SCHEME.match(found)
    if scheme and scheme[0].lower() not in ("http:", "https:"):
        return None
    return found.encode("utf-8", "replace").decode()
