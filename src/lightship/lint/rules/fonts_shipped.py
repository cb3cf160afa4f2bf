"""Fonts in an image.

What it does
============
Finds font packages that a stage that ships installs: ``fonts-noto-cjk``, ``font-noto``, ``ttf-dejavu`` … They are a
function where documents or pictures are drawn, and the finding says what they weigh.

Why
===
CJK fonts alone are 90 MB compressed. Where only one language or one weight is drawn, a single file of them does.

Bad
===
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends fonts-noto-cjk && rm -rf /var/lib/apt/lists/*

Good
====
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*
    COPY NotoSansSC-Regular.otf /usr/share/fonts/

References
==========
packages of Debian 12: fonts-noto-cjk 1:20220127, Installed-Size 91 MB.
"""

from collections.abc import Iterator

from lightship.lint.rule import Remark, Rule
from lightship.lint.shipped import drop_packages, kept_packages
from lightship.lint.subject import Subject
from lightship.units import format_names

__all__ = ["RULE"]

_FONTS = ("fonts-", "font-", "ttf-", "otf-", "xfonts-", "google-noto", "dejavu-")


def _find(subject: Subject) -> Iterator[Remark]:
    packages = [each for each in kept_packages(subject) if each.name.startswith(_FONTS)]
    if not packages:
        return
    names = tuple(each.name for each in packages)
    cost = subject.costs.of_packages(packages[0].stage, names)
    yield Remark(
        span=packages[0].action.command.span,
        message=f"{format_names(names)}: needed only where text is drawn",
        fix="leave them out where nothing draws text; else COPY the files that are used",
        edits=drop_packages([each for each in packages if each.action is packages[0].action]),
        unpacked_bytes=cost.unpacked_bytes,
        compressed_bytes=cost.compressed_bytes,
        how=cost.how,
    )


RULE = Rule(
    code="fonts-shipped",
    family="what ships",
    severity="note",
    safety="traced",
    title="fonts in an image",
    find=_find,
    doc=__doc__,
)
