"""Alpine's packages: ``lib/apk/db/installed``. wiki.alpinelinux.org/wiki/Apk_spec (2024), "Install database".

Paragraphs of ``letter:value`` lines. ``F`` opens a directory, ``R`` names a file in it.
"""

import re
from collections.abc import Callable, Iterator

from lightship.ecosystem.inventory import Files, Found, Scanner, Wanted

__all__ = ["ApkRecogniser"]

_PLACES = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
_NAME = re.compile(r"[^<>=~]+")


class ApkRecogniser:
    """See `Recogniser`."""

    code = "apk"
    wanted = tuple(
        Wanted(name="installed", directory=place.rpartition("/")[0], cap_bytes=256 << 20) for place in _PLACES
    )
    scanner: Callable[[], Scanner] | None = None

    def find(self, files: Files, problem: Callable[[str, str], None]) -> Iterator[Found]:
        """See `Recogniser.find`."""
        for place, content in files.kept("installed"):
            if place in _PLACES:
                for paragraph in content.decode("utf-8", "surrogateescape").split("\n\n"):
                    if paragraph.strip():
                        yield from _package(paragraph, place, problem)


def _package(paragraph: str, place: str, problem: Callable[[str, str], None]) -> Iterator[Found]:
    fields: dict[str, str] = {}
    paths: list[str] = []
    directory = ""
    for line in paragraph.split("\n"):
        letter, _, value = line.partition(":")
        if letter == "F":
            directory = value
        elif letter == "R":
            paths.append(f"{directory}/{value}" if directory else value)
        else:
            fields.setdefault(letter, value)
    if "P" not in fields or "V" not in fields:
        problem(place, "a package has no name or no version")
        return
    yield Found(
        ecosystem="apk",
        name=fields["P"],
        version=fields["V"],
        location=place,
        paths=paths,
        requires=tuple((name,) for name in _names(fields.get("D", "")) if not name.startswith("!")),
        provides=tuple(_names(fields.get("p", ""))),
        architecture=fields.get("A", ""),
    )


def _names(field: str) -> list[str]:
    return [match[0] for word in field.split() if (match := _NAME.match(word))]
