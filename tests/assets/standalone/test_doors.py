"""Where a server starts, and which of Next.js's doors stay shut."""

import json
from pathlib import Path

import pytest
from tests.assets.standalone.servers import make_tree

from lightship.assets.standalone.doors import closed_doors, has_edge_functions, is_build_tool, roots, unasked

MANIFEST = ".next/server/middleware-manifest.json"
NEXT = {
    "node_modules/next/package.json": "{}",
    "node_modules/next/dist/server/web/sandbox/index.js": "",
    "node_modules/next/dist/server/dev/next-dev-server.js": "",
    "node_modules/next/dist/server/next-server.js": "",
}


def test_a_server_starts_with_its_own_code_and_not_with_what_browsers_run(tmp_path: Path) -> None:
    files = {
        ".next/server/app/page.js": "",
        ".next/server/app/page.html": "",
        ".next/static/chunks/a.js": "",
        "public/sw.js": "",
        "worker.mjs": "",
        "node_modules/pkg/index.js": "",
    }
    assert set(roots(make_tree(tmp_path, files))) == {"server.js", "worker.mjs", ".next/server/app/page.js"}


@pytest.mark.parametrize(
    ("manifest", "edge"),
    [
        ({"middleware": {}, "functions": {}}, False),
        ({"middleware": {"/": {}}, "functions": {}}, True),
        ({"middleware": {}, "functions": {"/api/edge": {}}}, True),
        (None, True),
    ],
)
def test_the_edge_runtime_is_shut_only_where_the_build_says_so(
    tmp_path: Path, manifest: dict[str, object] | None, edge: bool
) -> None:
    tree = make_tree(tmp_path, NEXT | ({MANIFEST: json.dumps(manifest)} if manifest is not None else {}))
    assert has_edge_functions(tree) == edge
    shut = {path.removeprefix("node_modules/next/dist/") for path in closed_doors(tree)}
    sandbox = set() if edge else {"server/web/sandbox/index.js"}
    assert shut == {"server/dev/next-dev-server.js"} | sandbox


def test_a_tree_without_next_has_no_doors(tmp_path: Path) -> None:
    assert closed_doors(make_tree(tmp_path, {})) == frozenset()


def test_build_tools_are_known_by_their_names() -> None:
    tools = ("typescript", "@babel/core", "@swc/core-linux-x64-gnu", "@esbuild/linux-x64", "webpack")
    others = ("react", "@swc/helpers", "esbuild-loader-of-mine", "sharp", "typescript-eslint-parser")
    assert all(is_build_tool(name) for name in tools)
    assert not any(is_build_tool(name) for name in others)
    assert "sharp" in unasked(sharp=False) - unasked(sharp=True)
