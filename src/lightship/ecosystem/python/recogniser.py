"""Python distributions of an image: ``*.dist-info``, ``*.egg-info`` and eggs.

Core metadata, "Recording installed projects", "Direct URL" (packaging.python.org/specifications, 2026). What a
distribution owns is what its ``RECORD`` says; an ``egg-info`` without ``installed-files.txt`` says only which modules
are its own. What lies in the metadata directory itself is the distribution's in any case.
"""

import posixpath
import re
from collections.abc import Callable, Iterator

from lightship.ecosystem.inventory import Files, Found, Scanner, Wanted
from lightship.ecosystem.python.names import normal_name

__all__ = ["PythonRecogniser"]

_METADATA = (".dist-info", ".egg-info", "EGG-INFO")
_BYTES = 64 << 20
_REQUIRES = re.compile(rb"requires-dist:[ \t]*([A-Za-z0-9][A-Za-z0-9._-]*)[^;\r\n]*(;[^\r\n]*)?", re.IGNORECASE)
_EXTRA = re.compile(rb"\bextra\b")
_DIST_INFO = r".*\.dist-info"
_EGG_INFO = r"(?:.*\.egg-info|(?:.*/)?EGG-INFO)"

_Problem = Callable[[str, str], None]


def _headers(content: bytes) -> bytes:
    """What tells names: the description below is up to half a megabyte."""
    head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
    lines = (line for line in head.splitlines() if line[:8].lower() in (b"name: ", b"version:", b"requires"))
    named = [line for line in head.splitlines() if line[:5].lower() == b"name:"]
    return b"\n".join([*named, *lines])


class PythonRecogniser:
    """See `Recogniser`."""

    code = "python"
    wanted = (
        Wanted(name="METADATA", directory=_DIST_INFO, cap_bytes=_BYTES, keep=_headers),
        Wanted(name="RECORD", directory=_DIST_INFO, cap_bytes=_BYTES),
        Wanted(name="PKG-INFO", directory=_EGG_INFO, cap_bytes=_BYTES, keep=_headers),
        Wanted(name="installed-files.txt", directory=_EGG_INFO, cap_bytes=_BYTES),
        Wanted(name="top_level.txt", directory=_EGG_INFO, cap_bytes=1 << 20),
        Wanted(suffix=".egg-info", cap_bytes=_BYTES, keep=_headers),
    )
    scanner: Callable[[], Scanner] | None = None

    def find(self, files: Files, problem: _Problem) -> Iterator[Found]:
        """See `Recogniser.find`."""
        listed = sorted(files.kept("METADATA", "PKG-INFO", ".egg-info"), key=lambda pair: pair[0].count("/"))
        for path, headers in listed:  # who vendors others comes before them
            directory, _, name = path.rpartition("/")
            place = path if name.endswith(".egg-info") else directory
            if not place.endswith(_METADATA):
                continue
            named, version = _field(headers, b"name"), _field(headers, b"version")
            if not named or not version:
                problem(path, "it names no distribution")
                continue
            yield Found(
                ecosystem="python",
                name=normal_name(named),
                version=version,
                location=path,
                paths=_owned(place, files),
                directories=_directories(place, files),
                requires=tuple((each,) for each in _requires(headers, conditional=False)),
                may_require=tuple(_requires(headers, conditional=True)),
                requested=files.exists(f"{place}/REQUESTED") if name == "METADATA" else None,
            )


def _field(headers: bytes, name: bytes) -> str:
    match = re.search(rb"^" + name + rb":[ \t]*(\S[^\r\n]*)", headers, re.IGNORECASE | re.MULTILINE)
    return match[1].decode("utf-8", "replace").strip() if match else ""


def _requires(headers: bytes, *, conditional: bool) -> Iterator[str]:
    """Names that are needed without any extra: always, or when a marker on version or platform holds."""
    for match in _REQUIRES.finditer(headers):
        if (match[2] is not None) == conditional and not (match[2] and _EXTRA.search(match[2])):
            yield normal_name(match[1].decode())


def _owned(place: str, files: Files) -> Iterator[str]:
    site = posixpath.dirname(place)
    record = files.read(f"{place}/RECORD")
    if record is not None:
        yield from _recorded(record, site)
        return
    installed = files.read(f"{place}/installed-files.txt")
    if installed is not None:
        for line in installed.decode("utf-8", "surrogateescape").splitlines():
            if line:
                yield _normal(f"{place}/{line}")
    elif not place.endswith("EGG-INFO"):
        for module in _top_level(place, files):
            yield _normal(f"{site}/{module}.py")
    yield place


def _recorded(record: bytes, site: str) -> Iterator[str]:
    text = record.decode("utf-8", "surrogateescape")
    if '"' in text:
        import csv

        try:
            rows = [columns[0] for columns in csv.reader(text.splitlines()) if columns]
        except csv.Error:
            rows = []
    else:
        rows = [line.rsplit(",", 2)[0] for line in text.splitlines()]
    for row in rows:
        if row:
            yield _normal(f"{site}/{row}") if "./" in row or row[0] == "/" or "\\" in row else f"{site}/{row}"


def _directories(place: str, files: Files) -> tuple[str, ...]:
    site = posixpath.dirname(place)
    if place.endswith("EGG-INFO"):
        return (site,)  # an egg is a directory of its own
    if place.endswith(".dist-info") or files.exists(f"{place}/installed-files.txt"):
        return (place,)
    return (place, *(_normal(f"{site}/{module}") for module in _top_level(place, files)))


def _top_level(place: str, files: Files) -> list[str]:
    content = files.read(f"{place}/top_level.txt") or b""
    return [line.strip() for line in content.decode("utf-8", "replace").splitlines() if line.strip().isidentifier()]


def _normal(path: str) -> str:
    site, _, row = path.partition("//")  # an absolute row begins at the root
    return posixpath.normpath(row or site).lstrip("/").removeprefix("../")
