"""What the builder refuses of a Dockerfile that its parser reads: found without a build, all of it, in order.

https://github.com/moby/buildkit/tree/v0.17.0/frontend/dockerfile/instructions (``parse.go``, ``bflag.go``,
``commands_runmount.go``) for single instructions; what stages and variables do is `stage_refusals`' to say. What only a
build knows (a base image, a file of the context, an argument without a default) is not refused here.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from lightship.dockerfile.heredocs import announced_by
from lightship.dockerfile.instruction import KEYWORDS
from lightship.dockerfile.model import Dockerfile, Instruction
from lightship.dockerfile.stage_refusals import Refusal, stage_refusals
from lightship.dockerfile.views import mount_fields, pairs_of

__all__ = ["refusals_of"]

_SWITCHES = frozenset({"link", "parents", "keep-git-dir", "unpack"})
_LISTS = frozenset({"exclude", "mount", "device"})
_FLAGS: Mapping[str, frozenset[str]] = {
    "ADD": frozenset({"chown", "chmod", "link", "keep-git-dir", "checksum", "unpack", "exclude"}),
    "COPY": frozenset({"chown", "from", "chmod", "link", "exclude", "parents"}),
    "FROM": frozenset({"platform"}),
    "RUN": frozenset({"mount", "network", "security", "device"}),
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
}
_FLAGS_UNREAD = frozenset({"ARG", "STOPSIGNAL"})
_CHOICES = {"network": ("default", "none", "host"), "security": ("sandbox", "insecure")}
_STAGE_NAME = re.compile(r"[a-z][a-z0-9_.-]*")
_DURATION = re.compile(r"\+?(?:0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_DURATION_PART = re.compile(r"([0-9.]+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_RETRIES = re.compile(r"\+?[0-9]{1,10}")
_MOST_RETRIES = 2**31 - 1


def refusals_of(dockerfile: Dockerfile) -> tuple[Refusal, ...]:
    """Every reason for which the builder would end before it runs anything; empty where it would begin."""
    found = []
    is_staged = False
    for instruction in dockerfile.instructions:
        is_staged = is_staged or instruction.keyword == "FROM"
        said = list(_of(instruction))
        if not is_staged and instruction.keyword != "ARG" and instruction.keyword in KEYWORDS:
            said.append(("stands before the first FROM", "only ARG may stand there"))
        found += [Refusal(instruction=instruction, message=message, hint=hint) for message, hint in said]
    if not is_staged:
        last = dockerfile.instructions[-1]
        return (*found, Refusal(instruction=last, message="no FROM in the file", hint="begin a stage with FROM IMAGE"))
    return tuple(sorted([*found, *stage_refusals(dockerfile)], key=lambda each: each.instruction.span))


_Said = Iterator[tuple[str, str | None]]


def _of(instruction: Instruction) -> _Said:
    keyword = instruction.keyword
    if keyword not in KEYWORDS:
        yield f"unknown instruction {keyword[:40]!r}", "is the line before it meant to go on? Then it ends with \\"
        return
    is_none = keyword == "HEALTHCHECK" and instruction.words[:1] and instruction.words[0].text.upper() == "NONE"
    if keyword not in _FLAGS_UNREAD and not is_none:
        yield from _flags(instruction)
    check = _CHECKS.get(keyword)
    if check is not None:
        yield from check(instruction)


def _flags(instruction: Instruction) -> _Said:
    known = _FLAGS.get(instruction.keyword, frozenset())
    seen: set[str] = set()
    for flag in instruction.flags:
        if flag.name not in known:
            takes = ", ".join(f"--{name}" for name in sorted(known))
            yield f"unknown flag --{flag.name[:40]}", f"{instruction.keyword} takes {takes or 'no flags'}"
        elif flag.name in seen and flag.name not in _LISTS:
            yield f"--{flag.name} is given twice", "leave one of them"
        elif flag.name in _SWITCHES:
            if flag.value is not None and flag.value.lower() not in ("true", "false"):
                yield f"--{flag.name} is true or false, not {flag.value[:40]!r}", None
        elif flag.value is None:
            yield f"--{flag.name} has no value", f"write --{flag.name}=…"
        seen.add(flag.name)


def _one(instruction: Instruction) -> _Said:
    if len(instruction.words) != 1:
        yield f"{instruction.keyword} takes exactly one argument", None


def _at_least_one(instruction: Instruction) -> _Said:
    if not instruction.words:
        yield f"{instruction.keyword} takes at least one argument", None


def _pairs(instruction: Instruction) -> _Said:
    yield from _at_least_one(instruction)
    if any(not pair.name for pair in pairs_of(instruction)):
        yield f"a name of {instruction.keyword} is blank", "something stands before every ="


def _copy(instruction: Instruction) -> _Said:
    if len(instruction.words) < 2:
        yield f"{instruction.keyword} takes a source and a destination", None
    elif announced_by(instruction.words[-1].text):
        yield f"{instruction.keyword} cannot write to a here-document", "the destination comes last"


def _from(instruction: Instruction) -> _Said:
    words = [word.text for word in instruction.words]
    if len(words) == 3 and words[1].lower() == "as":
        if not _STAGE_NAME.fullmatch(words[2].lower()):
            yield f"{words[2][:40]!r} is no name for a stage", "a letter, then letters, digits, '_', '-' and '.'"
    elif len(words) != 1:
        yield "FROM takes an image, or an image AS name", None


def _onbuild(instruction: Instruction) -> _Said:
    inner = instruction.inner
    if inner is None:
        yield "ONBUILD takes an instruction", None
    elif inner.keyword in ("ONBUILD", "MAINTAINER", "FROM"):
        yield f"{inner.keyword} is not allowed in ONBUILD", None


def _run(instruction: Instruction) -> _Said:
    for flag in instruction.flags:
        choices = _CHOICES.get(flag.name)
        if choices and flag.value is not None and flag.value not in choices:
            yield f"--{flag.name} is one of {', '.join(choices)}, not {flag.value[:40]!r}", None
        if flag.name == "mount" and flag.value is not None:
            yield from _mount(flag.value)


def _mount(value: str) -> _Said:
    fields = mount_fields(value)
    if fields is None:
        yield f"the fields of --mount={value[:40]} cannot be read", "name=value, name=value, with quotes in pairs"
        return
    for field in fields:
        name, _, said = field.partition("=")
        if name.lower() == "from" and "$" in said[:-1]:
            yield "--mount=from takes no variable", "name a stage with FROM ${…} AS name, and mount from that"


def _health(instruction: Instruction) -> _Said:
    if not instruction.words:
        yield "HEALTHCHECK takes CMD or NONE", None
        return
    kind, *command = [word.text for word in instruction.words]
    if kind.upper() == "NONE":
        if command:
            yield "HEALTHCHECK NONE takes no arguments", None
        return
    if kind.upper() != "CMD":
        yield f"HEALTHCHECK takes CMD or NONE, not {kind[:40]!r}", None
        return
    if not command:
        yield "no command after HEALTHCHECK CMD", None
    for flag in instruction.flags:
        if flag.name == "retries":
            if flag.value and not (_RETRIES.fullmatch(flag.value) and int(flag.value) <= _MOST_RETRIES):
                yield f"--retries is a whole number, not {flag.value[:40]!r}", None
        elif flag.value and not _is_duration(flag.value):
            yield f"--{flag.name} is a duration of at least 1ms, not {flag.value[:40]!r}", "such as 30s or 1m30s"


def _is_duration(text: str) -> bool:
    if not _DURATION.fullmatch(text):
        return False
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))
    return seconds == 0 or seconds >= 1e-3


def _volume(instruction: Instruction) -> _Said:
    yield from _at_least_one(instruction)
    if any(not word.text.strip() for word in instruction.words):
        yield "a path of VOLUME is blank", None


def _shell(instruction: Instruction) -> _Said:
    if not instruction.exec_form:
        yield "SHELL takes a JSON array of strings", 'such as SHELL ["/bin/bash", "-c"]'


_CHECKS: Mapping[str, Callable[[Instruction], _Said]] = {
    "ADD": _copy,
    "ARG": _pairs,
    "COPY": _copy,
    "ENV": _pairs,
    "EXPOSE": _at_least_one,
    "FROM": _from,
    "HEALTHCHECK": _health,
    "LABEL": _pairs,
    "MAINTAINER": _one,
    "ONBUILD": _onbuild,
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": _one,
    "USER": _one,
    "VOLUME": _volume,
    "WORKDIR": _one,
}
