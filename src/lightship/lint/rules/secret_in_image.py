"""A secret is written into the image.

What it does
============
Finds values of passwords, tokens and keys in ENV and in ARG defaults; build arguments by such names that a RUN of a
shipped stage uses; credentials in URLs; and key files or ``.env`` that a COPY names. A name alone is no secret: a
value must stand there, and one that is a path, a number, a placeholder or a switch
(``TIKTOKEN_CACHE_DIR=/app/cache``, ``MAX_TOKENS=4096``) is none.

Why
===
``docker history`` shows every ENV and build argument to whoever can pull, and a file stays in its layer when a later
line removes it.

Bad
===
::

    FROM python:3.12-slim
    ENV API_TOKEN=ghp_16C7e42F292c6912E7710c838347Ae178B4a
    USER 1000

Good
====
::

    FROM python:3.12-slim
    RUN --mount=type=secret,id=token,env=API_TOKEN python fetch.py
    USER 1000

References
==========
docs.docker.com, "Build secrets" (2026); BuildKit check SecretsUsedInArgOrEnv, which goes by the name alone.
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.views import copy_of, pairs_of
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject
from lightship.oci.secrets import keys_in

__all__ = ["RULE"]

_WORDS = re.compile(
    r"(^|_)(pass(word|wd|phrase)?|pwd|secret(_?key)?|token|api_?key|apikey|access_?key|private_?key|auth|credentials?|"
    r"client_?secret|encryption_?key|signing_?key)$",
    re.IGNORECASE,
)
_WRITTEN = re.compile(
    r"hf_[A-Za-z]{30,}|-----BEGIN [A-Z ]*PRIVATE KEY-----|(?<![\w-])eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
)
"""What nobody writes into a Dockerfile by chance, though files that packages bring have it as an example."""
_URL = re.compile(r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://[^/\s:@$]+:([^/\s@$]+)@", re.IGNORECASE)
_HARMLESS = re.compile(
    r"|\$.*|<.*>|\{.*\}|/.*|\./.*|\d+(\.\d+)?|true|false|yes|no|on|off|none|null|changeme|change[-_]?me|example|your[-_].*|"
    r"xxx+|\*+|placeholder|dummy|test(ing)?|unused|basic|bearer|jwt|oauth2?|default|disabled|enabled|optional|[a-z]+://[^@]*",
    re.IGNORECASE,
)
_FILES = re.compile(
    r"\.env(\.(?!example|sample|template|dist).+)?|id_(rsa|dsa|ecdsa|ed25519)|\.netrc|\.pgpass|\.git-credentials|"
    r"\.npmrc|\.pypirc|kubeconfig|.*\.(p12|pfx|jks|keystore)"
)
_OF_AWS = re.compile(r"(?:^|/)\.aws/credentials\Z")


def _find(subject: Subject) -> Iterator[Remark]:
    for stage in subject.stages.stages:
        if stage.index not in subject.stages.needed:
            continue
        ships = subject.stages.ships(stage)
        for instruction in stage.instructions:
            if instruction.keyword in ("ENV", "ARG", "LABEL"):
                yield from _pairs(subject, instruction, ships=ships)
            elif instruction.keyword in ("RUN", "CMD", "ENTRYPOINT"):
                yield from _words(instruction, ships=ships)
            elif ships:
                yield from _files(subject, instruction)


def _pairs(subject: Subject, instruction: Instruction, *, ships: bool) -> Iterator[Remark]:
    for pair in pairs_of(instruction):
        value = (pair.value or "").strip("\"'")
        named = bool(_WORDS.search(pair.name)) and instruction.keyword != "LABEL"
        if any(_keys(value)) or _URL.search(value) or (named and not _HARMLESS.fullmatch(value) and len(value) >= 6):
            yield Remark(
                span=pair.span,
                message=f"{instruction.keyword} {pair.name} has a secret for its value"
                + ("" if ships else ", which the build cache keeps"),
                fix="RUN --mount=type=secret in the build, the platform's secrets at run time; and change the secret",
                severity=None if ships else "warning",
            )
        elif instruction.keyword == "ARG" and named and ships and pair.value is None and _is_used(subject, pair.name):
            yield Remark(
                span=pair.span,
                message=f"the build argument {pair.name} stands in the image's history",
                fix=f"RUN --mount=type=secret,id={pair.name.lower()},env={pair.name}",
                severity="warning",
            )


def _keys(text: str) -> Iterator[tuple[int, int]]:
    yield from keys_in(text)
    yield from (found.span() for found in _WRITTEN.finditer(text))


def _is_used(subject: Subject, name: str) -> bool:
    wanted = re.compile(rf"\$\{{?{re.escape(name)}\b")
    return any(each.keyword == "RUN" and wanted.search(each.argument.text) for _, each in subject.shipped)


def _words(instruction: Instruction, *, ships: bool) -> Iterator[Remark]:
    text = instruction.argument.text
    urls = (each.span() for each in _URL.finditer(text) if not _HARMLESS.fullmatch(each[1]))
    for start, end in (*_keys(text), *urls):
        yield Remark(
            span=instruction.argument.span(start, end),
            message="a secret stands in the command line" + ("" if ships else ", which the build cache keeps"),
            fix="RUN --mount=type=secret, and change the secret",
            severity=None if ships else "warning",
        )


def _files(subject: Subject, instruction: Instruction) -> Iterator[Remark]:
    copy = copy_of(instruction)
    for word in copy.sources if copy is not None and copy.from_ is None else ():
        if _FILES.fullmatch(word.text.rpartition("/")[2]) or _OF_AWS.search(word.text):
            holds = _holds_secret(subject, word.text)
            yield Remark(
                span=word.span,
                message=f"{word.text} is made to hold secrets, and stays in this layer"
                + ("; the one of this context holds none" if holds is False else ""),
                fix="mount it for the RUN that needs it: --mount=type=secret",
                severity="warning" if holds is False else None,
            )


def _holds_secret(subject: Subject, path: str) -> bool | None:
    """Whether a ``.env`` of the context has a secret for a value; None where it cannot be read, or is another file."""
    name = path.rpartition("/")[2]
    text = subject.context.read(path.removeprefix("./")) if subject.context and name.startswith(".env") else None
    if text is None:
        return None
    for line in text.splitlines():
        name, is_set, value = line.partition("=")
        plain = value.split(" #")[0].strip().strip("\"'`")
        named = bool(_WORDS.search(name.strip())) and not _HARMLESS.fullmatch(plain) and len(plain) >= 6
        if is_set and not line.lstrip().startswith("#") and (any(_keys(value)) or _URL.search(plain) or named):
            return True
    return False


RULE = Rule(
    code="secret-in-image",
    family="security",
    severity="error",
    safety=None,
    title="a secret is written into the image",
    find=_find,
    doc=__doc__,
)
