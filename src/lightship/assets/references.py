"""What a static file leads a browser to: every URL with the bytes it stands in.

Read are HTML and SVG, CSS, JavaScript, JSON (web app manifests, Angular's service worker, bundlers' lists) and React's
flight payloads. No file is refused: what cannot be understood names nothing. Time is linear in the length, and of a
file of more than 64 MiB only the beginning is read.
"""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from lightship.assets.reading.css import css_references
from lightship.assets.reading.javascript import flight_references, javascript_references
from lightship.assets.reading.manifest import json_references
from lightship.assets.reading.page import html_references
from lightship.assets.reading.reference import MOST_REFERENCES, Reference

__all__ = ["MOST_READ_BYTES", "references"]

MOST_READ_BYTES = 64 << 20

_FLIGHT = re.compile(rb"(?:[0-9a-f]*:[\"\[{$ITHDE]|[0-9a-f]+:)")


def references(path: str, content: bytes) -> tuple[Reference, ...]:
    """Of the file ``path``, whose suffix says how it is read; in the order in which they stand, the first 50,000."""
    found = islice(_read(path, content[:MOST_READ_BYTES]), MOST_REFERENCES)
    return tuple(sorted(found, key=lambda reference: (reference.begin, reference.end)))


def _read(path: str, content: bytes) -> Iterator[Reference]:
    match PurePosixPath(path).suffix[1:].lower():
        case "html" | "htm" | "xhtml" | "svg":
            return html_references(content)
        case "css":
            return css_references(content)
        case "js" | "mjs" | "cjs":
            return javascript_references(content)
        case "json" | "webmanifest":
            return json_references(path, content)
        case "rsc":
            return flight_references(content)
        case "txt" if _FLIGHT.match(content):
            return flight_references(content)
    return iter(())
