"""Packages of other operating systems, processors and C libraries.

What it does
============
Leaves out packages whose ``package.json`` says by ``os``, ``cpu`` or ``libc`` that they are not for where the server
runs: not for Linux; with ``--platform`` not for its processor; with ``--libc`` not for its C library.

Why
===
An installation for several platforms, or on another machine, brings binaries that are never loaded. The loader asks
for the one that fits.

Bad
===
For amd64 and glibc::

    - node_modules/@img/sharp-darwin-arm64/package.json | {"os": ["darwin"], "cpu": ["arm64"]}
    - node_modules/@img/sharp-darwin-arm64/lib/sharp.node
    - node_modules/@img/sharp-linuxmusl-x64/package.json | {"os": ["linux"], "libc": ["musl"], "cpu": ["x64"]}
    - node_modules/@img/sharp-linuxmusl-x64/lib/sharp.node
    - node_modules/@img/sharp-linux-arm64/package.json | {"os": ["linux"], "cpu": ["arm64"]}
      node_modules/@img/sharp-linux-x64/package.json | {"os": ["linux"], "libc": ["glibc"], "cpu": ["x64"]}

Good
====
::

      node_modules/@img/sharp-linuxmusl-x64/package.json | {"os": ["linux"], "libc": ["musl"], "cpu": ["x64"]}
      node_modules/@img/sharp-linux-arm64/package.json | {"os": ["linux"], "cpu": ["arm64"]}
      node_modules/fsevents/package.json | {"os": ["!win32"]}

References
==========
https://docs.npmjs.com/cli/v11/configuring-npm/package-json: ``os``, ``cpu``, ``libc``; a ``!`` excludes.
"""

from collections.abc import Iterator

from lightship.assets.standalone.rule import Rule, Server

__all__ = ["RULE"]

_NODE_NAMES = {"amd64": "x64", "386": "ia32", "ppc64le": "ppc64"}
"""``process.arch`` for architectures that OCI calls otherwise."""


def _select(server: Server) -> Iterator[str]:
    options = server.options
    architecture = options.architecture
    wanted = {
        "os": "linux",
        "cpu": _NODE_NAMES.get(architecture, architecture) if architecture else None,
        "libc": options.libc,
    }
    for package in server.tree.packages.values():
        for key, value in wanted.items():
            if value is not None and not _admits(package.names(key), value):
                yield from server.tree.below(package.folder)
                break


def _admits(names: tuple[str, ...], value: str) -> bool:
    if f"!{value}" in names:
        return False
    asked = [name for name in names if not name.startswith("!")]
    return not asked or value in asked or "any" in asked


RULE = Rule(
    code="foreign-platform",
    safety="safe",
    reason="package for another operating system, processor or C library",
    select=_select,
    doc=__doc__,
)
