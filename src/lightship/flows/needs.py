"""What the packages of an image ask of its base: libraries by soname, and what they load by name at run time."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from lightship.base.request import NeededLibrary
from lightship.build.packages import WheelFile
from lightship.build.wheel_facts import WheelFacts, cached_wheel_facts
from lightship.ecosystem.elf.closure import Closure, PlacedElf, find_outside_needs
from lightship.ecosystem.python.interpreter import Scheme
from lightship.ecosystem.python.target import Target
from lightship.errors import ArchiveError
from lightship.findings import Finding
from lightship.store.cache import Cache

__all__ = ["closure_findings", "dlopen_findings", "find_closure", "needed_libraries", "read_facts", "unread_findings"]

_DATA = re.compile(r"[^/]+\.data/(purelib|platlib|scripts|data|headers)/(.*)")
_IDLE = re.compile(r"(^|/)_?(tests?|examples)/")
"""Modules that no application imports: what they load by name is nobody's need."""
_SONAME = re.compile(r"lib(.+?)\.so(?:\.[0-9.]+)?")


def read_facts(wheels: Sequence[WheelFile], cache: Cache, *, jobs: int) -> dict[str, WheelFacts]:
    """Facts by package name; a wheel that was seen before is not opened."""
    with ThreadPoolExecutor(max(1, jobs), thread_name_prefix="lightship-facts") as pool:
        facts = pool.map(lambda wheel: _read_facts(wheel, cache), wheels)
        return {wheel.package.name: found for wheel, found in zip(wheels, facts, strict=True)}


def _read_facts(wheel: WheelFile, cache: Cache) -> WheelFacts:
    try:
        return cached_wheel_facts(wheel.path, wheel.sha256, cache)
    except ArchiveError as error:
        # in the cache a wheel is called by its hash, which tells nobody which package is broken
        raise type(error)(str(error).replace(wheel.path.name, wheel.filename), hint=error.hint) from error


def find_closure(facts: Mapping[str, WheelFacts], scheme: Scheme, target: Target) -> Closure:
    """What the packages' ELF files need and do not bring."""
    placed = [
        PlacedElf(path=_placed(path, scheme), owner=name, elf=elf)
        for name, found in facts.items()
        for path, elf in found.elves
    ]
    return find_outside_needs(placed, machine=target.platform.machine)


def needed_libraries(closure: Closure) -> tuple[NeededLibrary, ...]:
    """The closure's needs as a base takes them."""
    return tuple(
        NeededLibrary(soname=need.soname, versions=need.versions, why=f"needed by {_some(need.needed_by)}")
        for need in closure.needs
    )


def closure_findings(closure: Closure) -> tuple[Finding, ...]:
    """Files for another machine, and libraries that only a host's driver brings."""
    wrong = [
        Finding(
            code="wrong-machine",
            severity="note",
            title="a shared object for another machine",
            message=f"{path} is for {machine} and cannot be loaded",
            location=path,
        )
        for path, machine in closure.wrong_machine
    ]
    host = [
        Finding(
            code="host-library",
            severity="note",
            title="a library that the host's driver brings",
            message=f"{need.soname} must come from the host's driver; {_some(need.needed_by)} asks for it",
        )
        for need in closure.host
    ]
    return (*wrong, *host)


def dlopen_findings(
    facts: Mapping[str, WheelFacts], libraries: Collection[str], kept: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Libraries that sources load by name and that neither the base (``libraries``: its sonames) nor a package has.

    What is asked for may be optional, so these are notes; one for each library, naming who asks.
    """
    own = {path.rpartition("/")[2] for found in facts.values() for path, _ in found.elves}
    present = {match[1] for name in (*libraries, *own) if (match := _SONAME.match(name))}
    askers: dict[str, list[str]] = {}
    for name, found in facts.items():
        for need in found.dlopen:
            if need.call == "text" or _IDLE.search(need.module):
                continue
            stem = _stem(need.library)
            if stem and stem not in present and stem not in kept:
                askers.setdefault(stem, []).append(f"{name} ({need.module})")
    return tuple(
        Finding(
            code="dlopen-unmet",
            severity="note",
            title="a library that is loaded by name is not in the image",
            message=f"lib{stem}.so is loaded by name and nothing provides it: {_some(askers[stem])}",
            fix=f'if it is used: system-packages = ["the package of lib{stem}.so"]',
        )
        for stem in sorted(askers)
    )


def unread_findings(facts: Mapping[str, WheelFacts]) -> tuple[Finding, ...]:
    """Files of packages that look like shared objects and cannot be read: what they need is not known."""
    return tuple(
        Finding(
            code="not-understood",
            severity="warning",
            title="a shared object that cannot be read",
            message=f"{path} of {name} is not understood, so what it needs is not known: {reason}",
            location=path,
        )
        for name, found in sorted(facts.items())
        for path, reason in found.not_understood
    )


def _stem(library: str) -> str:
    """``magic`` for ``magic``, ``libmagic.so.1`` and ``/usr/lib/libmagic.so``."""
    name = library.rpartition("/")[2]
    match = _SONAME.match(name)
    return match[1] if match else name


def _placed(path: str, scheme: Scheme) -> str:
    match = _DATA.match(path)
    if match is None or match[1] in ("purelib", "platlib"):
        return f"{scheme.purelib}/{match[2] if match else path}"
    return f"{scheme.scripts if match[1] == 'scripts' else scheme.data}/{match[2]}"


def _some(names: Iterable[str]) -> str:
    everyone = list(dict.fromkeys(names))
    more = f" and {len(everyone) - 2} more" if len(everyone) > 2 else ""
    return ", ".join(everyone[:2]) + more
