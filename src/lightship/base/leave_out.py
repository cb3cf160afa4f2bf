"""What of a package a running application never reads: paths that stay out of the image, each rule with its reason.

All are ``safe``. A build root (`lightship.base.buildroot`) keeps what compilers read.
Copyright files, and the directories of usr/share/doc that hold nothing else, always stay.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["BUILD_RULES", "C_LIBRARY", "GCONV", "LOCALE_ONLY", "RUN_RULES", "LeaveOut", "first_match", "leave_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveOut:
    """One rule: paths that match ``pattern`` (and not ``unless``) in packages named ``package`` (all when None)."""

    name: str
    reason: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    package: str | None = None

    def matches(self, package: str, path: str) -> bool:
        if self.package is not None and self.package != package:
            return False
        return self.pattern.match(path) is not None and not (self.unless and self.unless.match(path))


def leave_out(
    name: str, reason: str, pattern: str, *, unless: str | None = None, package: str | None = None
) -> LeaveOut:
    """The rule ``name`` of two regular expressions."""
    return LeaveOut(
        name=name,
        reason=reason,
        pattern=re.compile(pattern),
        unless=re.compile(unless) if unless else None,
        package=package,
    )


_STDLIB = r"usr/lib/python3(?:\.\d+)?/"
_COPYRIGHT = r"usr/share/doc/[^/]+(?:$|/(?:copyright|COPYING|LICEN[CS]E|NOTICE))"

BUILD_RULES: tuple[LeaveOut, ...] = (
    leave_out("deb-manuals", "manual and info pages are read by people", r"usr/share/(?:man|info)/"),
    leave_out(
        "deb-documentation",
        "documentation is read by people; copyright files stay",
        r"usr/share/(?:doc/|doc-base/|gtk-doc/|help/)",
        unless=_COPYRIGHT,
    ),
    leave_out(
        "deb-packaging",
        "read by Debian's own checkers, installers and menus only",
        r"usr/share/(?:lintian|linda|bug|menu|debconf|debianutils|apport|reportbug)/|etc/(?:dpkg|apt)/|usr/lib/dpkg/",
    ),
    leave_out(
        "deb-translations",
        "translated messages; images run in C.UTF-8",
        r"usr/share/locale/[^/]+/LC_MESSAGES/|usr/share/locale/locale\.alias$",
    ),
)

RUN_RULES: tuple[LeaveOut, ...] = (
    *BUILD_RULES,
    leave_out(
        "deb-development",
        "headers, static libraries and build metadata are read by compilers",
        r"usr/include/|usr/lib/(?:.*/)?(?:pkgconfig|cmake)/|usr/lib/.*\.l?a$|usr/share/(?:pkgconfig|aclocal|cmake)/",
    ),
    leave_out(
        "deb-debugger",
        "printers and hooks for debuggers",
        r"usr/share/(?:gdb|gcc)/|usr/lib/debug/|usr/lib/valgrind/|usr/share/systemtap/",
    ),
    leave_out(
        "deb-desktop",
        "menus, icons and file types of a desktop",
        r"usr/share/(?:applications|pixmaps|binfmts|metainfo|mime-info)/",
    ),
    leave_out(
        "deb-shell-completion",
        "completions of interactive shells",
        r"usr/share/(?:bash-completion|zsh|fish)/|etc/bash_completion\.d/",
    ),
    leave_out(
        "deb-services",
        "services, timers and log rotation: nothing starts them in an image",
        r"(?:usr/)?lib/systemd/|etc/(?:init\.d|cron\.[a-z]+|logrotate\.d|rc[S0-9]?\.d|update-motd\.d)/|"
        r"usr/lib/(?:sysusers|tmpfiles)\.d/|etc/default/",
    ),
    leave_out(
        "base-files",
        "templates of files that are written here, or that nobody reads in an image",
        r"",
        unless=r"(?:etc/os-release|usr/lib/os-release|etc/debian_version|etc/lsb-release|usr/share/common-licenses/.*|"
        r"usr/share/doc/.*|etc/host\.conf)$",
        package="base-files",
    ),
    leave_out(
        "libc-tools",
        "tools that make locales and inspect programs; the C.UTF-8 locale stays",
        r"usr/s?bin/|usr/share/libc-bin/|etc/(?:default|bindresvport\.blacklist)",
        package="libc-bin",
    ),
    leave_out(
        "ca-certificates-single",
        "every certificate stands in etc/ssl/certs/ca-certificates.crt, which is written here",
        r"usr/share/ca-certificates/|usr/sbin/update-ca-certificates|etc/ca-certificates/",
        package="ca-certificates",
    ),
    leave_out(
        "tzdata-posix-right",
        "the same zones again, and counted with leap seconds",
        r"usr/share/zoneinfo/(?:right|posix)/",
    ),
    leave_out(
        "stdlib-idle",
        "the interpreter's own tests, editor and demonstrations",
        _STDLIB + r"(?:test|idlelib|turtledemo|__phello__|config-[^/]+|lib2to3/tests|distutils/tests|unittest/test)/",
    ),
    leave_out(
        "stdlib-ensurepip",
        "bundled wheels of pip; environments are made by the build",
        _STDLIB + r"ensurepip/_bundled/",
    ),
    leave_out("stdlib-bytecode", "bytecode is compiled by the build", r".*/__pycache__/"),
    leave_out(
        "sitecustomize",
        "a link to a file that a maintainer script would write, to load Debian's crash reporter",
        _STDLIB + r"sitecustomize\.py$",
    ),
    leave_out(
        "python-tools",
        "tools for developers and for Debian's maintainer scripts",
        r"usr/bin/(?:2to3|pdb|pydoc|pygettext|pyversions|py3|idle)[0-9.a-z]*$|usr/share/python3?/",
    ),
)


GCONV = leave_out(
    "libc-gconv",
    "tables for converting text, which the C library opens for iconv, and no file of the image asks for that",
    r"usr/lib/[^/]+/gconv/",
    package="libc6",
)
"""Not among the rules: it holds only once every file is known."""

C_LIBRARY = frozenset({"libc6", "libc-bin"})
"""The C library, and its ldconfig, which has it linked in."""

LOCALE_ONLY = frozenset({"bash", "coreutils", "libstdc++6"})
"""Packages that name ``iconv_open`` and convert between the locale's own charset and UTF-8 or ASCII alone. C and
C.UTF-8 have ASCII and UTF-8, whose conversions are in the C library itself. libstdc++ narrows a locale's thousands
separator (gcc 12, libstdc++-v3/config/locale/gnu/numeric_members.cc); bash and coreutils write ``\\u`` escapes
(bash 5.2, lib/sh/unicode.c; gnulib, unicode_to_mb)."""


def first_match(rules: Sequence[LeaveOut], package: str, path: str) -> LeaveOut | None:
    """The first rule that leaves ``path`` of ``package`` out, or None."""
    return next((rule for rule in rules if rule.matches(package, path)), None)
