"""The top of an image: the environment that packages are installed into, and the project's own files.

They are small and change most often, so they are the layers that a changed line costs.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from lightship.archive.content import Inline, Stored
from lightship.base.lock_name import LOCK_NAME
from lightship.build.application import Application, read_application
from lightship.build.venv import environment
from lightship.config import Options
from lightship.ecosystem.python.interpreter import Interpreter, Scheme
from lightship.findings import Finding
from lightship.flows.request import STARTUP_LOCK, BuildRequest
from lightship.oci.reference import Reference
from lightship.paths import parents
from lightship.plan.layering import LayerRecipe, Parts
from lightship.plan.model import Dropped, Entry, LayerPlan
from lightship.plan.parts import cut, directories
from lightship.store.cache import Cache, cache_key

__all__ = [
    "application_mode",
    "application_recipe",
    "entrypoint_programs",
    "environment_recipe",
    "has_programs",
    "read_project_files",
]

_VERSION = 1
"""Raised when the same project gives another layer."""

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


def read_project_files(request: BuildRequest, cache: Cache | None = None) -> Application:
    """The project's files as entries; none of them for a project that is built as a wheel or left out.

    What lightship itself reads and writes in a project stays out: a build must not change its own input. With ``cache``
    only files that changed are read.
    """
    options = request.options
    mode = application_mode(options, request.project)
    if mode != "copy":
        findings = (_chosen_wheel(),) if options.application is None else ()
        return Application(entries=(), key=mode, findings=findings)
    own = [request.project / name for name in _OWN_FILES]
    # archives that earlier builds wrote here; layouts are known by what is in them
    own += [path for output in request.outputs if (path := Reference.parse(output).path) is not None]
    return read_application(
        request.project,
        prefix=options.workdir.strip("/"),
        leave_out=own,
        started_with=(*options.entrypoint, *options.cmd, *options.env.values(), options.probe_requests or ""),
        cache=cache,
    )


def environment_recipe(scheme: Scheme, interpreter: Interpreter) -> LayerRecipe:
    """The layer with ``pyvenv.cfg`` and the interpreter's links."""
    entries = environment(scheme, interpreter)
    key = cache_key("environment", _VERSION, *(part for entry in entries for part in _identity(entry)))

    def make() -> LayerPlan:
        return LayerPlan(name="environment", key=key, entries=entries, created_by=f"environment /{scheme.prefix}")

    return LayerRecipe(name="environment", key=key, packages=(), make=make)


def application_recipe(application: Application, options: Options) -> LayerRecipe:
    """The layer with the project's files, its working directory and the directories that it writes to."""
    taken = {entry.path for entry in application.entries}
    made = [entry for entry in _directories(options) if entry.path not in taken]
    entries = (*application.entries, *made)
    key = cache_key("application", _VERSION, application.key, *(part for entry in made for part in _identity(entry)))
    created_by = f"application in {options.workdir}"

    def make() -> LayerPlan:
        return LayerPlan(
            name="application", key=key, entries=entries, created_by=created_by, dropped=application.dropped
        )

    parts = _parts(entries, created_by, application.dropped)
    return LayerRecipe(name="application", key=key, packages=(), make=make, parts=parts)


def _parts(entries: tuple[Entry, ...], created_by: str, dropped: tuple[Dropped, ...]) -> Parts:
    """The directories, then the files in groups."""
    by_path = {entry.path: entry for entry in entries if entry.type != "dir"}
    groups = [directories(entries), *(tuple(by_path[path] for path in group) for group in cut(by_path))]
    keys = (cache_key("application", repr([_identity(entry) for entry in group])) for group in groups)
    return Parts(
        keys=tuple(keys),
        make=lambda missing: [groups[number] for number in missing],
        created_by=created_by,
        dropped=dropped,
    )


def entrypoint_programs(application: Application, options: Options) -> tuple[str, ...]:
    """Interpreters that the entrypoint's script names in its first line: ``/bin/bash``; they belong into the base."""
    if not options.entrypoint:
        return ()
    program = options.entrypoint[0]
    if not program.startswith("/"):
        program = f"{options.workdir}/{program}" if "/" in program else program
    wanted = program.strip("/").replace("/./", "/")
    found = [entry for entry in application.entries if entry.path == wanted and entry.content is not None]
    programs = [_shebang(entry) for entry in found]
    if not found and program.startswith(("/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/")):
        programs.append(program)
    elif options.entrypoint[0] in ("sh", "bash", "dash"):
        programs.append(f"/bin/{options.entrypoint[0]}")
    return tuple(sorted({name for name in programs if name and "python" not in name}))


def has_programs(application: Application) -> bool:
    """Whether the project brings shared objects or programs that are no scripts: what they ask for is not known."""
    from lightship.archive.inflate import Containers
    from lightship.plan.reading import read_head

    with Containers() as containers:
        return any(
            bytes(read_head(entry.content, 4, containers)) == b"\x7fELF"
            for entry in application.entries
            if entry.content is not None
            and not entry.path.endswith((".py", ".sh"))
            and (entry.mode & 0o111 or ".so" in entry.path)
        )


def _shebang(entry: Entry) -> str:
    from lightship.archive.content import Inline
    from lightship.archive.inflate import Containers
    from lightship.plan.reading import read_head

    if entry.content is None or isinstance(entry.content, Inline):
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


def _directories(options: Options) -> Iterable[Entry]:
    """The working directory, and what must be writable: by anyone, since a platform may choose the user."""
    workdir = options.workdir.strip("/")
    wanted = {path.strip("/"): 0o1777 for path in options.writable}
    wanted.setdefault(workdir, 0o755)
    for path in list(wanted):
        for parent in parents(path):
            if parent == workdir or parent.startswith(f"{workdir}/"):
                wanted.setdefault(parent, 0o755)
    for path in sorted(wanted):
        why = "writable at run time" if wanted[path] == 0o1777 else "the working directory"
        yield Entry(path=path, type="dir", mode=wanted[path], owner="lightship", why=why)


def _identity(entry: Entry) -> tuple[str | int | bytes, ...]:
    content = entry.content
    made = content.content if isinstance(content, Inline) else b""
    sha256 = (content.sha256 or "") if isinstance(content, Stored) else ""
    told = entry.path, entry.type, entry.mode, entry.link_target, entry.owner, entry.why
    return (*told, made, sha256, entry.unpacked_bytes)
