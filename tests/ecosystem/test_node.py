import json

from tests.ecosystem.viewing import found_in

from lightship.ecosystem.node import NodeRecogniser


def package(name: str, version: str = "1.0.0", **more: object) -> bytes:
    return json.dumps({"name": name, "version": version, "description": "x" * 5000, **more}).encode()


def test_every_directory_of_node_modules_is_a_package() -> None:
    found, problems = found_in(
        NodeRecogniser(),
        {
            "app/package.json": package("app"),
            "app/node_modules/a/package.json": package("a", dependencies={"b": "^1", "@s/c": "2"}),
            "app/node_modules/a/node_modules/b/package.json": package("b", "1.9.0"),
            "app/node_modules/@s/c/package.json": package("@s/c"),
            "app/node_modules/a/lib/package.json": b'{"type": "module"}',
            "app/node_modules/a/esm/package.json": package("inside"),
            "app/node_modules/broken/package.json": b"{",
            "app/node_modules/odd/package.json": b'{"name": 3, "version": "1"}',
            "app/node_modules/.cache/package.json": package("cache"),
        },
    )
    assert sorted(found) == ["@s/c", "a", "b"]
    assert found["a"].directories == ("app/node_modules/a",)
    assert found["a"].requires == (("b",), ("@s/c",))
    assert problems == ["app/node_modules/broken/package.json"]
