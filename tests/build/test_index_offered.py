"""Packages of which a lock knows only hashes."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from lightship.build.index.download import fetch
from lightship.build.index.offered import with_offered_files
from lightship.build.index.request import Request
from lightship.build.index.settings import IndexSettings
from lightship.ecosystem.python.locked import Artifact, LockedPackage
from lightship.errors import NetworkError
from lightship.store.cache import Cache

if TYPE_CHECKING:
    from tests.build.conftest import FaultyIndex, Pretend

A, B, C = "aa" * 32, "bb" * 32, "cc" * 32


def never() -> NoReturn:
    raise AssertionError("no index may be asked")


def package(*hashes: str, index: str | None = None) -> LockedPackage:
    return LockedPackage(name="pretend-lib", version="1.0", hashes=hashes, index=index)


def listed(filename: str, sha256: str, url: str = "/files/x") -> dict[str, object]:
    return {"filename": filename, "url": url, "hashes": {"sha256": sha256}, "size": 7}


def test_files_with_an_allowed_hash_are_taken_once_and_remembered(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache
) -> None:
    index.project(
        "pretend-lib",
        listed("pretend_lib-1.0-py3-none-any.whl", A),
        listed("pretend_lib-1.0.tar.gz", B),
        listed("pretend_lib-1.0-1-py3-none-any.whl", C),
        listed("pretend_lib-2.0-py3-none-any.whl", A),
        listed("other-1.0-py3-none-any.whl", B),
        listed("../pretend_lib-1.0-py3-none-any.whl", A),
        listed("nonsense", A),
    )
    other = LockedPackage(name="other", version="1", wheels=(Artifact(filename="o.whl", sha256=A),), hashes=(A,))
    (kept, found) = with_offered_files([other, package(A, B)], settings, cache)
    assert kept is other
    assert [wheel.filename for wheel in found.wheels] == ["pretend_lib-1.0-py3-none-any.whl"]
    assert found.wheels[0].size_bytes == 7
    assert found.wheels[0].url == f"{index.url}/files/x"
    assert found.sdist is not None
    assert found.sdist.filename == "pretend_lib-1.0.tar.gz"
    assert with_offered_files([package(A, B)], never, cache) == (found,)
    assert len(index.asked) == 1


def test_an_incomplete_answer_is_asked_again(index: "FaultyIndex", settings: IndexSettings, cache: Cache) -> None:
    index.project("pretend-lib", listed("pretend_lib-1.0-py3-none-any.whl", A))
    with_offered_files([package(A, B)], settings, cache)
    with_offered_files([package(A, B)], settings, cache)
    assert len(index.asked) == 2


def test_a_damaged_entry_and_signed_addresses(index: "FaultyIndex", settings: IndexSettings, cache: Cache) -> None:
    index.project("pretend-lib", listed("pretend_lib-1.0-py3-none-any.whl", A, "/files/x?signature=hunter2"))
    with_offered_files([package(A)], settings, cache)
    (entry,) = (path for path in cache.root.rglob("*") if path.is_file())
    assert b"hunter2" not in entry.read_bytes()
    assert with_offered_files([package(A)], never, cache)[0].wheels[0].url is None
    entry.write_bytes(b"[{}]")
    assert with_offered_files([package(A)], settings, cache)[0].wheels


def test_an_index_that_the_lock_names_is_asked_with_its_credentials(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    index.serve("/files/p.whl", pretend.body)
    index.project("pretend-lib", listed(pretend.filename, pretend.sha256, "/files/p.whl"))
    named = f"http://reader:hunter2@{index.url.partition('//')[2]}/simple/"
    own = replace(settings, index_url=None).with_indexes([named])
    assert "hunter2" not in repr(own)
    (found,) = with_offered_files([package(pretend.sha256, index=named)], own, cache)
    sized = replace(found.wheels[0], size_bytes=None)
    fetch([Request.of(found, sized)], own, cache)
    assert [asked.headers.get("authorization") for asked in index.asked] == ["Basic cmVhZGVyOmh1bnRlcjI="] * 2
    assert all(b"hunter2" not in path.read_bytes() for path in cache.root.rglob("*") if path.is_file())


def test_what_a_locks_own_index_says_is_not_believed_for_another_lock(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache
) -> None:
    """The hash may be that of a wheel for Windows: its name decides what is chosen."""
    index.project("pretend-lib", listed("pretend_lib-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", A))
    evil = replace(settings, index_url=None).with_indexes([f"{index.url}/simple/"])
    with_offered_files([package(A, index=f"{index.url}/simple/")], evil, cache)
    with pytest.raises(AssertionError, match="no index may be asked"):
        with_offered_files([package(A)], never, cache)


def test_local_directories_are_hashed(
    settings: IndexSettings, cache: Cache, tmp_path: Path, pretend: "Pretend"
) -> None:
    (tmp_path / pretend.filename).write_bytes(pretend.body)
    local = replace(settings, index_url=None, find_links=(str(tmp_path),))
    (found,) = with_offered_files([package(pretend.sha256)], local, cache)
    assert found.wheels[0].path == tmp_path / pretend.filename
    assert with_offered_files([package(pretend.sha256)], never, cache) == (found,)
    (tmp_path / pretend.filename).write_bytes(pretend.body + b"more")
    with pytest.raises(NetworkError, match="none of its 1 locked hashes"):
        with_offered_files([package(pretend.sha256)], local, cache)
    (tmp_path / pretend.filename).unlink()
    with pytest.raises(NetworkError, match="none of its 1 locked hashes"):
        with_offered_files([package(pretend.sha256)], local, cache)


def page_of(*links: str) -> bytes:
    return "".join(f'<a href="{link}">x</a>\n' for link in links).encode()


def test_a_page_without_hashes_is_fetched_and_hashed(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    links = (
        f"files/{pretend.filename}",
        "files/pretend_lib-1.0-py3-none-win_amd64.whl",
        "files/pretend_lib-2.0.tar.gz",
    )
    index.serve("/links.html", page_of(*links), Content_Type="text/html")
    index.serve(f"/files/{pretend.filename}", pretend.body, ETag='"strong"')
    paged = replace(settings, index_url=None, find_links=(f"{index.url}/links.html",))
    (found,) = with_offered_files([package(pretend.sha256, A)], paged, cache)
    assert [(wheel.filename, wheel.sha256) for wheel in found.wheels] == [(pretend.filename, pretend.sha256)]
    asked = ["/links.html", f"/files/{pretend.filename}"]
    assert index.paths() == asked
    (got,) = fetch([Request.of(found, found.wheels[0])], paged, cache).values()
    assert got.path.read_bytes() == pretend.body
    assert with_offered_files([package(pretend.sha256, A)], paged, cache) == (found,)
    assert index.paths() == [*asked, "/links.html"]
    assert list(cache.root.rglob("*.etag")) == []


def test_a_file_without_a_hash_that_has_another_one_is_not_kept(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    links = (f"files/{pretend.filename}", "files/pretend_lib-1.0.tar.gz")
    index.serve("/links.html", page_of(*links), Content_Type="text/html")
    index.serve(f"/files/{pretend.filename}", pretend.body, ETag='"strong"')
    paged = replace(settings, index_url=None, find_links=(f"{index.url}/links.html",))
    with pytest.raises(NetworkError, match=r"cannot find the files of pretend-lib 1.0: .*tar.gz answered 404"):
        with_offered_files([package(A)], paged, cache)
    assert [path for path in cache.root.rglob("*") if path.is_file()] == []


def test_what_is_fetched_for_its_hash_is_bounded(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend", monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"pretend_lib-1.0-{number}-py3-none-any.whl" for number in range(1, 31)]
    index.serve("/links.html", page_of(*(f"files/{name}" for name in names)), Content_Type="text/html")
    for name in names:
        index.serve(f"/files/{name}", pretend.body)
    paged = replace(settings, index_url=None, find_links=(f"{index.url}/links.html",))
    with pytest.raises(NetworkError, match="none of its 1 locked hashes"):
        with_offered_files([package(A)], paged, cache)
    assert len(index.asked) == 1 + 20
    index.asked.clear()
    monkeypatch.setattr("lightship.build.index.unhashed._MOST_BYTES", len(pretend.body) + 1)
    with pytest.raises(NetworkError, match="size mismatch: want at most 1 bytes"):
        with_offered_files([package(A)], paged, cache)
    assert [path for path in cache.root.rglob("*") if path.is_file()] == []


def test_a_local_page_without_hashes_is_hashed(
    settings: IndexSettings, cache: Cache, tmp_path: Path, pretend: "Pretend"
) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / pretend.filename).write_bytes(pretend.body)
    page = tmp_path / "links.html"
    page.write_bytes(page_of("files/pretend_lib-1.0.tar.gz", f"files/{pretend.filename}"))
    local = replace(settings, index_url=None, find_links=(str(page),))
    (found,) = with_offered_files([package(pretend.sha256)], local, cache)
    assert found.wheels[0].path == tmp_path / "files" / pretend.filename


def test_nothing_on_offer(index: "FaultyIndex", settings: IndexSettings, cache: Cache) -> None:
    with pytest.raises(NetworkError, match=r"pretend-lib 1.0: none of its 2 locked hashes is offered by http") as no:
        with_offered_files([package(A, B)], settings, cache)
    assert no.value.hint
    index.serve("/simple/pretend-lib/", b"", 403)
    with pytest.raises(NetworkError, match=r"cannot find the files of pretend-lib 1.0: .* answered 403"):
        with_offered_files([package(A, B)], settings, cache)
