"""``lightship lint``: Dockerfiles read, asked by the rules, and mended."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.dockerfile.edit import apply_edits
from lightship.dockerfile.model import Dockerfile, Instruction
from lightship.dockerfile.parse import parse
from lightship.dockerfile.stages import stages_of
from lightship.errors import InputError, StorageError
from lightship.findings import Finding, Report, Safety, Severity
from lightship.flows.lint_context import Surroundings, context_root
from lightship.lint.check import Found, Ignored, Linted, check, edits_of
from lightship.lint.estimate import Estimates
from lightship.lint.rule import Rule
from lightship.lint.rules import RULES
from lightship.lint.scripts import scripts_of
from lightship.lint.subject import Context, Costs, LockReader, Subject, no_lock

if TYPE_CHECKING:
    from lightship.analyze.model import Analysis

__all__ = ["LINT_SCHEMA", "LintRequest", "Mended", "dockerfiles_in", "lint_file", "lint_report", "mend"]

LINT_SCHEMA = "lightship/lint/1"

_MOST_BYTES = 4_000_000
_MOST_ROUNDS = 8
_NOT_DOCKERFILES = (".dockerignore", ".j2", ".tmpl", ".template", ".in", ".swp", "~", ".orig", ".rej", ".bak")


@dataclass(frozen=True, slots=True, kw_only=True)
class LintRequest:
    """``context`` is the build context; None finds it (`lightship.flows.lint_context.context_root`). ``arguments`` are
    build arguments, ``runner_gb`` the memory of the machine that builds. ``ignored`` are codes that are not asked,
    ``only`` those that are, if any."""

    context: Path | None = None
    target: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    runner_gb: float = 8.0

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Those that are asked. Raise InputError for a code that no rule has."""
        known = {rule.code for rule in RULES}
        for code in sorted((self.ignored | self.only) - known):
            near = difflib.get_close_matches(code.lower(), sorted(known), n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(known))}"
            raise InputError(f"no rule is called {code!r}", hint=hint)
        return tuple(
            rule for rule in RULES if rule.code not in self.ignored and (not self.only or rule.code in self.only)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A file's text after every edit that ``--fix`` makes, the findings that are gone by that, and what is left."""

    before: str
    after: str
    mended: tuple[Found, ...]
    left: Linted


def dockerfiles_in(folder: Path) -> list[Path]:
    """The Dockerfiles that lie in ``folder`` itself: ``Dockerfile``, ``Containerfile``, ``X.Dockerfile``,
    ``Dockerfile.x``; no template, no ignore file and no copy that an editor or a patch left."""
    try:
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise StorageError(f"cannot list {folder}: {error.strerror}") from error
    found = [name for name in names if _is_dockerfile(name.lower())]
    if not found:
        raise InputError(f"no Dockerfile in {folder}", hint="name the file, or write one with `lightship init`")
    return [folder / name for name in found]


def _is_dockerfile(name: str) -> bool:
    if name.endswith(_NOT_DOCKERFILES):
        return False
    return name in ("dockerfile", "containerfile") or name.startswith("dockerfile.") or name.endswith(".dockerfile")


def lint_file(
    path: Path,
    request: LintRequest,
    *,
    name: str = "",
    text: bytes | None = None,
    around: Surroundings | None = None,
    built: "Analysis | None" = None,
) -> Linted:
    """Ask the rules about one file; ``text`` instead of what lies at ``path`` (which then need not exist, and has no
    context unless the request names one). Files of one call share ``around``: contexts and locks are read once.
    ``built`` is an image that was built from the file, in which its lines are measured. Raise InputError where it is
    no Dockerfile, or the image is another's."""
    source = _read(path) if text is None else text
    name = name or str(path)
    dockerfile = parse(source, name=name)
    context: Context | None = None
    lock: LockReader = no_lock
    if request.context is not None or text is None:
        root = request.context or context_root(path.parent, dockerfile)
        around = around if around is not None else Surroundings()
        context = around.context(root, path if text is None else None)
        lock = around.lock(root)
    linted = _linted(dockerfile, _Around(name=name, context=context, lock=lock, built=built), request)
    if built is not None:
        from lightship.flows.lint_measured import check_built_from

        check_built_from(linted.subject.stages, built)
    return linted


def mend(linted: Linted, request: LintRequest, *, up_to: Safety = "safe", built: "Analysis | None" = None) -> Mended:
    """Make the edits of all rules, in rounds: what one edit uncovers, or what stood too near, is mended in the next."""
    subject = linted.subject
    around = _Around(name=subject.name, context=subject.context, lock=subject.lock, built=built)
    before = subject.dockerfile.text
    mended: list[Found] = []
    texts = {before}
    for _ in range(_MOST_ROUNDS):
        edits, done = edits_of(linted, up_to=up_to)
        text = apply_edits(linted.subject.dockerfile.text, edits)
        if not edits or text in texts:
            break
        texts.add(text)
        mended += done
        dockerfile = parse(text, name=linted.subject.name)
        linted = _linted(dockerfile, around, request)
    return Mended(before=before, after=linted.subject.dockerfile.text, mended=tuple(mended), left=linted)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            source = file.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(f"no file {path}", hint="give the path of a Dockerfile, or - for stdin") from error
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error
    if len(source) > _MOST_BYTES:
        raise InputError(f"{path}: larger than {_MOST_BYTES // 1_000_000} MB, which no Dockerfile is")
    return source


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What stays the same when a file is mended."""

    name: str
    context: Context | None
    lock: LockReader
    built: "Analysis | None"


def _linted(dockerfile: Dockerfile, around: _Around, request: LintRequest) -> Linted:
    try:
        stages = stages_of(dockerfile, target=request.target, arguments=request.arguments)
    except InputError as error:
        raise InputError(f"{around.name}: {error}", hint=error.hint) from error
    scripts = scripts_of(stages)
    estimated = Estimates(stages, scripts, around.context, around.lock)
    costs: Costs = estimated
    if around.built is not None:
        from lightship.flows.lint_measured import MeasuredCosts

        costs = MeasuredCosts.of_image(around.built, stages, estimated)
    subject = Subject(
        name=around.name,
        dockerfile=dockerfile,
        stages=stages,
        costs=costs,
        context=around.context,
        scripts=scripts,
        lock=around.lock,
        runner_gb=request.runner_gb,
    )
    return check(subject, request.rules, known=frozenset(rule.code for rule in RULES))


def lint_report(files: Sequence[Linted]) -> Report:
    """Every file with its stages and findings, and what all of them come to."""
    findings = tuple(each.finding for linted in files for each in linted.found)
    document: dict[str, object] = {
        "schema": LINT_SCHEMA,
        "files": [_file(linted) for linted in files],
        "totals": {
            "files": len(files),
            "errors": _count(findings, "error"),
            "warnings": _count(findings, "warning"),
            "notes": _count(findings, "note"),
            "ignored": sum(len(linted.ignored) for linted in files),
            "unpacked_bytes": sum(finding.unpacked_bytes or 0 for finding in findings),
            "compressed_bytes": sum(finding.compressed_bytes or 0 for finding in findings),
            "seconds": round(sum(finding.seconds or 0 for finding in findings), 3),
        },
    }
    return Report(schema=LINT_SCHEMA, document=document, findings=findings)


def _count(findings: Iterable[Finding], severity: Severity) -> int:
    return sum(finding.severity == severity for finding in findings)


def _file(linted: Linted) -> dict[str, object]:
    subject = linted.subject
    return {
        "path": subject.name,
        "stages": [
            {
                "name": subject.stages.label(stage),
                "base": stage.base,
                "line": stage.start.line,
                "ships": subject.stages.ships(stage),
                "needed": stage.index in subject.stages.needed,
                "instructions": [_line(subject, instruction) for instruction in (stage.start, *stage.instructions)],
            }
            for stage in subject.stages.stages
        ],
        "findings": [_found(each) for each in linted.found],
        "ignored": [_ignored(each) for each in linted.ignored],
    }


def _line(subject: Subject, instruction: Instruction) -> dict[str, object]:
    return {"line": instruction.line, "keyword": instruction.keyword, **asdict(subject.costs.of(instruction))}


def _found(found: Found) -> dict[str, object]:
    finding = found.finding
    place = finding.place
    return {
        "code": finding.code,
        "severity": finding.severity,
        "title": finding.title,
        "message": finding.message,
        "location": finding.location,
        "line": place.line if place is not None else None,
        "end_line": place.end_line if place is not None else None,
        "column": place.column if place is not None else None,
        "stage": found.stage,
        "ships": found.ships,
        "unpacked_bytes": finding.unpacked_bytes,
        "compressed_bytes": finding.compressed_bytes,
        "seconds": finding.seconds,
        "how": found.how,
        "safety": finding.safety,
        "fix": finding.fix,
        "fixable": bool(found.edits),
    }


def _ignored(ignored: Ignored) -> dict[str, object]:
    return {**_found(ignored.found), "reason": ignored.reason}
