"""Whole builds of broken and hostile input: one sentence, the exit status of the contract, outputs as they were."""

import re
import shutil
import stat
import struct
import subprocess
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.base.pretend import served
from tests.flows.world import World, opened, requirement

pytestmark = pytest.mark.conformance

Break = Callable[[World], object]

EVIL = "pretend_evil-1.0-py3-none-any.whl"


def _snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")
    }  # fmt: skip


def _refused(done: "subprocess.CompletedProcess[str]", status: int, *words: str) -> None:
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    assert "a fault in lightship itself" not in errors[0]
    for word in words:
        assert re.search(word, errors[0]), errors[0]


def _lock(world: World, *wheels: Path) -> None:
    (world.project / "requirements.txt").write_text("".join(requirement(wheel) + "\n" for wheel in wheels))


def _wheel(world: World, write: Callable[[zipfile.ZipFile], object]) -> None:
    """A locked wheel with good metadata and whatever ``write`` puts beside."""
    path = world.links.add("pretend_evil", {"pretend_evil.py": ""})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        write(archive)
    world.links.write_page()
    _lock(world, path)


def _link(name: str, target: str) -> Break:
    def broken(world: World) -> None:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        _wheel(world, lambda archive: archive.writestr(entry, target))

    return broken


def _member(name: str) -> Break:
    return lambda world: _wheel(world, lambda archive: archive.writestr(name, "evil"))


def _twice(world: World) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _wheel(world, lambda archive: archive.writestr("pretend_evil.py", "evil"))


def _bomb(world: World) -> None:
    """A member of 300 MB of zeros that says it has 10 bytes; its hash is right."""
    path = world.links.add("pretend_evil", {"pretend_evil.py": "", "zeros.bin": bytes(300_000_000)})
    raw = bytearray(path.read_bytes())
    local, central = raw.index(b"zeros.bin") - 30, raw.rindex(b"PK\x01\x02", 0, raw.rindex(b"zeros.bin"))
    for place in (local + 22, central + 24):  # APPNOTE 4.3.7 and 4.3.12: the uncompressed size
        struct.pack_into("<I", raw, place, 10)
    path.write_bytes(raw)
    world.links.write_page()
    _lock(world, path)


def _wrong_hash(world: World) -> None:
    """The page still tells the hash of before."""
    (path,) = world.links.folder.glob("pretend_lib*")
    path.write_bytes(path.read_bytes() + b"x")


def _truncated(world: World) -> None:
    (path,) = world.links.folder.glob("pretend_lib*")
    path.write_bytes(path.read_bytes()[:-1000])


def _no_zip(world: World) -> None:
    path = world.links.folder / "pretend_evil-1.0-py3-none-any.whl"
    path.write_bytes(b"no zip at all")
    world.links.write_page()
    _lock(world, path)


def _text(name: str, text: str) -> Break:
    def broken(world: World) -> None:
        (world.project / "requirements.txt").unlink(missing_ok=True)
        (world.project / name).write_text(text)

    return broken


@pytest.mark.parametrize(
    ("broken", "status", "words"),
    [
        pytest.param(_wrong_hash, 3, ["mismatch"], id="wrong-hash"),
        pytest.param(_truncated, 3, ["mismatch"], id="truncated"),
        pytest.param(_no_zip, 2, [EVIL, "zip"], id="no-zip"),
        pytest.param(_member("../../evil.py"), 2, [EVIL, "leaves its root"], id="traversal"),
        pytest.param(_member("/etc/evil"), 2, [EVIL, "absolute"], id="absolute"),
        pytest.param(_member("pretend_evil-1.0.data/../../evil"), 2, [EVIL, "leaves its root"], id="data-traversal"),
        pytest.param(_link("evil", "/etc/passwd"), 2, [EVIL, "link"], id="link-out"),
        pytest.param(_link("pretend_evil.data", "../../../.."), 2, [EVIL, "link"], id="link-up"),
        pytest.param(_twice, 2, [EVIL, "twice|duplicate"], id="duplicate"),
        pytest.param(_bomb, 2, ["zeros.bin"], id="bomb"),
        pytest.param(_text("requirements.txt", "pretend-lib==1.0\n"), 2, ["hash"], id="no-hashes"),
        pytest.param(_text("requirements.txt", "-r ../../etc/passwd\n"), 2, ["outside"], id="include-out"),
        pytest.param(_text("uv.lock", "version = 1\n[[package]\n"), 2, ["uv.lock"], id="broken-uv-lock"),
        pytest.param(_text("poetry.lock", "\0"), 2, ["poetry.lock"], id="broken-poetry-lock"),
        pytest.param(_text("pylock.toml", 'lock-version = "9.0"\n'), 2, ["pylock.toml"], id="broken-pylock"),
        pytest.param(_text("README", "no lock here"), 2, ["lock"], id="no-lock"),
    ],
)  # fmt: skip
def test_bad_packages_and_locks(world: World, tmp_path: Path, broken: Break, status: int, words: list[str]) -> None:
    out = tmp_path / "out"
    world.build(out)
    (world.project / "setup.py").write_text("")  # a project, whatever becomes of its lock
    before = _snapshot(out)
    for kind in ("wheels", "builds", "blobs"):
        for path in (world.cache.root / kind).rglob("*"):
            if path.is_file():
                path.unlink()
    broken(world)
    _refused(world.run(out), status, *words)
    assert _snapshot(out) == before
    with opened(out):
        pass
    assert not list(world.cache.root.rglob("*.tmp"))
    done = world.run(f"docker-archive:{tmp_path}/none.tar")
    _refused(done, status)
    assert not list(tmp_path.glob("none.tar*"))
    assert not (tmp_path / "evil.py").exists()


@pytest.mark.parametrize("what", ["deb", "deb-short", "signature", "lock", "gone"])
def test_a_bad_archive(cold_world: World, tmp_path: Path, what: str) -> None:
    """Expired ones are tried in ``test_debian.py``: the host's apt.conf may allow them here."""
    world = cold_world
    root = tmp_path / "archive"
    shutil.copytree(world.archive.root, root)
    (deb,) = (root / "pool/main/tzdata").iterdir()
    inrelease = root / "dists/pretend/InRelease"
    status, words = 3, "mismatch|cut short|signature|signed"
    if what == "deb":
        deb.write_bytes(deb.read_bytes()[:-1] + b"\1")
    elif what == "deb-short":
        deb.write_bytes(deb.read_bytes()[:-1])
    elif what == "signature":
        inrelease.write_text(inrelease.read_text().replace("Codename: pretend", "Codename: pretend2"))
    elif what == "lock":
        (world.project / "lightship-base.lock").write_text("version = 1\n[[")
        status, words = 2, "lightship-base.lock"
    else:
        deb.unlink()
        words = "tzdata"
    with served(root) as (uri, _):
        broken = replace(world, uri=uri)
        _refused(broken.run(tmp_path / "out"), status, words)
    assert not (tmp_path / "out").exists()
    assert what == "lock" or not (world.project / "lightship-base.lock").exists()
    assert not list(world.cache.root.rglob("*.tmp"))
