"""A Debian archive that lies: every lie ends in one sentence, and nothing of it stays in the cache."""

import dataclasses
import datetime
import hashlib
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pysequoia
import pytest
from tests.base.pretend import (
    NOW,
    Deb,
    PretendArchive,
    ar_archive,
    distribution,
    file,
    hardlink,
    served,
    symlink,
    tar_archive,
)

from lightship.base.archive import open_archive
from lightship.base.deb import unpack_deb
from lightship.base.index import PackageRecord
from lightship.base.plan import plan_base
from lightship.base.request import BaseRequest
from lightship.base.source import ArchiveSettings
from lightship.errors import ArchiveError, HostileError, InputError, LightshipError, MismatchError
from lightship.oci.platform import Platform
from lightship.store.cache import Cache


@pytest.fixture
def archive(tmp_path: Path) -> PretendArchive:
    made = PretendArchive(tmp_path / "archive")
    made.add(*distribution())
    made.write()
    return made


@pytest.fixture
def uri(archive: PretendArchive) -> Iterator[str]:
    with served(archive.root) as (address, _):
        yield address


def _open(archive: PretendArchive, uri: str, cache: Path) -> None:
    settings = archive.settings(uri)
    with open_archive(settings, architecture="amd64", cache=Cache(cache), at=NOW):
        pass


def _build(archive: PretendArchive, uri: str, cache: Path, **fields: object) -> None:
    request = BaseRequest(platform=Platform("linux", "amd64"), archive=archive.settings(uri), at=NOW)
    with plan_base(dataclasses.replace(request, **fields), Cache(cache)) as plan:  # type: ignore[arg-type]
        plan.close()


def _strip_signature(archive: PretendArchive) -> None:
    (archive.suite / "InRelease").write_bytes((archive.suite / "Release").read_bytes())


def _change_a_hash(archive: PretendArchive) -> None:
    inrelease = archive.suite / "InRelease"
    text = inrelease.read_text()
    digit = text.index("SHA256:\n ") + len("SHA256:\n ")
    inrelease.write_text(text[:digit] + ("0" if text[digit] != "0" else "1") + text[digit + 1 :])


def _sign_with_another_key(archive: PretendArchive) -> None:
    text = (archive.suite / "Release").read_text()
    (archive.suite / "InRelease").write_bytes(archive.sign(text, pysequoia.Tsk.generate("mallory")))


def _expire(archive: PretendArchive) -> None:
    archive.valid_until = NOW - datetime.timedelta(days=1)
    archive.write()


def _come_from_the_future(archive: PretendArchive) -> None:
    archive.date = NOW + datetime.timedelta(days=2)
    archive.write()


def _change_the_index(archive: PretendArchive) -> None:
    for path in archive.suite.rglob("*"):
        if path.is_file() and "InRelease" not in path.name and path.name != "Release":
            raw = bytearray(path.read_bytes())
            raw[len(raw) // 2] ^= 1
            path.write_bytes(raw)


def _cut_the_index(archive: PretendArchive) -> None:
    for path in archive.suite.rglob("by-hash/SHA256/*"):
        path.write_bytes(path.read_bytes()[:-5])


@pytest.mark.parametrize(
    ("attack", "message"),
    [
        (_strip_signature, "InRelease of pretend is not signed"),
        (_change_a_hash, "InRelease of pretend has no good signature"),
        (_sign_with_another_key, "InRelease of pretend has no good signature"),
        (_expire, "InRelease of pretend is expired"),
        (_come_from_the_future, "InRelease of pretend is from the future"),
        (_change_the_index, "digest mismatch"),
        (_cut_the_index, "size mismatch"),
    ],
)
def test_indexes_that_lie(
    archive: PretendArchive, uri: str, tmp_path: Path, attack: Callable[[PretendArchive], None], message: str
) -> None:
    _open(archive, uri, tmp_path / "good")
    attack(archive)
    with pytest.raises(MismatchError, match=message):
        _open(archive, uri, tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_snapshot_is_expired_and_may_be_used_when_told(archive: PretendArchive, uri: str, tmp_path: Path) -> None:
    _expire(archive)
    settings = dataclasses.replace(archive.settings(uri), check_valid_until=False)
    with open_archive(settings, architecture="amd64", cache=Cache(tmp_path / "cache"), at=NOW) as opened:
        assert opened.find("libc6") is not None


@pytest.mark.parametrize("change", [lambda raw: raw[:-1] + b"?", lambda raw: raw + b"?", lambda raw: raw[:-1]])
def test_a_package_with_a_wrong_hash(
    archive: PretendArchive, uri: str, tmp_path: Path, change: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lightship.base.fetch._PAUSE_S", 0.01)
    (path,) = archive.root.glob("pool/main/libc6/*.deb")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(LightshipError, match=r"libc6.*(mismatch|cut short)"):
        _build(archive, uri, tmp_path / "cache")
    debs = [entry for entry in (tmp_path / "cache" / "debs").rglob("*") if entry.is_file()]
    raw = path.read_bytes()
    assert not [entry for entry in debs if entry.read_bytes() == raw]


def test_an_archive_of_nobody(archive: PretendArchive, uri: str, tmp_path: Path) -> None:
    """Of the host's own sources, only a distribution's count."""
    archive.fields["Origin"] = "Mallory"
    archive.write()
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "sources.list").write_text(f"deb [signed-by={archive.keyring}] {uri} pretend main\n")
    settings = ArchiveSettings(etc_apt=etc, keyrings=tmp_path / "none")
    with (
        pytest.raises(InputError, match="no archive of Debian or Ubuntu is configured: archive of Mallory left out"),
        open_archive(settings, architecture="amd64", cache=Cache(tmp_path / "cache"), at=NOW),
    ):
        pass


def test_a_broken_suite_of_the_distribution_is_no_third_party(
    archive: PretendArchive, uri: str, tmp_path: Path
) -> None:
    """Whoever breaks the security suite must not get a base without it; a stranger's broken archive is left out."""
    security = PretendArchive(archive.root, codename="pretend-security", key=archive.key)
    security.write()
    stranger = PretendArchive(tmp_path / "stranger", codename="other", key=pysequoia.Tsk.generate("stranger"))
    stranger.write()
    etc = tmp_path / "etc"
    etc.mkdir()
    settings = ArchiveSettings(etc_apt=etc, keyrings=tmp_path / "none")
    (etc / "sources.list").write_text(
        f"deb [signed-by={archive.keyring}] {uri} pretend main\n"
        f"deb [signed-by={archive.keyring}] {uri} pretend-security main\n"
        f"deb [signed-by={stranger.keyring}] {uri} other main\n"
        "deb cdrom:[Pretend]/ pretend main\n"
    )

    def opened(cache: str) -> tuple[str, ...]:
        with open_archive(settings, architecture="amd64", cache=Cache(tmp_path / cache), at=NOW) as archive:
            assert [suite.name for suite in archive.suites] == ["pretend", "pretend-security"]
            return archive.notes

    medium, note = opened("one")
    assert medium.startswith("source left out, as it is not reached by http or file")
    assert note.startswith("source left out, as its keys are not the distribution's: other")
    _strip_signature(security)
    with pytest.raises(MismatchError, match="InRelease of pretend-security is not signed"):
        opened("two")


def _unpack(tmp_path: Path, raw: bytes, **fields: str) -> None:
    path = tmp_path / "x.deb"
    path.write_bytes(raw)
    values = {"name": "evil", "version": "1.0-1", "architecture": "amd64", "source": "evil", **fields}
    record = PackageRecord(
        filename="pool/evil.deb", size_bytes=len(raw), sha256=hashlib.sha256(raw).hexdigest(), **values
    )
    unpack_deb(path, record, Cache(tmp_path / "cache"))


def _device() -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo("./dev/kmsg")
    member.type = tarfile.CHRTYPE
    return member, b""


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([file("../../etc/passwd", b"root")], "leaves its root"),
        ([file("./usr/../../x", b"x")], "leaves its root"),
        ([hardlink("./etc/x", "../../etc/shadow")], "leaves its root"),
        ([hardlink("./etc/x", "./etc/shadow")], "hard link etc/x to etc/shadow, which is no file"),
        ([symlink("./a", "/etc"), hardlink("./b", "./a")], "hard link b to a, which is no file"),
        ([file("./etc/x", b"1"), file("./etc/x", b"2")], "etc/x comes twice"),
        ([file("./lib/x", b"1"), file("./usr/lib/x", b"2")], "usr/lib/x comes twice"),
        ([_device()], "is a char device"),
    ],
)
def test_data_that_lies(tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]], message: str) -> None:
    with pytest.raises(HostileError, match=message) as caught:
        _unpack(tmp_path, Deb(name="evil", members=members).build())
    assert str(caught.value).startswith("package evil")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def _parts() -> dict[str, bytes]:
    deb = Deb(name="evil", members=[file("./x", b"x")])
    control = tar_archive([file("./control", deb.control.encode())])
    data = tar_archive([file("./x", b"x")])
    return {
        "debian-binary": b"2.0\n",
        "control.tar.xz": lzma.compress(control),
        "data.tar.xz": lzma.compress(data),
    }


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["debian-binary", "control.tar.xz"], "incomplete: data.tar is missing"),
        (["debian-binary", "data.tar.xz", "control.tar.xz"], "out of order: want control.tar, got data.tar.xz"),
        (["debian-binary", "control.tar.xz", "data.tar.xz", "data.tar.xz"], "holds data.tar.xz twice"),
        (["debian-binary", "control.tar.xz", "control.tar.xz", "data.tar.xz"], "out of order: want data.tar"),
        (["control.tar.xz", "data.tar.xz"], "out of order: want debian-binary"),
        ([], "debian-binary is missing"),
    ],
)
def test_an_ar_that_lies(tmp_path: Path, names: list[str], message: str) -> None:
    parts = _parts()
    with pytest.raises(ArchiveError, match=message):
        _unpack(tmp_path, ar_archive([(name, parts[name]) for name in names]))


def test_another_package_than_promised(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"is another package: want evil 2\.0, got evil 1\.0-1"):
        _unpack(tmp_path, Deb(name="evil").build(), version="2.0")


def test_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zeros, a thousand times what was downloaded: it ends at the limit."""
    monkeypatch.setattr("lightship.base.deb._DATA_LEAST_BYTES", 1 << 20)
    packer = lzma.LZMACompressor(preset=1)
    member = tarfile.TarInfo("./zeros")
    member.size = 1 << 24
    packed = io.BytesIO()
    packed.write(packer.compress(member.tobuf()))
    packed.write(packer.compress(bytes(1 << 24)))
    packed.write(packer.flush())
    parts = _parts() | {"data.tar.xz": packed.getvalue()}
    with pytest.raises(HostileError, match=r"package evil: data\.tar\.xz is too large"):
        _unpack(tmp_path, ar_archive(list(parts.items())))


@pytest.mark.parametrize("keep", [0, 7, 60, 100, 250])
def test_a_package_that_is_cut_short(tmp_path: Path, keep: int) -> None:
    with pytest.raises(ArchiveError, match=r"package evil"):
        _unpack(tmp_path, Deb(name="evil", members=[file("./x", b"x")]).build()[:keep])


def test_links_out_of_the_root_stay_links(archive: PretendArchive, uri: str, tmp_path: Path) -> None:
    """A link may point anywhere, as it is followed inside the image; a file below it lands inside the root."""
    archive.add(Deb(name="evil", members=[symlink("./srv", "../../../../etc"), file("./srv/passwd", b"root")]))
    archive.write()
    request = BaseRequest(
        platform=Platform("linux", "amd64"), archive=archive.settings(uri), at=NOW, system_packages=("evil",)
    )
    with plan_base(request, Cache(tmp_path / "cache")) as plan:
        entries = {entry.path: entry for entry in plan.close().entries}
    assert entries["srv"].link_target == "../../../../etc"
    assert "srv/passwd" not in entries
    assert entries["etc/passwd"].owner == "lightship"


def test_an_opened_package_is_not_taken_for_another_one(tmp_path: Path) -> None:
    """A base lock may give the hash of one package to the name of another."""
    raw = Deb(name="evil", members=[file("./usr/share/evil", b"x")]).build()
    _unpack(tmp_path, raw)
    with pytest.raises(ArchiveError, match=r"another package: want libc6 1.0-1, got evil 1.0-1"):
        _unpack(tmp_path, raw, name="libc6")
