"""What instructions set for those after them: variables, folder, user and shell, worked out in one pass over a stage.

As BuildKit dispatches them: https://github.com/moby/buildkit/blob/v0.17.0/frontend/dockerfile/dockerfile2llb/convert.go
(``dispatchEnv``, ``dispatchArg``, ``dispatchWorkdir``, ``dispatchUser``, ``dispatchShell``).
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.views import arg_pairs, env_pairs
from lightship.dockerfile.words import expand
from lightship.errors import InputError

__all__ = ["AUTOMATIC_ARGUMENTS", "Evaluator", "Setting", "global_arguments", "value_of"]

AUTOMATIC_ARGUMENTS = frozenset(
    {f"{side}{part}" for side in ("BUILD", "TARGET") for part in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")}
    | {"TARGETSTAGE"}
)
"""Arguments that the builder sets itself, in FROM lines and wherever an ARG names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What one instruction sets. ``value`` is None where only a build knows it; a WORKDIR's is absolute. ``words`` is a
    SHELL's. ``place`` is where the instruction begins, or its stage for what an ONBUILD of the base does there."""

    kind: Literal["ARG", "ENV", "WORKDIR", "USER", "SHELL"]
    place: int
    name: str = ""
    value: str | None = None
    words: tuple[str, ...] = ()


def value_of(text: str, environment: Mapping[str, str | None], *, escape: str, unset: str | None) -> str | None:
    """``text`` expanded; None where only a build knows it, or where the builder refuses it."""
    try:
        return expand(text, environment, escape=escape, unset=unset)
    except InputError:
        # Whoever builds is told; here the value is just not known.
        return None


def global_arguments(
    instructions: tuple[Instruction, ...], given: Mapping[str, str], *, escape: str
) -> dict[str, str | None]:
    """The ARGs before the first FROM and the automatic ones, with what is given to the build or their default."""
    found: dict[str, str | None] = {name: given.get(name) for name in sorted(AUTOMATIC_ARGUMENTS)}
    for instruction in instructions:
        for pair in arg_pairs(instruction):
            if pair.name in given:
                found[pair.name] = given[pair.name]
            elif pair.value is not None:
                found[pair.name] = value_of(pair.value, found, escape=escape, unset="")
            else:
                found.setdefault(pair.name, None)
    return found


@dataclass(slots=True, kw_only=True)
class Evaluator:
    """One stage's state. ``environment`` and ``folder`` change as instructions are read; ``unset`` is what a name
    is worth that is not in it: nothing on an empty base, None (unknown) on a foreign image."""

    environment: dict[str, str | None]
    folder: str | None
    unset: str | None
    outside: Mapping[str, str | None]
    given: Mapping[str, str]
    escape: str

    def read(self, instruction: Instruction, place: int) -> Iterator[Setting]:
        """What ``instruction`` sets, which counts from here on."""
        if instruction.keyword == "ENV":
            # A value sees what stood before the line, not the pairs beside it.
            before = dict(self.environment)
            for pair in env_pairs(instruction):
                name = value_of(pair.name, before, escape=self.escape, unset=self.unset)
                if name:
                    value = value_of(pair.value or "", before, escape=self.escape, unset=self.unset)
                    self.environment[name] = value
                    yield Setting(kind="ENV", name=name, value=value, place=place)
        elif instruction.keyword == "ARG":
            yield from self._arguments(instruction, place)
        elif instruction.keyword == "WORKDIR" and instruction.words:
            self.folder = self._joined(self._value(instruction.words[0].text))
            yield Setting(kind="WORKDIR", value=self.folder, place=place)
        elif instruction.keyword == "USER" and instruction.words:
            yield Setting(kind="USER", value=self._value(instruction.words[0].text), place=place)
        elif instruction.keyword == "SHELL" and instruction.exec_form:
            yield Setting(kind="SHELL", words=instruction.exec_form, place=place)

    def _arguments(self, instruction: Instruction, place: int) -> Iterator[Setting]:
        for pair in arg_pairs(instruction):
            if pair.name in self.given:
                value: str | None = self.given[pair.name]
            elif pair.value is not None:
                value = self._value(pair.value)
            elif pair.name in self.outside:
                value = self.outside[pair.name]
            elif pair.name in self.environment:
                continue  # without a value it leaves the variable as it is
            else:
                value = None
            self.environment[pair.name] = value
            yield Setting(kind="ARG", name=pair.name, value=value, place=place)

    def _value(self, text: str) -> str | None:
        return value_of(text, self.environment, escape=self.escape, unset=self.unset)

    def _joined(self, folder: str | None) -> str | None:
        if folder is None or (self.folder is None and not folder.startswith("/")):
            return None
        return "/" + posixpath.normpath(posixpath.join(self.folder or "/", folder)).lstrip("/")
