import pytest

from lightship.assets.reading.javascript import javascript_references
from lightship.assets.reading.reference import Reference


def read(script: str) -> list[Reference]:
    return list(javascript_references(script.encode()))


def found(script: str) -> list[tuple[str, str]]:
    return [(reference.kind, reference.target) for reference in read(script)]


@pytest.mark.parametrize(
    "script",
    [
        'import{a as b}from"./lib-x.js";',
        "import './lib-x.js'",
        'export*from"./lib-x.js"',
        'const a=()=>import("./lib-x.js")',
        "import(/* webpackChunkName: 'x' */ `./lib-x.js`)",
    ],
)
def test_imports_are_certain_and_ask_with_cors(script: str) -> None:
    (reference,) = read(script)
    assert (reference.kind, reference.target, reference.certain, reference.crossorigin) == (
        "script",
        "./lib-x.js",
        True,
        True,
    )


def test_bare_names_are_for_import_maps() -> None:
    assert read('import x from "react";import("lodash-es/a.js")') == []


def test_workers_and_service_workers() -> None:
    script = 'new Worker(new URL("/assets/w-1.js",import.meta.url),{type:"module"});new SharedWorker("/s.js");'
    assert found(script + 'navigator.serviceWorker.register("/sw.js")') == [
        ("worker", "/assets/w-1.js"),
        ("worker", "/s.js"),
        ("worker", "/sw.js"),
    ]


def test_addresses_relative_to_the_module() -> None:
    (reference,) = read('const u=new URL("./a.wasm",import.meta.url).href, v=new URL("/api/x",location)')
    assert (reference.target, reference.kind, reference.certain) == ("./a.wasm", "fetch", True)
    (reference,) = read('new URL("./b.png",""+import.meta.url)')
    assert (reference.target, reference.kind) == ("./b.png", "image")


def test_scripts_of_a_worker() -> None:
    assert found('importScripts("/a.js","/b.js")') == [("script", "/a.js"), ("script", "/b.js")]


def test_strings_that_look_like_assets_are_guesses() -> None:
    references = read('a="/logo.png";b="img/bg.webp?v=1";c="https://cdn.example/x.css"')
    assert [each.target for each in references] == ["/logo.png", "img/bg.webp?v=1", "https://cdn.example/x.css"]
    assert not any(each.certain for each in references)


def test_strings_that_are_none() -> None:
    script = (
        'a=".js";b="react.js";c="text/css";d="/a/*.png";e="https://react.dev/x.html";f="a b/c.js";g="b.map(";h="/.js"'
    )
    assert read(script) == []


def test_a_quote_in_a_comment_or_a_pattern_shifts_nothing() -> None:
    assert found("// don't\nvar a = '/a.png';") == [("image", "/a.png")]
    assert found('x=/["]/;y="/b.png"') == [("image", "/b.png")]


def test_escapes_are_undone() -> None:
    script = r'a="https:\/\/cdn.example\/a.js";b="\u002fb\x2fc.png"'
    assert [target for _, target in found(script)] == ["https://cdn.example/a.js", "/b/c.png"]


def test_vites_preloads_are_relative_to_its_base() -> None:
    script = (
        'const __vite__mapDeps=(i,m=__vite__mapDeps,d=(m.f||(m.f=["assets/a-1.js","assets/b-2.css"])))=>i.map(i=>d[i]);'
        'const e=function(e){return"https://cdn.example/"+e};'
    )
    references = read(script)
    assert [(each.kind, each.target, each.base) for each in references] == [
        ("script", "assets/a-1.js", "https://cdn.example/"),
        ("style", "assets/b-2.css", "https://cdn.example/"),
    ]


@pytest.mark.parametrize(
    "entry",
    [
        '{url:"index.html",revision:"ab"}',
        '{"revision":null,"url":"index.html"}',
        "{'url': 'index.html', 'revision': '1'}",
    ],
)
def test_precache_lists_are_certain(entry: str) -> None:
    (reference,) = read(f"e.precacheAndRoute([{entry}],{{}})")
    assert (reference.target, reference.kind, reference.certain, reference.via) == (
        "index.html",
        "page",
        True,
        "precache",
    )


def test_an_url_of_something_else_is_no_precache() -> None:
    assert read('{url:"/api/chat"},{url:"x/y",name:"revision"}') == []


def test_chunks_of_next_are_below_its_folder() -> None:
    (reference,) = read('self.__BUILD_MANIFEST={"/old":["static/chunks/0fjjc08wviscv.js"]}')
    assert (reference.target, reference.base) == ("static/chunks/0fjjc08wviscv.js", "/_next/")


def test_the_map_is_named_in_the_last_line() -> None:
    assert found('let a="//# sourceMappingURL=";\n//# sourceMappingURL=a.js.map\n') == [("map", "a.js.map")]
