"""The application runs as root.

What it does
============
Finds a target whose last USER is root, or that has none on a base that runs as root. Bases known to switch users
(``…:nonroot``, ``jupyter/…``) and bases that are not known are left alone.

Why
===
Whoever breaks out of the application is root of the container, and owner of every file in it. Clusters with
``runAsNonRoot`` refuse the image.

Bad
===
::

    FROM python:3.12-slim
    COPY app /app
    CMD ["python", "/app/main.py"]

Good
====
::

    FROM python:3.12-slim
    COPY app /app
    USER 1000:1000
    CMD ["python", "/app/main.py"]

References
==========
kubernetes.io, "Pod Security Standards", Restricted (2026); hadolint DL3002.
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.settings import Setting
from lightship.dockerfile.stages import Stage
from lightship.ecosystem.base_images import KnownBase, known_base
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_ROOT = frozenset({"root", "0", "root:root", "0:0", "root:0", "0:root"})
_DROPS = frozenset({"gosu", "su-exec", "setpriv", "runuser", "chroot", "s6-setuidgid"})
"""Programs with which an entrypoint gives up being root."""
_S6 = re.compile(r"^\W*/init\b")
"""s6-overlay's, whose services change the user themselves."""


def _find(subject: Subject) -> Iterator[Remark]:
    stage = subject.stages.stages[subject.stages.target]
    if not any(each.keyword in ("CMD", "ENTRYPOINT", "COPY", "RUN") for each in stage.instructions):
        return
    said = next((each.value for each in reversed(_settings(subject, stage)) if each.kind == "USER"), None)
    users = [each for _, each in subject.shipped if each.keyword == "USER"]
    known = known_base(subject.stages.chain(stage)[0].base)
    by_default = known is not None and known.official and "nonroot" not in known.name
    is_root = said in _ROOT if users else by_default
    if not is_root or _gives_up(subject):
        return
    instruction = (
        users[-1]
        if users
        else next((each for each in reversed(stage.instructions) if each.keyword in ("CMD", "ENTRYPOINT")), stage.start)
    )
    yield Remark(
        span=instruction.span,
        message="the application runs as root" + (": the last USER is" if users else ": no USER is set"),
        fix=f"{_user(subject, known)} below the last line that needs root, and COPY --chown only for what it writes to",
    )


def _user(subject: Subject, known: KnownBase | None) -> str:
    """The USER to set: one that is there already goes before a number of one's own, which Kubernetes can check."""
    for _, run in subject.shipped:
        for command in subject.script(run).commands if run.keyword == "RUN" else ():
            if command.name in ("useradd", "adduser"):
                return f"USER with the number of the user that line {run.line} makes,"
    if known is not None and known.official:
        if re.match(r"(docker\.io/)?(library/)?node(:|@|$)", known.name):
            return "USER 1000:1000, which is this base's node,"
        if known.family == "distroless":
            return "USER 65532:65532, which is this base's nonroot,"
    return "USER with a number, such as 1000:1000,"


def _settings(subject: Subject, stage: Stage) -> list[Setting]:
    return [setting for each in subject.stages.chain(stage) for setting in each.settings]


def _gives_up(subject: Subject) -> bool:
    from lightship.lint.shipped import is_called

    entry = [each.argument.text for _, each in subject.shipped if each.keyword == "ENTRYPOINT"]
    return is_called(subject, _DROPS) or bool(entry and _S6.search(entry[-1]))


RULE = Rule(
    code="runs-as-root",
    family="security",
    severity="warning",
    safety=None,
    title="the application runs as root",
    find=_find,
    doc=__doc__,
)
