"""A directory read for an image: everything once, and nothing that does not belong there."""

import gzip
import os
from pathlib import Path

import pytest

from lightship.assets.retarget.prefix import PLACEHOLDER
from lightship.errors import InputError, StorageError
from lightship.flows.assets.image_files import copy_image_files, read_image_files
from lightship.store.cache import Cache


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "sub").mkdir(parents=True)
    (root / "a.js").write_bytes(b"a")
    (root / "sub" / "run").write_bytes(b"\x7fELF rest")
    (root / "sub" / "run").chmod(0o755)
    return root


def paths(root: Path, **fields: object) -> list[str]:
    return [file.path for file in read_image_files(root, None, **fields).files]  # type: ignore[arg-type]


def test_files_have_what_an_image_wants_to_know(tree: Path) -> None:
    first, second = read_image_files(tree, None).files
    assert (first.path, first.executable, first.size_bytes, first.is_elf) == ("a.js", False, 1, False)
    assert (second.path, second.executable, second.is_elf) == ("sub/run", True, True)


def test_the_key_is_of_names_contents_and_modes(tree: Path) -> None:
    before = read_image_files(tree, None).key
    os.utime(tree / "a.js", (1, 1))
    (tree / "a.js").chmod(0o640)
    assert read_image_files(tree, None).key == before
    (tree / "a.js").chmod(0o755)
    assert read_image_files(tree, None).key != before
    (tree / "a.js").chmod(0o644)
    (tree / "a.js").write_bytes(b"b")
    assert read_image_files(tree, None).key != before


def test_what_did_not_change_is_not_read_again(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (tree / f"{number}.js").write_bytes(b"x" * number)
    for path in tree.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    monkeypatch.setattr("lightship.build.known_files._SLACK_NS", -(10**12))  # these files are a moment old
    cache = Cache(tmp_path / "cache")
    first = read_image_files(tree, cache)
    monkeypatch.setattr("lightship.flows.assets.image_files._Reading._read", None)
    assert read_image_files(tree, cache) == first


def test_a_build_that_was_not_retargeted_is_a_warning_also_when_nothing_is_read_again(
    tree: Path, tmp_path: Path
) -> None:
    (tree / "sub" / "page.html").write_text("x" * (1 << 20) + PLACEHOLDER)
    (tree / "packed.js.gz").write_bytes(gzip.compress(PLACEHOLDER.encode()))
    (tree / ".lightship-retarget.json").write_text(PLACEHOLDER)
    cache = Cache(tmp_path / "cache")
    for _ in range(2):
        (finding,) = read_image_files(tree, cache).findings
        assert (finding.code, finding.severity, finding.location) == ("placeholder-left", "warning", "packed.js.gz")
        assert f"{PLACEHOLDER} stands in packed.js.gz and sub/page.html" in finding.message


def test_histories_secrets_and_leftovers_stay_out(tree: Path) -> None:
    for name in (".git/config", ".env", ".env.local", "key.pem", ".DS_Store", "sub/.npmrc", ".env.example"):
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_bytes(b"x")
    (tree / "key.pem").write_bytes(b"-----BEGIN PRIVATE KEY-----\n")
    (tree / "sub/.npmrc").write_bytes(b"//registry.example/:_authToken=0123456789abcdef\n")
    found = read_image_files(tree, None)
    assert [file.path for file in found.files] == [".env.example", "a.js", "sub/run"]
    assert [finding.location for finding in found.findings] == [".env", ".env.local", "key.pem", "sub/.npmrc"]
    assert {finding.severity for finding in found.findings} == {"warning"}
    assert ".env.local" in paths(tree, keep=(".env*",))
    assert found.key != read_image_files(tree, None, keep=(".env*",)).key


def test_links_stay_inside(tree: Path) -> None:
    for name, target in {
        "in": "a.js", "sub/up": "../a.js", "absolute": "/etc/passwd", "out": "../elsewhere",
        "there-and-back": f"../{tree.name}/a.js", "folder": "sub",
    }.items():  # fmt: skip
        (tree / name).symlink_to(target)
    found = read_image_files(tree, None)
    assert {file.path: file.link for file in found.files if file.link} == {
        "in": "a.js", "sub/up": "../a.js", "folder": "sub",
    }  # fmt: skip
    assert {finding.location for finding in found.findings} == {"absolute", "out", "there-and-back"}


def test_a_pipe_is_not_waited_for(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    found = read_image_files(tree, None)
    assert [finding.code for finding in found.findings] == ["special-file"]


def test_a_name_that_is_no_text_is_named(tree: Path) -> None:
    (tree / os.fsdecode(b"caf\xe9.js")).write_bytes(b"")
    with pytest.raises(InputError, match="path is not UTF-8"):
        read_image_files(tree, None)


@pytest.mark.parametrize(("name", "said"), [("a.js", "it is a file"), ("nowhere", "there is none")])
def test_what_is_no_directory_is_told(tree: Path, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_image_files(tree / name, None)


def test_what_may_not_be_read_is_one_sentence(tree: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (tree / "a.js").chmod(0)
    with pytest.raises(StorageError, match=r"a\.js"):
        read_image_files(tree, None)


def test_a_copy_is_nobody_elses(tree: Path, tmp_path: Path) -> None:
    (tree / "in").symlink_to("a.js")
    files = read_image_files(tree, None)
    copy_image_files(files, tmp_path / "copy")
    assert read_image_files(tmp_path / "copy", None).key == files.key
    assert (tmp_path / "copy/a.js").stat().st_ino != (tree / "a.js").stat().st_ino


def test_what_the_build_writes_is_left_out(tree: Path) -> None:
    assert paths(tree, leave_out=(tree / "sub",)) == ["a.js"]


def test_what_is_known_of_a_directory_is_not_believed_of_another(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that cannot be told apart but by their content: as if a directory had been put in another's place."""
    monkeypatch.setattr("lightship.build.known_files._SLACK_NS", -(10**12))  # these files are a moment old
    monkeypatch.setattr("lightship.build.known_files._mark", lambda status: str(status.st_size))
    cache = Cache(tmp_path / "cache")
    other = tmp_path / "other"
    for root, letter in ((tree, b"a"), (other, b"b")):
        root.mkdir(exist_ok=True)
        for number in range(20):
            (root / f"{number}.js").write_bytes(letter * (number + 1))
    known = {file.path: file.sha256 for file in read_image_files(tree, cache).files}
    found = read_image_files(other, cache)
    assert all(file.sha256 != known[file.path] for file in found.files)
    assert read_image_files(other, None).key == found.key
    link = tmp_path / "link"
    link.symlink_to(tree)
    monkeypatch.setattr("lightship.flows.assets.image_files._Reading._read", None)
    assert {file.path: file.sha256 for file in read_image_files(link, cache).files} == known, "it is the same one"
