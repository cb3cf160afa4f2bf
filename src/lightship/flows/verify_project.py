"""What a project says of an image that should be its own: what its lock gives for the image's Python, and the same
wheels unpacked plainly."""

import functools
import re
import tomllib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lightship.config import Options
from lightship.ecosystem.python.names import normal_name
from lightship.ecosystem.python.project import Lock, Project
from lightship.ecosystem.python.target import Target
from lightship.errors import LockError
from lightship.flows.making import Making
from lightship.flows.phases import Phases
from lightship.flows.project_files import application_mode, read_project_files
from lightship.flows.request import STARTUP_LOCK, BuildRequest
from lightship.flows.startup import on_machine, read_startup_lock
from lightship.flows.wheels import select_packages
from lightship.oci.platform import Platform
from lightship.paths import storage_errors
from lightship.plan.drop import RULES, DropOptions, drops_whole
from lightship.progress import Progress
from lightship.store.cache import Cache
from lightship.verify.interpreter import PythonFacts
from lightship.verify.plain import unpack_wheels, wheel_modules
from lightship.verify.subject import LockedSide, PlainSide

__all__ = ["ProjectSides"]

_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:==|@|;|>|<|~|!)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class ProjectSides:
    """A `lightship.flows.verify.Sides` of the project at ``directory``. ``stack`` holds what the plain side needs until
    the report is made; ``temporary`` is where it is unpacked, when an import fails."""

    directory: Path
    options: Options
    environ: Mapping[str, str]
    jobs: int
    cache: Cache
    progress: Progress
    stack: ExitStack
    temporary: Path

    def __call__(self, python: PythonFacts, platform: Platform) -> tuple[LockedSide, PlainSide]:
        """The lock evaluated for ``python`` to its last digit, and the wheels that a build takes."""
        project = Project.discover(self.directory)
        lock = project.lock(self.options.lock)
        target = Target(python=python.version, platform=platform, libc="glibc", libc_version=(2, 17))  # markers only
        selection = select_packages(project, target, self.options, self.cache)
        active = DropOptions(max_safety=self.options.safety).active(RULES)
        left_out = {one.name for one in selection.packages if drops_whole(one.name, one.required_by, active)}
        own = project.name if application_mode(self.options, self.directory) == "wheel" else None
        packages = {package.name: package.version for package in selection.packages}
        locked = LockedSide(
            file=lock.path.name,
            packages={**packages, **({own: ""} if own else {})},
            known=_names(lock),
            bytecode=self._bytecode(platform),
            left_out=frozenset(left_out),
        )
        return locked, self._plain(project, python, platform)

    def _bytecode(self, platform: Platform) -> frozenset[str] | None:
        if self.options.bytecode_mode != "startup":
            return None
        known = read_startup_lock(self.directory / STARTUP_LOCK)
        return None if known is None else frozenset(on_machine(known.modules, platform.machine))

    def _plain(self, project: Project, python: PythonFacts, platform: Platform) -> PlainSide:
        request = BuildRequest(
            project=self.directory, options=self.options, platform=str(platform), environ=self.environ, jobs=self.jobs
        )
        making = Making(
            request, project, read_project_files(request), platform, self.cache, self.progress, Phases(), self.stack
        )
        wheels = making.wheels
        site = self.temporary / "plain"

        @functools.cache
        def unpacked() -> Path:
            self.progress.start("unpack the wheels plainly")
            with storage_errors("unpack the wheels plainly"):
                site.mkdir()
            unpack_wheels([wheel.path for wheel in wheels], site)
            self.progress.finish("unpack the wheels plainly")
            return site

        modules = {wheel.package.name: wheel_modules(wheel.path, python.suffixes) for wheel in wheels}
        return PlainSide(site=unpacked, modules=modules)


def _names(lock: Lock) -> frozenset[str]:
    """Every name that the lock has for any Python and platform."""
    try:
        text = lock.path.read_text(encoding="utf-8")
        if lock.kind == "requirements":
            return frozenset(map(normal_name, _REQUIREMENT.findall(text)))
        document = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise LockError(f"{lock.path.name} cannot be read: {error}") from error
    packages = document.get("packages" if lock.kind == "pylock" else "package", [])
    names = [package.get("name") for package in packages if isinstance(package, dict)] if packages else []
    return frozenset(normal_name(name) for name in names if isinstance(name, str))
