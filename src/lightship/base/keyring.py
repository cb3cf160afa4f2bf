"""OpenPGP certificates that may sign an archive: apt-secure(8), and Signed-By in sources.list(5)."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.base.source import ArchiveSettings
from lightship.errors import InputError
from lightship.paths import storage_errors

if TYPE_CHECKING:
    from pysequoia import Cert

__all__ = ["certificates"]

_ARMOUR = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
_DISTRIBUTION_KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp", "ubuntu-archive-keyring.gpg")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{40,64}!?")


def certificates(signed_by: str, settings: ArchiveSettings) -> "list[Cert]":
    """The certificates that count for a source with ``signed_by``; those of the host's own trust when it is empty.

    Raise InputError for a keyring that is missing or not understood.
    """
    if settings.keyring is not None:
        return _read(settings.keyring)
    if _ARMOUR in signed_by:
        return _split(signed_by.encode(), "Signed-By")
    words = signed_by.split()
    paths = [Path(word) for word in words if word.startswith("/")]
    wanted = {word.rstrip("!").lower() for word in words if _FINGERPRINT.fullmatch(word)}
    if len(paths) + len(wanted) != len(set(words)):
        raise InputError(f"Signed-By not understood: want paths, fingerprints or a key, got {signed_by[:80]!r}")
    found = [cert for path in paths or _trusted(settings) for cert in _read(path)]
    return [cert for cert in found if not wanted or cert.fingerprint in wanted]


def _trusted(settings: ArchiveSettings) -> Iterable[Path]:
    folder = settings.etc_apt / "trusted.gpg.d"
    parts = sorted(path for path in folder.iterdir() if path.suffix in (".gpg", ".asc")) if folder.is_dir() else []
    whole = settings.etc_apt / "trusted.gpg"
    if whole.is_file() and whole.stat().st_size:
        parts.append(whole)
    # For archive settings without a keyring. By name: third parties put their keyrings into the same folder.
    return [*parts, *(path for name in _DISTRIBUTION_KEYRINGS if (path := settings.keyrings / name).is_file())]


def _read(path: Path) -> "list[Cert]":
    if not path.is_file():
        raise InputError(f"keyring not found: {path}", hint="install the archive's keyring package")
    with storage_errors(f"read keyring {path.name}"):
        return _split(path.read_bytes(), path.name)


def _split(raw: bytes, what: str) -> "list[Cert]":
    import pysequoia

    try:
        return pysequoia.Cert.split_bytes(raw)
    except Exception as error:  # the library raises bare Exception for every fault
        raise InputError(f"keyring {what} not understood: {error}") from error
