"""What lies in a directory of static files, and what is not followed."""

import os
from pathlib import Path

import pytest

from lightship.assets.scan import read_file, scan, sidecar_base


def test_sidecars_are_told_by_what_they_stand_beside(tmp_path: Path) -> None:
    for name in (
        "app.js",
        "app.js.gz",
        "app.js.br",
        "gone.css.gz",
        "data.tar.gz",
        "deep/a.png",
        "deep/a.png.gz",
        ".gz",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"12")
    found = scan(tmp_path)
    assert [seen.path for seen in found.files] == [".gz", "app.js", "data.tar.gz", "deep/a.png"]
    assert [seen.path for seen in found.sidecars] == ["app.js.br", "app.js.gz", "deep/a.png.gz"]
    assert [seen.path for seen in found.lone] == ["gone.css.gz"]
    assert {seen.size_bytes for seen in found.files} == {2}


def test_links_and_what_they_lead_to(tmp_path: Path) -> None:
    web = tmp_path / "web"
    (web / "v1").mkdir(parents=True)
    (web / "v1" / "app.js").write_bytes(b"")
    (web / "app.js").symlink_to("v1/app.js")
    (web / "latest").symlink_to("v1")
    (web / "loop").symlink_to("loop")
    (web / "out").symlink_to(tmp_path)
    found = scan(web)
    assert [seen.path for seen in found.files] == ["v1/app.js"]
    assert found.links == ("app.js", "latest", "loop", "out")
    assert "v1/app.js" in found.linked


@pytest.mark.parametrize(
    ("path", "base"), [("a/app.js.gz", "a/app.js"), ("a.br", "a"), ("a/.gz", None), ("a.js", None), ("gz", None)]
)
def test_the_base_of_a_name(path: str, base: str | None) -> None:
    assert sidecar_base(path) == base


def test_no_link_is_read_and_no_pipe_waited_for(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OSError):  # noqa: PT011 - the kernel's word for it varies
            read_file(tmp_path / name)


def test_a_repositorys_history_is_no_part_of_its_site(tmp_path: Path) -> None:
    for name in ("index.html", ".git/refs/heads/fix.js", "docs/.svn/entries.html", ".well-known/security.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"12")
    assert [seen.path for seen in scan(tmp_path).files] == [".well-known/security.txt", "index.html"]
