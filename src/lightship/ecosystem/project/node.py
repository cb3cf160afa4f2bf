"""Front ends of a project: every ``package.json`` that builds with Next.js, Vite or Create React App.

The package manager is told by its lock, as Corepack and the managers' own documents have it
(https://nodejs.org/api/corepack.html); what Next.js puts out by ``output`` of its configuration
(https://nextjs.org/docs/app/api-reference/config/next-config-js/output, version 16).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.toml_walk import as_table, as_text

__all__ = ["FrontEnd", "NodeManager", "find_front_ends"]

NodeManager = Literal["pnpm", "yarn", "npm", "bun"]

_LOCKS: tuple[tuple[str, NodeManager], ...] = (
    ("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lock", "bun"), ("bun.lockb", "bun"),
    ("package-lock.json", "npm"), ("npm-shrinkwrap.json", "npm"),
)  # fmt: skip
_CURRENT = 22
"""Node.js 22: long-term support until April 2027 (https://github.com/nodejs/release, read November 2026)."""


_USUAL = {"next": "out", "react-scripts": "build", "vite": "dist"}
"""Where static files are built into when nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEnd:
    """``directory`` is where its package.json is, empty for the root. ``output`` is the folder of static files
    relative to it; ``mode`` says how it is served: ``static`` files, Next's ``standalone`` server, or ``server`` with
    all its packages. ``script`` is the build script's name, ``heap_mb`` what it asks of Node by itself."""

    directory: str
    kind: Literal["next", "vite", "react-scripts"]
    manager: NodeManager
    lock: str | None
    node: int
    output: str
    mode: Literal["static", "standalone", "server"]
    script: str = "build"
    manager_version: str = ""
    heap_mb: int | None = None
    packages: int = 0
    elsewhere: str = ""
    """A folder out of the front end's own that its configuration names: no stage of its own fills that."""

    def path(self, name: str) -> str:
        """``name`` below the front end's directory."""
        return f"{self.directory}/{name}" if self.directory else name


def find_front_ends(files: ProjectFiles) -> tuple[FrontEnd, ...]:
    """Front ends, the shallow first."""
    found = (_front_end(files, path) for path in files.named(["package.json"]))
    return tuple(each for each in found if each is not None)


def _front_end(files: ProjectFiles, path: str) -> FrontEnd | None:
    package, directory = files.json(path), path.rpartition("/")[0]
    scripts = as_table(package.get("scripts"))
    needed = {**as_table(package.get("dependencies")), **as_table(package.get("devDependencies"))}
    build = as_text(scripts.get("build"))
    kind: Literal["next", "vite", "react-scripts"]
    if "next" in needed and "next" in build:
        kind = "next"
    elif "vite" in needed and "vite" in build:
        kind = "vite"
    elif "react-scripts" in needed:
        kind = "react-scripts"
    else:
        return None
    prefix = f"{directory}/" if directory else ""
    lock, manager = _lock(files, prefix)
    named = re.fullmatch(r"(pnpm|yarn|npm|bun)@(\d[\w.-]*)(?:\+.*)?", as_text(package.get("packageManager")))
    mode, output = _output(files, prefix, kind)
    leads_out = PurePosixPath(output).is_absolute() or ".." in output.split("/")
    return FrontEnd(
        directory=directory,
        kind=kind,
        manager=manager if lock or named is None else _manager(named[1]),
        lock=lock,
        node=_node(files, prefix, package),
        output=_USUAL[kind] if leads_out else output,
        elsewhere=output if leads_out else "",
        mode=mode,
        script="build:docker" if "build:docker" in scripts else "build",
        manager_version=named[2] if named else "",
        heap_mb=_heap(build, as_text(files.text(f"{prefix}Dockerfile"))),
        packages=_packages(files.text(lock) if lock else "", manager),
    )


def _lock(files: ProjectFiles, prefix: str) -> tuple[str | None, NodeManager]:
    for name, manager in _LOCKS:
        if f"{prefix}{name}" in files:
            return f"{prefix}{name}", manager
    return None, "npm"


def _manager(name: str) -> NodeManager:
    return next(manager for _, manager in _LOCKS if manager == name)


def _output(files: ProjectFiles, prefix: str, kind: str) -> tuple[Literal["static", "standalone", "server"], str]:
    """How what was built is served, and the folder it is in."""
    if kind == "next":
        names = (f"{prefix}next.config.{ending}" for ending in ("ts", "mjs", "js", "cjs", "mts"))
        config = next((files.text(name) for name in names if name in files), "")
        match = re.search(r"""^[^/\n]*\boutput\s*:\s*["'](standalone|export)["']""", config, re.MULTILINE)
        if match is None:
            return "server", ".next"
        folder = re.search(r"""\bdistDir\s*:\s*["']([\w./-]+)["']""", config)
        if match[1] == "export":
            return "static", folder[1] if folder else _USUAL[kind]
        return "standalone", ".next"
    if kind == "react-scripts":
        return "static", _USUAL[kind]
    names = (f"{prefix}vite.config.{ending}" for ending in ("ts", "mts", "js", "mjs", "cjs"))
    config = next((files.text(name) for name in names if name in files), "")
    folder = re.search(r"""\boutDir\s*:\s*["']([\w./-]+)["']""", config)
    return "static", folder[1].removeprefix("./") if folder else _USUAL[kind]


def _node(files: ProjectFiles, prefix: str, package: Mapping[str, object]) -> int:
    """``.nvmrc``, ``.node-version``, then ``engines``: its lowest version, or the current one where that fits."""
    for name in (".nvmrc", ".node-version"):
        match = re.match(r"\s*v?(\d{2})(?:\.|\s|$)", files.text(f"{prefix}{name}") or files.text(name))
        if match:
            return int(match[1])
    lowest = re.search(r"(\d{2})", as_text(as_table(package.get("engines")).get("node")))
    return max(_CURRENT, int(lowest[1])) if lowest else _CURRENT


def _heap(build: str, dockerfile: str) -> int | None:
    """``--max-old-space-size`` where the project itself says it."""
    match = re.search(r"--max[-_]old[-_]space[-_]size[= ](\d+)", f"{build}\n{dockerfile}")
    return int(match[1]) if match else None


def _packages(lock: str, manager: NodeManager) -> int:
    """How many packages the lock has, roughly: how much a bundler may have to hold."""
    lines = lock.splitlines()
    match manager:
        case "npm":
            return sum(line.startswith('    "node_modules/') for line in lines)
        case "bun":
            return sum(line.startswith('    "') for line in lines)
        case "pnpm":  # packages and snapshots name each once
            return sum(_is_key(line, "  ") and not line.startswith("   ") for line in lines) // 2
        case "yarn":
            return sum(_is_key(line, "") and not line.startswith((" ", "\t")) for line in lines)


def _is_key(line: str, indent: str) -> bool:
    """``name@version:`` behind ``indent``, and nothing after it."""
    return line.startswith(indent) and "@" in line[len(indent) + 1 :] and line.rstrip().endswith(":")
