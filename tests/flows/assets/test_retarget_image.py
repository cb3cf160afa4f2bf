"""One image serves many CDNs: a small layer over the same build, the same digest for the same CDN."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from tests.validated import assert_valid

from lightship.assets.compress import settle_file
from lightship.assets.model import CompressOptions
from lightship.assets.retarget.prefix import PLACEHOLDER, Prefix
from lightship.assets.retarget.state import STATE_NAME
from lightship.assets.times import content_time
from lightship.errors import InputError, UsageError
from lightship.flows.assets.retarget import RetargetRequest
from lightship.flows.assets.retarget_image import ImageOutcome, ImageRequest, retarget_image
from lightship.image.mutate import append
from lightship.image.synthetic import synthetic_image, synthetic_layer
from lightship.image.value import PlainImage
from lightship.image.views import config_of, digest_of
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName, Reference
from lightship.progress import SILENT
from lightship.store.cache import Cache
from lightship.store.copy import copy
from lightship.store.indexes import write_index
from lightship.store.oci_layout import open_layout
from lightship.store.select import host_platform

A, B = "https://a.example/x", "https://b.example"
PAGE = f'<script src="{PLACEHOLDER}/app.js"></script>'.encode()
WEB = "usr/share/nginx/html"
BUILT = synthetic_image(
    {"usr": None, "usr/share": None, "usr/share/nginx": None, WEB: None, "bin/sh": b"#!"},
    {f"{WEB}/index.html": PAGE, f"{WEB}/app.js": b"1", f"{WEB}/b.html": PAGE},
    runtime={"Cmd": ["nginx"]},
)


def reference(path: Path) -> Reference:
    return Reference.parse(f"oci:{path}:latest")


def put(image: PlainImage, path: Path) -> Path:
    copy(image, reference(path))
    return path


def run(source: Path, destination: Path, cdn: str, *, path: str | None = None, dry_run: bool = False) -> ImageOutcome:
    request = ImageRequest(
        source=reference(source),
        destination=reference(destination),
        retarget=RetargetRequest(target=Prefix.parse(cdn), placeholder=Prefix.parse(PLACEHOLDER), dry_run=dry_run),
        path=path,
    )
    return retarget_image(request, Cache(source.parent / "cache"), SILENT, jobs=1)


def members(image: PlainImage) -> dict[str, tarfile.TarInfo]:
    with image.layers[-1].open_tar() as stream:
        tar = io.BytesIO(stream.read())
    with tarfile.open(fileobj=tar) as archive:
        return {member.name: member for member in archive.getmembers()}


def test_one_layer_with_the_files_that_changed(tmp_path: Path) -> None:
    outcome = run(put(BUILT, tmp_path / "built"), tmp_path / "a", A)
    image = open_layout(tmp_path / "a")
    assert_valid(image)
    assert outcome.digest == str(digest_of(image))
    assert outcome.source_digest == str(digest_of(BUILT))
    assert [layer.digest for layer in image.layers[:-1]] == [layer.digest for layer in BUILT.layers]
    assert outcome.layer_bytes == image.layers[-1].compressed_bytes < 1000
    found = members(image)
    assert sorted(found) == [f"{WEB}/b.html", f"{WEB}/index.html"]
    new = PAGE.replace(PLACEHOLDER.encode(), A.encode())
    assert found[f"{WEB}/b.html"].size == len(new)
    assert found[f"{WEB}/b.html"].mtime == content_time(hashlib.sha256(new).hexdigest())
    assert found[f"{WEB}/b.html"].mode == 0o644
    assert config_of(image).history[-1].created_by == f"lightship assets retarget --cdn {A} --path /{WEB}"
    assert json.loads(image.raw_config)["config"] == {"Cmd": ["nginx"]}
    assert outcome.retarget.root == Path("/") / WEB


def test_the_same_target_gives_the_same_digest_whatever_was_before(tmp_path: Path) -> None:
    put(BUILT, tmp_path / "built")
    first = run(tmp_path / "built", tmp_path / "a", A).digest
    run(tmp_path / "a", tmp_path / "own", "")
    run(tmp_path / "own", tmp_path / "b", B)
    assert len(open_layout(tmp_path / "b").layers) == len(BUILT.layers) + 1
    assert run(tmp_path / "b", tmp_path / "again", A).digest == first
    back = run(tmp_path / "again", tmp_path / "back", PLACEHOLDER)
    assert back.digest == str(digest_of(BUILT))
    assert back.layer_bytes == 0


def test_other_directories_keep_what_they_were_retargeted_to(tmp_path: Path) -> None:
    """Also when a directory is retargeted again, and in whichever order."""
    two = synthetic_image({"srv/a/index.html": PAGE, "srv/b/index.html": PAGE})
    put(two, tmp_path / "two")
    run(tmp_path / "two", tmp_path / "a", A, path="/srv/a")
    both = run(tmp_path / "a", tmp_path / "ab", B, path="/srv/b").digest
    image = open_layout(tmp_path / "ab")
    assert_valid(image)
    said = [step.created_by for step in config_of(image).history[-2:]]
    assert said == [
        f"lightship assets retarget --cdn {A} --path /srv/a",
        f"lightship assets retarget --cdn {B} --path /srv/b",
    ]
    assert len(image.layers) == len(two.layers) + 2
    run(tmp_path / "two", tmp_path / "b", A, path="/srv/b")
    run(tmp_path / "b", tmp_path / "ba", A, path="/srv/a")
    assert run(tmp_path / "ba", tmp_path / "again", B, path="/srv/b").digest == both
    back = run(tmp_path / "ab", tmp_path / "only-b", PLACEHOLDER, path="/srv/a")
    assert back.layer_bytes == 0
    assert list(members(open_layout(tmp_path / "only-b"))) == ["srv/b/index.html"]


@pytest.mark.parametrize(("first", "then"), [("/srv", "/srv/b"), ("/srv/b", "/srv"), ("/srv/b", "/")])
def test_a_directory_in_one_that_was_retargeted_is_refused(tmp_path: Path, first: str, then: str) -> None:
    put(synthetic_image({"srv/a/index.html": PAGE, "srv/b/index.html": PAGE}), tmp_path / "two")
    run(tmp_path / "two", tmp_path / "a", A, path=first)
    with pytest.raises(UsageError, match=f"^{first} of the image was retargeted before"):
        run(tmp_path / "a", tmp_path / "b", B, path=then)
    assert not (tmp_path / "b").exists()
    sibling = run(tmp_path / "two", tmp_path / "c", A, path="/srv/b").digest
    assert sibling is not None


def test_what_an_index_has_beside_is_told(tmp_path: Path) -> None:
    mine = host_platform()
    other = Platform("linux", "arm64" if mine.architecture == "amd64" else "amd64")
    images = [(each, synthetic_image({f"{WEB}/index.html": PAGE}, platform=each)) for each in (mine, other)]
    write_index(images, Reference(transport="oci", path=tmp_path / "both"), names=[ImageName.parse("web:latest")])
    (note,) = run(tmp_path / "both", tmp_path / "a", A).retarget.plan.notes
    assert f"its image for {mine} is retargeted, and those for {other} are left out; --platform names one" in note
    put(BUILT, tmp_path / "built")
    assert run(tmp_path / "built", tmp_path / "b", A).retarget.plan.notes == ()


def test_compressed_forms_and_owners_stay(tmp_path: Path) -> None:
    web = tmp_path / "web"
    web.mkdir()
    page = PAGE * 50
    (web / "index.html").write_bytes(page)
    settle_file(web, "index.html", CompressOptions(level="ci"), Cache(tmp_path / "cache"), linked=False)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in (
            ("index.html", page),
            ("index.html.gz", (web / "index.html.gz").read_bytes()),
            ("index.html.br", b"stale"),
        ):
            member = tarfile.TarInfo(f"{WEB}/{name}")
            member.size, member.uid, member.gid, member.mode = len(content), 101, 102, 0o640
            archive.addfile(member, io.BytesIO(content))
    built = append(synthetic_image({"a": b""}), [synthetic_layer(buffer.getvalue())])
    run(put(built, tmp_path / "built"), tmp_path / "a", A)
    found = members(open_layout(tmp_path / "a"))
    assert sorted(found) == [f"{WEB}/.wh.index.html.br", f"{WEB}/index.html", f"{WEB}/index.html.gz"]
    for name in ("index.html", "index.html.gz"):
        member = found[f"{WEB}/{name}"]
        assert (member.uid, member.gid, member.mode) == (101, 102, 0o640)


def test_a_server_of_next_is_found_where_it_is(tmp_path: Path) -> None:
    built = synthetic_image(
        {
            "app": None,
            "app/server.js": f'c={{"assetPrefix":"{PLACEHOLDER}"}}'.encode(),
            "app/package.json": b"{}",
            "app/node_modules/next/package.json": b"{}",
            "app/.next/BUILD_ID": b"x",
            "app/.next/server/app/index.html": PAGE,
            "app/.next/server/route-cache/x.html": PAGE,
        }
    )
    outcome = run(put(built, tmp_path / "built"), tmp_path / "a", A)
    assert outcome.retarget.root == Path("/app")
    found = members(open_layout(tmp_path / "a"))
    assert sorted(found) == [
        "app/.next/server/app/index.html", "app/.next/server/route-cache/.wh.x.html", "app/server.js",
    ]  # fmt: skip


def test_a_project_in_an_image_is_told_by_the_images_own_paths(tmp_path: Path) -> None:
    """What `next start` serves."""
    files = {"app/package.json": b"{}", "app/node_modules/next/a.js": b"", "app/.next/BUILD_ID": b"x"}
    put(synthetic_image(files), tmp_path / "built")
    with pytest.raises(UsageError, match=r"^/app of the image is a project \(it has node_modules\)") as caught:
        run(tmp_path / "built", tmp_path / "a", A)
    assert caught.value.hint == "name what was built from it: --path /app/.next"


def test_where_it_is_can_be_said_and_must_be_when_it_is_not_plain(tmp_path: Path) -> None:
    two = synthetic_image({f"{WEB}/index.html": PAGE, "srv/index.html": PAGE, "data/web/index.html": PAGE})
    put(two, tmp_path / "two")
    with pytest.raises(UsageError, match=f"which directory.*/srv, /{WEB}"):
        run(tmp_path / "two", tmp_path / "a", A)
    run(tmp_path / "two", tmp_path / "a", A, path="/data/web/")
    assert sorted(members(open_layout(tmp_path / "a"))) == ["data/web/index.html"]
    with pytest.raises(UsageError, match="no directory of the image"):
        run(tmp_path / "two", tmp_path / "b", A, path="/nowhere")
    put(synthetic_image({"a": b""}), tmp_path / "none")
    with pytest.raises(UsageError, match="no web root"):
        run(tmp_path / "none", tmp_path / "b", A)
    assert not (tmp_path / "b").exists()


def test_nothing_is_written_in_a_dry_run_nor_without_a_prefix(tmp_path: Path) -> None:
    put(BUILT, tmp_path / "built")
    assert run(tmp_path / "built", tmp_path / "a", A, dry_run=True).digest is None
    put(synthetic_image({f"{WEB}/index.html": b"<script src=/app.js></script>"}), tmp_path / "plain")
    outcome = run(tmp_path / "plain", tmp_path / "a", A)
    assert outcome.digest is None
    assert [finding.code for finding in outcome.retarget.findings] == ["no-prefix"]
    assert not (tmp_path / "a").exists()


def test_what_is_not_understood_writes_nothing(tmp_path: Path) -> None:
    put(synthetic_image({f"{WEB}/index.html": PAGE, f"{WEB}/a.js": b'"cdn.lightship.invalid"'}), tmp_path / "built")
    with pytest.raises(InputError, match="not understood"):
        run(tmp_path / "built", tmp_path / "a", A)
    assert not (tmp_path / "a").exists()


def test_a_state_in_an_image_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    put(BUILT, tmp_path / "built")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(f"{WEB}/{STATE_NAME}")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    put(append(BUILT, [synthetic_layer(buffer.getvalue())]), tmp_path / "linked")
    with pytest.raises(InputError, match="cannot be read") as caught:
        run(tmp_path / "linked", tmp_path / "a", A)
    assert "root" not in str(caught.value)
    assert not (tmp_path / "a").exists()
