"""Signatures and dates of InRelease."""

import datetime
from pathlib import Path

import pysequoia
import pytest
from tests.base.pretend import NOW, PretendArchive

from lightship.base.release import parse_release, smallest_index, verify_release
from lightship.errors import ArchiveError, MismatchError

_REST = "Components: main\nSHA256:\n " + "a" * 64 + " 12 main/binary-amd64/Packages.xz\n"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> PretendArchive:
    made = PretendArchive(tmp_path_factory.mktemp("archive"))
    made.write_release(_REST)
    return made


def _verify(raw: bytes, *keys: pysequoia.Tsk, at: datetime.datetime = NOW, check: bool = True) -> str:
    certs = [key.extract_certificate() for key in keys]
    return verify_release(raw, certs, what="InRelease", at=at, check_valid_until=check).codename


def _inrelease(archive: PretendArchive) -> bytes:
    return (archive.suite / "InRelease").read_bytes()


def test_a_good_signature_gives_the_release(archive: PretendArchive) -> None:
    assert _verify(_inrelease(archive), archive.key) == "pretend"


def test_one_known_key_among_the_keyring_is_enough(archive: PretendArchive) -> None:
    assert _verify(_inrelease(archive), pysequoia.Tsk.generate("other"), archive.key) == "pretend"


def test_two_signatures_of_which_the_keyring_knows_one(archive: PretendArchive) -> None:
    other = pysequoia.Tsk.generate("other")
    text = (archive.suite / "Release").read_text()
    raw = _merge(archive.sign(text), archive.sign(text, other))
    assert _verify(raw, archive.key) == "pretend"
    assert _verify(raw, other) == "pretend"
    with pytest.raises(MismatchError, match="no good signature"):
        _verify(raw, pysequoia.Tsk.generate("third"))


def _merge(first: bytes, second: bytes) -> bytes:
    """One clearsigned message with the signature packets of both (RFC 9580, 7: several may follow the text)."""
    begin = b"-----BEGIN PGP SIGNATURE-----"
    text, _, one = first.partition(begin)
    packets = bytes(pysequoia.Sig.from_bytes(begin + one)) + bytes(
        pysequoia.Sig.from_bytes(begin + second.partition(begin)[2])
    )
    return text + pysequoia.armor(packets, pysequoia.ArmorKind.Signature).encode()


@pytest.mark.parametrize("change", [lambda raw: raw.replace(b"main", b"evil", 1), lambda raw: raw[:-80]])
def test_tampered_text_or_signature(archive: PretendArchive, change: "object") -> None:
    assert callable(change)
    with pytest.raises(MismatchError, match=r"InRelease has no good signature"):
        _verify(change(_inrelease(archive)), archive.key)


def test_unsigned(archive: PretendArchive) -> None:
    with pytest.raises(MismatchError, match="is not signed"):
        _verify((archive.suite / "Release").read_bytes(), archive.key)


def test_no_keys(archive: PretendArchive) -> None:
    with pytest.raises(MismatchError, match="keyring holds no key"):
        _verify(_inrelease(archive))


def test_text_outside_the_signature_does_not_count(archive: PretendArchive) -> None:
    raw = _inrelease(archive) + b"\nCodename: evil\n"
    assert _verify(raw, archive.key) == "pretend"


def test_expired(archive: PretendArchive) -> None:
    late = NOW + datetime.timedelta(days=30)
    with pytest.raises(
        MismatchError, match=r"is expired: it was valid until 2026-03-08 12:00 UTC, here it is 2026-03-31"
    ):
        _verify(_inrelease(archive), archive.key, at=late)
    assert _verify(_inrelease(archive), archive.key, at=late, check=False) == "pretend"


def test_from_the_future(archive: PretendArchive) -> None:
    with pytest.raises(MismatchError, match="from the future"):
        _verify(_inrelease(archive), archive.key, at=NOW - datetime.timedelta(days=1))


def test_a_release_knows_its_files(archive: PretendArchive) -> None:
    release = parse_release((archive.suite / "Release").read_text(), what="Release")
    index = smallest_index(release, "main/binary-amd64/Packages", [".xz", ".gz"])
    assert index is not None
    assert (index.size_bytes, index.sha256) == (12, "a" * 64)
    assert smallest_index(release, "main/binary-arm64/Packages", [".xz"]) is None


@pytest.mark.parametrize(
    "text",
    ["Origin: x\n", "Date: Sun, 01 Mar 2026 12:00:00 UTC\n", "Date: today\nSHA256:\n",
     "Date: Sun, 01 Mar 2026 12:00:00 UTC\nSHA256:\n abc 1 x\n", "A: 1\n\nB: 2\n"],
)  # fmt: skip
def test_a_release_without_what_trust_rests_on(text: str) -> None:
    with pytest.raises(ArchiveError, match="not understood"):
        parse_release(text, what="Release")


def test_the_distribution_of_a_security_suite(archive: PretendArchive, tmp_path: Path) -> None:
    for codename in ("bookworm-security", "bookworm/updates", "bookworm"):
        made = PretendArchive(tmp_path / codename, codename=codename, key=archive.key)
        made.write_release(_REST)
        assert parse_release((made.suite / "Release").read_text(), what="Release").distribution == "bookworm"
