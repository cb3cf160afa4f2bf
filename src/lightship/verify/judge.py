"""Whether a failed import is the image's fault.

With a plain side it is simple: what works there and not in the image is the image's fault, all else is not. Without,
the exception tells: a file, library, codec or attribute that is missing, or a module that an installed distribution
should have brought, is a fault; a module that nobody installed is an optional dependency, and whatever else a module
says when it is imported bare (a variable it wants, a device, a service) may be how it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lightship.ecosystem.elf.closure import HOST_LIBRARIES
from lightship.findings import Severity
from lightship.verify.subject import Subject
from lightship.verify.trials import Failure

__all__ = ["Verdict", "harmless", "judge"]

_LIBRARY = re.compile(r"(\S+): cannot open shared object file|Error loading shared library (\S+?):")
_SYMBOL = re.compile(r"undefined symbol|symbol not found|version [`'\"]\S+ not found|wrong ELF class")
_MOST_TOLD = 12
_NAME = re.compile(r"cannot import name '([^']+)' from (?:partially initialized module )?'([^']+)'")
_ATTRIBUTE = re.compile(r"module '([^']+)' has no attribute")
_SPLIT_OFF = frozenset({"tkinter", "_tkinter", "turtle", "idlelib", "lib2to3", "distutils", "ensurepip", "venv", "dbm"})
"""Parts of the standard library that distributions package apart."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reason`` is a clause for a person."""

    severity: Severity
    reason: str


def judge(subject: Subject, failure: Failure) -> Verdict:
    """How much ``failure`` weighs, and why."""
    plain = subject.trials.plain_failed
    if plain is not None:
        if failure.trial not in plain:
            return Verdict("error", "works with the same wheels installed plainly")
        return Verdict("note", "the same wheels, installed plainly, fail here too")
    return _alone(subject, failure)


def harmless(subject: Subject, failures: Sequence[Failure], what: str) -> str:
    """One sentence about failures that are none of the image's; ``what`` failed: ``module``, ``entry point``."""
    some = "; ".join(f"{failure.trial} ({failure.said[:90]})" for failure in failures[:_MOST_TOLD])
    more = f" and {len(failures) - _MOST_TOLD} more" if len(failures) > _MOST_TOLD else ""
    does = f"{what} does" if len(failures) == 1 else f"{what}s do"
    too = " (the same wheels, unpacked plainly, fail too)" if subject.trials.plain_failed is not None else ""
    return f"{len(failures)} {does} not load, for lack of something optional{too}: {some}{more}"


def _alone(subject: Subject, failure: Failure) -> Verdict:
    kinds = set(failure.kinds)
    if "Crash" in kinds:
        return Verdict("error", "the process died")
    if "Hangs" in kinds:
        return Verdict("warning", "it may wait for something that is not there")
    if "ModuleNotFoundError" in kinds:
        return _missing_module(subject, failure.name or _quoted(failure.message))
    if "ImportError" in kinds:
        return _import_error(subject, failure)
    if "FileNotFoundError" in kinds:
        inside = any(failure.filename.startswith(f"/{site}/") for site in subject.sites)
        return Verdict("error", "a file of a package is missing") if inside else _own_affair()
    if "LookupError" in kinds and "encoding" in failure.message:
        return Verdict("error", "a codec is missing")
    if "ZoneInfoNotFoundError" in kinds:
        return Verdict("error", "time zone data is missing")
    if "AttributeError" in kinds:
        return _missing_attribute(subject, failure)
    return _own_affair()


def _missing_attribute(subject: Subject, failure: Failure) -> Verdict:
    module = _ATTRIBUTE.search(failure.message)
    if module is None:
        return _own_affair()
    if _is_of_stdlib(subject, module[1]):
        return Verdict("note", f"{module[1]} of this Python has no such attribute: the module is for another one")
    return Verdict("error", "an attribute is missing")


def _is_of_stdlib(subject: Subject, name: str) -> bool:
    return subject.python is not None and name.partition(".")[0] in subject.python.stdlib_names


def _own_affair() -> Verdict:
    return Verdict("note", "it may want a service, a variable or a device")


def _missing_module(subject: Subject, name: str) -> Verdict:
    top = name.partition(".")[0]
    owner = _bringer(subject, name)
    if owner is not None:
        return Verdict("error", f"{owner} should have brought {name}")
    known = subject.python.stdlib_names if subject.python else frozenset()
    if top in _SPLIT_OFF:
        return Verdict("warning", f"the image's standard library has no {top}")
    if top in known:
        return Verdict("error", f"the image's standard library has no {top}")
    return Verdict("note", f"no installed distribution has {name}: an optional dependency")


def _bringer(subject: Subject, name: str) -> str | None:
    """The distribution that has ``name``: the nearest package above it that is no namespace, which is one's alone."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        owner = subject.package_owners.get(".".join(parts[:length]))
        if owner is not None:
            return owner
    return None


def _import_error(subject: Subject, failure: Failure) -> Verdict:
    library = _LIBRARY.search(failure.message)
    if library is not None:
        name = (library[1] or library[2]).rpartition("/")[2]
        if name.split(".so", 1)[0] + ".so" in HOST_LIBRARIES:
            return Verdict("note", f"{name} comes with the host's driver")
        return Verdict("error", f"the library {name} is missing")
    if _SYMBOL.search(failure.message):
        return Verdict("error", "a library is there in another version than it needs")
    name = _NAME.search(failure.message)
    if name is not None and "(unknown location)" in failure.message:
        return _missing_module(subject, f"{name[2]}.{name[1]}")  # of a namespace: whoever brings it is not there
    if name is not None and _is_of_stdlib(subject, name[2]):
        return Verdict("note", f"{name[2]} of this Python has no such name: the module is for another one")
    if name is not None:
        return Verdict("error", "a name is missing")
    return _own_affair()


def _quoted(message: str) -> str:
    match = re.search(r"'([^']+)'", message)
    return match[1] if match else message
