"""What Node can load from a file is found by its own rules of names; what is uncertain counts as loaded."""

from pathlib import Path

import pytest
from tests.assets.standalone.servers import make_tree

from lightship.assets.standalone.reach import reachable, resolved, specifiers


@pytest.mark.parametrize(
    "source",
    [
        'const a = require("pkg")',
        "var a=require('pkg');",
        "import a from 'pkg'",
        'import{a}from"pkg"',
        'import "pkg"',
        'export * from "pkg"',
        'await import("pkg")',
        "require(`pkg`)",
        'require.resolve("pkg")',
        'const r = createRequire(import.meta.url)("pkg")',
        'module.exports=[1,e=>{e.exports=e.x("pkg",()=>require("pkg"))}]',
        'let a = await e.y("pkg")',
        'let path = resolve("pkg")',
        '__non_webpack_require__("pkg")',
    ],
)
def test_a_literal_name_is_seen(source: str) -> None:
    names, at_run_time = specifiers(source.encode())
    assert "pkg" in names
    assert not at_run_time


@pytest.mark.parametrize(
    "source", ["require(name)", "import(path.join(a, b))", "require(`./${name}.js`)", "require(f())"]
)
def test_a_name_made_at_run_time_is_seen(source: str) -> None:
    assert specifiers(source.encode())[1]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("pkg", {"main.cjs", "package.json"}),
        ("pkg/sub", {"lib/sub.js", "package.json"}),
        ("pkg/features/one", {"lib/features/one.mjs", "package.json"}),
        ("./node_modules/pkg/lib/sub", {"lib/sub.js", "package.json"}),
        ("pkg/package.json", {"package.json"}),
        ("absent", set()),
        ("node:fs", set()),
        ("../../outside", set()),
        ("@", set()),
        ("", set()),
    ],
)
def test_names_are_resolved_as_node_does(tmp_path: Path, name: str, found: set[str]) -> None:
    exports = (
        '{".": {"types": "./types.js", "browser": "./browser.js", "node": {"default": "./main.cjs"}},'
        ' "./sub": "./lib/sub.js", "./features/*": "./lib/features/*.mjs"}'
    )
    tree = make_tree(
        tmp_path,
        {
            "server.js": f'require("{name}")',
            "node_modules/pkg/package.json": f'{{"name": "pkg", "exports": {exports}}}',
            **{
                f"node_modules/pkg/{path}": ""
                for path in ("main.cjs", "browser.js", "types.js", "lib/sub.js", "lib/features/one.mjs")
            },
        },
    )
    reached = reachable(tree, ["server.js"])
    assert reached == {"server.js", *(f"node_modules/pkg/{path}" for path in found)}


def test_links_of_a_store_and_own_imports_are_followed(tmp_path: Path) -> None:
    store = "node_modules/.pnpm/a@1/node_modules"
    tree = make_tree(
        tmp_path,
        {
            "server.js": 'require("a")',
            f"{store}/a/package.json": '{"main": "./lib", "imports": {"#in": {"node": "b/deep.js"}}}',
            f"{store}/a/lib/index.js": 'require("#in")',
            "node_modules/.pnpm/b@1/node_modules/b/package.json": "{}",
            "node_modules/.pnpm/b@1/node_modules/b/deep.js": "",
            "node_modules/.pnpm/b@1/node_modules/b/other.js": "",
        },
        {"node_modules/a": ".pnpm/a@1/node_modules/a", f"{store}/b": "../../b@1/node_modules/b"},
    )
    reached = reachable(tree, ["server.js"])
    assert "node_modules/.pnpm/b@1/node_modules/b/deep.js" in reached
    assert "node_modules/.pnpm/b@1/node_modules/b/other.js" not in reached


def test_a_package_that_loads_by_made_names_stays_whole_with_what_it_may_depend_on(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "server.js": 'require("sharp")',
            "node_modules/sharp/package.json": '{"optionalDependencies": {"@img/linux": "1"}}',
            "node_modules/sharp/index.js": "require(`@img/${process.platform}`)",
            "node_modules/sharp/lib/rare.js": "",
            "node_modules/@img/linux/package.json": "{}",
            "node_modules/@img/linux/lib/libvips.so.42": "",
            "node_modules/other/package.json": "{}",
        },
    )
    reached = reachable(tree, ["server.js"])
    assert reached >= {"node_modules/sharp/lib/rare.js", "node_modules/@img/linux/lib/libvips.so.42"}
    assert "node_modules/other/package.json" not in reached


def test_data_stays_where_its_package_names_it(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "server.js": 'require("og")',
            "node_modules/og/package.json": "{}",
            "node_modules/og/index.js": 'readFileSync(join(__dirname, "assets/resvg.wasm"))',
            "node_modules/og/assets/resvg.wasm": "",
            "node_modules/og/assets/other.wasm": "",
            "node_modules/og/esm/package.json": '{"type": "module"}',
        },
    )
    reached = reachable(tree, ["server.js"])
    assert "node_modules/og/assets/resvg.wasm" in reached
    assert "node_modules/og/assets/other.wasm" not in reached
    assert "node_modules/og/esm/package.json" not in reached


def test_closed_doors_and_what_next_does_not_ask_for(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "server.js": 'require("next/dist/a")',
            "node_modules/next/package.json": "{}",
            "node_modules/next/dist/a.js": 'require("typescript"); require("./door"); require(made_at_run_time)',
            "node_modules/next/dist/door.js": 'require("./behind")',
            "node_modules/next/dist/behind.js": "",
            "node_modules/typescript/package.json": "{}",
            "node_modules/typescript/index.js": "",
        },
    )
    closed = {"node_modules/next/dist/door.js"}
    assert "node_modules/typescript/index.js" in reachable(tree, ["server.js"])
    reached = reachable(tree, ["server.js"], closed=closed, unasked={"typescript"})
    assert reached == {"server.js", "node_modules/next/package.json", "node_modules/next/dist/a.js"}


def test_what_is_looked_for_and_not_opened(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "hook.js": 'dirname(resolve("pkg/package.json")); require.resolve("other/style"); require("left")',
            "node_modules/pkg/package.json": '{"main": "main.js"}',
            "node_modules/pkg/main.js": "",
            "node_modules/other/package.json": "{}",
            "node_modules/other/style.js": "",
            "node_modules/left/index.js": "",
        },
    )
    found = resolved(tree, ["hook.js", "gone.js"])
    assert found == {"node_modules/pkg/package.json", "node_modules/pkg/main.js", "node_modules/other/style.js"}


def test_a_package_json_of_nonsense_ends_nothing(tmp_path: Path) -> None:
    nested = '{"node": ' * 200 + '"./x.js"' + "}" * 200
    tree = make_tree(
        tmp_path,
        {
            "server.js": 'require("a"); require("b"); require("c/x"); require("d")',
            "node_modules/a/package.json": '{"main": ["x"], "exports": 4, "name": 3}',
            "node_modules/b/package.json": f'{{"exports": {nested}}}',
            "node_modules/b/x.js": "",
            "node_modules/c/package.json": '{"exports": {"./*": "../../../../etc/*", "./y": null}}',
            "node_modules/d/package.json": '{"exports": {".": "d"}, "main": "../d"}',
        },
    )
    assert "node_modules/b/x.js" in reachable(tree, ["server.js"])


def test_one_endless_word_is_no_endless_search(tmp_path: Path) -> None:
    word = b"from" + b" " * 300_000 + b"require" * 100_000 + b"`" * 100_000 + b"aGVhZGVy" * 100_000
    tree = make_tree(
        tmp_path,
        {
            "node_modules/a/package.json": "{}",
            "node_modules/a/d.wasm": "",
            "server.js": 'require("a")',
            "node_modules/a/index.js": word,
        },
    )
    assert "node_modules/a/index.js" in reachable(tree, ["server.js"])
