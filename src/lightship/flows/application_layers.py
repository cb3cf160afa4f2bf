"""The top of an image: the environment that packages are installed into, and the project's own files.

They are small and change most often, so they are the layers that a changed line costs.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence

from lightship.archive.content import Inline, Stored
from lightship.build.application import Application
from lightship.build.venv import environment
from lightship.config import Options
from lightship.ecosystem.python.interpreter import Interpreter, Scheme
from lightship.errors import InputError
from lightship.paths import parents
from lightship.plan.layering import LayerRecipe, Parts, application_bins
from lightship.plan.model import Entry, LayerPlan
from lightship.plan.parts import PARTS_VERSION, cut
from lightship.store.cache import cache_key
from lightship.values import dataclass

__all__ = ["ApplicationLayers", "application_recipes", "environment_recipe"]

_VERSION = 2
"""Raised when the same project gives another layer."""


def environment_recipe(scheme: Scheme, interpreter: Interpreter) -> LayerRecipe:
    """The layer with ``pyvenv.cfg`` and the interpreter's links."""
    entries = environment(scheme, interpreter)
    key = cache_key("environment", _VERSION, *(part for entry in entries for part in _identity(entry)))

    def make() -> LayerPlan:
        return LayerPlan(name="environment", key=key, entries=entries, created_by=f"environment /{scheme.prefix}")

    return LayerRecipe(name="environment", key=key, packages=(), make=make)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationLayers:
    """How the layers of an application are cut. ``bins`` are the paths of each, sorted; ``made`` are directories that
    are more than holders of files: what holds others is written in every layer, and must be the same in all."""

    application: Application
    bins: tuple[tuple[str, ...], ...]
    made: Mapping[str, Entry]

    @classmethod
    def of(cls, application: Application, options: Options) -> "ApplicationLayers":
        """The layers of ``application``; raise InputError where a file of it should be a directory."""
        made = {entry.path: entry for entry in _directories(options) if entry.path not in application.files}
        for path in made:
            below = next((parent for parent in parents(path) if parent in application.files), None)
            if below is not None:
                raise InputError(f"path is a file and holds others in one layer: {below}")
        bins = application_bins(application.files, application.unpacked_bytes)
        return cls(application=application, bins=bins, made=made)

    def name(self, number: int, of: str = "application") -> str:
        """What layer ``number`` is called."""
        return f"{of}-{number}" if len(self.bins) > 1 else of

    def holders(self, paths: Iterable[str], further: Iterable[str] = ()) -> list[str]:
        """The directories above ``paths``, and the ``further`` ones with those above them; sorted."""
        direct = {path.rpartition("/")[0] for path in paths}.union(further) - {""}
        return sorted(direct.union(*map(parents, direct)))

    def directory(self, path: str) -> Entry:
        """The directory ``path``, as every layer has it."""
        return self.made.get(path) or Entry(path=path, type="dir", mode=0o755, owner="lightship", why="holds others")

    def key(self, told: Mapping[str, str]) -> str:
        """What names files that are as ``told``, by path, with the directories that hold them."""
        made = repr([*map(_identity, self.made.values())])
        rows = "\0".join(part for row in told.items() for part in row).encode("utf-8", "surrogateescape")
        return cache_key("application", rows, made)


def application_recipes(layers: ApplicationLayers, options: Options) -> tuple[LayerRecipe, ...]:
    """The layers with the project's files; in the first are its working directory and the directories that it writes
    to."""
    created_by = f"application in {options.workdir}"
    return tuple(
        _recipe(layers, number, paths, created_by)
        for number, paths in enumerate(layers.bins)
        if paths or (number == 0 and layers.made)
    )


def _recipe(layers: ApplicationLayers, number: int, paths: Sequence[str], created_by: str) -> LayerRecipe:
    application = layers.application
    dropped = application.dropped if number == 0 else ()
    losses = repr([(drop.path, drop.unpacked_bytes) for drop in dropped])
    told = {path: application.files[path] for path in paths}
    key = cache_key("application", _VERSION, PARTS_VERSION, layers.key(told), number == 0, losses)
    name = layers.name(number)

    @functools.cache
    def parts() -> Parts:
        holders = layers.holders(paths, layers.made if number == 0 else ())
        groups = cut(paths)
        keys = [cache_key("application", "directories", *holders, layers.key({}))]
        keys += [layers.key({path: told[path] for path in group}) for group in groups]

        def part(number: int) -> tuple[Entry, ...]:
            return tuple(map(application.entry, groups[number - 1]) if number else map(layers.directory, holders))

        def make(missing: Sequence[int]) -> list[tuple[Entry, ...]]:
            return [*map(part, missing)]

        return Parts(keys=tuple(keys), make=make, created_by=created_by, dropped=dropped)

    def make() -> LayerPlan:
        made = parts()
        entries = tuple(entry for part in made.make(range(len(made.keys))) for entry in part)
        return LayerPlan(name=name, key=key, entries=entries, created_by=created_by, dropped=dropped)

    return LayerRecipe(name=name, key=key, packages=(), make=make, parts=parts)


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
