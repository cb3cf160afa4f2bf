"""Is what an image starts in the image? Asked of the layers' explanations (`lightship.plan.explain`), before anything
is written or started.

Explanations have a line's worth of JSON for every file and reach ten megabytes: they are searched as bytes, and looked
at closer only when something is not found. The search for a program is execvp(3)'s.
"""

import difflib
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from lightship.config import Options
from lightship.errors import InputError, LightshipError
from lightship.findings import Finding
from lightship.flows.image_config import SYSTEM_PATH
from lightship.paths import storage_errors
from lightship.rootfs.links import resolve, resolve_on_disk

__all__ = ["check_entrypoint"]

_PYTHON = re.compile(r"python(?:3(?:\.\d+)?)?")
_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")
_MERGED = ("bin", "sbin", "lib", "lib64")
"""Names below the root that lead into ``usr``."""

_MOST_BYTES = 1 << 16
"""Of one file's explanation: a path and a link's target have 4096 bytes at most."""

_LIKELY = ("app.py", "main.py", "manage.py", "wsgi.py", "asgi.py")


def check_entrypoint(
    options: Options,
    explanations: Sequence[Path],
    *,
    image_rootfs: Path | None = None,
    base_path: str | None = None,
    project: Path | None = None,
) -> tuple[Finding, ...]:
    """Findings about the command of the image that ``explanations`` tell of, one file for each layer, bottom first.

    ``image_rootfs`` is the base image where there is one, ``base_path`` its PATH; ``project`` is where hints look.
    Raise InputError when the program is surely not in the image or cannot be run, or the module of ``python -m`` is
    nowhere in it.
    """
    argv = (*options.entrypoint, *options.cmd)
    image = _Image(explanations, image_rootfs)
    if not argv:
        return (_no_entrypoint(options, image, project),)
    _check_program(argv[0], options, image, base_path, project)
    module = _module_of(argv)
    if module is not None and image_rootfs is None and not image.has_module(module) and not _unknown_path(options):
        raise InputError(
            f"the entrypoint's module is not in the image: want {module}, got nothing of that name",
            hint=f"lock the package that has it; modules of the project are found in {options.workdir}",
        )
    return ()


class _Found(NamedTuple):
    type: str
    mode: int


class _Image:
    """The files of an image, asked for by their paths relative to the root."""

    def __init__(self, explanations: Sequence[Path], rootfs: Path | None) -> None:
        self._explanations = explanations
        self._rootfs = rootfs

    @cached_property
    def _layers(self) -> list[bytes]:
        """Top first: a path of an upper layer hides that of a lower one."""
        with storage_errors("read what is in the layers"):
            return [path.read_bytes() for path in reversed(self._explanations)]

    def find(self, path: str) -> _Found | None:
        """The file at ``path`` or where its links lead; None where there is none."""
        found = self._entry(path)
        if found is not None and found.type != "symlink":
            return found
        try:
            place = resolve(path, self._readlink)
        except LightshipError:
            return None
        return self._entry(place) or self._on_disk(path)

    def names_in(self, directory: str) -> tuple[str, ...]:
        """What lies directly in ``directory``, sorted."""
        start = re.escape(_text(f"{directory}/")[:-1])
        pattern = re.compile(rb'"path":' + start + rb'([^"/]+)","type":')
        return tuple(sorted({name.decode() for layer in self._layers for name in pattern.findall(layer)}))

    def has_module(self, name: str) -> bool:
        """True where anything might be the top-level module ``name``."""
        pattern = re.compile(rb"/" + re.escape(name.encode()) + rb'(?:/[^"]*|\.[^"/]*)","type":')
        return name in sys.stdlib_module_names or any(pattern.search(layer) for layer in self._layers)

    def _entry(self, path: str) -> _Found | None:
        start = b'"path":' + _text(path) + b',"type":"'
        for layer in self._layers:
            place = layer.find(start)
            if place >= 0:
                kind, _, rest = layer[place + len(start) : place + len(start) + 64].partition(b'"')
                return _Found(kind.decode(), int(re.findall(rb"[0-7]{4,}", rest)[0], 8))
        return None

    def _readlink(self, path: str) -> str | None:
        start = b'{"path":' + _text(path) + b',"type":"symlink"'
        for layer in self._layers:
            place = layer.find(start)
            if place >= 0:
                entry, _ = json.JSONDecoder().raw_decode(layer[place : place + _MOST_BYTES].decode("ascii"))
                return entry.get("link_target") or None
        return f"usr/{path}" if path in _MERGED and self._entry(path) is None else None

    def _on_disk(self, path: str) -> _Found | None:
        if self._rootfs is None:
            return None
        try:
            status = (self._rootfs / resolve_on_disk(self._rootfs, path)).lstat()
        except (OSError, LightshipError):
            return None
        return _Found("dir" if (status.st_mode & 0o170000) == 0o040000 else "file", status.st_mode & 0o7777)


def _check_program(program: str, options: Options, image: _Image, base_path: str | None, project: Path | None) -> None:
    places = tuple(_places(program, options, base_path))
    found: list[_Found] = []
    for place in places:
        entry = image.find(place)
        if entry is not None and entry.type != "dir" and (entry.type != "file" or entry.mode & 0o111):
            return
        found += [entry] if entry is not None else []
    if found:
        if found[0].type == "dir":
            raise InputError(f"the entrypoint is a directory: want a program, got {program}")
        raise InputError(
            f"the entrypoint cannot be run: want an executable file, got {program} of mode {found[0].mode:04o}",
            hint="chmod +x it in the project",
        )
    where = f"/{places[0]}" if "/" in program else f"{program} on PATH"
    raise InputError(
        f"the entrypoint is not in the image: want {where}, got nothing there",
        hint=_program_hint(program, options, image, project),
    )


def _places(program: str, options: Options, base_path: str | None) -> Iterator[str]:
    """Where ``program`` is looked for, relative to the root, in order."""
    workdir = options.workdir.strip("/")
    if "/" in program:
        yield _normal(program if program.startswith("/") else f"{workdir}/{program}")
        return
    path = options.env.get("PATH") or f"{options.prefix}/bin:{base_path or SYSTEM_PATH}"
    for directory in path.split(":"):
        yield _normal(f"{directory}/{program}" if directory.startswith("/") else f"{workdir}/{directory}/{program}")


def _normal(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _module_of(argv: Sequence[str]) -> str | None:
    """The top-level module that ``python … -m MODULE`` runs; None for every other command."""
    if not _PYTHON.fullmatch(PurePosixPath(argv[0]).name):
        return None
    words = iter(argv[1:])
    for word in words:
        if word == "-m":
            return next(words, "").partition(".")[0] or None
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-") or word in ("-", "-c"):
            return None
    return None


def _unknown_path(options: Options) -> bool:
    """True where modules may come from a place that no layer tells of: a zip, or what is mounted at run time."""
    return "PYTHONPATH" in options.env or "PYTHONHOME" in options.env


def _program_hint(program: str, options: Options, image: _Image, project: Path | None) -> str:
    name = PurePosixPath(program).name
    if name in _scripts(project):
        return "it is a script of the project itself, which only a wheel has: --application wheel"
    if image.find(_normal(f"{options.workdir}/{program}")) is not None:
        return f"it is in the working directory, which is not on PATH: ./{program}"
    if "/" in program and (not program.startswith("/") or program.startswith(f"{options.workdir}/")):
        return f"the project's files are in {options.workdir}, as far as they are copied"
    if "/" in program and not program.startswith(f"{options.prefix}/bin/"):
        return "name the distribution's package that has it with system-packages"
    near = difflib.get_close_matches(name, image.names_in(f"{options.prefix.strip('/')}/bin"), n=1, cutoff=0.7)
    return f"did you mean {near[0]}?" if near else _packages_hint()


def _packages_hint() -> str:
    return "lock the package that has it, or name one of the distribution with system-packages"


def _no_entrypoint(options: Options, image: _Image, project: Path | None) -> Finding:
    prefix, workdir = options.prefix.strip("/"), options.workdir.strip("/")
    commands = [[name] for name in _scripts(project) if image.find(f"{prefix}/bin/{name}") is not None]
    commands += [["python", name] for name in _LIKELY if image.find(f"{workdir}/{name}") is not None]
    return Finding(
        code="no-entrypoint",
        severity="warning",
        title="the image has no command",
        message="no entrypoint and no cmd are set: the image starts an interactive Python",
        fix=f"entrypoint = {json.dumps(commands[0])} in [image] of lightship.toml" if commands else None,
    )


def _scripts(project: Path | None) -> tuple[str, ...]:
    """The names of ``[project.scripts]``, sorted; none where they cannot be read."""
    if project is None:
        return ()
    try:
        top = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
        return tuple(sorted(top["project"]["scripts"]))
    except (OSError, ValueError, LookupError, TypeError):  # a hint less
        return ()


def _text(path: str) -> bytes:
    """``path`` as the explanations write it."""
    return json.dumps(path).encode()
