"""A server's tree is read as it lies: where the server is, its packages, links that stay inside."""

from pathlib import Path

import pytest
from tests.assets.standalone.servers import make_tree, manifest

from lightship.assets.standalone.tree import read_tree
from lightship.errors import InputError

_STORE = "node_modules/.pnpm/next@16.1.5/node_modules/next"


def test_pnpm_packages_are_found_under_their_names(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            f"{_STORE}/package.json": '{"name": "next", "version": "16.1.5"}',
            f"{_STORE}/dist/server/next.js": "",
            f"{_STORE}/dist/compiled/@edge-runtime/primitives/package.json": '{"name": "primitives"}',
            f"{_STORE}/dist/compiled/@edge-runtime/primitives/load.js": "",
            "node_modules/@img/colour/package.json": '{"name": "@img/colour", "version": "1.0.0"}',
            "node_modules/@img/colour/dist/index.js": "",
        },
        {"node_modules/next": ".pnpm/next@16.1.5/node_modules/next"},
    )
    assert tree.next_folder == _STORE
    assert tree.packages[_STORE].version == "16.1.5"
    assert tree.real("node_modules/next/dist/server/next.js") == f"{_STORE}/dist/server/next.js"
    assert tree.named(f"{_STORE}/dist/server/next.js") == "node_modules/next/dist/server/next.js"
    compiled = f"{_STORE}/dist/compiled/@edge-runtime/primitives/load.js"
    assert tree.named(compiled) == "node_modules/next/dist/compiled/@edge-runtime/primitives/load.js"
    inner = tree.package_of("node_modules/@img/colour/dist/index.js")
    assert inner is not None
    assert inner.name == "@img/colour"


def test_a_server_of_a_monorepo_lies_deep(tmp_path: Path) -> None:
    folder = tmp_path / "apps/web"
    make_tree(folder, {"node_modules/pkg/package.json": "not json"})
    tree = read_tree(tmp_path)
    assert (tree.app, tree.dist) == ("apps/web", "apps/web/.next")
    assert tree.packages["apps/web/node_modules/pkg"].name == "pkg"
    assert tree.images["path"] == "/_next/image"


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../etc/passwd", "circle", "nowhere"])
def test_a_link_out_of_the_tree_leads_nowhere(tmp_path: Path, target: str) -> None:
    tree = make_tree(tmp_path, {}, {"circle": target})
    assert tree.real("circle") is None
    assert tree.real("circle/etc") is None
    assert "circle" not in tree.files


@pytest.mark.parametrize("files", [{}, {"server.js": ""}, {".next/required-server-files.json": "{}"}])
def test_what_is_no_server_is_said_to_be_none(tmp_path: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    with pytest.raises(InputError, match="and there is none"):
        read_tree(tmp_path)


def test_two_servers_are_one_too_many(tmp_path: Path) -> None:
    make_tree(tmp_path / "apps/one", {})
    make_tree(tmp_path / "apps/two", {})
    with pytest.raises(InputError, match=r"want one server, got 2: apps/one, apps/two"):
        read_tree(tmp_path)


def test_a_manifest_that_is_no_json_is_no_configuration(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {".next/required-server-files.json": "[" * 100_000})
    assert tree.config == {}
    assert tree.images == {}


def test_the_manifest_of_a_pretend_server_is_read(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {".next/required-server-files.json": manifest(images={"unoptimized": True})})
    assert tree.images["unoptimized"] is True
