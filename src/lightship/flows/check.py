"""An image against its budgets: measured as far as the budgets ask, compared with a baseline, the growth explained.

What cannot be read is a failure of the check, never an exception and never a pass: the verdict says why. Manifest and
config are enough for ``compressed`` and ``layer``, of a baseline in a registry as well; layers are read for the rest.
"""

import datetime
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from lightship.errors import InputError, LightshipError
from lightship.flows.shelf import find_image
from lightship.gate.growth import Explanation, explain, layer_changes, package_changes
from lightship.gate.judge import apply_ignores, expired, judge
from lightship.gate.measures import Measures, PackageSize, measure_manifest
from lightship.gate.model import ANALYSED, Budget, Failure, Ignore, Ignored, Verdict
from lightship.gate.reports import MAX_REPORT_BYTES, read_cold_start, read_measures
from lightship.image.protocol import Image
from lightship.oci.platform import Platform
from lightship.oci.reference import Reference
from lightship.progress import SILENT, Progress
from lightship.store.open import open_image
from lightship.store.registry.access import RegistryAccess

__all__ = ["CheckOutcome", "CheckRequest", "check"]

_NO_TIMES = "no cold start was measured: give --timings FILE, which lightship verify or bench --format json writes"
_NO_TIMES_BEFORE = "an image does not tell its cold start: give a report of lightship verify, bench or check"
_OF_BLOBS = ("compressed", "layer")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """``baseline`` is an image or a file of JSON. ``explain``: whether layers are read to explain growth by packages;
    ``auto`` reads none of a registry's. ``today`` is the day by which ignore entries expire."""

    image: str
    budgets: tuple[Budget, ...]
    today: datetime.date
    cache_root: Path
    ignores: tuple[Ignore, ...] = ()
    baseline: str | None = None
    timings: Path | None = None
    platform: str | None = None
    explain: Literal["auto", "layers", "packages"] = "auto"
    access: RegistryAccess | None = None
    docker_host: str | None = None
    temporary: Path | None = None
    jobs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutcome:
    """``image`` and ``baseline`` are None where they were not measured."""

    verdict: Verdict
    image: Measures | None = None
    baseline: Measures | None = None
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    measures: Measures
    image: Image | None = None
    reference: Reference | None = None

    @property
    def is_remote(self) -> bool:
        return self.reference is not None and self.reference.transport == "docker"


def check(request: CheckRequest, progress: Progress = SILENT) -> CheckOutcome:
    """Measure, compare and judge. Raise no LightshipError for what the image or the baseline is: the verdict has it
    as a failure, and every budget that asked for it is broken."""
    failures = list(expired(request.ignores, request.today))
    notes: list[str] = []
    with ExitStack() as stack:
        image = _measured(request, stack, progress, failures)
        before = _measured_before(request, image, stack, progress, failures)
        after, ignored, unused = _without_ignored(image, request)
        notes += [f"{entry.source.name}: the entry for {entry.code} meets no finding" for entry in unused]
        old = _without_ignored(before, request)[0]
        rows = judge(request.budgets, after, old)
        notes += _notes(after, old, request)
        explanation = None
        if image is not None and before is not None:
            try:
                explanation = _explained(image, before, request, progress)
            except LightshipError as error:
                notes.append(f"what grew is not told: {error}")
    return CheckOutcome(
        verdict=Verdict(
            rows=rows,
            failures=tuple(failures),
            findings=tuple(after.findings or ()) if after is not None else (),
            ignored=ignored,
            notes=tuple(notes),
        ),
        image=after,
        baseline=old,
        explanation=explanation,
    )


def _notes(image: Measures | None, baseline: Measures | None, request: CheckRequest) -> list[str]:
    """What makes the figures say less than they seem to."""
    notes = []
    if image is not None and not image.compressed and any(each.metric in _OF_BLOBS for each in request.budgets):
        notes.append("layers of the image are not compressed: in a registry it has fewer bytes than are told here")
    if image is not None and baseline is not None and image.digest and image.digest == baseline.digest:
        notes.append("the baseline is the image itself: nothing can have grown")
    return notes


def _measured(request: CheckRequest, stack: ExitStack, progress: Progress, failures: list[Failure]) -> _Side | None:
    try:
        wanted = Platform.parse(request.platform) if request.platform else None
        side = _open(request.image, wanted, request, stack, progress)
        if any(budget.metric in ANALYSED for budget in request.budgets):
            side = _analysed(side, request, progress)
        return replace(side, measures=_timed(side.measures, request.timings))
    except LightshipError as error:
        failures.append(
            Failure(code="not-measured", message=f"{request.image} was not measured: {error}", hint=error.hint or "")
        )
        return None


def _measured_before(
    request: CheckRequest, image: _Side | None, stack: ExitStack, progress: Progress, failures: list[Failure]
) -> _Side | None:
    if request.baseline is None:
        return None
    platform = image.measures.platform if image is not None else request.platform or ""
    try:
        if _is_report(request.baseline):
            side = _Side(measures=_of_report(Path(request.baseline), platform))
        else:
            wanted = Platform.parse(platform) if platform else None
            side = _open(request.baseline, wanted, request, stack, progress)
            if any(budget.metric in ANALYSED and budget.max_growth is not None for budget in request.budgets):
                side = _analysed(side, request, progress)
            why = {**side.measures.why, "cold-start": _NO_TIMES_BEFORE}
            side = replace(side, measures=replace(side.measures, why=why))
        if platform and side.measures.platform and side.measures.platform != platform:
            raise InputError(f"want an image for {platform}, got one for {side.measures.platform}")
    except LightshipError as error:
        message = f"the baseline {request.baseline} was not read: {error}"
        failures.append(Failure(code="no-baseline", message=message, hint=error.hint or ""))
        return None
    return side


def _open(text: str, platform: Platform | None, request: CheckRequest, stack: ExitStack, progress: Progress) -> _Side:
    reference = find_image(text, request.cache_root, progress=progress)
    opened = open_image(
        reference,
        platform,
        access=request.access,
        docker_host=request.docker_host,
        temporary=request.temporary,
    )
    image = stack.enter_context(opened)
    return _Side(measures=measure_manifest(image, text), image=image, reference=reference)


def _analysed(side: _Side, request: CheckRequest, progress: Progress) -> _Side:
    """``side`` with what its layers tell. Where one of them cannot be understood, nothing is told: a sum without it
    would pass for the whole."""
    from lightship.flows.analyze import analyze_image

    if side.image is None or side.reference is None:
        return side
    found = analyze_image(
        side.image, side.reference, name=side.measures.reference, jobs=request.jobs, progress=progress
    )
    if not found.complete:
        why = dict.fromkeys(ANALYSED, "a layer of the image could not be read")
        return replace(side, measures=replace(side.measures, why={**side.measures.why, **why}))
    measures = replace(
        side.measures,
        unpacked_bytes=found.totals.unpacked_bytes,
        wasted_bytes=found.totals.wasted_bytes,
        packages=tuple(
            PackageSize(
                ecosystem=each.ecosystem, name=each.name, version=each.version, unpacked_bytes=each.unpacked_bytes
            )
            for each in found.packages
        ),
        findings=found.findings,
        owners={
            each.location: f"{owner.ecosystem}:{owner.name}"
            for each in found.findings
            if (owner := found.owner(each.location)) is not None
        },
    )
    return replace(side, measures=measures)


def _is_report(text: str) -> bool:
    """Whether ``text`` names a file of JSON: by its ending, or by how it begins."""
    path = Path(text)
    if text.endswith(".json"):
        return True
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(64).lstrip().startswith(b"{")
    except (OSError, ValueError):
        return False


def _of_report(path: Path, platform: str) -> Measures:
    return read_measures(_read_capped(path), path.name, platform=platform)


def _timed(measures: Measures, file: Path | None) -> Measures:
    """With the time of a cold start out of ``file``; what is wrong with it is the reason why there is none."""
    if file is None:
        return replace(measures, why={**measures.why, "cold-start": _NO_TIMES})
    try:
        return replace(measures, cold_start_s=read_cold_start(_read_capped(file), file.name, measures.digest))
    except LightshipError as error:
        return replace(measures, why={**measures.why, "cold-start": str(error)})


def _read_capped(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_REPORT_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if len(raw) > MAX_REPORT_BYTES:
        raise InputError(f"{path.name} is too large for a report: want at most {MAX_REPORT_BYTES // 2**20} MiB")
    return raw


def _without_ignored(
    side: _Side | None, request: CheckRequest
) -> tuple[Measures | None, tuple[Ignored, ...], tuple[Ignore, ...]]:
    if side is None:
        return None, (), ()
    measures = side.measures
    if measures.findings is None:
        return measures, (), ()
    counting, ignored, unused = apply_ignores(measures, request.ignores, request.today)
    return replace(measures, findings=counting), ignored, unused


def _explained(after: _Side, before: _Side, request: CheckRequest, progress: Progress) -> Explanation | None:
    """By packages where both sides know them or may be read for them, else by layers; None where neither is known."""
    if before.measures.packages is not None and after.measures.packages is None and request.explain != "layers":
        after = _analysed(after, request, progress)
    new, old = after.measures, before.measures
    by_packages = _by_packages(old, new) if request.explain != "layers" else None
    if by_packages is not None:
        return by_packages
    may_read = request.explain == "packages" or (request.explain == "auto" and not before.is_remote)
    if may_read and after.image is not None and before.image is not None:
        from lightship.flows.diff import diff_images, explain_diff

        return explain_diff(diff_images(before.image, after.image, progress=progress))
    if new.layers is None or old.layers is None or new.compressed != old.compressed:
        return None
    grown = int(new.figure("compressed").value or 0) - int(old.figure("compressed").value or 0)
    return explain(layer_changes(old.layers, new.layers), grown, "compressed")


def _by_packages(old: Measures, new: Measures) -> Explanation | None:
    """By the packages of two analyses; None where these do not tell, or explain nothing."""
    if old.packages is None or new.packages is None or old.unpacked_bytes is None or new.unpacked_bytes is None:
        return None
    grown = new.unpacked_bytes - old.unpacked_bytes
    changes = package_changes(old.packages, new.packages)
    return explain(changes, grown, "unpacked") if changes or not grown else None
