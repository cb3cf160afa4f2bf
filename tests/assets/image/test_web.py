"""Static files as a web root: which are sent, with which times, and in which forms they are weighed."""

import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path

import brotli
import pytest

from lightship.archive.content import Deflated, Stored
from lightship.assets.codecs import Encoding
from lightship.assets.image.files import ImageFile, ImageFiles
from lightship.assets.image.web import WEB_ROOT, WebFiles, sort_web_files, web_entries
from lightship.assets.times import content_time
from lightship.errors import InputError, StorageError
from lightship.flows.assets.image_files import read_image_files

SCRIPT = b"export const words = 'many words';\n" * 90


def _files(root: Path, contents: Mapping[str, bytes]) -> ImageFiles:
    for name, content in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return read_image_files(root, None)


def _web(root: Path, contents: Mapping[str, bytes], *encodings: Encoding) -> WebFiles:
    return sort_web_files(_files(root, contents), encodings or ("gzip",))


def test_what_is_sent_and_what_is_not(tmp_path: Path) -> None:
    contents = {
        "app.js": SCRIPT,
        "app.js.gz": gzip.compress(SCRIPT),
        "app.js.br": brotli.compress(SCRIPT),
        "app.js.zst": b"zstd",
        "gone.css.gz": gzip.compress(SCRIPT),
        "gone.css.br": brotli.compress(SCRIPT),
        "archive.tar.gz": gzip.compress(b"a download"),
        "picture.png": b"png",
    }
    web = _web(tmp_path, contents)
    assert [file.path for file in web.plain] == ["app.js", "archive.tar.gz", "picture.png"]
    assert {path: set(found) for path, found in web.sidecars.items()} == {"app.js": {"gzip"}}
    assert set(web.lone) == {"gone.css"}
    assert [file.path for file in web.unsent] == ["app.js.br", "app.js.zst", "gone.css.br"]
    assert web.names == ("app.js", "archive.tar.gz", "gone.css", "picture.png")
    assert (web.mode, web.is_compressed) == ("gzip-only", True)
    with_brotli = sort_web_files(web.source, ("gzip", "br"))
    assert {path: set(found) for path, found in with_brotli.sidecars.items()} == {"app.js": {"gzip", "br"}}


def test_every_form_has_every_file_once(tmp_path: Path) -> None:
    contents = {
        "app.js": SCRIPT,
        "app.js.gz": gzip.compress(SCRIPT, mtime=0),
        "small.js": b"1",
        "gone.css.gz": gzip.compress(SCRIPT[:900], mtime=0),
    }
    found = web_entries(_web(tmp_path, contents))
    names = {form: sorted(entry.path.removeprefix(f"{WEB_ROOT}/") for entry in getattr(found, form))
             for form in ("entries", "plain", "gzip_only")}  # fmt: skip
    assert names == {
        "entries": ["app.js", "app.js.gz", "gone.css.gz", "small.js"],
        "plain": ["app.js", "gone.css", "small.js"],
        "gzip_only": ["app.js.gz", "gone.css.gz", "small.js"],
    }
    times = {entry.path.rpartition("/")[2]: entry.mtime for entry in found.entries}
    assert times["app.js"] == times["app.js.gz"] == content_time(hashlib.sha256(SCRIPT).hexdigest())
    assert times["gone.css.gz"] == content_time(hashlib.sha256(SCRIPT[:900]).hexdigest())


def test_a_plain_file_is_the_stream_of_its_gz(tmp_path: Path) -> None:
    packed = gzip.compress(SCRIPT, mtime=0)
    web = _web(tmp_path, {"app.js": SCRIPT, "app.js.gz": packed, "other.js": SCRIPT})
    contents = {entry.path.rpartition("/")[2]: entry.content for entry in web_entries(web).entries}
    spliced = contents["app.js"]
    assert isinstance(spliced, Deflated)
    assert (spliced.unpacked_bytes, spliced.compressed_bytes) == (len(SCRIPT), len(packed) - 18)
    assert isinstance(contents["other.js"], Stored)
    assert isinstance(contents["app.js.gz"], Stored)


def test_what_is_not_compressed_has_no_other_forms(tmp_path: Path) -> None:
    web = _web(tmp_path, {"app.js": SCRIPT})
    found = web_entries(web)
    assert (len(found.entries), found.plain, found.gzip_only) == (1, (), ())
    assert (web.mode, web.plain_bytes, web.sidecar_bytes) == ("sidecar", len(SCRIPT), 0)


def test_a_sidecar_of_a_link_is_of_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "app.js").symlink_to("app.1.js")
    contents = {"app.1.js": SCRIPT, "app.js.gz": gzip.compress(SCRIPT)}
    found = {entry.path.rpartition("/")[2]: entry for entry in web_entries(_web(tmp_path, contents)).entries}
    assert (found["app.js"].link_target, found["app.js"].mtime) == ("app.1.js", None)
    assert found["app.js.gz"].mtime == found["app.1.js"].mtime
    (tmp_path / "app.js.gz").write_bytes(gzip.compress(b"other"))
    with pytest.raises(InputError, match=r"app\.js\.gz is not app\.js compressed"):
        web_entries(_web(tmp_path, {}))


def test_a_file_that_is_gone_meanwhile_is_one_sentence(tmp_path: Path) -> None:
    web = _web(tmp_path, {"app.js": SCRIPT, "app.js.gz": gzip.compress(SCRIPT)})
    (tmp_path / "app.js").unlink()
    with pytest.raises(StorageError, match=r"read app\.js"):
        web_entries(web)


def test_modes_are_of_who_may_run_it(tmp_path: Path) -> None:
    files = ImageFiles(
        root=tmp_path,
        files=(ImageFile(path="run", executable=True, sha256="0" * 64), ImageFile(path="read", sha256="1" * 64)),
        key="",
    )
    assert [entry.mode for entry in files.entries(files.files, "app", "why")] == [0o755, 0o644]
    assert [file.path for file in files.below("")] == ["run", "read"]
