"""What instructions set for those after them: variables, folder, user and shell, worked out in one pass over a stage.

As BuildKit dispatches them: https://github.com/moby/buildkit/blob/v0.17.0/frontend/dockerfile/dockerfile2llb/convert.go
(``dispatchEnv``, ``dispatchArg``, ``dispatchWorkdir``, ``dispatchUser``, ``dispatchShell``).
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.views import pairs_of
from lightship.dockerfile.words import expand
from lightship.errors import InputError

__all__ = ["AUTOMATIC_ARGUMENTS", "UNKNOWN", "Budget", "Evaluator", "Setting", "global_arguments", "value_of"]

AUTOMATIC_ARGUMENTS = frozenset(
    {f"{side}{part}" for side in ("BUILD", "TARGET") for part in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")}
    | {"TARGETSTAGE"}
)
"""Arguments that the builder sets itself, in FROM lines and wherever an ARG names them."""

UNKNOWN = "\0"
"""What stands in an outline for a part that only a build knows; no variable can hold it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What one instruction sets. ``value`` is None where only a build knows it; a WORKDIR's is absolute. ``outline`` is
    a variable's value with `UNKNOWN` for what is not known of it. ``words`` is a SHELL's. ``place`` is where the
    instruction begins, or its stage for what an ONBUILD of the base does there."""

    kind: Literal["ARG", "ENV", "WORKDIR", "USER", "SHELL"]
    place: int
    name: str = ""
    value: str | None = None
    outline: str = ""
    words: tuple[str, ...] = ()


def value_of(text: str, environment: Mapping[str, str | None], *, escape: str, unset: str | None) -> str | None:
    """``text`` expanded; None where only a build knows it, or where the builder refuses it."""
    try:
        return expand(text, environment, escape=escape, unset=unset)
    except InputError:
        # Whoever builds is told; here the value is just not known.
        return None


@dataclass(slots=True)
class Budget:
    """Characters that the variables of a file may still come to, over all stages: doubling them is cheap to write."""

    left: int = 16_000_000

    def spend(self, characters: int) -> None:
        """`InputError` when there are none left."""
        self.left -= characters
        if self.left < 0:
            raise InputError("the variables of the Dockerfile come to more than 16 MB", hint="is it meant to be built?")


def global_arguments(
    instructions: tuple[Instruction, ...], given: Mapping[str, str], *, escape: str
) -> dict[str, str | None]:
    """The ARGs before the first FROM and the automatic ones, with what is given to the build or their default."""
    budget = Budget()
    found: dict[str, str | None] = {name: given.get(name) for name in sorted(AUTOMATIC_ARGUMENTS)}
    for instruction in instructions:
        for pair in pairs_of(instruction) if instruction.keyword == "ARG" else ():
            if pair.name in given:
                found[pair.name] = given[pair.name]
            elif pair.value is not None:
                value = value_of(pair.value, found, escape=escape, unset="")
                budget.spend(len(value or ""))
                found[pair.name] = value
            else:
                found.setdefault(pair.name, None)
    return found


@dataclass(slots=True, kw_only=True)
class Evaluator:
    """One stage's state. The variables' ``outlines`` and ``folder`` change as instructions are read; ``unset`` is what
    a name is worth that is not among them: nothing on an empty base, None (unknown) on a foreign image."""

    outlines: dict[str, str]
    folder: str | None
    unset: str | None
    outside: Mapping[str, str | None]
    given: Mapping[str, str]
    escape: str
    budget: Budget

    def read(self, instruction: Instruction, place: int) -> Iterator[Setting]:
        """What ``instruction`` sets, which counts from here on."""
        if instruction.keyword == "ENV":
            # A value sees what stood before the line, not the pairs beside it.
            before = dict(self.outlines)
            for pair in pairs_of(instruction):
                name = self._outline(pair.name, before)
                if name and UNKNOWN not in name:
                    yield self._variable("ENV", name, self._outline(pair.value or "", before), place)
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
        for pair in pairs_of(instruction):
            if pair.name in self.given:
                outline = self.given[pair.name]
            elif pair.value is not None:
                outline = self._outline(pair.value, self.outlines)
            elif pair.name in self.outside:
                value = self.outside[pair.name]
                outline = UNKNOWN if value is None else value
            elif pair.name in self.outlines:
                continue  # without a value it leaves the variable as it is
            else:
                outline = UNKNOWN
            yield self._variable("ARG", pair.name, outline, place)

    def _variable(self, kind: Literal["ARG", "ENV"], name: str, outline: str, place: int) -> Setting:
        self.budget.spend(len(outline))
        self.outlines[name] = outline
        value = None if UNKNOWN in outline else outline
        return Setting(kind=kind, name=name, value=value, outline=outline, place=place)

    def _outline(self, text: str, outlines: Mapping[str, str]) -> str:
        try:
            found = expand(text, outlines, escape=self.escape, unset=self.unset, unknown=UNKNOWN)
        except InputError:
            # As in `value_of`.
            return UNKNOWN
        return UNKNOWN if found is None else found

    def _value(self, text: str) -> str | None:
        outline = self._outline(text, self.outlines)
        return None if UNKNOWN in outline else outline

    def _joined(self, folder: str | None) -> str | None:
        if folder is None or (self.folder is None and not folder.startswith("/")):
            return None
        return "/" + posixpath.normpath(posixpath.join(self.folder or "/", folder)).lstrip("/")
