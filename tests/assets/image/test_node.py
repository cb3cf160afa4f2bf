"""Which Node server a directory holds."""

import pytest

from lightship.assets.image.node import find_node_server, least_node, next_asset_prefix
from lightship.errors import InputError, UsageError

NEXT = ("server.js", ".next/BUILD_ID", "package.json")


@pytest.mark.parametrize(
    ("paths", "kind", "entry"),
    [
        (NEXT, "next", "server.js"),
        (("apps/web/server.js", "apps/web/.next/BUILD_ID", "node_modules/x/server.js"), "next", "apps/web/server.js"),
        (("server.js", "package.json"), "node", "server.js"),
        (("server.mjs",), "node", "server.mjs"),
        (("server/index.mjs", "public/favicon.ico"), "node", "server/index.mjs"),
        (("server/entry.mjs", "client/index.html"), "node", "server/entry.mjs"),
        (("index.js", "handler.js", "client/app.js"), "node", "index.js"),
    ],
)
def test_a_server_is_told_by_its_files(paths: tuple[str, ...], kind: str, entry: str) -> None:
    found = find_node_server(paths)
    assert found is not None
    assert (found.kind, found.entry) == (kind, entry)


@pytest.mark.parametrize(
    "paths",
    [
        ("index.html", "assets/app.js"),
        ("index.html", "server.js"),
        ("node_modules/next/server.js", "node_modules/next/.next/BUILD_ID"),
        ("index.js",),
        ("a/b/c/d/e/server.js", "a/b/c/d/e/.next/BUILD_ID"),
        (),
    ],
)
def test_static_files_are_none(paths: tuple[str, ...]) -> None:
    assert find_node_server(paths) is None
    with pytest.raises(UsageError, match="no Node server"):
        find_node_server(paths, wanted=True)


def test_an_entry_that_is_named_is_taken() -> None:
    found = find_node_server(("lib/main.js", *NEXT), entry="./lib/main.js")
    assert found is not None
    assert (found.kind, found.entry, found.folder) == ("node", "lib/main.js", "lib")
    with pytest.raises(InputError, match="there is no such file"):
        find_node_server(NEXT, entry="main.js")
    two = (*NEXT, "apps/b/server.js", "apps/b/.next/BUILD_ID")
    with pytest.raises(UsageError, match=r"several Next.js servers"):
        find_node_server(two)
    chosen = find_node_server(two, entry="apps/b/server.js")
    assert chosen is not None
    assert (chosen.kind, chosen.writable) == ("next", ("apps/b/.next/cache",))


@pytest.mark.parametrize(
    ("raw", "prefix"),
    [
        (b'{"config": {"assetPrefix": "https://cdn.example"}}', "https://cdn.example"),
        (b'{"config": {"assetPrefix": null}}', ""),
        (b'{"config": 1}', ""),
        (b"[]", ""),
        (b"{", ""),
        (b"[" * 100_000, ""),
        (None, ""),
    ],
)
def test_the_prefix_of_a_server(raw: bytes | None, prefix: str) -> None:
    server = find_node_server(NEXT)
    assert server is not None
    asked: list[str] = []

    def read(path: str) -> bytes | None:
        asked.append(path)
        return raw

    assert next_asset_prefix(server, read) == prefix
    assert asked == [".next/required-server-files.json"]


@pytest.mark.parametrize(
    ("engines", "least"),
    [
        ('{"node": ">=20.9.0"}', 20),
        ('{"node": "^18.18.0 || ^19.8.0 || >= 20.0.0"}', 18),
        ('{"node": "22.x"}', 22),
        ('{"node": "v22"}', 22),
        ('{"node": "*"}', None),
        ('{"node": "<23"}', None),
        ('{"node": 20}', None),
        ('"20"', None),
        ("{}", None),
    ],
)
def test_the_oldest_node_that_is_allowed(engines: str, least: int | None) -> None:
    assert least_node(f'{{"engines": {engines}}}'.encode()) == least


@pytest.mark.parametrize("package", [None, b"", b"[]", b"{", b"\xff"])
def test_a_package_that_is_none_allows_everything(package: bytes | None) -> None:
    assert least_node(package) is None
