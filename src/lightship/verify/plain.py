"""Wheels unpacked as they are: what a plain installation has in site-packages, made by nobody's installer.

Binary distribution format 1.0, "Installing a wheel": the archive's root goes to site-packages, and so do ``purelib``
and ``platlib`` of its ``.data``. Scripts, headers and data are no modules and stay behind.
"""

import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

from lightship.errors import ArchiveError
from lightship.paths import storage_errors
from lightship.verify.installed import modules_of

__all__ = ["unpack_wheels", "wheel_modules"]

_INTO_SITE = ("purelib", "platlib")


def unpack_wheels(wheels: Iterable[Path], site: Path) -> None:
    """Unpack every wheel into ``site``. Raise ArchiveError for one that is no wheel, StorageError where the disk
    refuses. Hashes are the business of whoever holds the wheels."""
    for wheel in wheels:
        with storage_errors("unpack a wheel"), _opened(wheel) as archive:
            archive.extractall(site)  # leaves out "..", roots and links by itself
        for folder in sorted(site.glob("*.data")):
            for name in _INTO_SITE:
                if (folder / name).is_dir():
                    shutil.copytree(folder / name, site, dirs_exist_ok=True)
            shutil.rmtree(folder)


def wheel_modules(wheel: Path, suffixes: Iterable[str]) -> tuple[str, ...]:
    """The top-level modules that a wheel has by its file names."""
    with _opened(wheel) as archive:
        names = [_in_site(name) for name in archive.namelist()]
    return modules_of([name for name in names if name], suffixes)


def _in_site(name: str) -> str:
    first, _, rest = name.partition("/")
    if not first.endswith(".data"):
        return name
    kind, _, path = rest.partition("/")
    return path if kind in _INTO_SITE else ""


def _opened(wheel: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(wheel)
    except (zipfile.BadZipFile, OSError) as error:
        raise ArchiveError(f"not a wheel: {wheel.name}: {error}") from error
