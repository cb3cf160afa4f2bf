"""The order of the bases for one lock: what fits first, by compressed bytes of the result; then what nobody knows, what
must be compiled, and what is closed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from lightship.base.fit.bases import Candidate
from lightship.ecosystem.python.fits import Reason, libc_reasons
from lightship.ecosystem.python.offers import ANY_GLIBC, ANY_MUSL, LockFacts, Offer

__all__ = ["Packages", "Row", "Status", "judge", "packages_on", "rank", "smallest"]

Status = Literal["fits", "unknown", "compiles", "closed"]

_ORDER: dict[str, int] = {"fits": 0, "unknown": 1, "compiles": 2, "closed": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """The lock on one base. ``builds`` have no wheel for it and are built from their source, ``extra`` those of them
    that have a wheel elsewhere; ``missing`` have neither, of ``unknown`` the lock names no files. ``compressed_bytes``
    sums the wheels' sizes in the lock, which is about what their layers come to. ``estimated`` packages count with
    another of their wheels, or with their sdist; ``unsized`` ones, of which the lock has no size, are in no base's sum.
    """

    wheels: int
    builds: tuple[str, ...]
    extra: tuple[str, ...]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    compressed_bytes: int
    estimated: int
    unsized: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One base, judged."""

    candidate: Candidate
    packages: Packages
    status: Status
    reasons: tuple[Reason, ...]

    @property
    def total_bytes(self) -> int | None:
        """Compressed bytes of base and packages, without the application; None where the base's size is not known, and
        where there will be no image."""
        figure = self.candidate.figure
        if figure is None or self.status == "closed":
            return None
        return figure.compressed_bytes + self.packages.compressed_bytes


def judge(candidate: Candidate, facts: LockFacts) -> Row:
    """What the lock comes to on this base."""
    version = candidate.libc_version or (ANY_MUSL if candidate.libc == "musl" else ANY_GLIBC)
    reasons: list[Reason] = []
    if candidate.python is None and candidate.lacks:
        reasons.append(Reason(code="other-python", message=candidate.lacks, closed=True))
    if candidate.libc is None:
        reasons.append(Reason(code="no-libc", message="it has no C library, and Python needs one", closed=True))
    else:
        reasons += libc_reasons(facts, candidate.libc, version)
    status: Status = "fits"
    if reasons:
        unknown = any(reason.code == "not-known" for reason in reasons)
        status = "closed" if any(reason.closed for reason in reasons) else "unknown" if unknown else "compiles"
    return Row(
        candidate=candidate,
        packages=packages_on(facts.offers, candidate.libc or "", version),
        status=status,
        reasons=tuple(reasons),
    )


def packages_on(offers: Iterable[Offer], libc: str, version: tuple[int, int]) -> Packages:
    """What each package becomes on a base with this C library."""
    wheels, total, estimated, unsized = 0, 0, 0, 0
    builds: list[str] = []
    extra: list[str] = []
    missing: list[str] = []
    unknown: list[str] = []
    for offer in offers:
        wheel = offer.wheel(libc, version)
        exact = wheel.size_bytes if wheel is not None else None
        about = next((each.size_bytes for each in offer.wheels if each.size_bytes is not None), offer.sdist_bytes)
        if exact is None and about is None:
            unsized += 1
        else:
            total += exact or about or 0
            estimated += exact is None
        if wheel is not None:
            wheels += 1
            continue
        if not offer.listed:
            unknown.append(offer.name)
        elif offer.has_sdist:
            builds.append(offer.name)
            extra += [offer.name] if offer.wheels else []
        else:
            missing.append(offer.name)
    return Packages(
        wheels=wheels,
        builds=tuple(builds),
        extra=tuple(extra),
        missing=tuple(missing),
        unknown=tuple(unknown),
        compressed_bytes=total,
        estimated=estimated,
        unsized=unsized,
    )


def rank(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Best first. A base whose size is not known, or is only a lower bound, stands behind those that are known."""

    def key(row: Row) -> tuple[int, int, int, str]:
        figure = row.candidate.figure
        unknown = 2 if figure is None else 1 if figure.at_least else 0
        size = (figure.compressed_bytes if figure is not None else 0) + row.packages.compressed_bytes
        return _ORDER[row.status], unknown, size, row.candidate.key

    return tuple(sorted(rows, key=key))


def smallest(rows: Sequence[Row]) -> Row | None:
    """The best base that the lock fits without compiling what has wheels; None where there is none."""
    return next((row for row in rank(rows) if row.status == "fits"), None)
