"""Roots without Python, for servers that come from the distribution's packages or from elsewhere: nginx and Node.

They are made as a base is (`lightship.base.plan`): from a signed archive, of packages whose files are asked what they
need, locked in a section of their own. What a server's package depends on for its installation alone stays out.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from lightship.base.compose import compose_root
from lightship.base.gather import Gathering
from lightship.base.kit import Kit
from lightship.base.leave_out import RUN_RULES, leave_out
from lightship.base.packages import Packages
from lightship.base.request import BaseRequest, NeededLibrary, Root
from lightship.base.solve import MAINTENANCE
from lightship.ecosystem.dpkg import upstream_version
from lightship.ecosystem.elf import ElfFile
from lightship.errors import InputError
from lightship.progress import SILENT, Progress
from lightship.store.cache import Cache

__all__ = ["NGINX", "NGINX_BROTLI", "NODE", "ServerPlan"]

_FILES = {"base-files": "names the distribution, holds common licences", "libc6": "C library"}

NGINX = Kit(
    section="-nginx",
    packages=_FILES,
    optional={},
    python=(),
    python_to_3_11=(),
    rules=(
        *RUN_RULES,
        leave_out("nginx-examples", "pages, profiles and links for a server that is administered", r"usr/share/nginx/"),
    ),
    skip={
        **MAINTENANCE,
        "iproute2": "tells a maintainer script whether port 80 is free",
        "nginx-common": "a configuration for sites that are administered; that of the image is written here",
        "libnginx-mod-http-echo": "a module that no configuration of the image loads",
    },
)

NGINX_BROTLI = replace(NGINX, section="-nginx-brotli")
"""With the module for sidecars of brotli: another root, so locked apart, or images with and without would take the lock
from each other."""

NODE = Kit(
    section="-node",
    packages={**_FILES, "ca-certificates": "TLS connections", "tzdata": "time zones"},
    optional={"tzdata-legacy": "time zones by their older names, which Debian 13 packages apart"},
    python=(),
    python_to_3_11=(),
    rules=(
        *RUN_RULES,
        leave_out(
            "nodejs-tools",
            "links for developers, and what loads modules of Debian's own",
            r"usr/(?:bin/(?:js|nodejs)$|share/nodejs/(?:typescript|@types)/)",
        ),
    ),
    skip={**MAINTENANCE, "libjs-highlight.js": "read by documentation", "python3": "asked for by packages of npm"},
)


class ServerPlan:
    """A root of ``kit`` that is not made yet; a context manager, which closes the archives that it opened."""

    def __init__(self, request: BaseRequest, cache: Cache, kit: Kit, *, progress: Progress = SILENT) -> None:
        self._request = request
        self._kit = kit
        self._stack = ExitStack()
        self._packages = Packages(request, cache, kit.section, self._stack, progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def version(self, package: str) -> str | None:
        """The upstream version of ``package``, locked or of the archive, which may have to be asked; None where there
        is none."""
        record = self._packages.find(package)
        return upstream_version(record.version) if record is not None else None

    def is_metapackage(self, package: str) -> bool:
        """Whether ``package`` is for every processor, and so holds no program."""
        record = self._packages.find(package)
        return record is not None and record.architecture == "all"

    def is_locked(self, package: str) -> bool:
        """Whether the lock holds ``package`` for this root."""
        return self._packages.is_locked(package)

    def libc_version(self) -> tuple[int, int]:
        """That of the C library: ``(2, 36)``."""
        version = self.version("libc6")
        if version is None:
            raise InputError(f"no libc6 for {self._request.platform} in the archive")
        major, minor = version.split(".")[:2]
        return int(major), int(minor)

    def close(
        self,
        packages: Mapping[str, str],
        *,
        needed: Iterable[NeededLibrary] = (),
        outside: Mapping[str, ElfFile] | None = None,
        text_conversion: bool = True,
    ) -> Root:
        """The root with ``packages`` (name to reason) and the request's, the libraries ``needed`` beside it, and those
        of the files ``outside`` that another layer has. Without ``text_conversion`` the C library's tables for iconv
        stay out, unless a file of the root asks for them. Raise InputError for a package that there is not."""
        gathering = Gathering(
            source=self._packages,
            architecture=self._request.platform.architecture,
            machine=self._request.platform.machine,
            rules=self._kit.rules,
            skip=self._kit.skip,
        )
        asked = self._request.system_packages
        gathering.add([*self._seeds(packages), *((name, "asked for with --system-package") for name in asked)])
        if outside:
            gathering.add_outside(outside, outside)
        gathering.need(needed)
        gathering.complete()
        newer = sorted({version for elf in (outside or {}).values() for version in gathering.lacking_versions(elf)})
        if newer:
            raise InputError(
                f"the server needs {', '.join(newer)}, which the archive's C library does not have",
                hint="take a newer suite with --archive-suite, or an older version",
            )
        if not text_conversion:
            gathering.drop_text_conversion()
        return compose_root(
            gathering,
            machine=self._request.platform.machine,
            account=self._request.account,
            notes=self._packages.notes,
            lock=self._packages.lock_of(gathering.selection, requested=(*packages, *asked), missing=gathering.missing),
        )

    def _seeds(self, packages: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        yield from self._kit.packages.items()
        for name, why in self._kit.optional.items():
            if self._packages.has(name):
                yield name, why
        yield from packages.items()
