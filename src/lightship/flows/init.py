"""``lightship init``: a project is looked at, and the files that its deployment needs are written, all or none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from lightship.assets.nginx import cache_maps, compressed_types, page_locations, type_table
from lightship.config import Options, load_options
from lightship.ecosystem.dockerignore import Ignore
from lightship.ecosystem.project.detect import ProjectFacts, detect
from lightship.ecosystem.project.files import MAX_FILE_BYTES, ProjectFiles
from lightship.ecosystem.project.memory import shortage
from lightship.errors import InputError
from lightship.findings import Report
from lightship.flows.walking import walk_folder
from lightship.init.choices import Choices, choose_settings
from lightship.init.files import PARTS, PLACEHOLDERS, NginxRules, Part, plan_files
from lightship.init.write import Change, check_files, write_files
from lightship.paths import storage_errors

__all__ = ["INIT_SCHEMA", "InitOutcome", "InitRequest", "init_report", "initialise", "nginx_rules", "read_project"]

INIT_SCHEMA = "lightship/init/1"

_SKIPPED = frozenset((".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox", ".next"))
_MOST_FILES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class InitRequest:
    """``given`` are fields of `Choices` that flags name; they go before a configuration, and that before what is
    detected. ``packages`` of the distribution come beside those that are known."""

    project: Path
    only: tuple[Part, ...] = PARTS
    given: Mapping[str, object] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    force: bool = False
    keep: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InitOutcome:
    """What was found, what was chosen, and what became of each file."""

    project: str
    facts: ProjectFacts
    choices: Choices
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    dry_run: bool


def initialise(request: InitRequest) -> InitOutcome:
    """Look, plan, check, write. Raise InputError where there is neither a Python project nor a front end, and where a
    file is in the way: nothing is written then."""
    project = request.project.absolute()
    files = read_project(project)
    facts = detect(files)
    if facts.python is None and not facts.front_ends:
        raise InputError(
            f"{project} is no project that is understood: want pyproject.toml, a lock, requirements.txt or a "
            "package.json that builds with Next.js or Vite",
            hint="name the project's directory: lightship init PATH",
        )
    given = {**_configured(project), **request.given}
    choices = choose_settings(facts, directory=project.name, given=given)
    if request.packages:
        choices = replace(choices, system_packages=(*dict.fromkeys((*choices.system_packages, *request.packages)),))
    planned = plan_files(facts, choices, files, request.only, nginx=nginx_rules())
    changes = check_files(project, planned, force=request.force, keep=request.keep or request.dry_run)
    if not request.dry_run:
        write_files(project, changes)
    notes = (*facts.notes, *_notes(facts, choices, changes, files))
    if choices.command:
        notes = tuple(note for note in notes if "--entrypoint" not in note)
    return InitOutcome(
        project=project.name, facts=facts, choices=choices, changes=changes, notes=notes, dry_run=request.dry_run
    )


def nginx_rules() -> NginxRules:
    """Those of ``lightship assets nginx``."""
    return NginxRules(
        cache_maps=tuple(cache_maps()),
        types=tuple(type_table()),
        compressed=compressed_types(),
        locations=tuple(page_locations()),
    )


def read_project(project: Path) -> ProjectFiles:
    """A view of a directory: no histories, environments and installed packages; links are not followed."""
    if not project.is_dir():
        raise InputError(f"no project: want a directory, got {project}")
    paths: list[str] = []
    with storage_errors("list the project"):
        for path, entry in walk_folder(project, passes_over=_is_skipped, passes_unreadable=True):
            if not entry.is_dir(follow_symlinks=False):
                paths.append(path)
            if len(paths) > _MOST_FILES:
                raise InputError(f"{project} has more than {_MOST_FILES} files: want the directory of one project")

    def read(path: str) -> bytes:
        place = project / path
        if place.is_symlink() or not place.is_file() or place.stat().st_size > MAX_FILE_BYTES:
            return b""
        return place.read_bytes()

    return ProjectFiles(tuple(sorted(paths)), read)


def _is_skipped(path: str) -> bool:
    return path.rpartition("/")[2] in _SKIPPED


def _configured(project: Path) -> dict[str, object]:
    """What a configuration says otherwise than the defaults, in the words of `Choices`."""
    options, default = load_options(project, file=None, flags={}), Options()
    found: dict[str, object] = {}
    for ours, theirs in (
        ("name", "name"), ("user", "user"), ("workdir", "workdir"), ("prefix", "prefix"), ("env", "env"),
        ("writable", "writable"), ("system_packages", "system_package"), ("groups", "group"), ("extras", "extra"),
    ):  # fmt: skip
        value = getattr(options, theirs)
        if value != getattr(default, theirs):
            found[ours] = value
    if "user" in found:
        found["user"] = "{}:{}".format(*options.user_ids)
    if options.entrypoint or options.cmd:
        found["command"] = (*options.entrypoint, *options.cmd)
    version = re.match(r"3\.\d+", options.python)
    if version:
        found["python"] = version[0]
    if options.port:
        found["port"] = int(options.port[0].partition("/")[0])
    if options.probe_http:
        asked = urlsplit(options.probe_http)
        found["health_ready"] = asked.path or "/"
        if asked.port and "port" not in found:
            found["port"] = asked.port
    return found


def _notes(facts: ProjectFacts, choices: Choices, changes: tuple[Change, ...], files: ProjectFiles) -> list[str]:
    notes = [f"{each.package} {each.why}, and no source imports it at once: {' '.join(each.runtime)} is not installed"
             for each in facts.idle]  # fmt: skip
    if facts.python is not None and choices.port and not (choices.health_live or choices.health_ready):
        notes.append("no health route was found: the probes only try the port; --health names one")
    for change in changes:
        names = [name for name in PLACEHOLDERS if name in change.file.text and change.kind != "kept"]
        if names:
            where = "of your copy of lightship" if len(names) == 1 else "of your copies of lightship and of its action"
            notes.append(f"{change.file.path} has {' and '.join(names)} in it: put in the address {where}")
    kept = [change.file for change in changes if change.kind == "kept"]
    if kept:
        notes.append(f"kept as they are: {', '.join(file.path for file in kept)}")
    if any(file.path == ".dockerignore" for file in kept):
        ignore = Ignore.parse(files.text(".dockerignore"))
        needed = [change.file.path for change in changes if re.fullmatch(r"deploy/\w+\.py", change.file.path)]
        notes += [
            f".dockerignore leaves out {path}, which the Dockerfile copies" for path in needed if ignore.matches(path)
        ]
    short = shortage(facts.memory, choices.runner_gb)
    return [*notes, short] if short else notes


def init_report(outcome: InitOutcome) -> Report:
    """The report of ``lightship init``."""
    facts, choices = outcome.facts, outcome.choices
    python, application = facts.python, facts.application
    document: dict[str, object] = {
        "schema": INIT_SCHEMA,
        "project": outcome.project,
        "dry_run": outcome.dry_run,
        "detected": {
            "manager": python.manager if python else None,
            "lock": python.lock if python else None,
            "python": choices.python if python else None,
            "framework": application.framework if application else None,
            "command": list(choices.command),
            "port": choices.port,
            "health": choices.health_ready or choices.health_live or None,
            "migration": list(facts.migration.command) if facts.migration else None,
            "worker": list(facts.worker.command) if facts.worker else None,
            "system_packages": list(choices.system_packages),
            "compiled": list(facts.compiled),
            "front_ends": [
                {"directory": each.directory, "kind": each.kind, "manager": each.manager, "mode": each.mode}
                for each in facts.front_ends
            ],
        },
        "memory": {
            "together_mb": facts.memory.together_mb,
            "one_by_one_mb": facts.memory.one_by_one_mb,
            "stages": [
                {"stage": each.stage, "peak_mb": each.peak_mb, "why": each.why, "cap": each.cap}
                for each in facts.memory.needs
            ],
        },
        "files": [
            {
                "path": change.file.path,
                "part": change.file.part,
                "state": change.kind,
                "purpose": change.file.purpose,
                "text": change.file.text if outcome.dry_run else None,
            }
            for change in outcome.changes
        ],
        "notes": list(outcome.notes),
    }
    return Report(schema=INIT_SCHEMA, document=document)
