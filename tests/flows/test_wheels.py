"""What cannot be built for another machine is told at once and whole."""

from pathlib import Path
from typing import Never

import pytest

from lightship.ecosystem.python.locked import Artifact, LockedPackage, Selection
from lightship.ecosystem.python.project import Lock, Project
from lightship.ecosystem.python.target import Target
from lightship.errors import InputError
from lightship.flows.wheels import gather_wheels
from lightship.oci.platform import Platform
from lightship.progress import SILENT
from lightship.store.cache import Cache
from lightship.store.select import host_platform


def _never() -> Never:
    raise AssertionError("nothing is fetched, nothing is built")


def _package(name: str, *files: str) -> LockedPackage:
    artifacts = [Artifact(filename=file, url=f"http://127.0.0.1:1/{file}", sha256="0" * 64) for file in files]
    wheels = tuple(artifact for artifact in artifacts if artifact.filename.endswith(".whl"))
    sdist = next((artifact for artifact in artifacts if artifact not in wheels), None)
    return LockedPackage(name=name, version="1.0", wheels=wheels, sdist=sdist)


def test_all_that_have_only_a_source_are_named_before_anything_is_fetched(tmp_path: Path) -> None:
    foreign = "linux/arm64" if host_platform().architecture != "arm64" else "linux/amd64"
    target = Target(python="3.12.1", platform=Platform.parse(foreign), libc="glibc", libc_version=(2, 36))
    local = LockedPackage(name="pretend-local", version="1", kind="directory", directory=tmp_path)
    selection = Selection(
        lock=tmp_path / "pylock.toml",
        lock_sha256="0" * 64,
        packages=(
            _package("pretend-pure", "pretend_pure-1.0-py3-none-any.whl", "pretend_pure-1.0.tar.gz"),
            _package("pretend-slow", "pretend_slow-1.0.tar.gz"),
            _package("pretend-odd", "pretend_odd-1.0-cp312-cp312-win_amd64.whl", "pretend_odd-1.0.tar.gz"),
            local,
        ),
    )
    own = Project(directory=tmp_path, name="pretend-own", locks=(Lock.of(tmp_path / "pylock.toml"),))
    with pytest.raises(InputError) as caught:
        gather_wheels(selection, target, _never, _never, Cache(tmp_path), own=own, jobs=1, progress=SILENT)
    assert str(caught.value) == (
        f"4 packages have no wheel for {foreign}, and building one needs a machine of that kind: "
        "pretend-local, pretend-odd, pretend-own, pretend-slow"
    )
    assert caught.value.hint is not None
