"""``lightship lint``: Dockerfiles with what each line costs, and mended."""

import os
import sys
from collections.abc import Mapping
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
    from lightship.analyze.model import Analysis
    from lightship.findings import Report, Safety, Severity
    from lightship.flows.lint import LintRequest
    from lightship.flows.lint_context import Surroundings
    from lightship.lint.check import Linted
    from lightship.store.registry.access import RegistryAccess

__all__ = ["command"]

_FORMATS = ("text", "json", "markdown", "github", "sarif")
_STDIN = "-"


@click.command(
    name="lint", short_help="Dockerfiles: what each line costs, and the edit that mends it.", epilog=VARIABLES
)
@click.argument("dockerfiles", metavar="[DOCKERFILE]...", nargs=-1)
@flag(
    "--context",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="The build context. Default: the Dockerfile's folder, or the one above it that has what COPY names.",
)
@flag(
    "--image",
    metavar="IMAGE",
    help="An image that was built from the DOCKERFILE: bytes are measured in it instead of estimated. Every layer is "
    "read; nothing of it is run.",
)
@platform_option
@flag("--target", metavar="STAGE", help="The stage that is built. Default: the last.")
@flag("--build-arg", "arguments", multiple=True, metavar="NAME[=VALUE]",
      help="A build argument; without a value that of the environment. Repeatable.")  # fmt: skip
@flag("--fix", is_flag=True, help="Print a patch that mends what may be mended (git apply takes it).")
@flag("--write", is_flag=True, help="With --fix: change the files instead of printing the patch.")
@flag(
    "--safety",
    type=click.Choice(["lossless", "safe", "closure", "traced"]),
    default="safe",
    help="How far --fix may go: the same files in the image, without what nothing reads, … Default: safe.",
)
@flag("--ignore", "ignored", multiple=True, metavar="RULE", help="Do not ask this rule. Repeatable.")
@flag("--rule", "only", multiple=True, metavar="RULE", help="Ask this rule, and no other. Repeatable.")
@flag(
    "--runner-memory",
    "runner_gb",
    type=click.FloatRange(min=0.1, max=10_000),
    default=8.0,
    metavar="GB",
    help="Memory of the machine that builds, for the rule build-memory. Default: 8.",
)
@flag(
    "--fail-on",
    type=click.Choice(["error", "warning", "note", "never"]),
    default="warning",
    help="The status is 1 from findings of this severity on. Default: warning.",
)
@report_options(*_FORMATS, said="; github are annotations", image="the image that was built is named with --image {}")
@registry_options
@common_options
def command(
    dockerfiles: tuple[str, ...],
    context: Path | None,
    image: str | None,
    platform: str | None,
    target: str | None,
    arguments: tuple[str, ...],
    fix: bool,
    write: bool,
    safety: "Safety",
    ignored: tuple[str, ...],
    only: tuple[str, ...],
    runner_gb: float,
    fail_on: str,
    form: str,
    report_file: Path | None,
    plain_http: bool,
    ca_file: Path | None,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,
    jobs: int | None,
) -> int:
    """Ask the rules about each DOCKERFILE (a folder means those in it, - is stdin; default: this folder's).

    A finding names its stage, says whether that stage ships, and what the fix saves in bytes and seconds. Nothing is
    run and nothing is fetched. A comment takes one back, with its reason:
    # lightship ignore=runs-as-root: the chart sets runAsUser

    The status is 1 where there are findings from --fail-on on; after --fix, of those that are left.
    """
    from lightship.config import cache_root, registry_access
    from lightship.errors import UsageError
    from lightship.flows.lint import LintRequest, lint_report, mend
    from lightship.flows.lint_bases import unknown_bases
    from lightship.flows.lint_context import Surroundings
    from lightship.store.cache import Cache, make_root

    if write and not fix:
        raise UsageError("--write goes with --fix")
    if write and "-" in dockerfiles:
        raise UsageError("--write has no file to change: - is stdin", hint="without --write, --fix prints the patch")
    request = LintRequest(
        context=context,
        target=target,
        arguments=_arguments(arguments, os.environ),
        ignored=frozenset(ignored),
        only=frozenset(only),
        runner_gb=runner_gb,
    )
    request.rules  # noqa: B018 - a code that no rule has is told before files are read
    with Console(quiet=quiet, verbose=verbose) as console:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        root = make_root(cache_root(cache_dir))
        around = Surroundings(Cache(root))
        paths = _paths(dockerfiles or (".",))
        built = None
        if image is not None:
            if len(paths) != 1:
                raise UsageError("--image goes with one DOCKERFILE", hint="name the file that it was built from")
            access = registry_access(os.environ, plain_http=plain_http, ca_file=ca_file, jobs=jobs, cache=root)
            built = _analysed(image, platform, root, access, default_jobs(jobs), console)
        files = [_linted(name, path, request, around, built) for name, path in paths]
        unknown = unknown_bases(files)
        if unknown is not None:
            console.note(unknown)
        if fix:
            mended = [mend(each, request, up_to=safety, built=built) for each in files]
            files = [each.left for each in mended]
            patches = [_mended(each.left.subject.name, each.before, each.after, write=write) for each in mended]
            counts = [f"{len(each.mended)} in {each.left.subject.name}" for each in mended if each.mended]
            console.note(f"mended: {', '.join(counts) or 'nothing'}; see what is left with lightship lint")
            if any(patches) or report_file is not None:
                console.deliver("".join(patches), report_file)
            return _status(lint_report(files), fail_on)
        report = lint_report(files)
        console.deliver(_rendered(report, form, verbose=verbose), report_file)
    return _status(report, fail_on)


def _arguments(given: tuple[str, ...], environment: Mapping[str, str]) -> dict[str, str]:
    """As Docker's client reads them: a name alone has the value of the environment, and is unset where that has none
    (https://docs.docker.com/reference/cli/docker/buildx/build/#build-arg, read November 2026)."""
    found: dict[str, str] = {}
    for text in given:
        name, has_value, value = text.partition("=")
        if has_value or name in environment:
            found[name] = value if has_value else environment[name]
        else:
            found.pop(name, None)
    return found


def _paths(names: tuple[str, ...]) -> "list[tuple[str, Path | None]]":
    """What to read, with the names that people see."""
    from lightship.flows.lint import dockerfiles_in

    found: list[tuple[str, Path | None]] = []
    for name in names:
        path = Path(name)
        if name == _STDIN:
            found.append(("<stdin>", None))
        elif path.is_dir():
            found += [(str(each), each) for each in dockerfiles_in(path)]
        else:
            found.append((name, path))
    return found


def _analysed(
    image: str, platform: str | None, root: Path, access: "RegistryAccess", jobs: int, console: Console
) -> "Analysis":
    """The image whose lines are measured."""
    from lightship.flows.analyze import analyze_image
    from lightship.flows.scratch import scratch
    from lightship.flows.shelf import find_image
    from lightship.oci.platform import Platform
    from lightship.store.open import open_image

    wanted = Platform.parse(platform) if platform else None
    reference = find_image(image, root, progress=console)
    with (
        scratch(root) as temporary,
        open_image(
            reference, wanted, access=access, docker_host=os.environ.get("DOCKER_HOST"), temporary=temporary
        ) as opened,
    ):
        return analyze_image(opened, reference, name=image, jobs=jobs, progress=console)


def _linted(
    name: str, path: Path | None, request: "LintRequest", around: "Surroundings", built: "Analysis | None"
) -> "Linted":
    from lightship.flows.lint import lint_file

    if path is None:
        text = sys.stdin.buffer.read()
        return lint_file(Path("Dockerfile"), request, name=name, text=text, around=around, built=built)
    return lint_file(path, request, name=name, around=around, built=built)


def _mended(name: str, before: str, after: str, *, write: bool) -> str:
    from lightship.dockerfile.edit import patch
    from lightship.paths import atomic_file, storage_errors

    if not write or before == after or name == "<stdin>":
        return patch(before, after, os.path.relpath(name) if name != "<stdin>" else "Dockerfile")
    file = Path(name).resolve()  # a link stays one
    with storage_errors(f"write {name}"), atomic_file(file, mode=file.stat().st_mode & 0o777) as stream:
        stream.write(after.encode("utf-8", "surrogateescape"))
    return ""


def _status(report: "Report", fail_on: str) -> int:
    order: list[Severity] = ["error", "warning", "note"]
    if fail_on == "never":
        return 0
    bad = order[: order.index(fail_on) + 1]  # type: ignore[arg-type]  # click has looked that it is one of them
    return int(any(finding.severity in bad for finding in report.findings))


def _rendered(report: "Report", form: str, *, verbose: bool) -> str:
    from lightship.report.problems import problems_of

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

            return render_sarif(problems_of(report), version=__version__, successful=True, file="Dockerfile")
        case "markdown":
            from lightship.report.lint_markdown import render_lint_markdown

            return render_lint_markdown(report)
    from lightship.report.lint_text import render_lint_text

    return render_lint_text(report, verbose=verbose)
