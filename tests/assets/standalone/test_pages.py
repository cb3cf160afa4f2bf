"""Every route of a build is asked once, in the form that browsers ask for it."""

import json
import os
from pathlib import Path

from tests.assets.standalone.servers import make_tree, manifest

from lightship.assets.standalone.pages import asks

FILES = {
    ".next/BUILD_ID": "abc",
    ".next/app-path-routes-manifest.json": json.dumps(
        {
            "/page": "/",
            "/(group)/about/page": "/about",
            "/blog/[slug]/page": "/blog/[slug]",
            "/docs/[[...path]]/page": "/docs/[[...path]]",
            "/api/hello/route": "/api/hello",
            "/feed/(.)photo/page": "/feed/(.)photo",
        }
    ),
    ".next/server/pages-manifest.json": json.dumps(
        {"/_app": "a.js", "/_error": "e.js", "/old": "o.js", "/api/x": "x.js", "/404": "404.html"}
    ),
    ".next/prerender-manifest.json": json.dumps(
        {"routes": {"/blog/first": {"srcRoute": "/blog/[slug]"}, "/about": {"srcRoute": "/about"}, "/odd": 3}}
    ),
}


def test_every_page_and_route_is_asked_for(tmp_path: Path) -> None:
    found = [ask.name for ask in asks(make_tree(tmp_path, FILES), ("health?deep=1",))]
    assert found == [
        "/", "/ (RSC)", "/about", "/about (RSC)", "/api/hello",
        "/blog/first", "/blog/first (RSC)", "/blog/1", "/blog/1 (RSC)", "/docs/1", "/docs/1 (RSC)",
        "/404", "/api/x", "/old", "/_next/data/abc/old.json",
        "/lightship-no-such-page", "/health?deep=1",
    ]  # fmt: skip


def test_a_base_path_comes_before_every_page(tmp_path: Path) -> None:
    base = {".next/routes-manifest.json": json.dumps({"basePath": "/shop"})}
    found = [ask.path for ask in asks(make_tree(tmp_path, FILES | base))]
    assert found[0] == "/shop"
    assert all(path.startswith("/shop") for path in found)


def test_one_picture_is_made_smaller(tmp_path: Path) -> None:
    images = manifest(images={"deviceSizes": [828, 640], "qualities": [90]})
    files = FILES | {
        ".next/required-server-files.json": images,
        "public/favicon.ico": "",
        "public/hall of fame.png": "",
        ".next/static/media/x.1234.webp": "",
    }
    found = [ask.path for ask in asks(make_tree(tmp_path, files), images=True) if ask.route == "/_next/image"]
    assert found == ["/_next/image?url=%2F_next%2Fstatic%2Fmedia%2Fx.1234.webp&w=828&q=90"]


def test_manifests_of_nonsense_ask_for_nothing(tmp_path: Path) -> None:
    nonsense = {
        ".next/app-path-routes-manifest.json": "[1]",
        ".next/server/pages-manifest.json": "{",
        ".next/prerender-manifest.json": '{"routes": []}',
        ".next/routes-manifest.json": '{"basePath": 4}',
        ".next/BUILD_ID": "x" * 5000,
    }
    assert [ask.path for ask in asks(make_tree(tmp_path, nonsense))] == ["/lightship-no-such-page"]


def test_names_that_are_no_text_are_asked_for(tmp_path: Path) -> None:
    files = {
        ".next/app-path-routes-manifest.json": '{"/\\ud800/page": "/\\ud800"}',
        os.fsdecode(b"public/\xe9.png"): "",
    }
    found = [ask.path for ask in asks(make_tree(tmp_path, files), images=True)]
    assert found[0] == "/%3F"
    assert "/_next/image?url=%2F%E9.png&w=640&q=75" in found
