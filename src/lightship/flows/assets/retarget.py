"""``lightship assets retarget``: a built front end under another CDN, without building it again."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lightship.assets.retarget.commit import Stage, finish, is_unfinished, locked
from lightship.assets.retarget.leftovers.known import find_leftovers
from lightship.assets.retarget.plan import Plan, plan_retarget, planned_state
from lightship.assets.retarget.prefix import Prefix
from lightship.assets.retarget.rendering import Rendered
from lightship.assets.retarget.slot import Form, Slot
from lightship.assets.retarget.state import STATE_NAME, state_text
from lightship.assets.retarget.tree import DirectoryTree
from lightship.assets.retarget.writing import Written, prepare, write_files
from lightship.errors import InputError
from lightship.findings import Finding, Report
from lightship.paths import storage_errors
from lightship.progress import Progress
from lightship.store.cache import Cache

__all__ = ["RETARGET_SCHEMA", "RetargetOutcome", "RetargetRequest", "retarget_assets", "retarget_report"]

RETARGET_SCHEMA = "lightship/assets-retarget/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetargetRequest:
    """``source`` is the prefix that stands in the files, where nothing is remembered of them; None: it is found."""

    target: Prefix
    source: Prefix | None = None
    placeholder: Prefix
    leave: tuple[str, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RetargetOutcome:
    """``written`` are the files that changed, or in a dry run would. ``resumed``: an earlier run had been killed and
    was finished first."""

    root: Path
    request: RetargetRequest
    plan: Plan
    written: tuple[Written, ...]
    findings: tuple[Finding, ...]
    seconds: float
    resumed: bool = False


def retarget_assets(
    root: Path, request: RetargetRequest, cache: Cache, progress: Progress, *, jobs: int
) -> RetargetOutcome:
    """Replace the prefix in every file below ``root``: in all of them or in none. Raise InputError where a mention of
    it is not understood or the directory is not as it was left, StorageError where the disk refuses."""
    began = time.monotonic()
    with locked(root) if root.is_dir() else storage_errors(f"open {root}"):
        if request.dry_run and is_unfinished(root):
            raise InputError(f"{root}: a run was killed half way", hint="run it without --dry-run: that finishes it")
        resumed = not request.dry_run and finish(root)
        tree = DirectoryTree(root)
        plan = plan_retarget(
            tree,
            request.target,
            source=request.source,
            placeholder=request.placeholder,
            leave=request.leave,
            progress=progress,
        )
        rendered = plan.rendered()
        findings = tuple(find_leftovers(plan, rendered))
        written = _written(plan, rendered, request, cache, progress, jobs)
    return RetargetOutcome(
        root=root,
        request=request,
        plan=plan,
        written=written,
        findings=findings,
        seconds=time.monotonic() - began,
        resumed=resumed,
    )


def _written(
    plan: Plan, rendered: dict[str, Rendered], request: RetargetRequest, cache: Cache, progress: Progress, jobs: int
) -> tuple[Written, ...]:
    task = "write files"
    stage = Stage(plan.tree.root)
    found: list[Written] = []
    progress.start(task, len(rendered))
    try:
        with storage_errors(f"write below {plan.tree.root}"):
            for each in prepare(plan.tree, rendered, cache, jobs=jobs, done=lambda: progress.advance(task)):
                if not request.dry_run:
                    write_files(plan.tree, stage, each)
                found.append(each)
            for path in plan.stale:
                stage.remove(plan.tree.file(path).relative_to(plan.tree.root).as_posix())
            if plan.slots and not request.dry_run and (found or not _is_remembered(plan)):
                stage.write_own(STATE_NAME, state_text(planned_state(plan, rendered)))
        if not request.dry_run:
            _commit(stage)
    except BaseException:
        stage.abandon()
        raise
    finally:
        progress.finish(task)
    return tuple(found)


def _commit(stage: Stage) -> None:
    with storage_errors(f"write below {stage.root}"):
        stage.commit()


def _is_remembered(plan: Plan) -> bool:
    return (plan.tree.root / STATE_NAME).is_file()


def retarget_report(outcome: RetargetOutcome, image: Mapping[str, object] | None = None) -> Report:
    """The outcome as the JSON that ``--format json`` prints; ``image`` is what was made of one."""
    plan = outcome.plan
    slots = [slot for found in plan.slots.values() for slot in found]
    document: dict[str, object] = {
        "schema": RETARGET_SCHEMA,
        "directory": str(outcome.root),
        "image": None if image is None else dict(image),
        "framework": plan.framework.name,
        "from": plan.present.text,
        "to": plan.target.text,
        "built": plan.built.text,
        "dry_run": outcome.request.dry_run,
        "resumed": outcome.resumed,
        "files": [_file(each, plan) for each in outcome.written],
        "places": _counts(slots),
        "sidecars_made": sum(each.sidecars for each in outcome.written),
        "sidecars_removed": [path for each in outcome.written for path in each.removed],
        "stale_removed": list(plan.stale),
        "looked": plan.looked,
        "findings": [_finding(each) for each in outcome.findings],
        "notes": list(plan.notes),
        "seconds": round(outcome.seconds, 3),
    }
    return Report(schema=RETARGET_SCHEMA, document=document, findings=outcome.findings)


def _file(written: Written, plan: Plan) -> dict[str, object]:
    return {"path": written.path, "places": _counts(plan.slots[written.path])}


def _counts(slots: "tuple[Slot, ...] | list[Slot]") -> dict[str, int]:
    """By what they are, and for a prefix how it is written."""
    counts = Counter(_name(slot) for slot in slots if not slot.first or slot.kind == "digest")
    return dict(sorted(counts.items()))


def _name(slot: Slot) -> str:
    return slot.kind if slot.form == Form() else f"{slot.kind} {slot.form.write('://.')}"


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "title": finding.title,
        "message": finding.message,
        "location": finding.location,
        "fix": finding.fix or "",
    }
