"""Front ends: package manager by lock, what is put out and how it is served."""

import json

import pytest

from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.node import FrontEnd, find_front_ends


def _package(kind: str = "vite", **more: object) -> str:
    tool = {"vite": "vite build", "next": "next build", "react-scripts": "react-scripts build"}[kind]
    return json.dumps({"scripts": {"build": tool}, "devDependencies": {kind: "1"}, **more})


def _only(contents: dict[str, str]) -> FrontEnd:
    (found,) = find_front_ends(ProjectFiles.of(contents))
    return found


@pytest.mark.parametrize(
    ("lock", "manager"),
    [("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("package-lock.json", "npm"), ("bun.lock", "bun")],
)
def test_the_lock_names_the_manager(lock: str, manager: str) -> None:
    found = _only({"web/package.json": _package(), f"web/{lock}": ""})
    assert (found.manager, found.lock, found.directory) == (manager, f"web/{lock}", "web")


def test_without_a_lock_corepacks_field_counts() -> None:
    found = _only({"package.json": _package(packageManager="pnpm@10.2.1+sha512.ab")})
    assert (found.manager, found.manager_version, found.lock, found.directory) == ("pnpm", "10.2.1", None, "")


@pytest.mark.parametrize(
    ("config", "mode", "output"),
    [
        ("export default { output: 'standalone' }", "standalone", ".next"),
        ('module.exports = { output: "export" }', "static", "out"),
        ('module.exports = { output: "export", distDir: "site" }', "static", "site"),
        ('export default { output: "export", distDir: "../site" }', "static", "out"),
        ("export default { // output: 'standalone'\n}", "server", ".next"),
        ("export default {}", "server", ".next"),
    ],
)
def test_next(config: str, mode: str, output: str) -> None:
    found = _only({"web/package.json": _package("next"), "web/next.config.mjs": config})
    assert (found.kind, found.mode, found.output) == ("next", mode, output)


@pytest.mark.parametrize(
    ("config", "output"),
    [
        ("", "dist"),
        ('build: { outDir: "/srv/www" }', "dist"),
        ('build: { outDir: "./public/app" }', "public/app"),
        ('build: { outDir: "../static" }', "dist"),
    ],
)
def test_vite(config: str, output: str) -> None:
    found = _only({"package.json": _package(), "vite.config.ts": config})
    assert (found.kind, found.mode, found.output) == ("vite", "static", output)


def test_the_version_of_node() -> None:
    assert _only({"package.json": _package(), ".nvmrc": "v20.1\n"}).node == 20
    assert _only({"package.json": _package(engines={"node": ">=24"})}).node == 24
    assert _only({"package.json": _package(engines={"node": ">=18"})}).node == 22
    assert _only({"package.json": _package()}).node == 22


def test_what_builds_no_front_end_is_none() -> None:
    contents = {
        "package.json": json.dumps({"dependencies": {"express": "1"}, "scripts": {"build": "tsc"}}),
        "node_modules/vite/package.json": _package(),
        "tool/package.json": "[1]",
    }
    assert find_front_ends(ProjectFiles.of(contents)) == ()


def test_packages_are_counted() -> None:
    lock = json.dumps({"packages": {"": {}, "node_modules/a": {}, "node_modules/b": {}}}, indent=2)
    assert _only({"package.json": _package(), "package-lock.json": lock}).packages == 2


@pytest.mark.parametrize(
    ("name", "lock", "packages"),
    [
        ("yarn.lock", '# yarn lockfile v1\n\na@^1, a@~1:\n  version "1.0"\n\n"@b/c@^2":\n  version "2.0"\n', 2),
        (
            "pnpm-lock.yaml",
            "packages:\n\n  a@1.0.0:\n    x: y\n\n  '@b/c@2':\n    x: y\n\nsnapshots:\n\n  a@1.0.0:\n\n  b@2.0.0:\n",
            2,
        ),
        ("bun.lock", '{\n  "packages": {\n    "a": ["a@1.0.0"],\n    "b": ["b@1.0.0"]\n  }\n}\n', 2),
    ],
)
def test_packages_are_counted_in_every_lock(name: str, lock: str, packages: int) -> None:
    assert _only({"package.json": _package(), name: lock}).packages == packages


def test_a_lock_of_one_long_line_is_read_in_linear_time() -> None:
    assert _only({"package.json": _package(), "yarn.lock": "@:" * 2_000_000}).packages == 1
