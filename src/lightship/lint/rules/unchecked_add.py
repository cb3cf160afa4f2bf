r"""A file of the network is added unseen.

What it does
============
Finds ``ADD`` of an ``http`` address without ``--checksum``, and of a git repository without a commit or a tag.

Why
===
The builder asks the server at every build, and takes what it says: other bytes under the same address are another
image, and nothing tells. With its hash the file is asked for once, and is the file.

Bad
===
::

    FROM debian:bookworm-slim
    ADD https://dl.example/tool-1.2.tar.gz /opt/

Good
====
::

    FROM debian:bookworm-slim
    ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d \
        https://dl.example/tool-1.2.tar.gz /opt/

References
==========
docs.docker.com, "Dockerfile reference", ADD --checksum, "Adding files from a Git repository" (2026).
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.views import copy_of
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_GIT = re.compile(r"git@.+|(git|ssh)://.+|https?://.+\.git(#.*)?")


def _find(subject: Subject) -> Iterator[Remark]:
    for _, instruction in subject.instructions:
        copy = copy_of(instruction) if instruction.keyword == "ADD" else None
        if copy is None or any(flag.name == "checksum" for flag in instruction.flags):
            continue
        for word in copy.sources:
            if _GIT.fullmatch(word.text):
                if "#" not in word.text and "?ref=" not in word.text and "?tag=" not in word.text:
                    yield Remark(
                        span=word.span,
                        message=f"{word.text} is the head of its branch on the day of the build",
                        fix="#tag or #commit after the address",
                    )
            elif word.text.startswith(("http://", "https://")):
                yield Remark(
                    span=word.span,
                    message="what the address gives is added unchecked",
                    fix="ADD --checksum=sha256:…",
                )


RULE = Rule(
    code="unchecked-add",
    family="security",
    severity="warning",
    safety=None,
    title="a file of the network is added unseen",
    find=_find,
    doc=__doc__,
)
