"""A program that brings a desktop along.

What it does
============
Finds ``ffmpeg``, ``libreoffice``, ``chromium``, ``imagemagick``, ``texlive`` and their kin from the distribution's
packages in a stage that ships, and says what they bring; and programs that are downloaded without a check of their
hash.

Why
===
Debian's ffmpeg brings 200 packages, of which most draw windows. A static build (with its hash), or a COPY from an
image that holds nothing else, is a tenth. poppler-utils and tesseract-ocr are small as packages: take those.

Bad
===
::

    FROM python:3.12-slim
    RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg && rm -rf /var/lib/apt/lists/*
    USER 1000

Good
====
::

    FROM python:3.12-slim
    COPY --from=mwader/static-ffmpeg:7.1 /ffmpeg /usr/local/bin/
    USER 1000

References
==========
packages of Debian 12: ffmpeg, its dependencies; docs.docker.com, COPY --from (2026).
"""

import re
from collections.abc import Iterator

from lightship.lint.rule import Remark, Rule
from lightship.lint.shipped import kept_packages
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_INSTEAD = {
    "ffmpeg": "a static build with its hash (ADD --checksum), or COPY --from an image of ffmpeg alone",
    "imagemagick": "Pillow or pyvips, whose wheels bring what they need",
    "libreoffice": "libreoffice-writer-nogui and its kin: only the parts that convert, without windows",
    "chromium": "chromium-headless-shell, or a browser in a container of its own",
    "chromium-browser": "chromium-headless-shell, or a browser in a container of its own",
    "texlive": "texlive-latex-base and only the packages that are used, or tectonic",
    "texlive-full": "texlive-latex-base and only the packages that are used, or tectonic",
    "wkhtmltopdf": "weasyprint; wkhtmltopdf has had no release since 2020",
    "default-jre": "default-jre-headless",
    "default-jdk": "default-jre-headless",
    "openjdk-17-jre": "openjdk-17-jre-headless",
    "openjdk-17-jdk": "openjdk-17-jre-headless",
    "vim": "nothing: kubectl debug and docker debug bring an editor when it is needed",
    "libopencv-dev": "opencv-python-headless, whose wheel brings what it needs",
    "python3-opencv": "opencv-python-headless, whose wheel brings what it needs",
}
_PROGRAM = re.compile(r"(ffmpeg|chromedriver|pandoc|wkhtmltox|tesseract|yq|kubectl|helm|terraform)", re.IGNORECASE)


def _find(subject: Subject) -> Iterator[Remark]:
    for package in kept_packages(subject):
        instead = _INSTEAD.get(package.name)
        if instead is None:
            continue
        cost = subject.costs.of_packages(package.stage, (package.name,))
        yield Remark(
            span=package.word.span,
            message=f"{package.name} from the distribution brings much that nothing calls",
            fix=instead,
            unpacked_bytes=cost.unpacked_bytes,
            compressed_bytes=cost.compressed_bytes,
            how=cost.how,
        )
    yield from _unchecked(subject)


def _unchecked(subject: Subject) -> Iterator[Remark]:
    """A program of somebody's server, taken as it comes."""
    for _, run in subject.instructions:
        if run.keyword != "RUN":
            continue
        commands = subject.script(run).commands
        if any(command.name in ("sha256sum", "sha512sum", "shasum", "gpg", "gpgv", "cosign") for command in commands):
            continue
        for command in commands:
            if command.name in ("curl", "wget"):
                found = next(
                    (word for word in command.words[1:] if "://" in word.text and _PROGRAM.search(word.text)), None
                )
                if found is not None:
                    yield Remark(
                        span=command.span,
                        message=f"{_PROGRAM.findall(found.text)[-1].lower()} is downloaded and used unchecked",
                        fix="ADD --checksum=sha256:…, or sha256sum -c in the same RUN",
                        severity="warning",
                    )


RULE = Rule(
    code="heavy-program",
    family="special binaries",
    severity="note",
    safety=None,
    title="a program that brings a desktop along",
    find=_find,
    doc=__doc__,
)
