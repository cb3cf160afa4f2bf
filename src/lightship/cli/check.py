"""``lightship check``: budgets and growth against a baseline, the gate of continuous integration."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightship.cli.console import Console
from lightship.cli.options import (
    VARIABLES,
    common_options,
    default_jobs,
    flag,
    platform_option,
    registry_options,
    report_options,
)
from lightship.cli.variables import unknown_variables

if TYPE_CHECKING:
    import datetime

    from lightship.config import GateOptions
    from lightship.findings import Report
    from lightship.flows.check import CheckOutcome
    from lightship.gate.model import Budget
    from lightship.gate.ratchet import Lowered

__all__ = ["command"]

_FORMATS = ("text", "json", "markdown", "github", "sarif", "junit", "gitlab")


@click.command(name="check", short_help="Budgets and growth against a baseline: the CI gate.", epilog=VARIABLES)
@click.argument("image", metavar="IMAGE")
@flag(
    "--max",
    "maxima",
    multiple=True,
    metavar="METRIC=LIMIT",
    help="The most that is allowed: compressed=200MB, package:torch=1GB, findings:warning=0, cold-start=3s. Goes "
    "before the file's. Repeatable.",
)
@flag(
    "--max-growth",
    "growths",
    multiple=True,
    metavar="[METRIC=]GROWTH",
    help="The most that it may be more than the baseline: 2% (of compressed), unpacked=10MB, findings:note=0. "
    "Repeatable.",
)
@flag(
    "--baseline",
    metavar="IMAGE|FILE",
    help="What growth is measured against: an image, of which manifest and config are read where that is enough, or a "
    "report of analyze, check or build in JSON.",
)
@flag(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Where [[budget]] and [[ignore]] are. Default: lightship.toml, or pyproject.toml, in the current directory.",
)
@flag(
    "--timings",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A report of verify or bench in JSON, of this very image: its cold start.",
)
@flag(
    "--explain",
    type=click.Choice(["auto", "layers", "packages"]),
    default="auto",
    help="Explain growth by layers, or by packages, for which layers that changed are read. Default: by packages, but "
    "layers of a registry's baseline are not read for it.",
)
@flag(
    "--ratchet",
    is_flag=True,
    help="Where the image has become smaller, lower max in the file, which else stays as it is.",
)
@platform_option
@report_options(*_FORMATS, said="; github are annotations, with a summary of the job in $GITHUB_STEP_SUMMARY")
@flag("--also", multiple=True, metavar="FORMAT=FILE", help="Write it in another format too. Repeatable.")
@registry_options
@common_options
def command(
    image: str,
    maxima: tuple[str, ...],
    growths: tuple[str, ...],
    baseline: str | None,
    config_file: Path | None,
    timings: Path | None,
    explain: str,
    ratchet: bool,
    platform: str | None,
    form: str,
    report_file: Path | None,
    also: tuple[str, ...],
    plain_http: bool,
    ca_file: Path | None,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,
    jobs: int | None,
) -> int:
    """Hold IMAGE against its budgets; the status is 1 unless every one of them is kept.

    IMAGE is named as for lightship run. Budgets are [[budget]] in lightship.toml, and --max and --max-growth. Metrics:
    compressed, layer, unpacked, package, waste, findings, cold-start. What is not measured is not kept: an image or a
    baseline that cannot be read, growth without a baseline, a figure that is not known, an ignore entry that has
    expired make the status 1, and the report says so. The status is 2 where the budgets are not understood, or where
    there are none.
    """
    from lightship.config import cache_root, load_gate, registry_access
    from lightship.flows.check import CheckRequest, check
    from lightship.flows.check_report import check_report
    from lightship.flows.scratch import scratch
    from lightship.oci.platform import Platform
    from lightship.store.cache import make_root

    files = _files(also, form, report_file)
    asked = load_gate(config_file.parent if config_file is not None else Path(), file=config_file)
    budgets = _budgets(asked, maxima, growths)
    if platform is not None:
        Platform.parse(platform)
    root = make_root(cache_root(cache_dir))
    with Console(quiet=quiet, verbose=verbose) as console, ExitStack() as stack:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        request = CheckRequest(
            image=image,
            budgets=budgets,
            ignores=asked.ignores,
            today=_today(),
            cache_root=root,
            baseline=baseline,
            timings=timings,
            platform=platform,
            explain=explain,  # type: ignore[arg-type]  # click has looked that it is one of them
            access=registry_access(os.environ, plain_http=plain_http, ca_file=ca_file, jobs=jobs, cache=root),
            docker_host=os.environ.get("DOCKER_HOST"),
            temporary=stack.enter_context(scratch(root)),
            jobs=default_jobs(jobs),
        )
        outcome = check(request, console)
        lowered = _turn(asked, outcome) if ratchet else ()
        report = check_report(outcome, ratchet=lowered)
        for kind, file in files:
            console.deliver(_rendered(report, kind, asked, verbose=verbose), file)
        if form == "github" and os.environ.get("GITHUB_STEP_SUMMARY"):
            _summarise(report, Path(os.environ["GITHUB_STEP_SUMMARY"]))
    return 0 if outcome.verdict.passed else 1


def _files(also: tuple[str, ...], form: str, report_file: Path | None) -> list[tuple[str, Path | None]]:
    from lightship.errors import UsageError

    files: list[tuple[str, Path | None]] = []
    for text in also:
        kind, _, name = text.partition("=")
        if kind not in _FORMATS or not name:
            raise UsageError(f"--also: want FORMAT=FILE, one of {', '.join(_FORMATS)}, got {text!r:.80}")
        files.append((kind, Path(name)))
    return [*files, (form, report_file)]


def _budgets(asked: "GateOptions", maxima: tuple[str, ...], growths: tuple[str, ...]) -> "tuple[Budget, ...]":
    from lightship.errors import UsageError
    from lightship.gate.budgets import budgets_of_flags, merged_budgets

    budgets = merged_budgets(asked.budgets, budgets_of_flags(maxima, growths))
    if not budgets:
        where = asked.file.name if asked.file is not None else "lightship.toml, which is not there"
        raise UsageError(
            f"nothing to check: no [[budget]] in {where}, and neither --max nor --max-growth",
            hint="such as --max compressed=200MB",
        )
    return budgets


def _today() -> "datetime.date":
    import datetime

    return datetime.datetime.now(datetime.UTC).date()


def _turn(asked: "GateOptions", outcome: "CheckOutcome") -> "tuple[Lowered, ...]":
    """Lower what the file allows, when everything passed; the file is written only when something changed."""
    from lightship.errors import UsageError
    from lightship.gate.ratchet import lower, lowered
    from lightship.paths import atomic_file, storage_errors

    if asked.file is None or not asked.maxima:
        raise UsageError("--ratchet: want a file with max in a [[budget]], got none")
    if not outcome.verdict.passed:
        return ()
    changes = lower(outcome.verdict.rows, asked.maxima)
    if changes:
        file = asked.file.resolve()  # a link stays one
        with storage_errors(f"write {asked.file}"):
            text = lowered(file.read_bytes().decode(), changes, asked.prefix)
            with atomic_file(file, mode=file.stat().st_mode & 0o777) as stream:
                stream.write(text.encode())
    return changes


def _rendered(report: "Report", form: str, asked: "GateOptions", *, verbose: bool) -> str:
    from lightship.report.problems import problems_of

    file = str(asked.file or "lightship.toml")
    match form:
        case "json":
            from lightship.report.json import render_json

            return render_json(report)
        case "github":
            from lightship.report.github import render_annotations

            return render_annotations(problems_of(report))
        case "sarif":
            from lightship import __version__
            from lightship.report.sarif import render_sarif

            image = report.document["image"]
            name = str(image["reference"]) if isinstance(image, dict) else ""
            return render_sarif(problems_of(report), version=__version__, successful=bool(name), image=name, file=file)
        case "gitlab":
            from lightship.report.gitlab import render_gitlab

            return render_gitlab(problems_of(report), file=file)
        case "junit":
            from lightship.report.junit import render_junit

            return render_junit(report)
        case _:
            from lightship.report.check import render_check, render_check_markdown

            return render_check_markdown(report) if form == "markdown" else render_check(report, verbose=verbose)


def _summarise(report: "Report", file: Path) -> None:
    """Append to the job's summary, which other steps write to as well."""
    from lightship.cli.wording import escaped
    from lightship.paths import storage_errors
    from lightship.report.check import render_check_markdown

    with storage_errors(f"write {file}"), file.open("a", encoding="utf-8") as stream:
        stream.write(escaped(render_check_markdown(report)) + "\n")
