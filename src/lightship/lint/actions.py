"""What the commands of RUN lines do to packages: which manager, installed or removed what, with which options.

Manuals: apt-get(8) 2.6, apk(8) 2.14, dnf(8) 4.14, pip 25, uv 0.8, poetry 2.1, pdm 2.22, npm 11, pnpm 10, yarn 4.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from lightship.dockerfile.shell import Command, Script, ShellWord

__all__ = ["SYSTEM_MANAGERS", "Action", "Kind", "Manager", "action_of", "actions_of", "bare_name"]

Kind = Literal["install", "remove", "update", "upgrade", "clean", "sync"]
"""``sync`` installs what a lock or a list says; ``update`` fetches the lists of what there is."""

Manager = Literal["apt", "apk", "dnf", "pip", "uv", "poetry", "pdm", "pipenv", "conda", "npm", "pnpm", "yarn", "bun"]

SYSTEM_MANAGERS: frozenset[Manager] = frozenset({"apt", "apk", "dnf"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """``packages`` are the words that name packages, versions and all; a word that only a shell knows has no value.
    ``options`` are the words that begin with ``-``, as written; ``values`` what follows those that take a value."""

    manager: Manager
    kind: Kind
    command: Command
    packages: tuple[ShellWord, ...] = ()
    options: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        """The packages' names without versions, those that are known: that of ``nodejs=$VERSION`` is."""
        names = (bare_name(self.manager, word.value or word.text) for word in self.packages)
        return tuple(name for name in names if name and "$" not in name)

    def has(self, *options: str) -> bool:
        """Whether one of ``options`` is given: ``-y`` in ``-yq`` too, ``--yes`` with a value too."""
        for given in self.options:
            for wanted in options:
                if given == wanted or given.startswith(f"{wanted}="):
                    return True
                if len(wanted) == 2 and given[1:2] != "-" and wanted[1] in given[1:]:
                    return True
        return False

    def value(self, *options: str) -> str | None:
        """What the last of ``options`` was given."""
        return next((value for name, value in reversed(self.values) if name in options), None)


def actions_of(script: Script) -> Iterator[Action]:
    """The actions of a script, in their order."""
    for command in script.commands:
        action = action_of(command)
        if action is not None:
            yield action


def action_of(command: Command) -> Action | None:
    """What a command does to packages; None for any other."""
    words = list(command.words)
    name = command.name
    if _PYTHON.fullmatch(name) and len(words) > 2 and words[1].value == "-m":
        name, words = words[2].value or "", words[2:]
    reader = _READERS.get(name)
    return reader(command, words[1:]) if reader is not None else None


def bare_name(manager: Manager, text: str) -> str:
    """A package's name without version, architecture or extras: ``curl`` of ``curl=8.*``, ``torch`` of ``torch>=2``."""
    if manager in ("npm", "pnpm", "yarn", "bun"):
        return text[:1] + text[1:].split("@", 1)[0]
    for mark in "=<>~!;[ :" if manager not in SYSTEM_MANAGERS else "=<>~:":
        text = text.split(mark, 1)[0]
    return text.removesuffix("-") if manager == "apt" and text.endswith("-") else text


@dataclass(frozen=True, slots=True)
class _Split:
    words: tuple[ShellWord, ...]
    options: tuple[str, ...]
    values: tuple[tuple[str, str], ...]


def _split(words: list[ShellWord], with_value: frozenset[str]) -> _Split:
    """Plain words, options, and what options were given."""
    plain: list[ShellWord] = []
    options: list[str] = []
    values: list[tuple[str, str]] = []
    waiting = ""
    for place, word in enumerate(words):
        text = word.value if word.value is not None else word.text
        if waiting:
            values.append((waiting, text))
            waiting = ""
        elif text == "--":
            plain += words[place + 1 :]
            break
        elif text.startswith("-") and text != "-":
            options.append(text)
            name, has_value, value = text.partition("=")
            if has_value:
                values.append((name, value))
            elif name in with_value:
                waiting = name
            elif len(name) > 2 and name[:2] in with_value and name[1] != "-":
                values.append((name[:2], name[2:]))
        else:
            plain.append(word)
    return _Split(tuple(plain), tuple(options), tuple(values))


_Reader = Callable[[Command, list[ShellWord]], Action | None]


def _reader(manager: Manager, kinds: dict[str, Kind], with_value: frozenset[str] = frozenset()) -> _Reader:
    """Of a program whose first plain word says what it does."""

    def read(command: Command, words: list[ShellWord]) -> Action | None:
        split = _split(words, with_value)
        kind = kinds.get(split.words[0].value or "") if split.words else None
        if kind is None:
            return None
        return Action(
            manager=manager,
            kind=kind,
            command=command,
            packages=split.words[1:],
            options=split.options,
            values=split.values,
        )

    return read


def _uv(command: Command, words: list[ShellWord]) -> Action | None:
    """uv's own commands, and pip's below ``uv pip``."""
    split = _split(words, _PIP_VALUES | _UV_VALUES)
    said = [word.value or "" for word in split.words[:2]]
    depth, kinds = (2, _UV_PIP) if said[:1] == ["pip"] else (1, _UV)
    kind = kinds.get(said[depth - 1]) if len(said) >= depth else None
    if kind is None:
        return None
    packages = split.words[depth:]
    return Action(
        manager="uv", kind=kind, command=command, packages=packages, options=split.options, values=split.values
    )


def _node(manager: Manager) -> _Reader:
    """npm, pnpm, yarn, bun: ``install`` without names takes what the lock says; yarn does so without any word."""
    kinds: dict[str, Kind] = {
        "install": "install", "i": "install", "add": "install", "ci": "sync", "clean-install": "sync",
        "uninstall": "remove", "remove": "remove", "rm": "remove", "cache": "clean", "store": "clean",
    }  # fmt: skip
    plain = _reader(manager, kinds, frozenset({"--prefix", "-C", "--dir", "--filter", "-F", "--registry", "--cwd"}))

    def read(command: Command, words: list[ShellWord]) -> Action | None:
        action = plain(command, words)
        if action is None and manager == "yarn" and all((word.value or "").startswith("-") for word in words):
            return Action(manager=manager, kind="sync", command=command, options=tuple(word.text for word in words))
        if action is not None and action.kind == "install" and not action.packages:
            return Action(manager=manager, kind="sync", command=command, options=action.options, values=action.values)
        return action

    return read


_PYTHON = re.compile(r"python3?(\.\d+)?")

_APT: dict[str, Kind] = {
    "install": "install", "reinstall": "install", "build-dep": "install", "update": "update",
    "upgrade": "upgrade", "dist-upgrade": "upgrade", "full-upgrade": "upgrade",
    "remove": "remove", "purge": "remove", "autoremove": "remove", "autopurge": "remove",
    "clean": "clean", "autoclean": "clean", "distclean": "clean",
}  # fmt: skip
_APK: dict[str, Kind] = {"add": "install", "del": "remove", "update": "update", "upgrade": "upgrade", "cache": "clean"}
_DNF: dict[str, Kind] = {
    "install": "install", "groupinstall": "install", "localinstall": "install", "reinstall": "install",
    "remove": "remove", "erase": "remove", "autoremove": "remove", "makecache": "update", "check-update": "update",
    "update": "upgrade", "upgrade": "upgrade", "clean": "clean",
}  # fmt: skip
_PIP: dict[str, Kind] = {"install": "install", "uninstall": "remove", "cache": "clean", "sync": "sync"}
_UV_PIP: dict[str, Kind] = {"install": "install", "sync": "sync", "uninstall": "remove"}
_UV: dict[str, Kind] = {"sync": "sync", "add": "install", "remove": "remove", "cache": "clean"}
_POETRY: dict[str, Kind] = {"install": "sync", "sync": "sync", "add": "install", "remove": "remove", "cache": "clean"}
_PDM: dict[str, Kind] = {"install": "sync", "sync": "sync", "add": "install", "remove": "remove", "cache": "clean"}
_CONDA: dict[str, Kind] = {
    "install": "install", "create": "install", "update": "upgrade", "remove": "remove", "clean": "clean",
}  # fmt: skip

_APT_VALUES = frozenset({"-t", "--target-release", "--default-release", "-o", "--option", "-c", "--config-file", "-a"})
_APK_VALUES = frozenset({"-t", "--virtual", "-X", "--repository", "-p", "--root", "--repositories-file", "--arch"})
_DNF_VALUES = frozenset({"-c", "-x", "--exclude", "--installroot", "--releasever", "--repo", "--repoid"})
_PIP_VALUES = frozenset(
    {
        "-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-t", "--target", "--prefix", "--root", "-i",
        "--index-url", "--extra-index-url", "-f", "--find-links", "--python-version", "--platform", "--abi",
        "--implementation", "--no-binary", "--only-binary", "--trusted-host", "--cache-dir", "--timeout", "--retries",
        "--proxy", "--cert", "--python", "-p", "--progress-bar", "--log", "--src", "--root-user-action", "-C",
        "--config-settings", "--upgrade-strategy", "--report", "--group", "--constraints", "--build-constraint",
        "--build-constraints", "--keyring-provider", "--use-feature", "--use-deprecated",
    }
)  # fmt: skip
_UV_VALUES = frozenset(
    {
        "--group", "--only-group", "--no-group", "--extra", "--package", "--no-install-package", "--project",
        "--directory", "--link-mode", "--index", "--default-index", "--index-strategy", "--python-platform",
        "--config-file", "--reinstall-package", "--upgrade-package", "-P", "--resolution", "--torch-backend",
        "--python-preference", "--prerelease", "--fork-strategy", "--allow-insecure-host", "--exclude-newer",
        "--override", "--overrides", "--no-build-package", "--no-binary-package", "--color", "--cache-dir",
    }
)  # fmt: skip
_POETRY_VALUES = frozenset(
    {"--with", "--without", "--only", "-E", "--extras", "-C", "--directory", "-P", "--project", "--group", "-G"}
)

_READERS: dict[str, _Reader] = {
    "apt-get": _reader("apt", _APT, _APT_VALUES),
    "apt": _reader("apt", _APT, _APT_VALUES),
    "aptitude": _reader("apt", _APT, _APT_VALUES),
    "apk": _reader("apk", _APK, _APK_VALUES),
    "dnf": _reader("dnf", _DNF, _DNF_VALUES),
    "microdnf": _reader("dnf", _DNF, _DNF_VALUES),
    "yum": _reader("dnf", _DNF, _DNF_VALUES),
    "tdnf": _reader("dnf", _DNF, _DNF_VALUES),
    "pip": _reader("pip", _PIP, _PIP_VALUES),
    "pip3": _reader("pip", _PIP, _PIP_VALUES),
    "pip-sync": lambda command, words: Action(manager="pip", kind="sync", command=command, packages=tuple(words)),
    "uv": _uv,
    "poetry": _reader("poetry", _POETRY, _POETRY_VALUES),
    "pdm": _reader("pdm", _PDM, frozenset({"-p", "--project", "-G", "--group", "-L", "--lockfile"})),
    "pipenv": _reader("pipenv", {"install": "sync", "sync": "sync", "uninstall": "remove"}),
    "conda": _reader("conda", _CONDA, frozenset({"-c", "--channel", "-n", "--name", "-p", "--prefix", "-f", "--file"})),
    "mamba": _reader("conda", _CONDA, frozenset({"-c", "--channel", "-n", "--name", "-p", "--prefix", "-f", "--file"})),
    "micromamba": _reader(
        "conda", _CONDA, frozenset({"-c", "--channel", "-n", "--name", "-p", "--prefix", "-f", "--file"})
    ),
    "npm": _node("npm"),
    "pnpm": _node("pnpm"),
    "yarn": _node("yarn"),
    "bun": _node("bun"),
}
