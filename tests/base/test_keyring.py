"""Whose signature counts: Signed-By in its three forms, and the host's trust without it."""

from dataclasses import replace
from pathlib import Path

import pysequoia
import pytest
from tests.base.pretend import pretend_key

from lightship.base.keyring import certificates
from lightship.base.source import ArchiveSettings
from lightship.errors import InputError

_OTHER = pysequoia.Tsk.generate("other")


@pytest.fixture
def settings(tmp_path: Path) -> ArchiveSettings:
    (tmp_path / "apt" / "trusted.gpg.d").mkdir(parents=True)
    (tmp_path / "keyrings").mkdir()
    return ArchiveSettings(etc_apt=tmp_path / "apt", keyrings=tmp_path / "keyrings")


def _raw(*keys: pysequoia.Tsk) -> bytes:
    return b"".join(bytes(key.extract_certificate()) for key in keys)


def _fingerprint(key: pysequoia.Tsk) -> str:
    return key.extract_certificate().fingerprint


def _found(signed_by: str, settings: ArchiveSettings) -> set[str]:
    return {cert.fingerprint for cert in certificates(signed_by, settings)}


def test_paths_of_keyrings(settings: ArchiveSettings, tmp_path: Path) -> None:
    one, two = tmp_path / "one.gpg", tmp_path / "two.asc"
    one.write_bytes(_raw(pretend_key()))
    two.write_text(str(_OTHER.extract_certificate()))
    both = {_fingerprint(pretend_key()), _fingerprint(_OTHER)}
    assert _found(f"{one} {two}", settings) == both
    assert _found(str(two), settings) == {_fingerprint(_OTHER)}


def test_a_key_in_the_source_itself(settings: ArchiveSettings) -> None:
    assert _found(str(_OTHER.extract_certificate()), settings) == {_fingerprint(_OTHER)}


def test_the_hosts_trust_and_a_fingerprint_of_it(settings: ArchiveSettings) -> None:
    (settings.etc_apt / "trusted.gpg.d" / "a.gpg").write_bytes(_raw(pretend_key(), _OTHER))
    (settings.etc_apt / "trusted.gpg.d" / "a.gpg~").write_bytes(b"leftover of an editor")
    assert len(_found("", settings)) == 2
    assert _found(_fingerprint(_OTHER).upper() + "!", settings) == {_fingerprint(_OTHER)}


def test_keyrings_of_third_parties_are_not_the_hosts_trust(settings: ArchiveSettings) -> None:
    (settings.keyrings / "stranger-archive-keyring.gpg").write_bytes(_raw(_OTHER))
    (settings.keyrings / "debian-archive-keyring.gpg").write_bytes(_raw(pretend_key()))
    assert _found("", settings) == {_fingerprint(pretend_key())}


def test_a_keyring_in_the_settings_replaces_everything(settings: ArchiveSettings, tmp_path: Path) -> None:
    own = tmp_path / "own.gpg"
    own.write_bytes(_raw(_OTHER))
    (settings.etc_apt / "trusted.gpg.d" / "a.gpg").write_bytes(_raw(pretend_key()))
    assert _found("/nowhere.gpg", replace(settings, keyring=own)) == {_fingerprint(_OTHER)}


@pytest.mark.parametrize(
    ("signed_by", "message"), [("/nowhere.gpg", "keyring not found"), ("nonsense", "Signed-By not understood")]
)
def test_keyrings_that_cannot_be_read(settings: ArchiveSettings, signed_by: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        certificates(signed_by, settings)


def test_a_broken_keyring(settings: ArchiveSettings, tmp_path: Path) -> None:
    (tmp_path / "broken.gpg").write_bytes(b"\x99\x01rubbish")
    with pytest.raises(InputError, match=r"keyring broken\.gpg not understood"):
        certificates(str(tmp_path / "broken.gpg"), settings)
