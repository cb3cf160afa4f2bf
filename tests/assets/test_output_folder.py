"""What is a project and what a build's output, by names alone; and which folder is named instead."""

import os
from pathlib import Path

import pytest

from lightship.assets.output_folder import check_is_output, check_is_static, find_project
from lightship.errors import UsageError


def lay(root: Path, *paths: str) -> Path:
    for path in paths:
        file = root / path
        (file if path.endswith("/") else file.parent).mkdir(parents=True, exist_ok=True)
        if not path.endswith("/"):
            file.write_bytes(b"")
    return root


@pytest.mark.parametrize(
    ("paths", "sign"),
    [
        (("package.json", "node_modules/a/index.js"), "node_modules"),
        (("index.html", "node_modules/a/index.js"), "node_modules"),
        (("package.json", "src/main.ts"), "package.json"),
        (("package.json", "pnpm-lock.yaml"), "pnpm-lock.yaml"),
        (("index.html", "package.json", "vite.config.ts"), "vite.config.ts"),
        (("pyproject.toml", "web/dist/index.html"), "pyproject.toml"),
        ((".git/HEAD", "README.md"), ".git"),
        (("server.js", "package.json", "src/a.js", "next.config.js"), "next.config.js"),
    ],
)
def test_a_project_is_told_by_what_lies_in_it(tmp_path: Path, paths: tuple[str, ...], sign: str) -> None:
    found = find_project(lay(tmp_path, *paths), wanted=())
    assert found is not None
    assert found.sign == sign
    with pytest.raises(UsageError, match=f"is the project \\(it has {sign}\\)"):
        check_is_static(tmp_path)


@pytest.mark.parametrize(
    "paths",
    [
        ("index.html", "assets/app.js"),
        ("index.html", ".git/HEAD"),
        ("index.html", "package.json"),
        ("chunks/a.js", "media/b.woff2"),
        ("package.json", "index.mjs.map", "esm/a.js"),
        ("package.json", "index.js", "components/button.js", "lib/a.js"),
        ("package.json", "build/pdf.mjs", "cmaps/a.bcmap"),
        ("client/a.js", "server/readme.html"),
        ("app.js",),
        (),
    ],
)
def test_an_output_and_a_plain_site_pass(tmp_path: Path, paths: tuple[str, ...]) -> None:
    check_is_static(lay(tmp_path, *paths))


def test_what_is_no_directory_is_for_others_to_tell(tmp_path: Path) -> None:
    check_is_static(tmp_path / "nowhere")
    check_is_static(lay(tmp_path, "file") / "file")


@pytest.mark.parametrize(
    ("paths", "named"),
    [
        (("web/dist/index.html", "web/src/a.ts"), ["web/dist"]),
        ((".next/static/chunks/a.js", "out/index.html"), [".next/static", "out"]),
        (("apps/admin/build/assets/a.js", "dist/pkg-1.0.whl"), ["apps/admin/build"]),
        (("frontend/.output/public/_next/a.js",), ["frontend/.output/public"]),
        (("build/lib/pkg/__init__.py",), []),
        (("package.json", "public/index.html"), []),
        (("package.json", "gatsby-config.ts", "public/index.html"), ["public"]),
        (("public/css/a.css",), ["public"]),
    ],
)
def test_the_hint_names_what_looks_built(tmp_path: Path, paths: tuple[str, ...], named: list[str]) -> None:
    lay(tmp_path, "pyproject.toml", *paths)
    with pytest.raises(UsageError) as caught:
        check_is_static(tmp_path)
    hint = caught.value.hint or ""
    if named:
        assert hint == f"name what was built from it: {' or '.join(str(tmp_path / each) for each in named)}"
    else:
        assert hint.startswith("build it")


def test_each_caller_gets_the_part_of_nexts_build_that_it_takes(tmp_path: Path) -> None:
    lay(tmp_path, "package.json", "node_modules/", ".next/static/chunks/a.js", ".next/BUILD_ID", ".next/server/a.js")
    with pytest.raises(UsageError) as caught:
        check_is_output(tmp_path, wanted=(".next",))
    assert caught.value.hint == f"name what was built from it: {tmp_path / '.next'}"
    check_is_output(tmp_path / ".next", wanted=(".next",))
    with pytest.raises(UsageError, match="with the server's code") as caught:
        check_is_static(tmp_path / ".next")
    assert caught.value.hint == f"name {tmp_path / '.next/static'}"


@pytest.mark.parametrize(
    ("paths", "side"),
    [
        (("nitro.json", "public/_nuxt/a.js", "server/index.mjs"), "public"),
        (("index.js", "handler.js", "client/_app/a.js", "server/index.js"), "client"),
        (("client/_astro/a.js", "server/entry.mjs"), "client"),
        (("browser/main.js", "server/server.mjs"), "browser"),
    ],
)
def test_what_has_a_servers_code_is_not_for_browsers(tmp_path: Path, paths: tuple[str, ...], side: str) -> None:
    with pytest.raises(UsageError, match="has a server's code") as caught:
        check_is_static(lay(tmp_path, *paths))
    assert caught.value.hint == f"name {tmp_path / side}"
    check_is_output(tmp_path, wanted=(".next",))


def test_a_server_of_next_deeper_in_is_named_with_its_own_file(tmp_path: Path) -> None:
    lay(tmp_path, "node_modules/next/", "apps/web/server.js", "apps/web/.next/BUILD_ID")
    with pytest.raises(UsageError) as caught:
        check_is_output(tmp_path, wanted=(".next",))
    assert caught.value.hint == f"name what was built from it: {tmp_path / 'apps/web'}"


def test_a_folder_that_may_not_be_looked_into_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, "pyproject.toml", "dist/index.html", "web/build/index.html")
    real = os.listdir

    def listdir(path: str) -> list[str]:
        if str(path).endswith("/web/build"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr("os.listdir", listdir)
    found = find_project(tmp_path, wanted=())
    assert found is not None
    assert found.outputs == ("dist",)


def test_a_server_with_its_sources_and_packages_is_one(tmp_path: Path) -> None:
    """What an image has where everything was copied in."""
    lay(tmp_path, "server.js", "package.json", "next.config.js", "pages/a.js", "node_modules/next/", ".next/BUILD_ID")
    check_is_output(tmp_path, wanted=(".next",))
    with pytest.raises(UsageError, match="Node server"):
        check_is_static(tmp_path)


def test_a_server_is_no_static_directory_and_may_be_retargeted(tmp_path: Path) -> None:
    lay(tmp_path, "server.js", "package.json", "node_modules/next/", ".next/static/a.js")
    check_is_output(tmp_path, wanted=(".next",))
    with pytest.raises(UsageError, match="Node server") as caught:
        check_is_static(tmp_path)
    assert caught.value.hint == f"name {tmp_path / '.next/static'}"
