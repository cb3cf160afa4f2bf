r"""What is downloaded is run unseen.

What it does
============
Finds a download that is piped into an interpreter, or run by it from a substitution: ``curl … | sh``,
``bash -c "$(wget -O- …)"``.

Why
===
Whoever holds the address, or the way to it, decides what is in the image; nothing tells that it has changed, the
build cache hides it, and the interpreter starts before the download is whole.

Bad
===
::

    FROM debian:bookworm-slim
    RUN curl -fsSL https://get.example/install.sh | sh

Good
====
::

    FROM debian:bookworm-slim
    ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d \
        https://get.example/install.sh /tmp/install.sh
    RUN sh /tmp/install.sh

References
==========
docs.docker.com, "Dockerfile reference", ADD --checksum (2026); SLSA 1.0, "Verifying artifacts".
"""

from collections.abc import Iterator, Sequence

from lightship.dockerfile.shell import Command
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_DOWNLOADERS = frozenset({"curl", "wget", "fetch", "aria2c"})
_INTERPRETERS = frozenset(
    {"sh", "bash", "ash", "dash", "zsh", "ksh", "python", "python3", "perl", "ruby", "node", "php"}
)
_CHECKS = frozenset({"sha256sum", "sha512sum", "shasum", "gpg", "gpgv", "cosign", "minisign"})


def _find(subject: Subject) -> Iterator[Remark]:
    for _, run in subject.instructions:
        commands = subject.script(run).commands if run.keyword == "RUN" else ()
        for command, runner in zip(commands, _runners(commands), strict=True):
            if command.name in _DOWNLOADERS and runner is not None:
                yield Remark(
                    span=command.span,
                    message=f"{command.name} downloads what {runner.name} runs at once, unchecked",
                    fix="ADD --checksum=sha256:… into the build, or download to a file, check its hash, then run it",
                )


def _runners(commands: Sequence[Command]) -> list[Command | None]:
    """Of each command who would run what it downloads."""
    found: list[Command | None] = []
    piped: Command | None = None
    after: Command | None = None
    following: Command | None = None
    for command in reversed(commands):
        if following is not None:
            piped = _piped_into(following, piped)
            after = after if following.is_substituted else following
        substituted = command.is_substituted and after is not None and after.name in (*_INTERPRETERS, "eval")
        found.append(piped or (after if substituted else None))
        following = command
    return found[::-1]


def _piped_into(following: Command, further: Command | None) -> Command | None:
    """Who runs what comes through the pipe to ``following``, which hands it on to ``further``."""
    if following.joiner != "|":
        return None
    if following.name in _INTERPRETERS and not _has_program(following):
        return following
    return further if following.name not in _CHECKS else None


def _has_program(command: Command) -> bool:
    """``python3 -c "…"`` and ``sh script`` read their input as data."""
    arguments = [each or "" for each in command.arguments]
    if command.name in ("sh", "bash", "ash", "dash", "zsh", "ksh"):
        plain = [each for each in arguments if not each.startswith("-")]
        return ("-c" in arguments) or (bool(plain) and "-s" not in arguments and not {"-", "--"} & set(arguments))
    return any(each in ("-c", "-e", "-m", "-r", "-n", "-p") or not each.startswith("-") for each in arguments)


RULE = Rule(
    code="piped-download",
    family="security",
    severity="warning",
    safety=None,
    title="what is downloaded is run unseen",
    find=_find,
    doc=__doc__,
)
