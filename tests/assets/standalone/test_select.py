"""Rules together: who wins, what comes back, and links that would lead nowhere."""

from pathlib import Path

import pytest
from tests.assets.standalone.servers import make_tree, manifest

from lightship.assets.standalone.model import StandaloneOptions
from lightship.assets.standalone.rule import Server
from lightship.assets.standalone.rules import RULES
from lightship.assets.standalone.select import select
from lightship.assets.standalone.tree import read_tree
from lightship.errors import UsageError

_STORE = "node_modules/.pnpm/typescript@5.9.3/node_modules/typescript"
FILES = {
    f"{_STORE}/package.json": '{"name": "typescript", "version": "5.9.3"}',
    f"{_STORE}/lib/typescript.js": "compiler",
    f"{_STORE}/LICENSE.txt": "Apache",
    "node_modules/next/package.json": '{"name": "next", "version": "16.1.5"}',
    "node_modules/next/dist/server/next.js": 'require("typescript")',
    "node_modules/next/dist/compiled/x/package.json": "{}",
    "node_modules/next/dist/compiled/x/LICENSE": "MIT",
    "node_modules/next/dist/compiled/x/index.js": "",
    "server.js": 'require("next/dist/server/next")',
}
LINKS = {
    "node_modules/typescript": ".pnpm/typescript@5.9.3/node_modules/typescript",
    "node_modules/broken": "was/never/there",
}


def left(tmp_path: Path, options: StandaloneOptions) -> dict[str, str]:
    tree = make_tree(tmp_path, FILES, LINKS)
    return {each.path: each.rule for each in select(Server(tree, options), RULES).left}


def test_a_package_goes_with_its_licence_and_the_link_to_it(tmp_path: Path) -> None:
    assert left(tmp_path, StandaloneOptions()) == {
        f"{_STORE}/package.json": "build-tools",
        f"{_STORE}/lib/typescript.js": "build-tools",
        f"{_STORE}/LICENSE.txt": "build-tools",
        "node_modules/typescript": "dangling-links",
    }


@pytest.mark.parametrize("pattern", ["node_modules/typescript/**", f"{_STORE}/lib", "**/typescript.js"])
def test_keep_wins_by_either_name_and_brings_what_node_needs(tmp_path: Path, pattern: str) -> None:
    gone = left(tmp_path, StandaloneOptions(keep=(pattern,)))
    assert f"{_STORE}/lib/typescript.js" not in gone
    assert f"{_STORE}/package.json" not in gone
    assert f"{_STORE}/LICENSE.txt" not in gone
    assert "node_modules/typescript" not in gone


def test_a_rule_that_is_off_takes_nothing_and_one_that_is_none_is_an_error(tmp_path: Path) -> None:
    assert left(tmp_path / "off", StandaloneOptions(off=("build-tools",))) == {}
    with pytest.raises(UsageError, match=r"no such rule: want one of static-moved, .*, got typo"):
        left(tmp_path / "typo", StandaloneOptions(off=("typo",)))


def test_a_link_that_led_nowhere_before_is_none_of_ours(tmp_path: Path) -> None:
    assert "node_modules/broken" not in left(tmp_path, StandaloneOptions(max_safety="closure"))


def test_pictures_stay_only_for_a_server_that_makes_them_smaller(tmp_path: Path) -> None:
    files = {"public/a.png": "", ".next/server/app/page.js": '"/_next/image"', ".next/static/b.js": ""}
    tree = make_tree(tmp_path / "on", files)
    moved = StandaloneOptions(static="moved")
    assert {each.path for each in select(Server(tree, moved), RULES).left} == {".next/static/b.js"}
    off = StandaloneOptions(static="moved", images="off")
    assert {each.path for each in select(Server(tree, off), RULES).left} == {".next/static/b.js", "public/a.png"}
    plain = {**files, ".next/required-server-files.json": manifest(images={"unoptimized": True})}
    tree = make_tree(tmp_path / "unoptimized", plain)
    assert {each.path for each in select(Server(tree, moved), RULES).left} == {".next/static/b.js", "public/a.png"}


def test_sharp_goes_where_the_build_has_another_loader(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            ".next/required-server-files.json": manifest(images={"loader": "custom"}),
            "node_modules/sharp/package.json": "{}",
            "node_modules/next/package.json": "{}",
            "node_modules/next/dist/server/next.js": 'require("sharp")',
            "server.js": 'require("next/dist/server/next")',
        },
    )
    assert [each.rule for each in select(Server(tree, StandaloneOptions()), RULES).left] == ["images-off"]


def test_what_the_configuration_asked_for_stays(tmp_path: Path) -> None:
    includes = {"/api/*": ["./node_modules/pkg/{data,more}/**/*", "../outside/**", 3], "/x": "odd"}
    files = {
        "apps/web/server.js": "",
        "apps/web/.next/required-server-files.json": manifest(outputFileTracingIncludes=includes),
        "apps/web/node_modules/pkg/data/deep/one.json": "{}",
        "apps/web/node_modules/pkg/more/worker.mjs": "",
        "apps/web/node_modules/pkg/other.mjs": "",
        "apps/web/node_modules/pkg/package.json": "{}",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    selection = select(Server(read_tree(tmp_path), StandaloneOptions(max_safety="closure")), RULES)
    assert {each.path for each in selection.left} == {"apps/web/node_modules/pkg/other.mjs"}


def test_a_handler_that_the_configuration_names_is_a_place_to_start(tmp_path: Path) -> None:
    files = {
        ".next/required-server-files.json": manifest(cacheHandler="../node_modules/handler/main.js"),
        "node_modules/handler/package.json": "{}",
        "node_modules/handler/main.js": 'require("./redis")',
        "node_modules/handler/redis.js": "",
        "node_modules/handler/left.js": "",
    }
    selection = select(Server(make_tree(tmp_path, files), StandaloneOptions(max_safety="closure")), RULES)
    assert [each.path for each in selection.left] == ["node_modules/handler/left.js"]


@pytest.mark.parametrize("pattern", ["{" * 5000, "{a,b}" * 40, "{" + "a," * 5000 + "}"])
def test_patterns_of_nonsense_end(tmp_path: Path, pattern: str) -> None:
    config = manifest(outputFileTracingIncludes={"/": [pattern]})
    tree = make_tree(tmp_path, {".next/required-server-files.json": config})
    assert len(tree.included) <= 100
    select(Server(tree, StandaloneOptions()), RULES)
