"""Sizes and relations of Debian's packages that Dockerfiles install: what the archive's own lists say, by release.

Written by ``tools/system_sizes.py`` on the date in each file's first line. ``installed_bytes`` is Installed-Size, which
dpkg computes in blocks (Debian Policy 5.6.20); ``archive_bytes`` are those of the ``.deb``, whose content is xz.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

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
    """One package of a release, for amd64."""

    name: str
    installed_bytes: int
    archive_bytes: int
    depends: tuple[str, ...]
    recommends: tuple[str, ...]


@cache
def system_packages(release: str) -> Mapping[str, SystemPackage]:
    """All that is known of ``release``; nothing for one that is not in `RELEASES`."""
    if release not in RELEASES:
        return {}
    text = files("lightship.facts").joinpath(f"debian-{release}.tsv").read_text(encoding="ascii")
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, kilobytes, archive, depends, recommends = line.split("\t")
        found[name] = SystemPackage(
            name=name,
            installed_bytes=int(kilobytes) * 1024,
            archive_bytes=int(archive),
            depends=tuple(depends.split()),
            recommends=tuple(recommends.split()),
        )
    return found


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
