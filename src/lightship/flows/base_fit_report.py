"""The report of ``lightship base``: the verdict, the ranking, what the lock offers and needs, as JSON says it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from lightship.base.fit.bases import Candidate, Figure
from lightship.base.fit.needs import Library, Versions
from lightship.base.fit.rank import Row
from lightship.ecosystem.python.fits import Reason
from lightship.ecosystem.python.offers import LockFacts, Offer, OfferKind
from lightship.facts.base_traps import Trap
from lightship.findings import Finding, Report
from lightship.flows.base_fit import Against, FitOutcome
from lightship.units import format_bytes, format_names

__all__ = ["BASE_SCHEMA", "base_report"]

BASE_SCHEMA = "lightship/base/1"

_LISTED: tuple[OfferKind, ...] = ("both", "manylinux", "musllinux", "source", "nothing", "unlisted")


def base_report(outcome: FitOutcome) -> Report:
    """``outcome``; a finding for each image that was asked about and does not fit."""
    document: dict[str, object] = {
        "schema": BASE_SCHEMA,
        "verdict": _alpine(outcome),
        "advice": _advice(outcome),
        "lock": outcome.lock.name,
        "python": {"version": outcome.python.version, "why": outcome.python.why},
        "platform": str(outcome.platform),
        "packages": len(outcome.facts.offers),
        "ranking": [_row(place, row, outcome) for place, row in enumerate(outcome.rows, 1)],
        "machines": [_machine(facts) for facts in outcome.machines],
        "needs": _needs(outcome),
        "against": [_asked(each, outcome) for each in outcome.against],
        "notes": list(outcome.notes),
    }
    findings = tuple(
        Finding(
            code=f"base-{reason.code}",
            severity="error" if reason.closed else "warning",
            title="the base does not fit the lock",
            message=f"{each.name}: {reason.message}",
            location=each.name,
        )
        for each in outcome.against
        for reason in each.reasons
    )
    sizes = {row.candidate.key: float(row.total_bytes) for row in outcome.rows if row.total_bytes is not None}
    return Report(schema=BASE_SCHEMA, document=document, findings=findings, measures=sizes)


def _alpine(outcome: FitOutcome) -> str:
    """One sentence about Alpine: the question that everybody asks."""
    total = len(outcome.facts.offers)
    if outcome.facts.of_kind("unlisted"):
        return "The lock names no files, so nothing can be said of Alpine"
    if outcome.facts.of_kind("nothing"):
        return f"No base fits: {outcome.rows[0].reasons[0].message}"
    row = next(row for row in outcome.rows if row.candidate.key == "alpine")
    without = outcome.facts.without_musl
    if row.status == "fits":
        compiled = len(outcome.facts.of_kind("both", "musllinux"))
        if not compiled:
            return f"Alpine fits: no package of {total} has a compiled wheel"
        if compiled == 1:
            return "Alpine fits: the one compiled package has a musllinux wheel"
        return f"Alpine fits: all {compiled} compiled packages have musllinux wheels"
    if not without:
        return f"Alpine is {row.status}: " + "; ".join(reason.message for reason in row.reasons)
    lost = [offer.name for offer in without if not offer.has_sdist]
    have = "have" if len(without) > 1 else "has"
    count = f"{len(without)} of {total} packages {have} no musllinux wheel"
    others = {facts.machine: len(facts.without_musl) for facts in outcome.machines[1:]}
    if any(number != len(without) for number in others.values()):
        count += f" ({', '.join(f'{number} on {machine}' for machine, number in others.items())})"
    if lost:
        return f"Alpine is closed: {count}, {format_names(lost)} not even an sdist"
    return f"Alpine must compile: {count} ({format_names([offer.name for offer in without])})"


def _advice(outcome: FitOutcome) -> str:
    """One sentence about what to take, in bytes."""
    best = outcome.rows[0]
    if best.status == "closed":
        return "Lock other versions, or choose another Python (--python)"
    if best.status == "compiles":
        return "No base fits without compiling; the first of the table is the nearest"
    said = f"{_called(best)} is the smallest that fits"
    own = best.candidate.figure
    if own is None:
        return said
    said += f": {format_bytes(own.compressed_bytes)} compressed"
    figures = {row.candidate.key: (row, row.candidate.figure) for row in outcome.rows if row is not best}
    row, figure = figures.get("alpine", (best, None))
    if figure is not None and row.status == "closed" and own.compressed_bytes < figure.compressed_bytes:
        said += f", less than {_called(row)} anyway ({format_bytes(figure.compressed_bytes)})"
    elif figure is not None and row.status == "closed":
        said += f"; {_called(row)}, which is closed, has {format_bytes(figure.compressed_bytes)}"
    others = [
        f"{_called(row)} has {format_bytes(figure.compressed_bytes)}"
        for row, figure in (figures.get(key, (best, None)) for key in ("slim", "full"))
        if figure is not None
    ]
    return "; ".join([said, " and ".join(others)]) if others else said


def _called(row: Row) -> str:
    return row.candidate.image or row.candidate.title


def _row(place: int, row: Row, outcome: FitOutcome) -> dict[str, object]:
    packages = row.packages
    return {
        "rank": place,
        **_candidate(row.candidate),
        "status": row.status,
        "base": _figure(row.candidate.figure),
        "packages": {
            "wheels": packages.wheels,
            "builds": list(packages.builds),
            "compiles": list(packages.extra),
            "missing": list(packages.missing),
            "unknown": list(packages.unknown),
            "compressed_bytes": packages.compressed_bytes,
            "estimated": packages.estimated,
            "unsized": packages.unsized,
        },
        "total_compressed_bytes": row.total_bytes,
        "reasons": [_values(reason) for reason in row.reasons] or _dearer(row, outcome.rows),
        "traps": [_trap(trap) for trap in row.candidate.traps],
    }


def _dearer(row: Row, rows: Sequence[Row]) -> list[dict[str, object]]:
    """Why a base that fits is not the first: bytes."""
    best = rows[0]
    if row is best:
        return []
    total, least = row.total_bytes, best.total_bytes
    if row.candidate.figure is None or total is None or least is None:
        message = "its size is not known here: --measure asks its registry"
    else:
        more = "at least " if row.candidate.figure.at_least else ""
        message = f"{more}{format_bytes(max(0, total - least))} more than {_called(best)}"
    return [{"code": "more-bytes", "message": message, "closed": False, "packages": []}]


def _candidate(candidate: Candidate) -> dict[str, object]:
    return {
        "key": candidate.key,
        "title": candidate.title,
        "image": candidate.image or None,
        "addition": candidate.addition or None,
        "libc": candidate.libc,
        "libc_version": _version(candidate.libc_version),
        "release": candidate.release or None,
        "python": candidate.python,
    }


def _figure(figure: Figure | None) -> dict[str, object] | None:
    return _values(figure) if figure is not None else None


def _trap(trap: Trap) -> dict[str, object]:
    return {
        "code": trap.code,
        "text": trap.text,
        "remedy": trap.remedy or None,
        "source": trap.source,
        "date": trap.date,
    }


def _machine(facts: LockFacts) -> dict[str, object]:
    kinds: dict[OfferKind, tuple[Offer, ...]] = {
        kind: facts.of_kind(kind) for kind in ("pure", *_LISTED)
    }  # fmt: skip
    return {
        "machine": facts.machine,
        "packages": len(facts.offers),
        "counts": {kind: len(offers) for kind, offers in kinds.items()},
        **{kind: list(_offers(kinds[kind])) for kind in _LISTED},
    }


def _offers(offers: Iterable[Offer]) -> Iterable[dict[str, object]]:
    for offer in offers:
        yield {
            "name": offer.name,
            "version": offer.version,
            "sdist": offer.has_sdist,
            "glibc": _oldest(offer, "glibc"),
            "musl": _oldest(offer, "musl"),
            "required_by": list(offer.required_by),
        }


def _oldest(offer: Offer, libc: str) -> str | None:
    """The oldest C library that one of the wheels accepts; None where there is none for it, or no tag says."""
    floors = [wheel.floor for wheel in offer.wheels if wheel.libc == libc and wheel.floor[0]]
    return _version(min(floors)) if floors else None


def _needs(outcome: FitOutcome) -> dict[str, object]:
    needs = outcome.needs
    return {
        "glibc": _version(needs.tagged) if needs.tagged[0] else None,
        "glibc_wanted_by": list(needs.tagged_by),
        "compiled": needs.compiled,
        "read": needs.read,
        "exact": [_values(each) for each in needs.exact],
        "libraries": [_values(each) for each in needs.libraries],
    }


def _asked(each: Against, outcome: FitOutcome) -> dict[str, object]:
    return {
        "name": each.name,
        "fits": each.base is not None and not each.reasons,
        "family": each.base.family if each.base is not None else None,
        "libc": each.base.libc if each.base is not None else None,
        "libc_version": _version(each.row.candidate.libc_version) if each.row is not None else None,
        "python": each.base.python if each.base is not None else None,
        "reasons": [_values(reason) for reason in each.reasons],
        "base": _figure(each.row.candidate.figure) if each.row is not None else None,
        "total_compressed_bytes": each.row.total_bytes if each.row is not None else None,
        "more_bytes": _more(each, outcome.rows[0]),
        "traps": [_trap(trap) for trap in each.row.candidate.traps] if each.row is not None else [],
    }


def _more(each: Against, best: Row) -> int | None:
    if each.row is None or each.row.total_bytes is None or best.total_bytes is None:
        return None
    return each.row.total_bytes - best.total_bytes


def _values(value: Reason | Figure | Versions | Library) -> dict[str, object]:
    """The fields, with lists for tuples, as JSON has them."""
    return {name: list(each) if isinstance(each, tuple) else each for name, each in asdict(value).items()}


def _version(version: tuple[int, int] | None) -> str | None:
    return f"{version[0]}.{version[1]}" if version is not None else None
