"""A package manager's cache stays in the layer.

What it does
============
Finds installs that leave lists or downloads behind, in stages that ship: ``apt-get update`` without removing
``/var/lib/apt/lists``, ``apk add`` without ``--no-cache``, ``pip install`` without ``--no-cache-dir``, ``dnf``,
``uv``, ``npm``, ``yarn`` and ``conda`` likewise. A cache mount at the cache's place, an environment variable that
turns it off, or a removal in the same RUN is enough. On images of Node 22 or later also any ``npm`` that leaves what
Node compiled of it in ``/tmp/node-compile-cache``: ``npm cache clean`` does not know that, and writes there itself.

Why
===
Nobody reads these files at run time. Debian's lists are 20 MB unpacked, pip's cache is as large as what was
installed; what Node compiled of npm is 543 files and 1.4 MB.

Bad
===
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends curl

Good
====
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*

References
==========
docs.docker.com, "Building best practices" and "Dockerfile reference", RUN --mount=type=cache (2026); apk(8)
--no-cache; pip 25, "Caching"; nodejs.org, "Module compile cache" (24); npm/cli#7901.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import environment_at
from lightship.dockerfile.views import mounts_of
from lightship.lint.actions import Action, Manager
from lightship.lint.cache_mounts import links_to_cache, mount_edit
from lightship.lint.compile_cache import COMPILE_CACHE, compile_cache_lines, compile_cache_weight
from lightship.lint.estimate_lock import installs_lock
from lightship.lint.later import needs_lists_later
from lightship.lint.rewriting import add_command, add_option
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Cost, Subject

__all__ = ["RULE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cache:
    """Where a manager keeps what it fetched, which actions fill it, and what turns it off."""

    manager: Manager
    kinds: tuple[str, ...]
    folders: tuple[str, ...]
    options: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    cleaning: str = ""


_CACHES = (
    _Cache(manager="apt", kinds=("update",), folders=("/var/lib/apt/lists", "/var/lib/apt"),
           cleaning="rm -rf /var/lib/apt/lists/*"),
    _Cache(manager="apk", kinds=("install", "update"), folders=("/var/cache/apk", "/etc/apk/cache"),
           options=("--no-cache",), cleaning="rm -rf /var/cache/apk/*"),
    _Cache(manager="dnf", kinds=("install", "upgrade", "update"), folders=("/var/cache/dnf", "/var/cache/yum"),
           cleaning="dnf clean all"),
    _Cache(manager="pip", kinds=("install", "sync"), folders=("/root/.cache/pip", "/root/.cache", "~/.cache"),
           options=("--no-cache-dir",), variables=("PIP_NO_CACHE_DIR",)),
    _Cache(manager="uv", kinds=("install", "sync"), folders=("/root/.cache/uv", "/root/.cache", "~/.cache"),
           options=("--no-cache", "-n", "--no-cache-dir"), variables=("UV_NO_CACHE", "UV_CACHE_DIR")),
    _Cache(manager="npm", kinds=("install", "sync"), folders=("/root/.npm", "~/.npm"),
           variables=("npm_config_cache", "NPM_CONFIG_CACHE"), cleaning="npm cache clean --force"),
    _Cache(manager="yarn", kinds=("install", "sync"), folders=("/usr/local/share/.cache", "/root/.cache", "~/.cache"),
           variables=("YARN_CACHE_FOLDER",), cleaning="yarn cache clean"),
    _Cache(manager="conda", kinds=("install", "upgrade"), folders=("/opt/conda/pkgs",), cleaning="conda clean -afy"),
)  # fmt: skip


def _find(subject: Subject) -> Iterator[Remark]:
    compiling = compile_cache_lines(subject)
    mended = set()
    for _, run in subject.shipped:
        if run.keyword != "RUN":
            continue
        actions = subject.actions(run)
        for cache in _CACHES:
            filling = [each for each in actions if each.manager == cache.manager and each.kind in cache.kinds]
            kept = [each for each in filling if not each.has(*cache.options)] if cache.options else filling
            if kept and not _is_off(subject, run, cache, actions):
                mount = _mount(subject, run, cache, kept)
                compiled = cache.manager == "npm" and run in compiling and mount is None
                also = f" && rm -rf {COMPILE_CACHE}" if compiled else ""
                remark = _remark(subject, run, cache, kept, mount, also)
                if also and remark.edits:
                    mended.add(run.span)
                yield remark
    if compiling:
        yield _compiled(subject, compiling, [run for run in compiling if run.span not in mended])


def _compiled(subject: Subject, runs: list[Instruction], open_runs: list[Instruction]) -> Remark:
    """One remark for all lines: the first that is left alone would write what another takes away."""
    edits = [add_command(subject, run, f"rm -rf {COMPILE_CACHE}") for run in open_runs]
    known = compile_cache_weight()
    where = ", ".join(str(run.line) for run in runs[1:])
    return Remark(
        span=next(command.span for command in subject.script(runs[0]).commands if command.name == "npm"),
        message=f"npm leaves what Node compiled of it in {COMPILE_CACHE}"
        + (f", in line{'s' if len(runs) > 2 else ''} {where} too" if where else ""),
        fix=f"rm -rf {COMPILE_CACHE} as the last of each RUN with npm, or ENV NODE_DISABLE_COMPILE_CACHE=1",
        edits=tuple(edit for edit in edits if edit is not None) if None not in edits else (),
        unpacked_bytes=known.unpacked_bytes,
        compressed_bytes=known.compressed_bytes,
        how=known.how,
    )


def _is_off(subject: Subject, run: Instruction, cache: _Cache, actions: tuple[Action, ...]) -> bool:
    if any(mount.kind in ("cache", "tmpfs") and _holds(mount.target or "", cache) for mount in mounts_of(run)):
        return True
    if cache.manager == "apt" and any("distclean" in each.command.arguments for each in actions):
        return True
    if cache.manager != "apt" and any(each.manager == cache.manager and each.kind == "clean" for each in actions):
        return True
    environment = environment_at(subject.stages, run)
    if any(environment.get(name, "") not in ("", "0", "false", "off") for name in cache.variables):
        return True
    script = subject.script(run)
    if not script.understood:
        return True
    if any(
        text.startswith(f"{name}=") for name in cache.variables for each in script.commands for text in each.assignments
    ):
        return True
    return any(
        command.name in ("rm", "find")
        and any(folder.strip("~") in word.text for word in command.words for folder in cache.folders)
        for command in script.commands
    )


def _holds(target: str, cache: _Cache) -> bool:
    """Whether a mount is at the cache's place, in whosever home."""
    target = target.rstrip("/")
    ends = [folder.removeprefix("/root").removeprefix("~") for folder in cache.folders]
    return target in cache.folders or any(target.endswith(end) for end in ends if end.startswith("/."))


def _mount(subject: Subject, run: Instruction, cache: _Cache, kept: list[Action]) -> Edit | None:
    """A cache mount where dependencies come from a list or a lock, so that the next build has what this one fetched:
    cleaning would empty it."""
    if cache.manager not in ("pip", "uv", "npm"):
        return None
    return next((edit for each in kept if (edit := mount_edit(subject, run, each)) is not None), None)


def _remark(
    subject: Subject, run: Instruction, cache: _Cache, kept: list[Action], mount: Edit | None, also: str
) -> Remark:
    """``also``: what is said behind the cleaning."""
    edits: tuple[Edit, ...] = ()
    if mount is not None:
        edits = (mount,)
    elif cache.options:
        edits = _without_cache(subject, run, cache, kept)
    elif cache.cleaning and (cache.manager != "apt" or not needs_lists_later(subject, run)):
        added = add_command(subject, run, f"{_prefix(kept)}{cache.cleaning}{also}")
        edits = (added,) if added is not None else ()
    cost = _cost(subject, run, cache, kept)
    return Remark(
        span=kept[0].command.span,
        message=f"{cache.manager} leaves its {'lists' if 'update' in cache.kinds[:1] else 'cache'} in this layer",
        fix=f"{cache.options[0]}, or a cache mount"
        if cache.options
        else f"{cache.cleaning} in the same RUN, or a cache mount at {cache.folders[0]}",
        edits=edits,
        unpacked_bytes=cost.unpacked_bytes,
        compressed_bytes=cost.compressed_bytes,
        how=cost.how,
    )


def _cost(subject: Subject, run: Instruction, cache: _Cache, kept: list[Action]) -> Cost:
    """apt's lists have a weight, and pip keeps a lock's wheels as they were fetched; uv keeps them unpacked, linked to
    the environment where both are in one layer."""
    if cache.manager == "apt":
        return subject.costs.of_part(run, "lists")
    if cache.manager == "pip" and any(installs_lock(each) for each in kept):
        return subject.costs.of_part(run, "downloads")
    return Cost()


def _without_cache(subject: Subject, run: Instruction, cache: _Cache, kept: list[Action]) -> tuple[Edit, ...]:
    """The option that turns the cache off."""
    if cache.manager == "apk" and any(each.kind == "update" for each in kept) and needs_lists_later(subject, run):
        return ()
    if any(each.command.name == "pip-sync" or links_to_cache(subject, run, each) for each in kept):
        return ()
    made = [add_option(each.command, cache.options[0], after=_verb(each)) for each in kept]
    return tuple(edit for edit in made if edit is not None) if None not in made else ()


def _prefix(kept: list[Action]) -> str:
    """``sudo`` where the packages needed it."""
    wrapper = kept[0].command.wrapper
    return f"{wrapper[0]} " if wrapper and wrapper[0].rpartition("/")[2] in ("sudo", "doas") else ""


def _verb(action: Action) -> int:
    """The place of the word that says what is done: ``install`` of ``python -m pip install``."""
    first = action.packages[0] if action.packages else None
    words = action.command.words
    for place, word in enumerate(words):
        if word.value in ("install", "add", "sync", "ci", "update", "upgrade", "uninstall"):
            return place
        if word is first:
            break
    return len(words) - 1


RULE = Rule(
    code="package-cache-kept",
    family="layers",
    severity="warning",
    safety="safe",
    title="a package manager's cache stays in the layer",
    find=_find,
    doc=__doc__,
)
