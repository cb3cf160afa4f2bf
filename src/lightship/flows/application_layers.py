"""The top of an image: the environment that packages are installed into, and the project's own files.

They are small and change most often, so they are the layers that a changed line costs.
"""

from collections.abc import Iterable, Sequence

from lightship.archive.content import Inline, Stored
from lightship.build.application import Application
from lightship.build.venv import environment
from lightship.config import Options
from lightship.ecosystem.python.interpreter import Interpreter, Scheme
from lightship.errors import InputError
from lightship.paths import parents
from lightship.plan.layering import LayerRecipe, Parts
from lightship.plan.model import Entry, LayerPlan
from lightship.plan.parts import cut, directories
from lightship.store.cache import cache_key

__all__ = ["application_recipe", "environment_recipe"]

_VERSION = 1
"""Raised when the same project gives another layer."""


def environment_recipe(scheme: Scheme, interpreter: Interpreter) -> LayerRecipe:
    """The layer with ``pyvenv.cfg`` and the interpreter's links."""
    entries = environment(scheme, interpreter)
    key = cache_key("environment", _VERSION, *(part for entry in entries for part in _identity(entry)))

    def make() -> LayerPlan:
        return LayerPlan(name="environment", key=key, entries=entries, created_by=f"environment /{scheme.prefix}")

    return LayerRecipe(name="environment", key=key, packages=(), make=make)


def application_recipe(application: Application, options: Options) -> LayerRecipe:
    """The layer with the project's files, its working directory and the directories that it writes to."""
    made = tuple(entry for entry in _directories(options) if entry.path not in application.files)
    key = cache_key("application", _VERSION, application.key, *(part for entry in made for part in _identity(entry)))
    created_by = f"application in {options.workdir}"

    def make() -> LayerPlan:
        return LayerPlan(
            name="application",
            key=key,
            entries=(*application.entries, *made),
            created_by=created_by,
            dropped=application.dropped,
        )

    parts = _parts(application, made, created_by)
    return LayerRecipe(name="application", key=key, packages=(), make=make, parts=parts)


def _parts(application: Application, made: Sequence[Entry], created_by: str) -> Parts:
    """The directories, of which ``made`` are more than holders of files, then the files in groups."""
    holders = _holders(application.files, made)
    groups = cut(application.files)
    keys = [cache_key("application", *holders, "|", repr([_identity(entry) for entry in made]))]
    keys += [cache_key("application", repr([(path, application.files[path]) for path in group])) for group in groups]

    def entries(number: int) -> tuple[Entry, ...]:
        if number:
            return tuple(map(application.entry, groups[number - 1]))
        return directories((*made, *map(_holder, holders)))

    return Parts(
        keys=tuple(keys),
        make=lambda missing: [*map(entries, missing)],
        created_by=created_by,
        dropped=application.dropped,
    )


def _holders(files: Iterable[str], made: Sequence[Entry]) -> list[str]:
    """The directories above ``files``, sorted, but for those that are ``made``."""
    direct = {path.rpartition("/")[0] for path in files} - {""}
    found = direct.union(*map(parents, direct))
    for entry in made:
        below = next((path for path in parents(entry.path) if path in files), None)
        if below is not None:
            raise InputError(f"path is a file and holds others in one layer: {below}")
    return sorted(found.difference(entry.path for entry in made))


def _holder(path: str) -> Entry:
    return Entry(path=path, type="dir", mode=0o755, owner="lightship", why="holds others")


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
