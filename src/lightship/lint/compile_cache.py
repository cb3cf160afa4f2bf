"""What npm leaves of itself: Node's compile cache, in ``/tmp/node-compile-cache`` of the layer that runs it.

npm calls ``module.enableCompileCache()`` since 10.9.1 (https://github.com/npm/cli/pull/7901), which Node 22 and later
have; without ``NODE_COMPILE_CACHE`` it writes below the folder for temporary files
(https://nodejs.org/api/module.html#module-compile-cache, 24).
"""

import re

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import environment_at
from lightship.dockerfile.stages import Stage
from lightship.dockerfile.views import mounts_of
from lightship.ecosystem.base_images import known_base
from lightship.lint.subject import Cost, Subject

__all__ = ["COMPILE_CACHE", "compile_cache_lines", "compile_cache_weight"]

COMPILE_CACHE = "/tmp/node-compile-cache"  # noqa: S108 - a place in the image
_FIRST_NODE = 22
_ELSEWHERE = ("NODE_DISABLE_COMPILE_CACHE", "NODE_COMPILE_CACHE", "TMPDIR")
_PLACES = ("/tmp", COMPILE_CACHE)  # noqa: S108


def compile_cache_weight() -> Cost:
    """Of ``npm ci``, one package; ``npm cache clean`` after it adds one file, ``npm run`` alone leaves 93, 0.31 MB."""
    return Cost(unpacked_bytes=1_414_476, compressed_bytes=523_700, how="543 files of npm 11 on Node 24, 2026-11")


def compile_cache_lines(subject: Subject) -> list[Instruction]:
    """The RUN lines of stages that ship, on an image of Node 22 or later, in which npm leaves it."""
    return [run for stage, run in subject.shipped if run.keyword == "RUN" and _leaves(subject, stage, run)]


def _leaves(subject: Subject, stage: Stage, run: Instruction) -> bool:
    known = known_base(subject.stages.chain(stage)[0].base)
    version = re.match(r"\d+", (known.node if known is not None else None) or "")
    if version is None or int(version[0]) < _FIRST_NODE:
        return False
    script = subject.script(run)
    calls = [place for place, command in enumerate(script.commands) if command.name == "npm"]
    environment = environment_at(subject.stages, run)
    if not script.understood or not calls or any(environment.get(name) for name in _ELSEWHERE):
        return False
    if any(
        mount.kind in ("cache", "tmpfs") and (mount.target or "").rstrip("/") in _PLACES for mount in mounts_of(run)
    ):
        return False
    if any(given.partition("=")[0] in _ELSEWHERE for place in calls for given in script.commands[place].assignments):
        return False
    return not any(
        command.name in ("rm", "find") and any(word.text.startswith("/tmp") for word in command.words)  # noqa: S108
        for command in script.commands[calls[-1] :]
    )
