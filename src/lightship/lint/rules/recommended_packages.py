"""Packages that are only recommended are installed too.

What it does
============
Finds ``apt-get install`` without ``--no-install-recommends`` (nor ``APT::Install-Recommends`` set before), and ``dnf
install`` without ``install_weak_deps=False``, in stages that ship.

Why
===
Debian installs what a package recommends as if it were needed: documentation viewers, fonts, whole desktop parts.
What is missed without them shows at once, so it wants a try.

Bad
===
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y ffmpeg && rm -rf /var/lib/apt/lists/*

Good
====
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg && rm -rf /var/lib/apt/lists/*

References
==========
Debian Policy 4.7, 7.2 "Binary Dependencies"; apt-get(8) 2.6; dnf.conf(5) install_weak_deps.
"""

from collections.abc import Iterator

from lightship.dockerfile.shell import Script
from lightship.lint.actions import Action
from lightship.lint.rewriting import add_option
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Cost, Subject
from lightship.units import format_names

__all__ = ["RULE"]

_OPTIONS = {"apt": "--no-install-recommends", "dnf": "--setopt=install_weak_deps=False"}


def _find(subject: Subject) -> Iterator[Remark]:
    settled = False
    for _, run in subject.shipped:
        if run.keyword != "RUN":
            continue
        script = subject.script(run)
        settled = settled or _settles(script)
        for action in subject.actions(run):
            option = _OPTIONS.get(action.manager)
            if option is None or action.kind != "install" or not action.packages or settled or _is_off(action):
                continue
            edit = (
                None if action.command.name == "aptitude" else add_option(action.command, option, after=_verb(action))
            )
            cost = subject.costs.of_part(run, "recommended") if action.manager == "apt" else Cost()
            yield Remark(
                span=action.command.span,
                message=f"{action.manager} also installs what {format_names(action.names) or 'they'} only recommend",
                fix=f"{option}, and name what is really needed of them",
                edits=(edit,) if edit is not None else (),
                unpacked_bytes=cost.unpacked_bytes,
                compressed_bytes=cost.compressed_bytes,
                how=cost.how,
            )


def _is_off(action: Action) -> bool:
    if action.has("--no-install-recommends", "--no-recommends") or action.has("--setopt=install_weak_deps"):
        return True
    settings = [value.lower() for name, value in action.values if name in ("-o", "--option", "--setopt")]
    return any("install-recommends" in value or "install_weak_deps" in value for value in settings)


def _settles(script: Script) -> bool:
    """Whether a line writes it into apt's configuration."""
    return any("Install-Recommends" in word.text for command in script.commands for word in command.words)


def _verb(action: Action) -> int:
    words = action.command.words
    return next(
        place
        for place, word in enumerate(words)
        if word.value in ("install", "reinstall", "localinstall", "groupinstall", "build-dep")
    )


RULE = Rule(
    code="recommended-packages",
    family="what ships",
    severity="warning",
    safety="traced",
    title="packages that are only recommended are installed too",
    find=_find,
    doc=__doc__,
)
