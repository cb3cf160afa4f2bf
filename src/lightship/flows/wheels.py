"""From a selection to wheels on this machine: chosen for the target, fetched, and built where only a source exists."""

import contextlib
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace

from lightship.build.index.download import fetch
from lightship.build.index.request import Fetched, Request
from lightship.build.index.settings import IndexSettings
from lightship.build.packages import WheelFile
from lightship.build.sdist.build import BuiltWheel, WheelBuilder
from lightship.build.sdist.share import available_bytes, share_out
from lightship.config import Options
from lightship.ecosystem.python.choose import choose
from lightship.ecosystem.python.locked import Artifact, LockedPackage, Selection, Wanted
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.python.target import Target
from lightship.errors import InputError, LightshipError, ToolError
from lightship.findings import Finding
from lightship.flows.sources import left_out_of_wheels
from lightship.progress import Progress
from lightship.store.cache import Cache

__all__ = ["gather_wheels", "select_packages"]

_ALL = "all"
_LOCAL = ("directory", "editable")


def select_packages(project: Project, target: Target, options: Options, cache: Cache) -> Selection:
    """What the project's lock gives for ``target`` and the options' groups and extras; remembered by its content."""
    from lightship.ecosystem.python.select import select
    from lightship.ecosystem.python.selection_json import from_json, selection_key, to_json

    wanted = Wanted(
        groups=tuple(group for group in options.group if group != _ALL),
        all_groups=_ALL in options.group,
        extras=tuple(extra for extra in options.extra if extra != _ALL),
        all_extras=_ALL in options.extra,
    )
    lock = project.lock(options.lock)
    key = selection_key(project, lock, target, wanted)
    found = cache.find("selections", key) if key is not None else None
    if found is not None:
        with contextlib.suppress(LightshipError, OSError):  # a damaged record: the lock is read again
            return from_json(found.read_text(encoding="utf-8"), lock.path)
    selection = select(project, target, wanted, lock_name=options.lock)
    if key is not None:
        with cache.write("selections", key) as stream:
            stream.write(to_json(selection).encode())
    return selection


def gather_wheels(
    selection: Selection,
    target: Target,
    settings: Callable[[], IndexSettings],
    builder: Callable[[bool], AbstractContextManager[WheelBuilder]],
    cache: Cache,
    *,
    own: Project | None = None,
    findings: list[Finding],
    jobs: int,
    progress: Progress,
) -> tuple[WheelFile, ...]:
    """One wheel for each package of ``selection``, sorted by name; ``own`` is the project to build as one more.

    ``settings`` and ``builder`` are called only when something must be fetched or built. ``jobs`` builds and compilers
    run at a time, fewer where memory is short. ``builder`` is given whether there are compilers: what is built here for
    another machine must come out pure, with them, else without them, of which ``findings`` tells; InputError when it
    does not. Otherwise raise as `choose`, `fetch` and `WheelBuilder` do.
    """
    from lightship.build.index.offered import with_offered_files

    packages = with_offered_files(selection.packages, settings, cache, progress=progress)
    if own is not None:
        packages = (*packages, _own_package(own))
    chosen = {package.name: choose(package, target) for package in packages if package.kind not in _LOCAL}
    by_name = {package.name: package for package in packages}
    sources = [package for package in packages if package.kind in _LOCAL]
    sources += [by_name[name] for name, artifact in chosen.items() if not artifact.filename.endswith(".whl")]
    requests = {name: Request.of(by_name[name], artifact) for name, artifact in chosen.items()}
    fetched = fetch(requests.values(), settings, cache, jobs=max(jobs, 16), progress=progress)
    found = {
        name: _gathered(by_name[name], artifact, fetched[requests[name]])
        for name, artifact in chosen.items()
        if artifact.filename.endswith(".whl")
    }
    if sources:
        build = functools.partial(_build_all, chosen=chosen, requests=requests, fetched=fetched, jobs=jobs)
        with builder(True) as wheel_builder:
            built = build(sources, builder=wheel_builder, progress=progress)
        made = {package.name: wheel for package, wheel in zip(sources, built, strict=True)}
        unfit = [package for package in sources if not _fits(made[package.name], target)]
        if unfit:
            made |= _without_compilers(unfit, target, builder, build, findings, progress)
        found |= made
    return tuple(found[name] for name in sorted(found))


def _fits(wheel: WheelFile, target: Target) -> bool:
    from lightship.ecosystem.python.choose import wheel_rank

    return wheel_rank(wheel.filename, target) is not None


def _without_compilers(
    packages: list[LockedPackage],
    target: Target,
    builder: Callable[[bool], AbstractContextManager[WheelBuilder]],
    build: Callable[..., list[WheelFile]],
    findings: list[Finding],
    progress: Progress,
) -> dict[str, WheelFile]:
    """Wheels of packages whose extensions this machine would compile for itself alone. Many do without: where nothing
    compiles, their builds leave the extensions out. Raise InputError, naming all of them, for those that do not."""
    found: dict[str, WheelFile] = {}
    with builder(False) as wheel_builder:
        for package in packages:
            with contextlib.suppress(ToolError):  # it needs a compiler, and is named below
                (wheel,) = build([package], builder=wheel_builder, progress=progress)
                if _fits(wheel, target):
                    found[package.name] = wheel
    lacking = sorted(package.name for package in packages if package.name not in found)
    if lacking:
        has = "packages have" if len(lacking) > 1 else "package has"
        raise InputError(
            f"{len(lacking)} {has} no wheel for {target.platform} and cannot be built without compiling for it: "
            f"{', '.join(lacking)}",
            hint="lock versions that have a wheel, build on a machine of that kind, or lock wheels built there",
        )
    findings += [_slower(name, target) for name in sorted(found)]
    return found


def _slower(name: str, target: Target) -> Finding:
    return Finding(
        code="extension-left-out",
        severity="warning",
        title="a package without its compiled part",
        message=f"{name} has no wheel for {target.platform} and was built without its extension modules: it is slower",
        fix="lock a version that has a wheel, or build on a machine of that kind",
    )


def _own_package(project: Project) -> LockedPackage:
    if project.name is None:
        raise InputError("a project without a name in pyproject.toml cannot be built as a wheel")
    return LockedPackage(
        name=project.name, version="", kind="directory", directory=project.directory, required_by=("project",)
    )


def _build_all(
    sources: list[LockedPackage],
    *,
    chosen: dict[str, Artifact],
    requests: dict[str, Request],
    fetched: dict[Request, Fetched],
    builder: WheelBuilder,
    jobs: int,
    progress: Progress,
) -> list[WheelFile]:
    progress.start("build from source", len(sources), unit="packages")

    def build(package: LockedPackage) -> WheelFile:
        if package.directory is not None and package.kind in _LOCAL:
            wheel = builder.build_directory(
                package.directory, project=package.name, ignored=left_out_of_wheels(package.directory)
            )
        else:
            artifact = chosen[package.name]
            wheel = builder.build_sdist(
                fetched[requests[package.name]],
                project=package.name,
                filename=artifact.filename,
                version=package.version,
            )
        progress.advance("build from source")
        return _built(package, wheel)

    builder.share = share_out(len(sources), jobs=jobs, memory_bytes=available_bytes())
    with ThreadPoolExecutor(builder.share.builds, thread_name_prefix="lightship-sdist") as pool:
        futures = [pool.submit(build, package) for package in sources]
        try:
            wheels = [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    progress.finish("build from source")
    return wheels


def _gathered(package: LockedPackage, artifact: Artifact, fetched: Fetched) -> WheelFile:
    return WheelFile(
        package=package,
        filename=artifact.filename,
        path=fetched.path,
        sha256=fetched.sha256,
        size_bytes=artifact.size_bytes or fetched.path.stat().st_size,
    )


def _built(package: LockedPackage, wheel: BuiltWheel) -> WheelFile:
    if not package.version:
        package = replace(package, version=wheel.filename.split("-")[1])
    return WheelFile(
        package=package,
        filename=wheel.filename,
        path=wheel.path,
        sha256=wheel.sha256,
        size_bytes=wheel.size_bytes,
    )
