"""Which files of a project get into its image, and what can be told of them before anything is built."""

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from lightship.base.lock_name import LOCK_NAME
from lightship.build.application import Application, read_application
from lightship.config import Options
from lightship.findings import Finding
from lightship.flows.request import STARTUP_LOCK, BuildRequest
from lightship.oci.reference import Reference
from lightship.plan.model import Entry
from lightship.store.cache import Cache

__all__ = ["application_mode", "entrypoint_programs", "read_project_files"]

_OWN_FILES = ("lightship.toml", LOCK_NAME, STARTUP_LOCK)


def application_mode(options: Options, project: Path) -> Literal["copy", "wheel", "none"]:
    """How the code of the project in directory ``project`` gets into the image: as asked, else told by its layout.

    Code in ``src`` is found by nothing when it is copied, so a project that says how it is built becomes a wheel. One
    whose command or PYTHONPATH names files of the project itself is copied all the same: a wheel would not have them.
    """
    if options.application is not None:
        return options.application
    wheel = _is_src_layout(project) and not _names_project_files(options, project)
    return "wheel" if wheel else "copy"


def read_project_files(
    request: BuildRequest, cache: Cache | None = None, met: Callable[[str, str], object] | None = None
) -> Application:
    """The project's files as entries; none of them for a project that is built as a wheel or left out.

    What lightship itself reads and writes in a project stays out: a build must not change its own input. With ``cache``
    only files that changed are read, and ``met`` is told of them (`read_application`).
    """
    options = request.options
    mode = application_mode(options, request.project)
    if mode != "copy":
        findings = (_chosen_wheel(),) if options.application is None else ()
        return Application(key=mode, findings=findings)
    own = [request.project / name for name in _OWN_FILES]
    # archives that earlier builds wrote here; layouts are known by what is in them
    own += [path for output in request.outputs if (path := Reference.parse(output).path) is not None]
    return read_application(
        request.project,
        prefix=options.workdir.strip("/"),
        leave_out=own,
        started_with=(*options.entrypoint, *options.cmd, *options.env.values(), options.probe_requests or ""),
        cache=cache,
        met=met,
    )


def entrypoint_programs(application: Application, options: Options) -> tuple[str, ...]:
    """Interpreters that the entrypoint's script names in its first line: ``/bin/bash``; they belong into the base."""
    if not options.entrypoint:
        return ()
    program = options.entrypoint[0]
    if not program.startswith("/"):
        program = f"{options.workdir}/{program}" if "/" in program else program
    wanted = program.strip("/").replace("/./", "/")
    found = [entry for entry in application.find(wanted) if entry.content is not None]
    programs = [_shebang(entry) for entry in found]
    if not found and program.startswith(("/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/")):
        programs.append(program)
    elif options.entrypoint[0] in ("sh", "bash", "dash"):
        programs.append(f"/bin/{options.entrypoint[0]}")
    return tuple(sorted({name for name in programs if name and "python" not in name}))


def _shebang(entry: Entry) -> str:
    from lightship.archive.inflate import Containers
    from lightship.plan.reading import read_head

    if entry.content is None:
        return ""
    with Containers() as containers:
        line = bytes(read_head(entry.content, 256, containers)).partition(b"\n")[0]
    if not line.startswith(b"#!"):
        return ""
    words = line[2:].decode(errors="replace").split()
    if words and words[0].endswith("/env"):
        names = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        return f"/bin/{names[0]}" if names else ""
    return words[0] if words else ""


def _is_src_layout(project: Path) -> bool:
    """True for a named project with ``[build-system]`` and a package in ``src``."""
    source = project / "src"
    if not source.is_dir():
        return False
    try:
        top = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # whoever needs it says what is wrong with it
        return False
    name = next((name for table in _named_tables(top) if isinstance(name := table.get("name"), str)), "")
    if "build-system" not in top or not name:
        return False
    own = source / name.replace("-", "_").replace(".", "_").lower()
    return own.is_dir() or own.with_suffix(".py").is_file() or any(source.glob("*/__init__.py"))


def _named_tables(top: dict[str, object]) -> Iterable[dict[str, object]]:
    tool = top.get("tool")
    for table in (top.get("project"), tool.get("poetry") if isinstance(tool, dict) else None):
        if isinstance(table, dict):
            yield table


def _names_project_files(options: Options, project: Path) -> bool:
    words = [*options.entrypoint, *options.cmd, *options.env.get("PYTHONPATH", "").split(":")]
    inside = (word.removeprefix(f"{options.workdir.rstrip('/')}/") for word in words)
    return any(word and not word.startswith(("/", "-")) and (project / word).exists() for word in inside)


def _chosen_wheel() -> Finding:
    return Finding(
        code="application-wheel",
        severity="note",
        title="the project is built as a wheel",
        message="the project's code lies in src, so it is built as a wheel and its other files are not copied",
        fix="if they are needed: --application copy, and PYTHONPATH=src for the code",
    )
