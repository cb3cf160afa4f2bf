"""What a change of one RUN line would do to the lines around it: which need a package manager's lists, which may write
into a folder, which only install packages.

The answers err to one side: "may" where it is not known.
"""

import re
from collections.abc import Sequence

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import folders_at
from lightship.dockerfile.shell import Command
from lightship.dockerfile.stages import Stage
from lightship.lint.actions import SYSTEM_MANAGERS, Action, action_of
from lightship.lint.paths import is_below
from lightship.lint.subject import Subject

__all__ = [
    "HARMLESS",
    "installs_only",
    "is_below_one",
    "makes_users",
    "may_write_below",
    "needs_lists",
    "needs_lists_later",
]

HARMLESS = frozenset(
    {
        "useradd", "groupadd", "adduser", "addgroup", "usermod", "groupmod", "chown", "chmod", "chgrp", "mkdir", "rm",
        "rmdir", "true", "echo", "set", ":", "test", "[", "id", "whoami",
    }
)  # fmt: skip
"""Programs that make no files, but for folders, and read none that a line around them may have changed."""

_APT = frozenset({"apt-get", "apt", "aptitude", "apt-cache", "apt-file"})
_WITHOUT_LISTS = frozenset({"remove", "clean"})
_SCRIPT_INSTALLS = re.compile(r"\b(apt(-get)?|aptitude|apk)\b[^\n]{0,500}\b(install|add)\b")
_SCRIPT_UPDATES = re.compile(
    r"\b(apt(-get)?|aptitude|apk)\b[^\n]{0,500}\bupdate\b|--no-cache|--update-cache|apk\b[^\n]{0,500} -U\b"
)
"""Repetitions are bounded: a script may be written to make them slow."""
_NAMES_ONLY = re.compile(r"[A-Za-z0-9][\w.-]*(\[[\w.,-]+\])?([=<>!~;@ ].*)?")
_TO_A_FOLDER = frozenset({"-t", "--target", "--prefix", "--root", "-e", "--editable", "--src", "--python"})
_QUIET = re.compile(r"[0-9&]*>{1,2}\s*(/dev/null|&[0-9-])|<.*")


def is_below_one(subject: Subject, run: Instruction, others: Sequence[tuple[Stage, Instruction]]) -> bool:
    """Whether one of ``others``, which are in the file's order, works on top of the layer of ``run``: below it, or in a
    stage that goes on from its."""
    stage = subject.stages.of(run)
    if stage is None:
        return False
    for other, instruction in reversed(others):
        if other.index == stage.index:
            return instruction.span.start > run.span.start
        if any(each.index == stage.index for each in subject.stages.chain(other)):
            return True
    return False


def needs_lists_later(subject: Subject, run: Instruction) -> bool:
    """Whether something that runs on top of ``run`` may ask apt or apk for packages without fetching the lists."""
    return is_below_one(subject, run, subject.once(_needing_lists))


def _needing_lists(subject: Subject) -> tuple[tuple[Stage, Instruction], ...]:
    return tuple(
        (stage, each)
        for stage, each in subject.instructions
        if each.keyword == "RUN"
        and (not subject.script(each).understood or needs_lists(subject, subject.script(each).commands))
    )


def needs_lists(subject: Subject, commands: Sequence[Command]) -> bool:
    """The same of commands that run one after another."""
    for command in commands:
        action = action_of(command)
        if action is not None and action.manager in ("apt", "apk"):
            if action.kind == "update" or action.has("--no-cache", "-U", "--update-cache", "--update"):
                return False
            if action.kind not in _WITHOUT_LISTS:
                return True
        elif command.name in _APT or _script_needs_lists(subject, command):
            return True
    return False


def _script_needs_lists(subject: Subject, command: Command) -> bool:
    for word in command.words[:3]:
        name = (word.value or "").rpartition("/")[2]
        if not name or subject.context is None:
            continue
        for path in subject.context.files:
            if path == name or path.endswith(f"/{name}"):
                text = subject.context.read(path) or ""
                if _SCRIPT_INSTALLS.search(text) and not _SCRIPT_UPDATES.search(text):
                    return True
    return False


def may_write_below(subject: Subject, run: Instruction, folders: Sequence[str]) -> bool:
    """Whether ``run`` may make files in one of these trees. Folders alone (``mkdir``) are not asked for, and what the
    package managers of the system and pip install is known to lie elsewhere."""
    script = subject.script(run)
    if not script.understood or any(
        is_below(each, folder) for each in folders_at(subject.stages, run, "PATH") for folder in folders
    ):
        return True
    return any(_may_write(subject, command) for command in script.commands)


def _may_write(subject: Subject, command: Command) -> bool:
    if any(not _QUIET.fullmatch(each) for each in command.redirections):
        return True
    action = action_of(command)
    if action is None:
        return command.name not in HARMLESS
    if action.manager in SYSTEM_MANAGERS:
        return False
    return action.manager != "pip" or not _into_the_interpreter(subject, action)


def _into_the_interpreter(subject: Subject, action: Action) -> bool:
    """Whether pip puts all that it installs among the interpreter's packages, and builds nothing in the project."""
    if action.command.words[0].value not in ("pip", "pip3", "python", "python3") or action.kind != "install":
        return action.kind in ("remove", "clean")
    if any(name in _TO_A_FOLDER for name, _ in action.values) or action.has("--user", "-e"):
        return False
    if not all(_NAMES_ONLY.fullmatch(word.value or "/") for word in action.packages):
        return False
    lists = [value for name, value in action.values if name in ("-r", "--requirement")]
    return all(_lists_names(subject, each) for each in lists)


def _lists_names(subject: Subject, path: str) -> bool:
    """Whether a list of the context names packages only; False where it cannot be read."""
    name = path.rpartition("/")[2]
    found = [each for each in (subject.context.files if subject.context else ()) if each.rpartition("/")[2] == name]
    texts = [subject.context.read(each) for each in found] if subject.context else []
    return bool(texts) and all(
        text is not None and not re.search(r"^\s*(-e|--editable|\.|/|file:)|@\s*\.", text, re.MULTILINE)
        for text in texts
    )


def makes_users(subject: Subject, run: Instruction) -> bool:
    """Whether ``run`` may add users or groups: by a program for that, or by a package."""
    script = subject.script(run)
    names = {command.name for command in script.commands}
    known = HARMLESS - {"useradd", "groupadd", "adduser", "addgroup", "usermod", "groupmod"}
    pip = [
        command for command in script.commands if (action := action_of(command)) is not None and action.manager == "pip"
    ]
    return not script.understood or not names <= known | {command.name for command in pip}


def installs_only(subject: Subject, run: Instruction) -> bool:
    """Whether ``run`` does nothing but install packages, of the system or from a list or a lock, and clean up."""
    script = subject.script(run)
    if not script.understood:
        return False
    for command in script.commands:
        action = action_of(command)
        if action is None:
            if command.name not in HARMLESS:
                return False
        elif action.manager not in SYSTEM_MANAGERS and action.kind == "install" and not _only_names(action):
            return False
    return True


def _only_names(action: Action) -> bool:
    return not action.has("-e") and all(_NAMES_ONLY.fullmatch(word.value or "/") for word in action.packages)
