"""How each front end is installed, built and served, as words for the templates."""

import re
from dataclasses import dataclass
from typing import Literal

from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.memory import heap_of
from lightship.ecosystem.project.node import FrontEnd
from lightship.facts.installer_caches import INSTALLER_CACHES

__all__ = ["FrontEndStage", "stage_of"]

_TITLES = {"next": "Next.js", "vite": "Vite", "react-scripts": "Create React App"}
_CACHES = {**INSTALLER_CACHES, "pnpm": "/root/.pnpm-store", "yarn": "/root/.yarn-cache"}
"""Two are told where: pnpm would look for a store on the project's disk, yarn has another place in each version."""
_PNPM = "10"
_CONFIGS = {
    "npm": (".npmrc",),
    "pnpm": (".npmrc", "pnpm-workspace.yaml"),
    "yarn": (".yarnrc.yml", ".npmrc"),
    "bun": ("bunfig.toml",),
}

_TAKEN = frozenset(
    {"app", "application", "backend", "builder", "check", "deploy", "help", "image", "kustomization", "lint", "migrate",
     "prepull", "root", "run", "worker"}
)  # fmt: skip
"""Stages, jobs, targets of make and manifests of the application itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEndStage:
    """One front end. ``stage`` builds it and ``target`` serves it; ``workdir`` is where it is built, without the
    leading slash; ``config_files`` are pairs of source and name that installing reads."""

    directory: str
    title: str
    stage: str
    target: str
    workdir: str
    mode: Literal["static", "standalone", "server"]
    output: str
    setup: str
    install: str
    build: str
    cache: str
    lock: str | None
    package_json: str
    config_files: tuple[tuple[str, str], ...]
    heap_mb: int
    command: tuple[str, ...]
    has_public: bool

    @property
    def source(self) -> str:
        """What is copied of the context."""
        return f"{self.directory}/" if self.directory else "."

    @property
    def prefix(self) -> str:
        return f"{self.directory}/" if self.directory else ""

    @property
    def lock_name(self) -> str:
        return (self.lock or "").rpartition("/")[2]


def stage_of(front_end: FrontEnd, files: ProjectFiles, *, alone: bool) -> FrontEndStage:
    """``alone``: the project is this front end and nothing else, so that its stages need no other names."""
    name = re.sub(r"[^a-z0-9]+", "-", front_end.directory.lower()).strip("-") or "web"
    if name in _TAKEN or not name[0].isalpha():  # a stage's name and a service's begin with a letter
        name = f"web-{name}"
    configs = tuple(
        (front_end.path(each), each) for each in _CONFIGS[front_end.manager] if front_end.path(each) in files
    )
    return FrontEndStage(
        directory=front_end.directory,
        title=_TITLES[front_end.kind],
        stage=f"{name}-build",
        target=name,
        workdir="web" if alone else front_end.directory or "web",
        mode=front_end.mode,
        output=front_end.output,
        setup=_setup(front_end),
        install=_install(front_end),
        build=f"{front_end.manager} run {front_end.script}",
        cache=_CACHES[front_end.manager],
        lock=front_end.lock,
        package_json=front_end.path("package.json"),
        config_files=configs,
        heap_mb=heap_of(front_end),
        command=("node", "server.js") if front_end.mode == "standalone" else ("npx", "next", "start"),
        has_public=any(path.startswith(front_end.path("public/")) for path in files.paths),
    )


def _setup(front_end: FrontEnd) -> str:
    """npm comes with Node; the others are installed by it, at the version that the project names."""
    match front_end.manager:
        case "pnpm":
            return f"npm install --global pnpm@{front_end.manager_version or _PNPM}"
        case "bun":
            return f"npm install --global bun@{front_end.manager_version or '1'}"
        case "yarn" if front_end.manager_version and not front_end.manager_version.startswith("1."):
            return "corepack enable"
        case _:
            return ""


def _install(front_end: FrontEnd) -> str:
    """Exactly the lock, or an error; without a lock what the registry gives today."""
    locked = front_end.lock is not None
    match front_end.manager:
        case "pnpm":
            return f"pnpm install --store-dir /root/.pnpm-store {'--frozen-lockfile' if locked else '--no-lockfile'}"
        case "yarn" if front_end.manager_version and not front_end.manager_version.startswith("1."):
            return "YARN_ENABLE_GLOBAL_CACHE=true YARN_GLOBAL_FOLDER=/root/.yarn-cache yarn install --immutable"
        case "yarn":
            return f"yarn install --cache-folder /root/.yarn-cache {'--frozen-lockfile' if locked else '--no-lockfile'}"
        case "bun":
            return f"bun install {'--frozen-lockfile' if locked else ''}".rstrip()
        case _:
            return "npm ci --no-audit --no-fund" if locked else "npm install --no-audit --no-fund --no-package-lock"
