"""Names that carry a hash are told from those that only look like it; types by suffix."""

import pytest

from lightship.assets.kinds import MEDIA_TYPES, compressible, hashed_folders, is_hashed

HASHED = [
    "main.3f2a9c1b.js",  # Parcel, CRA
    "static/js/main.3f2a9c1b.chunk.js",
    "static/css/2.9f8e7d6c5b4a39281706.css",  # webpack's [contenthash]
    "3f2a9c1b4d5e6f708192.js",
    "assets/index-DiwrgT4a.js",  # Vite
    "assets/logo-B1a2_c-d.svg",
    "chunk-6MUWSYSP.js",  # esbuild, Angular
    "main-5OH7YTJI.js",
    "static/css/index.C1JORDN2.css",
    "_next/static/chunks/webpack.js",
    "_next/static/vnVbSQXUbbQx4ZQrmPXfx/_buildManifest.js",
    "_app/immutable/start.js",
]  # fmt: skip
NOT_HASHED = [
    "index.html",
    "about-DiwrgT4a.html",
    "sw.js",
    "service-worker.js",
    "manifest.webmanifest",
    "assets/date-calendar.js",
    "assets/user-Settings.js",
    "assets/the-userMenu.js",
    "assets/app-Version2.js",
    "assets/app-RELEASE1.js",
    "report-20240101.csv",
    "favicon.ico",
    "facade.defaced.js",
    "logo.svg",
    "jquery-3.7.1.min.js",
    "a/_next/static/x.js",
    "robots.txt",
    "avatars/123e4567-e89b-12d3-a456-42661417400a.png",
    "assets/deadbeef",  # no suffix
]


@pytest.mark.parametrize("path", HASHED)
def test_hashed(path: str) -> None:
    assert is_hashed(path)


@pytest.mark.parametrize("path", NOT_HASHED)
def test_not_hashed(path: str) -> None:
    assert not is_hashed(path)


def test_a_hash_that_looks_like_a_word_is_one_among_hashes() -> None:
    hashes = ["assets/index-DiwrgT4a.js", "assets/vendor-B1a2_c-d.js", "assets/page-C3xYz9ab.css"]
    folders = hashed_folders([*hashes, "assets/about-calendar.js", "assets/index-DiwrgT4a.js.map", "index.html"])
    assert folders == ("assets",)
    assert is_hashed("assets/about-calendar.js", folders)
    assert not is_hashed("assets/deep/about-calendar.js", folders)
    assert not is_hashed("about-calendar.js", folders)


def test_one_plain_name_in_a_folder_and_nothing_there_is_believed() -> None:
    hashes = ["assets/index-DiwrgT4a.js", "assets/vendor-B1a2_c-d.js", "assets/page-C3xYz9ab.css"]
    assert hashed_folders([*hashes, "assets/config.js"]) == ()
    assert hashed_folders(["assets/a-calendar.js", "assets/b-settings.js", "assets/c-DiwrgT4a.js"]) == ()


def test_what_is_compressed() -> None:
    assert all(compressible(f"a/b.{suffix}") for suffix in ("js", "mjs", "cjs", "css", "svg", "wasm", "HTML", "json"))
    assert not compressible("web/.lightship-retarget.json")
    assert not any(compressible(name) for name in ("a.png", "b.woff2", "c.js.gz", "d.br", "js", "e.zip", "Makefile"))


def test_a_suffix_has_one_type() -> None:
    suffixes = [suffix for found in MEDIA_TYPES.values() for suffix in found]
    assert len(suffixes) == len(set(suffixes))
