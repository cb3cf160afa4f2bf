"""What a base image is, told from its name: ``python:3.11-slim-bookworm`` is Debian 12 with glibc and CPython 3.11.

Nothing is looked up: the release of a tag that moves stays open, and of a name that says nothing nothing is said. Which
names are known is in `base_image_names`.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lightship.ecosystem.base_image_names import DEFAULTS, NAMES, Default
from lightship.errors import BadReferenceError
from lightship.facts.distributions import Release, find_release
from lightship.oci.reference import ImageName

__all__ = ["KnownBase", "Libc", "known_base"]

Libc = Literal["glibc", "musl"]

_VARIABLE = re.compile(r"\$\{[^{}]*\}|\$\w+")
_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.\d+)*(?:(?:a|b|rc|alpha|beta)\d+)?")
_PYTHON = re.compile(r"(?:python|py)-?3\.?(\d{1,2})(?:\.\d+)?")
_NODE = re.compile(r"(?:nodejs|node)-?(\d+)(?:\.\d+)*")
_WINDOWS = ("windowsservercore", "nanoserver")
_DISTRIBUTION = (
    ("alpine", re.compile(r"alpine(\d+\.\d+)?[\d.]*")),
    ("debian", re.compile(r"(?:debian|deb)(\d*)|(jessie|stretch|buster|bullseye|bookworm|trixie|forky|sid)")),
    ("ubuntu", re.compile(r"ubuntu([\d.]*)|(xenial|bionic|focal|jammy|noble|questing|resolute)")),
    ("rhel", re.compile(r"(?:ubi|rockylinux|almalinux|centos|oraclelinux|rhel|el)(\d*)")),
    ("amazon", re.compile(r"(?:amazonlinux|amzn)(\d*)")),
    ("fedora", re.compile(r"fedora(\d*)")),
    ("wolfi", re.compile("wolfi")),
)
"""Words of a tag that name a distribution, with its release."""

_MANAGERS = {
    "debian": "apt", "ubuntu": "apt", "alpine": "apk", "wolfi": "apk", "rhel": "dnf", "fedora": "dnf", "amazon": "dnf",
    "suse": "zypper", "arch": "pacman", "azure": "tdnf",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBase:
    """A base image as far as its name tells.

    ``family``: debian, ubuntu, alpine, wolfi, distroless, rhel, fedora, amazon, suse, arch, azure, busybox, scratch.
    ``release`` is the codename for Debian and Ubuntu (``bookworm``), of others the version (``3.20``); empty where the
    tag does not say it, and then it moves. ``libc`` is None where there is none. ``python`` is ``3.11``, ``node``
    ``20``: None where the image has none or the name does not say which; ``has_python`` and ``has_node`` tell these
    apart. ``python_home`` is the prefix that its interpreter is in, where that is known. ``package_manager`` is the
    program to install with, None where the image has none. ``slim``: made small by whoever made it. ``official`` is
    False for a name that is only called like an official image: ``registry.example/mirror/python:3.11``.
    """

    name: str
    family: str
    libc: Libc | None
    release: str = ""
    python: str | None = None
    python_home: str | None = None
    node: str | None = None
    package_manager: str | None = None
    has_shell: bool = True
    has_python: bool = False
    has_node: bool = False
    slim: bool = False
    official: bool = True

    @property
    def libc_version(self) -> tuple[int, int] | None:
        """Major and minor version of the C library; None where the release is not told, or not known."""
        known = _known_release(self.family, self.release)
        return known.libc_version if known is not None else None

    @property
    def packaged_python(self) -> str | None:
        """The Python that the distribution's own packages bring: ``3.11`` of bookworm. None where not known."""
        known = _known_release(self.family, self.release)
        return known.python or None if known is not None else None


@functools.lru_cache(maxsize=256)
def known_base(name: str) -> KnownBase | None:
    """What the image called ``name`` is; None where the name does not tell, is of Windows, or is none.

    A variable that nobody resolved (``python:${VERSION}-alpine``) is a word that says nothing. A name with a digest
    and without a tag tells as much as its repository does.
    """
    if name == "scratch":
        return KnownBase(name=name, family="scratch", libc=None, has_shell=False, slim=True)
    try:
        parsed = ImageName.parse(_VARIABLE.sub("x", name))
    except BadReferenceError:
        return None
    words = re.split(r"[-_]", parsed.tag.lower()) if parsed.tag else []
    if any(word.startswith(_WINDOWS) for word in words):
        return None
    default, official = _default(parsed)
    told = _told(words)
    if default is None:
        if told is None:
            return None
        default = Default(family=told[0])
    elif told is None and default.varies and parsed.digest is not None and not words:
        return None
    return _base(name, parsed, words, default, told, official=official)


def _default(parsed: ImageName) -> tuple[Default | None, bool]:
    """What the repository is without a tag's words, and whether it is the very one or only called like it."""
    whole = f"{parsed.registry}/{parsed.repository}"
    for pattern, default in NAMES:
        if re.fullmatch(pattern, whole):
            return default, True
    parts = parsed.repository.split("/")
    return DEFAULTS.get(parts[-1]), parts[-2:-1] == ["library"]


def _told(words: Sequence[str]) -> tuple[str, str] | None:
    """Distribution and release that the tag's words name."""
    for place, word in enumerate(words):
        for family, pattern in _DISTRIBUTION:
            found = pattern.fullmatch(word)
            if found is None:
                continue
            release = next((text for text in found.groups() if text), "")
            following = words[place + 1] if place + 1 < len(words) else ""
            if family == "alpine" and not release and re.fullmatch(r"\d+\.\d+", following):
                release = following  # eclipse-temurin:21-jdk-alpine-3.20
            return family, _codename(family, release)
    return None


def _base(
    name: str,
    parsed: ImageName,
    words: Sequence[str],
    default: Default,
    told: tuple[str, str] | None,
    *,
    official: bool,
) -> KnownBase:
    family, release = told if told is not None and default.varies else (default.family, "")
    if not release:
        release = default.release or (told[1] if told is not None else "")
    if not release and default.versioned and words:
        release = _version_release(family, words[0])
    python = _python_version(words, parsed, default, family, release)
    if family == "amazon" and default.ships == "python" and python is not None:
        release = "2023" if int(python.split(".")[1]) >= 12 else "2"  # https://docs.aws.amazon.com/lambda, runtimes
    shell = _has_shell(default, words, told=told is not None)
    minimal = default.minimal or "minimal" in words
    has_python = python is not None or default.ships in ("python", "packaged", "some")
    node = _node_version(words, parsed, default)
    return KnownBase(
        name=name,
        family=family,
        libc=_libc(family, default, words),
        release=release,
        python=python,
        python_home=default.home if has_python else None,
        node=node,
        package_manager=_manager(family, release, minimal=minimal) if shell and not default.bare else None,
        has_shell=shell,
        has_python=has_python,
        has_node=node is not None or default.ships == "node",
        slim=minimal or not shell or "slim" in words,
        official=official,
    )


def _has_shell(default: Default, words: Sequence[str], *, told: bool) -> bool:
    if default.shells == "dev":
        return "dev" in words or "debug" in words
    return default.shells == "yes" or (told and default.varies)


def _libc(family: str, default: Default, words: Sequence[str]) -> Libc | None:
    if family == "scratch" or default.static:
        return None
    return "musl" if family == "alpine" or "musl" in words else "glibc"


def _manager(family: str, release: str, *, minimal: bool) -> str | None:
    if family == "amazon" and release in ("1", "2"):
        return "yum"
    manager = _MANAGERS.get(family)
    return "microdnf" if manager == "dnf" and minimal else manager


def _python_version(words: Sequence[str], parsed: ImageName, default: Default, family: str, release: str) -> str | None:
    if default.ships == "some":
        return None
    if default.ships == "packaged":
        known = _known_release(family, release)
        return known.python or None if known is not None else None
    for text in (*words, parsed.repository.rpartition("/")[2]):
        found = _PYTHON.fullmatch(text)
        if found is not None:
            return f"3.{found[1]}"
    if default.ships != "python":
        return None
    numbers = (found for word in words if (found := _VERSION.fullmatch(word)) is not None)
    return next((f"3.{found[2]}" for found in numbers if found[1] == "3" and found[2]), None)


def _node_version(words: Sequence[str], parsed: ImageName, default: Default) -> str | None:
    for text in (*words, *parsed.repository.rpartition("/")[2].split("-debian")):
        found = _NODE.fullmatch(text)
        if found is not None:
            return found[1]
    number = _VERSION.fullmatch(words[0]) if default.ships == "node" and words else None
    return number[1] if number is not None else None


def _version_release(family: str, word: str) -> str:
    """``bookworm`` for ``debian:12.5``, ``3.20`` for ``alpine:3.20.1``; empty for ``alpine:3``, which moves."""
    found = _VERSION.fullmatch(word)
    if found is None:
        return ""
    pair = f"{found[1]}.{found[2]}" if found[2] else ""
    if family in ("alpine", "ubuntu"):
        return _codename(family, pair)
    return _codename(family, found[1])


def _codename(family: str, version: str) -> str:
    known = find_release(family, version) if version else None
    return known.codename if known is not None else version


def _known_release(family: str, release: str) -> Release | None:
    return find_release("debian" if family == "distroless" else family, release) if release else None
