"""Whether a directory is what a build wrote, or the project that it was built from: only the first is for browsers.

Told by the names that lie in it, without reading a file. A page at the top says that it is a site, whatever lies beside
it, but for Vite, whose project has its page there, and for ``node_modules``, which no site has.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from lightship.errors import LightshipError, UsageError
from lightship.paths import storage_errors
from lightship.values import dataclass

__all__ = ["Project", "check_is_output", "check_is_static", "find_project"]

_SIGNS = (
    "pyproject.toml", "setup.py", "requirements.txt", "uv.lock", "poetry.lock", "manage.py", "package-lock.json",
    "npm-shrinkwrap.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", "yarn.lock", "bun.lock", "bun.lockb", "deno.lock",
    "tsconfig.json", "turbo.json", "go.mod", "Cargo.toml", "Gemfile", "composer.json", "pom.xml",
    ".git", ".hg", ".svn",
)  # fmt: skip
"""Any of them says it. ``package.json`` alone does not: bundlers write one, and a Node server has one."""
_SOURCES = ("src", "app", "pages", "components", "lib", "packages", "apps")
_DEVELOPED = ("src", "app", "pages", "packages", "apps")
"""Beside ``package.json`` it is a project's; a library's bundle has that file too, beside ``lib`` or ``components``."""
_CONFIGURATIONS = tuple(
    f"{tool}.config.{suffix}"
    for tool in ("next", "vite", "nuxt", "svelte", "astro", "webpack", "rollup", "vue", "angular")
    for suffix in ("js", "ts", "mjs", "mts", "cjs")
)
_SERVERS = frozenset({"server.js", "server.mjs", "BUILD_ID", "index.mjs"})
"""What Next.js, Nitro and others start, beside the packages that it needs; and Next's own folder."""
_VITE = tuple(name for name in _CONFIGURATIONS if name.startswith("vite."))
_OUTPUTS = (
    "out", "dist", "build", ".output/public", "build/client", "dist/client", "_site", "site", "www",
    ".vitepress/dist", "storybook-static", "public",
)  # fmt: skip
"""Where builds write what browsers get. The first that look like it are named."""
_OWN_PUBLIC = ("composer.json", "Gemfile", "hugo.toml", "config.toml", *(
    f"gatsby-config.{suffix}" for suffix in ("js", "ts", "mjs", "cjs")
))  # fmt: skip
"""Whose ``public`` is served; with ``package.json`` and none of them it is what a bundler copies from."""
_SIDES = ("public", "client", "browser")
_ENTRIES = ("index.mjs", "index.js", "entry.mjs", "server.mjs")
"""What starts, below ``server``, a build that has a folder for browsers beside: Nitro, SvelteKit, Astro, Angular."""
_PARTS = ("web", "frontend", "front", "client", "ui", "www", "app", "apps", "packages", "site", "docs")
"""Folders of a project that has more parts than its front end."""
_LOOKS = frozenset({"index.html", "assets", "chunks", "_next", "_app", "js", "css"})
_MOST_NAMED = 3
_MOST_FOLDERS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """``sign`` is the name that tells it; ``outputs`` are folders below ``root`` that look like what its build
    wrote."""

    root: Path
    sign: str
    outputs: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """What to name instead."""
        if not self.outputs:
            return "build it, and name the folder that the build wrote, such as out, dist or build"
        return f"name what was built from it: {' or '.join(str(self.root / output) for output in self.outputs)}"


def find_project(root: Path, *, wanted: tuple[str, ...]) -> Project | None:
    """The project that ``root`` is, or None: for a build's output, and for what is no directory, of which others tell.
    ``wanted`` are folders that the caller would take, named first where they are there. Raise StorageError for a
    directory that cannot be listed."""
    names = _names(root)
    sign = _sign(names)
    if sign is None:
        return None
    outputs: list[str] = []
    with contextlib.suppress(LightshipError, OSError):  # a folder that may not be looked into is not named
        outputs.extend(_outputs(root, wanted))
    return Project(root=root, sign=sign, outputs=tuple(outputs[:_MOST_NAMED]))


def check_is_output(root: Path, *, wanted: tuple[str, ...]) -> None:
    """Raise UsageError where ``root`` is a project, with what to name instead."""
    project = find_project(root, wanted=wanted)
    if project is not None:
        raise UsageError(
            f"{root} is the project (it has {project.sign}), not what a build made of it", hint=project.hint
        )


def check_is_static(root: Path) -> None:
    """Raise UsageError where ``root`` is a project, or a server with its packages: what browsers get is a part of
    it."""
    check_is_output(root, wanted=(".next/static",))
    names = _names(root)
    if "BUILD_ID" in names and {"server", "static"} <= names:
        raise UsageError(f"{root} is Next's whole build, with the server's code", hint=f"name {root / 'static'}")
    side = _first(_SIDES, names) if "server" in names and "index.html" not in names else None
    if side is not None and any((root / "server" / entry).is_file() for entry in _ENTRIES):
        raise UsageError(f"{root} has a server's code beside what browsers get", hint=f"name {root / side}")
    if "node_modules" in names:
        found = [str(root / path) for path in (".next/static", "public") if (root / path).is_dir()]
        raise UsageError(
            f"{root} is a Node server, not static files",
            hint=f"name {' or '.join(found)}" if found else "name the folder that its browsers are given",
        )


def _names(root: Path) -> frozenset[str]:
    if not root.is_dir():
        return frozenset()
    with storage_errors(f"list {root}"):
        return frozenset(os.listdir(root))  # noqa: PTH208 - names alone


def _sign(names: frozenset[str]) -> str | None:
    vite = _first(_VITE, names)
    served = bool(names & _SERVERS)
    if "node_modules" in names and not served:
        return "node_modules"
    if "index.html" in names and vite is None:
        return None
    if served and ("node_modules" in names or names.isdisjoint((*_SOURCES, *_CONFIGURATIONS))):
        return None  # with its packages: a server's image has its sources too
    if (found := _first((*_SIGNS, *_CONFIGURATIONS), names)) is not None:
        return found
    return "package.json" if "package.json" in names and not names.isdisjoint(_DEVELOPED) else None


def _first(wanted: Iterable[str], names: frozenset[str]) -> str | None:
    return next((name for name in wanted if name in names), None)


def _outputs(root: Path, wanted: tuple[str, ...]) -> Iterator[str]:
    """Folders of ``root`` and of its parts that look like what browsers get."""
    yield from _outputs_of(root, "", wanted)
    for part in _PARTS:
        yield from _outputs_of(root, f"{part}/", wanted)
        if part in ("apps", "packages"):
            for name in sorted(_names(root / part))[:_MOST_FOLDERS]:
                yield from _outputs_of(root, f"{part}/{name}/", wanted)


def _outputs_of(root: Path, part: str, wanted: tuple[str, ...]) -> Iterator[str]:
    names = _names(root / part)
    for output in wanted:
        if (root / part / output).is_dir():
            # a server of Next has the prefix in its own file as well
            yield part.rstrip("/") if part and output == ".next" and names & _SERVERS else part + output
    for output in _OUTPUTS:
        is_source = output == "public" and "package.json" in names and names.isdisjoint(_OWN_PUBLIC)
        if not is_source and _names(root / part / output) & _LOOKS:
            yield part + output
