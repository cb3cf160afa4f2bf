"""Whether a lock can be installed on a base image, told from the base's name: the reasons why not, or what it costs."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lightship.ecosystem.base_images import KnownBase
from lightship.ecosystem.python.offers import ANY_GLIBC, ANY_MUSL, LockFacts, Offer
from lightship.units import format_names

__all__ = ["Reason", "accepts_python", "fits", "libc_reasons"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a base does not fit. ``closed`` is True where nothing that is built there would help: it needs another base
    or other versions. ``packages`` are those it is about."""

    code: str
    message: str
    closed: bool
    packages: tuple[str, ...] = ()


def fits(facts: LockFacts, base: KnownBase) -> tuple[Reason, ...]:
    """Why the lock does not fit ``base``; nothing where it does, as far as the name tells.

    ``facts`` are read for the base's own Python where it has one (another is a reason of its own). Packages that have
    only a source are built from it on every base, and are no reason; those that have no file at all are one on every
    base.
    """
    reasons = [*_python(facts, base)]
    if base.libc is None:
        reasons.append(
            Reason(code="no-libc", message=f"{base.name} has no C library, and Python needs one", closed=True)
        )
        return tuple(reasons)
    version = base.libc_version or (ANY_MUSL if base.libc == "musl" else ANY_GLIBC)
    return (*reasons, *libc_reasons(facts, base.libc, version))


def libc_reasons(facts: LockFacts, libc: str, version: tuple[int, int]) -> tuple[Reason, ...]:
    """Packages that have wheels, and none for this C library and version; and those that have no file for any."""
    nothing = facts.of_kind("nothing")
    without = [offer for offer in facts.offers if offer.wheels and offer.wheel(libc, version) is None]
    newest = ANY_MUSL if libc == "musl" else ANY_GLIBC
    other = [offer for offer in without if offer.wheel(libc, newest) is None]
    newer = [offer for offer in without if offer not in other]
    reasons = []
    total = len(facts.offers)
    if nothing:
        names = tuple(offer.name for offer in nothing)
        said = f"{_count(nothing, total)} neither a wheel for Python {facts.minor} on {facts.machine} nor an sdist"
        reasons.append(Reason(code="no-file", message=f"{said} ({format_names(names)})", closed=True, packages=names))
    unlisted = facts.of_kind("unlisted") if libc == "musl" else ()  # with glibc there is hardly ever a doubt
    if unlisted:
        names = tuple(offer.name for offer in unlisted)
        message = f"of {len(unlisted)} of {total} packages the lock names no files"
        reasons.append(Reason(code="not-known", message=message, closed=False, packages=names))
    if other:
        kind = "musllinux" if libc == "musl" else "manylinux"
        reasons.append(_reason(f"no-{kind}-wheel", f"{_count(other, total)} no {kind} wheel", other))
    if newer:
        wanted = max(min(w.floor for w in offer.wheels if w.libc == libc) for offer in newer)
        have = f"{libc} {version[0]}.{version[1]}"
        said = f"{_count(newer, total)} no wheel for {have} (up to {wanted[0]}.{wanted[1]} is wanted)"
        reasons.append(_reason(f"old-{libc}", said, newer))
    return tuple(reasons)


def _reason(code: str, said: str, offers: Sequence[Offer]) -> Reason:
    names = tuple(offer.name for offer in offers)
    lost = [offer.name for offer in offers if not offer.has_sdist]
    if not lost:
        return Reason(code=code, message=f"{said}: each must be compiled", closed=False, packages=names)
    return Reason(code=code, message=f"{said}, {format_names(lost)} not even an sdist", closed=True, packages=names)


def _count(offers: Sequence[Offer], total: int) -> str:
    return f"{len(offers)} of {total} packages have" if len(offers) != 1 else f"1 of {total} packages has"


def _python(facts: LockFacts, base: KnownBase) -> Iterable[Reason]:
    wanted = facts.requires_python
    if base.python is not None and not accepts_python(wanted, base.python):
        message = f"the project wants Python {wanted}, {base.name} has {base.python}"
        yield Reason(code="other-python", message=message, closed=True)
    elif base.python is not None and base.python != facts.minor:
        message = f"it has Python {base.python}, and {facts.minor} was asked for"
        yield Reason(code="other-python", message=message, closed=True)
    elif not base.has_python and base.package_manager is None and base.libc is not None:
        message = "it has no Python, and no package manager to install one: an interpreter must be copied into it"
        yield Reason(code="no-python", message=message, closed=False)
    elif not base.has_python and base.packaged_python and not accepts_python(wanted, base.packaged_python):
        message = f"the project wants Python {wanted}, and its own packages have {base.packaged_python}"
        yield Reason(code="other-python", message=message, closed=False)


def accepts_python(wanted: str | None, minor: str) -> bool:
    """True where some release of Python ``minor`` is in the specifier."""
    if not wanted:
        return True
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        specifiers = SpecifierSet(wanted)
    except InvalidSpecifier:
        return True  # the lock's reader says what is wrong with it
    named = {match[0] for match in re.finditer(rf"{re.escape(minor)}\.\d+", wanted)}
    return any(specifiers.contains(version, prereleases=True) for version in (f"{minor}.0", f"{minor}.999", *named))
