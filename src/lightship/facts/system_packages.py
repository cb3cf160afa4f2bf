"""Sizes and relations of Debian's packages that Dockerfiles install, by release.

Written by ``tools/system_sizes.py`` on the date in each file's first lines: relations as the archive's own lists have
them (Debian Policy 4.7, chapter 7), bytes as weighed in each ``.deb``. Installed-Size is not among them: dpkg rounds
every file up (Debian Policy 5.6.20), and slim images leave documentation and translations out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

__all__ = ["BUILDPACK", "MINIMAL", "PYTHON", "RELEASES", "SystemPackage", "closure", "system_packages"]

RELEASES = ("bookworm", "trixie")

MINIMAL = (
    "apt", "base-files", "base-passwd", "bash", "bsdutils", "coreutils", "dash", "debconf", "debian-archive-keyring",
    "debianutils", "diffutils", "dpkg", "e2fsprogs", "findutils", "gpgv", "sqv", "grep", "gzip", "hostname", "adduser",
    "init-system-helpers", "libc-bin", "login", "login.defs", "logsave", "mawk", "mount", "ncurses-base", "ncurses-bin",
    "passwd", "perl-base", "sed", "sysvinit-utils", "tar", "tzdata", "usr-is-merged", "usrmerge", "util-linux",
    "util-linux-extra",
)  # fmt: skip
"""What ``debian:RELEASE-slim`` holds: Priority required, and apt (github.com/debuerreotype, 2026)."""

PYTHON = (
    *MINIMAL, "ca-certificates", "netbase", "libbz2-1.0", "libexpat1", "libffi8", "libgdbm6", "libgdbm6t64",
    "liblzma5", "libncursesw6", "libreadline8", "libreadline8t64", "libsqlite3-0", "libssl3", "libssl3t64", "libuuid1",
    "zlib1g", "libdb5.3", "libdb5.3t64", "libtirpc3", "libtirpc3t64", "libnsl2",
)  # fmt: skip
"""What ``python:X-slim`` adds to it (github.com/docker-library/python, slim Dockerfiles, 2026)."""

BUILDPACK = (
    *PYTHON, "curl", "gnupg", "wget", "git", "mercurial", "openssh-client", "subversion", "procps", "autoconf",
    "automake", "bzip2", "default-libmysqlclient-dev", "dpkg-dev", "file", "g++", "gcc", "imagemagick", "libbz2-dev",
    "libc6-dev", "libcurl4-openssl-dev", "libdb-dev", "libevent-dev", "libffi-dev", "libgdbm-dev", "libglib2.0-dev",
    "libgmp-dev", "libjpeg-dev", "libkrb5-dev", "liblzma-dev", "libmagickcore-dev", "libmagickwand-dev",
    "libmaxminddb-dev", "libncurses5-dev", "libncurses-dev", "libpng-dev", "libpq-dev", "libreadline-dev",
    "libsqlite3-dev", "libssl-dev", "libtool", "libwebp-dev", "libxml2-dev", "libxslt-dev", "libxslt1-dev",
    "libyaml-dev", "make", "patch", "unzip", "xz-utils", "zlib1g-dev", "tk-dev", "uuid-dev",
)  # fmt: skip
"""What the full variants add to that (github.com/docker-library/buildpack-deps, 2026)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPackage:
    """One package of a release, for amd64: bytes of all its files, unpacked and in a gzip layer, and of those that dpkg
    keeps in a slim image. A slim image's dpkg leaves out documentation, manuals and translations."""

    name: str
    unpacked_bytes: int
    compressed_bytes: int
    slim_unpacked_bytes: int
    slim_compressed_bytes: int
    depends: tuple[str, ...]
    recommends: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Release(Mapping[str, SystemPackage]):
    """Lines by package, each read when it is asked for: a Dockerfile names a few of thousands."""

    lines: Mapping[str, str]
    made: dict[str, SystemPackage] = field(default_factory=dict)

    def __getitem__(self, name: str) -> SystemPackage:
        if name not in self.made:
            self.made[name] = _package(self.lines[name])
        return self.made[name]

    def __contains__(self, name: object) -> bool:
        return name in self.lines

    def __iter__(self) -> Iterator[str]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)


@cache
def system_packages(release: str) -> Mapping[str, SystemPackage]:
    """All that is known of ``release``; nothing for one that is not in `RELEASES`."""
    if release not in RELEASES:
        return {}
    # Beside this module; importlib.resources would take longer to load than this takes to read.
    text = Path(__file__).with_name(f"debian-{release}.tsv").read_text(encoding="ascii")
    return _Release({line[: line.index("\t")]: line for line in text.splitlines() if not line.startswith("#")})


def _package(line: str) -> SystemPackage:
    name, unpacked, compressed, slim_unpacked, slim_compressed, depends, recommends = line.split("\t")
    return SystemPackage(
        name=name,
        unpacked_bytes=int(unpacked),
        compressed_bytes=int(compressed),
        slim_unpacked_bytes=int(slim_unpacked),
        slim_compressed_bytes=int(slim_compressed),
        depends=tuple(depends.split()),
        recommends=tuple(recommends.split()),
    )


def closure(
    names: Iterable[str],
    packages: Mapping[str, SystemPackage],
    *,
    recommended: bool,
    there: frozenset[str] = frozenset(),
) -> frozenset[str]:
    """``names`` and what apt installs with them, without what is ``there``. Names that are not known are left out."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        package = packages.get(name)
        if package is None or name in found or name in there:
            continue
        found.add(name)
        waiting += package.depends
        if recommended:
            waiting += package.recommends
    return frozenset(found)
