"""Where a standalone server starts, and which of Next.js's own files it never enters.

Next.js (13.5 to 16) is one package for building, developing and serving. What separates them are conditions on the
options of a start (``if (dev)``), which a search for names does not see; so the files behind them are named here. A
standalone server starts with ``dev: false`` and ``NODE_ENV=production``, and its configuration is written into
``server.js``: it neither reads nor checks TypeScript, nor compiles anything.
"""

import posixpath
from collections.abc import Iterator

from lightship.assets.standalone.static import static_files
from lightship.assets.standalone.tree import ServerTree

__all__ = ["BUILDER", "BUILD_TOOLS", "closed_doors", "has_edge_functions", "is_build_tool", "roots", "unasked"]

_DOORS = (
    "build/index.js", "build/webpack-build/index.js", "build/webpack-config.js", "build/turbopack-build/index.js",
    "cli/next-build.js", "cli/next-dev.js", "export/index.js", "export/worker.js",
    "experimental/testmode/",
    "lib/verify-root-layout.js", "lib/download-swc.js", "lib/patch-incorrect-lockfile.js",
    "server/dev/next-dev-server.js", "server/dev/hot-reloader-webpack.js", "server/dev/hot-reloader-turbopack.js",
    "server/dev/hot-reloader-rspack.js", "server/dev/static-paths-worker.js", "server/dev/turbopack-utils.js",
    "server/lib/router-utils/setup-dev-bundler.js",
    "server/next-typescript.js", "server/typescript/",
    "telemetry/storage.js",
)  # fmt: skip
"""Below ``next/dist``; each stands behind a condition. What they load stays where something else loads it too."""

BUILDER = (
    "build/", "cli/", "export/", "experimental/testmode/", "lib/typescript/", "lib/verify-", "lib/download-swc",
    "lib/patch-incorrect-lockfile", "next-devtools/", "server/capsize-font-metrics.json", "server/font-utils.js",
    "server/dev/", "server/lib/dev-bundler-service.js", "server/lib/router-utils/setup-dev-bundler.js", "server/mcp/",
    "server/next-typescript.js", "server/typescript/", "telemetry/", "client/dev/", "esm/build/", "esm/server/dev/",
    "compiled/@mswjs/", "compiled/babel/", "compiled/babel-packages/", "compiled/conf/", "compiled/css-minimizer",
    "compiled/cssnano-simple/", "compiled/jest-worker/", "compiled/loader-utils", "compiled/mini-css-extract-plugin/",
    "compiled/postcss-", "compiled/sass-loader/", "compiled/schema-utils", "compiled/tar/", "compiled/terser/",
    "compiled/terser-webpack-plugin/", "compiled/webpack/", "compiled/webpack-sources",
)  # fmt: skip
"""Parts of ``next/dist`` that build, develop and report, as far as nothing that serves loads them."""

_EDGE_DOORS = ("server/web/sandbox/", "compiled/edge-runtime/", "compiled/@edge-runtime/primitives/load.js")

BUILD_TOOLS = frozenset({
    "@babel/core", "@rspack/core", "@swc/core", "autoprefixer", "babel-loader", "cssnano", "esbuild", "esbuild-wasm",
    "eslint", "jest-worker", "less", "lightningcss", "mini-css-extract-plugin", "parcel", "postcss-loader",
    "rolldown", "rollup", "sass", "sass-embedded", "sass-loader", "stylelint", "tailwindcss", "terser",
    "terser-webpack-plugin", "ts-loader", "ts-morph", "ts-node", "tsx", "turbo", "typescript", "vite", "vitest",
    "webpack", "webpack-bundle-analyzer", "webpack-sources",
})  # fmt: skip
"""Packages that build others."""
_BUILD_TOOLS_OF = ("@babel/", "@rollup/", "@esbuild/", "@webassemblyjs/", "@tailwindcss/", "@next/swc-", "@swc/core-")


def is_build_tool(name: str) -> bool:
    """Whether the package of that name builds others."""
    return name in BUILD_TOOLS or name.startswith(_BUILD_TOOLS_OF)


def roots(tree: ServerTree) -> Iterator[str]:
    """``server.js`` and all that the build wrote for the server, whose pages are loaded by name when they are asked
    for; whatever an application put beside it, and handlers that the configuration names."""
    static = set(static_files(tree))
    for path in tree.files:
        is_code = path.endswith((".js", ".cjs", ".mjs"))
        if is_code and "/node_modules/" not in f"/{path}" and path not in static:
            yield path
    yield from _handlers(tree)


def _handlers(tree: ServerTree) -> Iterator[str]:
    """What the configuration names: handlers of caches, relative to the build or to the server."""
    several = tree.config.get("cacheHandlers")
    named = [tree.config.get("cacheHandler"), *(several.values() if isinstance(several, dict) else ())]
    for name in named:
        for folder in (tree.dist, tree.app):
            place = posixpath.normpath(posixpath.join(folder, name)) if isinstance(name, str) else ""
            real = tree.real(place) if place else None
            if real is not None:
                yield real


def has_edge_functions(tree: ServerTree) -> bool:
    """Whether a route or the middleware runs in the edge runtime; True where the build does not say."""
    manifest = tree.json(f"{tree.dist}/server/middleware-manifest.json")
    return not manifest or bool(manifest.get("middleware")) or bool(manifest.get("functions"))


def closed_doors(tree: ServerTree) -> frozenset[str]:
    """Files that a standalone server of this build never loads by themselves."""
    doors = _DOORS if has_edge_functions(tree) else (*_DOORS, *_EDGE_DOORS)
    head = f"{tree.next_folder}/dist/"
    wanted = tuple(head + door for door in doors)
    return (
        frozenset(path for path in tree.below(tree.next_folder) if path.startswith(wanted))
        if tree.next_folder
        else frozenset()
    )


def unasked(*, sharp: bool) -> frozenset[str]:
    """Packages that Next.js itself asks for only when it builds; ``sharp`` also where it makes no pictures."""
    return BUILD_TOOLS if sharp else BUILD_TOOLS | {"sharp"}
