"""Which file of a package a target gets: the best wheel, otherwise the sdist.

Binary distribution format, https://packaging.python.org/en/latest/specifications/binary-distribution-format/
(file name convention and build tags); order of tags as `packaging.tags` gives it.
"""

import functools
import re
from collections.abc import Iterable

from lightship.ecosystem.python.locked import Artifact, LockedPackage
from lightship.ecosystem.python.names import normal_name
from lightship.ecosystem.python.target import Target
from lightship.errors import LockError

__all__ = ["choose", "wheel_rank"]

_BUILD = re.compile(r"([0-9]+)(.*)")
_MAX_TAGS = 4096  # tags that one file name may stand for: py2.py3 and ten platforms are 20

_MAX_SHOWN = 60  # of a tag in a message; the platform stands at its end

_Rank = tuple[int, int, str]
"""Place of the best tag (negative, so that more is better), build number, rest of the build tag."""


def choose(package: LockedPackage, target: Target) -> Artifact:
    """The wheel whose tag the target prefers, the higher build number among equals; the sdist where no wheel fits.

    Wheels whose names break the convention or name another package are passed over. Raise LockError when nothing
    fits, or when the lock has no SHA-256 for a file that comes from elsewhere.
    """
    best = _best_wheel(package.name, package.wheels, target) or package.sdist
    if best is None:
        raise _nothing_fits(package, target)
    if best.sha256 is None and best.path is None:
        raise LockError(
            f"the lock has no SHA-256 for {best.filename}: it cannot be checked",
            hint="lock again from an index that gives hashes",
        )
    return best


def wheel_rank(filename: str, target: Target, *, name: str | None = None) -> _Rank | None:
    """How well a wheel fits (more is better), None when it does not or its name is none (of ``name``)."""
    parts = filename.removesuffix(".whl").split("-") if filename.endswith(".whl") else []
    if len(parts) not in (5, 6):
        return None
    tags = _tag_ranks(target)
    place = tags.get(f"{parts[-3]}-{parts[-2]}-{parts[-1]}")
    if place is None and "." in filename:
        place = _best_of_set(parts[-3], parts[-2], parts[-1], tags)
    if place is None or (name is not None and normal_name(parts[0]) != name):
        return None
    if len(parts) == 5:
        return -place, -1, ""
    build = _BUILD.fullmatch(parts[2])
    return (-place, int(build[1]), build[2]) if build else None


def _best_wheel(name: str, wheels: Iterable[Artifact], target: Target) -> Artifact | None:
    best: Artifact | None = None
    best_rank: _Rank | None = None
    for wheel in wheels:
        rank = wheel_rank(wheel.filename, target, name=name)
        if rank is not None and (best_rank is None or rank > best_rank):
            best, best_rank = wheel, rank
    return best


def _best_of_set(pythons: str, abis: str, platforms: str, tags: dict[str, int]) -> int | None:
    """The best place among the tags that a compressed set stands for (PEP 425)."""
    if (pythons.count(".") + 1) * (abis.count(".") + 1) * (platforms.count(".") + 1) > _MAX_TAGS:
        return None
    places = [
        tags[tag]
        for python in pythons.split(".")
        for abi in abis.split(".")
        for platform in platforms.split(".")
        if (tag := f"{python}-{abi}-{platform}") in tags
    ]
    return min(places, default=None)


@functools.lru_cache(maxsize=8)
def _tag_ranks(target: Target) -> dict[str, int]:
    """Each accepted tag and its place, best first: comparing strings spares parsing thousands of file names."""
    return {str(tag): place for place, tag in reversed(list(enumerate(target.wheel_tags())))}


def _nothing_fits(package: LockedPackage, target: Target) -> LockError:
    what = f"{package.name} {package.version}"
    if not package.wheels:
        return LockError(f"{what} has no files in the lock for {target.cache_key}", hint="lock the project again")
    return LockError(
        f"{what} has no wheel for {target.cache_key}: want a tag such as {target.wheel_tags()[0]} or older, "
        f"the lock has {_offer(package, target)}, and no sdist",
        hint=_remedy(package, target),
    )


def _offer(package: LockedPackage, target: Target) -> str:
    """The tags there are, those for the target's machine first; a few say enough."""
    tags = {"-".join(wheel.filename.removesuffix(".whl").split("-")[-3:])[-_MAX_SHOWN:] for wheel in package.wheels}
    machine = target.platform.machine
    shown = sorted(tags, key=lambda tag: (machine not in tag or "linux" not in tag, tag))
    more = f" and {len(shown) - 4} more" if len(shown) > 4 else ""
    return ", ".join(shown[:4]) + more


def _remedy(package: LockedPackage, target: Target) -> str:
    names = [wheel.filename for wheel in package.wheels]
    machine = target.platform.machine
    if target.libc == "musl" and any("manylinux" in name and machine in name for name in names):
        return "it has manylinux wheels only: use a base with glibc (Debian) instead of Alpine"
    fitting = [name for name in names if machine in name or "-any" in name]
    if fitting and not any(f"cp{target.minor.replace('.', '')}" in name for name in fitting):
        return f"choose a Python that it has wheels for, or another version than {package.version}"
    return f"choose another version than {package.version}, or another platform"
