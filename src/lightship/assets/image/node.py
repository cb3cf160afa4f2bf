"""Which Node server a directory holds, told from its files, and how it is started.

Next.js: https://nextjs.org/docs/app/api-reference/config/next-config-js/output (15); Nitro (Nuxt):
https://nitro.build/deploy/runtimes/node; SvelteKit: https://svelte.dev/docs/kit/adapter-node; Astro:
https://docs.astro.build/en/guides/integrations-guide/node/ (read November 2026).
"""

import json
import posixpath
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from lightship.errors import InputError, UsageError

__all__ = ["APP", "NODE_USER_CACHE", "NodeServer", "find_node_server", "least_node", "next_asset_prefix"]

APP = "app"
NODE_USER_CACHE = ".next/cache"
"""Where Next.js keeps pages that it made anew and pictures that it scaled."""

_PLAIN = ("server.js", "server.mjs", "server.cjs")
_BUILT = ("server/index.mjs", "server/entry.mjs")
_NEXT_BUILD = ".next/BUILD_ID"
_DEEPEST = 4
"""A monorepo's standalone folder has the application at its own place in the repository: ``apps/web/server.js``."""

_LEAST = re.compile(r"^\s*(?:>=|\^|~)?\s*v?(\d{1,3})(?:\.|\s|$|x)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeServer:
    """``entry`` is the file that is started, relative to the directory; ``folder`` is where it lies, ``""`` for the
    top. ``writable`` are folders, relative to the directory, that it writes to when it may."""

    kind: Literal["next", "node"]
    entry: str
    writable: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.entry)


def find_node_server(paths: Collection[str], *, entry: str | None = None, wanted: bool = False) -> NodeServer | None:
    """The server among ``paths``; None where there is none, unless it is ``wanted``, or its ``entry`` named: then raise
    UsageError or InputError."""
    known = set(paths)
    if entry is not None:
        entry = posixpath.normpath(entry)
        if entry not in known:
            raise InputError(f"--entry {entry}: there is no such file in the directory")
        return _server(entry, known)
    nested = sorted(path for path in known if _is_next_server(path, known))
    if len(nested) == 1:
        return _server(nested[0], known)
    if len(nested) > 1:
        raise UsageError(f"several Next.js servers: {', '.join(nested[:5])}", hint="say which with --entry")
    # a page beside it, and no package: a script that browsers are to get
    plain = () if "index.html" in known and "package.json" not in known else _PLAIN
    for path in (*plain, *_BUILT, *(("index.js",) if "handler.js" in known else ())):
        if path in known:
            return _server(path, known)
    if wanted:
        raise UsageError(
            "no Node server in the directory: want a server.js",
            hint="name what node starts with --entry; of Next.js it is .next/standalone, made by output: 'standalone'",
        )
    return None


def _is_next_server(path: str, known: Collection[str]) -> bool:
    folder, name = posixpath.split(path)
    parts = folder.split("/") if folder else []
    if name != "server.js" or "node_modules" in parts or len(parts) > _DEEPEST:
        return False
    return posixpath.join(folder, _NEXT_BUILD) in known


def _server(entry: str, known: Collection[str]) -> NodeServer:
    folder = posixpath.dirname(entry)
    if posixpath.join(folder, _NEXT_BUILD) in known:
        return NodeServer(
            kind="next",
            entry=entry,
            writable=(posixpath.join(folder, NODE_USER_CACHE),),
            # an engine sets HOSTNAME to the container's name, and Next.js would listen there alone
            env={"HOSTNAME": "0.0.0.0", "NEXT_TELEMETRY_DISABLED": "1"},  # noqa: S104 - inside a container
        )
    return NodeServer(kind="node", entry=entry, env={"HOST": "0.0.0.0"})  # noqa: S104 - as above


def next_asset_prefix(server: NodeServer, read: Callable[[str], bytes | None]) -> str:
    """The ``assetPrefix`` that a Next.js server was built with: ``""`` where it serves ``_next/static`` itself."""
    raw = read(posixpath.join(server.folder, ".next/required-server-files.json"))
    try:
        document = json.loads(raw or b"{}")
        prefix = document.get("config", {}).get("assetPrefix", "")
    except (ValueError, AttributeError, RecursionError):
        return ""  # not Next.js's: nothing is known
    return prefix if isinstance(prefix, str) else ""


def least_node(package: bytes | None) -> int | None:
    """The oldest major version of Node that ``engines`` of a ``package.json`` allows, where that is plainly said."""
    try:
        engines = json.loads(package or b"{}").get("engines", {})
        said = engines.get("node", "") if isinstance(engines, dict) else ""
    except (ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(said, str):
        return None
    least = [int(match[1]) for part in said.split("||") if (match := _LEAST.match(part))]
    return min(least, default=None)
