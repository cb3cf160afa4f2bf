"""What only fetched something is in the image.

What it does
============
Finds ``curl``, ``wget``, ``gnupg``, ``git`` and their kin that a stage that ships installs and keeps, where neither
CMD, ENTRYPOINT, HEALTHCHECK nor a shell script of the context calls them.

Why
===
They are there for a moment of the build: to fetch a key or an archive. ``ADD --checksum``, a download in another
stage, or a purge in the same RUN does without. What Python code starts is not looked at, so it wants a try.

Bad
===
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends libpq5 curl gnupg && rm -rf /var/lib/apt/lists/*

Good
====
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*

References
==========
docs.docker.com, "Dockerfile reference", ADD --checksum, RUN --mount (2026).
"""

import re
from collections.abc import Iterator
from itertools import groupby

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction
from lightship.dockerfile.stages import Stage
from lightship.lint.actions import SYSTEM_MANAGERS
from lightship.lint.later import installs_only, is_below_one
from lightship.lint.rewriting import add_command
from lightship.lint.rule import Remark, Rule
from lightship.lint.shipped import Kept, drop_packages, is_called, kept_packages
from lightship.lint.subject import Subject
from lightship.units import format_names

__all__ = ["RULE"]

_LISTS = re.compile(r"requirements.*\.(txt|in)|pyproject\.toml|package\.json")

_PROGRAMS = {
    "curl": ("curl",), "wget": ("wget",), "gnupg": ("gpg",), "gnupg2": ("gpg", "gpg2"), "gpg": ("gpg",),
    "dirmngr": ("dirmngr",), "git": ("git",), "unzip": ("unzip",), "xz-utils": ("xz",), "bzip2": ("bzip2",),
    "aria2": ("aria2c",), "lsb-release": ("lsb_release",), "software-properties-common": ("add-apt-repository",),
    "apt-transport-https": (), "apt-utils": (), "svn": ("svn",), "subversion": ("svn",), "mercurial": ("hg",),
}  # fmt: skip
_REPOSITORIES = frozenset({"git", "subversion", "svn", "mercurial"})


def _find(subject: Subject) -> Iterator[Remark]:
    found = [each for each in kept_packages(subject) if each.name in _PROGRAMS]
    found = [each for each in found if not is_called(subject, _PROGRAMS[each.name])]
    for _, group in groupby(found, key=lambda each: each.run.span):
        packages = list(group)
        names = tuple(dict.fromkeys(each.name for each in packages))
        used = [name for name in names if _is_used(subject, name)]
        cost = subject.costs.of_packages(packages[0].stage, names)
        whom = ("it" if len(used) == 1 else "them") if len(used) == len(names) else format_names(used)
        after = f", though only the build calls {whom}" if used else ""
        yield Remark(
            span=packages[0].action.command.span,
            message=f"{format_names(names)} {'stays' if len(names) == 1 else 'stay'} in the image{after}",
            fix="fetch in another stage, with ADD --checksum, or purge in the same RUN"
            if used
            else f"leave {'it' if len(names) == 1 else 'them'} out: no line of the build is seen to call "
            f"{'it' if len(names) == 1 else 'them'}",
            edits=_edits(subject, packages, names, used),
            unpacked_bytes=cost.unpacked_bytes,
            compressed_bytes=cost.compressed_bytes,
            how=cost.how,
        )


def _is_used(subject: Subject, name: str, *, but: int | None = None) -> bool:
    """Whether a RUN line of the shipped stages calls a program of the package; not the one at ``but``. pip and npm
    call git for what a list says comes from a repository."""
    if name == "git" and subject.once(_from_repositories):
        return True
    calls = subject.once(_call_places)
    return any(place != but for program in _PROGRAMS[name] for place in calls.get(program, ()))


def _call_places(subject: Subject) -> dict[str, set[int]]:
    """Where the shipped stages call which program, of those that are asked for."""
    known = {program for programs in _PROGRAMS.values() for program in programs}
    found: dict[str, set[int]] = {}
    for _, run in subject.shipped:
        for command in subject.script(run).commands:
            if command.name in known:
                found.setdefault(command.name, set()).add(run.span.start)
    return found


def _from_repositories(subject: Subject) -> bool:
    texts = [run.argument.text for _, run in subject.shipped if run.keyword == "RUN"]
    context = subject.context
    if context is not None:
        lists = (path for path in context.files if _LISTS.fullmatch(path.rpartition("/")[2]) and path.count("/") < 2)
        texts += [context.read(path) or "" for path in lists]
    return any("git+" in text or "git://" in text for text in texts)


def _edits(subject: Subject, packages: list[Kept], names: tuple[str, ...], used: list[str]) -> tuple[Edit, ...]:
    run, action = packages[0].run, packages[0].action
    if any(_may_be_used(subject, run, name) for name in names):
        return ()
    if not used:
        return drop_packages(packages) if not any(_may_call(subject, run, name) for name in names) else ()
    if action.manager != "apt":
        return ()
    # What they only recommend (ca-certificates) is there by them, and may be what the application needs.
    also = " --auto-remove" if action.has("--no-install-recommends") else ""
    sudo = "sudo " if action.command.wrapper[:1] == ("sudo",) else ""
    edit = add_command(subject, run, f"{sudo}apt-get purge -y{also} {' '.join(names)}")
    return (edit,) if edit is not None else ()


def _may_be_used(subject: Subject, run: Instruction, name: str) -> bool:
    """Whether another RUN that goes on from this one may call it."""
    silent = subject.once(_calling_repositories if name in _REPOSITORIES else _calling)
    return _is_used(subject, name, but=run.span.start) or is_below_one(subject, run, silent)


def _calling(subject: Subject) -> tuple[tuple[Stage, Instruction], ...]:
    """The RUNs that may call a program without naming it: only package managers are known not to."""
    return tuple(
        (stage, run)
        for stage, run in subject.instructions
        if run.keyword == "RUN" and (not subject.script(run).understood or not installs_only(subject, run))
    )


def _calling_repositories(subject: Subject) -> tuple[tuple[Stage, Instruction], ...]:
    """The same of what clones repositories: package managers of languages do."""
    calling = {run.span.start for _, run in subject.once(_calling)}
    return tuple(
        (stage, run)
        for stage, run in subject.instructions
        if run.span.start in calling or any(each.manager not in SYSTEM_MANAGERS for each in subject.actions(run))
    )


def _may_call(subject: Subject, run: Instruction, name: str) -> bool:
    """Whether the RUN itself may."""
    silent = subject.once(_calling_repositories if name in _REPOSITORIES else _calling)
    return any(each.span.start == run.span.start for _, each in silent)


RULE = Rule(
    code="downloaders-shipped",
    family="what ships",
    severity="warning",
    safety="traced",
    title="what only fetched something is in the image",
    find=_find,
    doc=__doc__,
)
