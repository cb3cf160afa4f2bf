"""Everything that is known of a project by looking at it, as one value."""

import re
from dataclasses import dataclass, field

from lightship.ecosystem.project.application import Application, find_application, find_worker
from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.memory import Demand, estimate_memory
from lightship.ecosystem.project.migrations import Migration, find_migration
from lightship.ecosystem.project.node import FrontEnd, find_front_ends
from lightship.ecosystem.project.python import PythonProject, detect_python
from lightship.ecosystem.project.routes import Health, find_health, find_port
from lightship.ecosystem.project.server import Server, serve, work
from lightship.ecosystem.project.system_libraries import NO_LINUX_WHEELS, SystemNeed, build_needs, runtime_needs

__all__ = ["ProjectFacts", "detect"]

_PLAIN = re.compile(r"[A-Za-z0-9._/@+-]*")
"""Folders whose names mean themselves in a Dockerfile, a shell and a Makefile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFacts:
    """What a project is. ``port_from`` says whence the port is known; ``compiled`` are packages that are built from
    source; ``notes`` are sentences for the person."""

    python: PythonProject | None = None
    application: Application | None = None
    server: Server | None = None
    worker: Server | None = None
    port: int = 8000
    port_from: str = ""
    health: Health = field(default_factory=Health)
    migration: Migration | None = None
    front_ends: tuple[FrontEnd, ...] = ()
    served_front_ends: tuple[FrontEnd, ...] = ()
    """Front ends whose output the Python application serves itself."""
    system: tuple[SystemNeed, ...] = ()
    idle: tuple[SystemNeed, ...] = ()
    """Programs that a package of the lock would start, where no source of the application imports that package
    unconditionally: left out, and named to the person."""
    build: tuple[SystemNeed, ...] = ()
    compiled: tuple[str, ...] = ()
    memory: Demand = field(default_factory=lambda: Demand(needs=()))
    notes: tuple[str, ...] = ()


def detect(files: ProjectFiles) -> ProjectFacts:
    """Look at a project. The cost is that of reading its sources and parsing those that name a framework."""
    found = find_front_ends(files)
    front_ends = tuple(each for each in found if _PLAIN.fullmatch(each.directory))
    odd = tuple(f"the front end in {each.directory!r:.80} is left out: its folder's name is no plain word"
                for each in found if each not in front_ends)  # fmt: skip
    odd += tuple(
        f"{each.directory or 'the front end'} is configured to be built into {each.elsewhere}, out of its own folder: "
        f"the files here take it from {each.output}"
        for each in front_ends
        if each.elsewhere
    )
    python = detect_python(files)
    if python is None:
        memory = estimate_memory(front_ends, (), python=False)
        return ProjectFacts(front_ends=front_ends, port=3000, memory=memory, notes=odd)
    application = find_application(files, python)
    port, port_from = find_port(files, application)
    server = serve(application, python, files, port) if application is not None else None
    worker = find_worker(files, python)
    compiled = python.locked.sdist_only | (NO_LINUX_WHEELS & python.locked.versions.keys())
    names = python.locked.versions.keys()
    needs = tuple(runtime_needs(names, python.locked.sdist_only))
    idle = tuple(each for each in needs if each.program and not _imports(files, each.package))
    return ProjectFacts(
        python=python,
        application=application,
        server=server,
        worker=work(worker) if worker is not None else None,
        port=port,
        port_from=port_from,
        health=find_health(files, application),
        migration=find_migration(files, python, application),
        front_ends=front_ends,
        served_front_ends=tuple(each for each in front_ends if _serves(files, each)),
        system=tuple(each for each in needs if each not in idle),
        idle=idle,
        build=tuple(build_needs(names, python.locked.sdist_only)),
        compiled=tuple(sorted(compiled)),
        memory=estimate_memory(front_ends, compiled),
        notes=(*_notes(python, application, server), *odd),
    )


def _serves(files: ProjectFiles, front_end: FrontEnd) -> bool:
    """Whether a source of the application names the folder that the front end is built into."""
    if front_end.mode != "static" or not front_end.directory:
        return False
    folder = front_end.directory.rpartition("/")[2]
    names = (f"{folder}/{front_end.output}".encode(), f'"{folder}" / "{front_end.output}"'.encode())
    return any(name in files.bytes_of(path) for path in files.sources() for name in names)


def _imports(files: ProjectFiles, package: str) -> bool:
    """Whether a source imports ``package`` by its usual name whenever it is loaded: what a function imports is for a
    feature that may be missing."""
    module = {"gitpython": "git", "openai-whisper": "whisper", "ffmpeg-python": "ffmpeg"}.get(package, package)
    pattern = re.compile(rb"^(?:import|from)\s+" + module.replace("-", "_").encode() + rb"\b", re.MULTILINE)
    return any(pattern.search(files.bytes_of(path)) for path in files.sources())


def _notes(python: PythonProject, application: Application | None, server: Server | None) -> list[str]:
    notes = []
    if python.lock is None:
        notes.append("the project has no lock: what is built today is not what is built tomorrow")
    elif not python.locked.hashes:
        notes.append(f"{python.lock} has no hashes: nothing says that a package is the one that was tested")
    if python.lock == "pdm.lock":
        notes.append("lightship build reads no pdm.lock: pdm export -o requirements.txt makes one that it reads")
    if application is None:
        notes.append("no application was found: name its command with --entrypoint")
    if server is not None and server.note:
        notes.append(server.note)
    return notes
