from pathlib import Path

import pytest
from packaging.tags import create_compatible_tags_selector
from packaging.utils import parse_wheel_filename
from tests.ecosystem.python.world import target

from lightship.ecosystem.python.choose import choose, wheel_rank
from lightship.ecosystem.python.locked import Artifact, LockedPackage
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.python.select import select
from lightship.ecosystem.python.target import Target
from lightship.errors import LockError

DIFY = Path(__file__).parents[4] / "shared" / "data" / "dify"
SHA = "0" * 64


def _package(*filenames: str, sdist: str | None = None) -> LockedPackage:
    return LockedPackage(
        name="a-b",
        version="1",
        wheels=tuple(Artifact(filename=name, sha256=SHA) for name in filenames),
        sdist=Artifact(filename=sdist, sha256=SHA) if sdist else None,
    )


@pytest.mark.parametrize(
    ("filenames", "best"),
    [
        (["a_b-1-py3-none-any.whl", "a_b-1-cp312-cp312-manylinux_2_17_x86_64.whl"], 1),
        (["a_b-1-cp39-abi3-manylinux_2_17_x86_64.whl", "a_b-1-cp312-cp312-manylinux_2_17_x86_64.whl"], 1),
        (["a_b-1-cp312-cp312-manylinux_2_28_x86_64.whl", "a_b-1-cp312-cp312-manylinux_2_17_x86_64.whl"], 0),
        (["a_b-1-cp312-cp312-manylinux_2_40_x86_64.whl", "a_b-1-cp312-cp312-manylinux2014_x86_64.whl"], 1),
        (["a_b-1-2-py3-none-any.whl", "a_b-1-10-py3-none-any.whl", "a_b-1-py3-none-any.whl"], 1),
        (["a_b-1-1a-py3-none-any.whl", "a_b-1-1b-py3-none-any.whl"], 1),
        (["a_b-1-x-py3-none-any.whl", "a_b-1-py2.py3-none-any.whl"], 1),
        (["a_b-1-py3-none-any.zip", "c-1-py3-none-any.whl", "A.B-1-py3-none-any.whl"], 2),
        (["a_b-1-cp312-cp312-musllinux_1_2_x86_64.whl", "a_b-1-cp312-cp312-linux_x86_64.whl"], 1),
        (["a_b-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "a_b-1-py3-none-any.whl"], 0),
        (["a-b-c-1-py3-none-any-extra.whl", "a_b-1-py3-none-any.whl"], 1),
    ],
)
def test_best_wheel(filenames: list[str], best: int) -> None:
    assert choose(_package(*filenames), target()).filename == filenames[best]


def test_sdist_where_no_wheel_fits() -> None:
    package = _package("a_b-1-cp311-cp311-manylinux_2_17_x86_64.whl", sdist="a_b-1.tar.gz")
    assert choose(package, target()).filename == "a_b-1.tar.gz"
    assert choose(package, target("3.11.2")).filename.endswith(".whl")


@pytest.mark.parametrize(
    ("filenames", "on", "message", "hint"),
    [
        (
            ["a_b-1-cp312-cp312-manylinux_2_17_x86_64.whl", "a_b-1-cp312-cp312-win_amd64.whl"],
            target(musl=True),
            (
                r"a-b 1 has no wheel for cp312-linux-x86_64-musl-1\.2-3\.12\.1: want a tag such as "
                r"cp312-cp312-musllinux_1_2_x86_64 or older, the lock has cp312-cp312-manylinux_2_17_x86_64, "
                r"cp312-cp312-win_amd64, and no sdist"
            ),
            "use a base with glibc",
        ),
        (["a_b-1-cp311-cp311-manylinux_2_17_x86_64.whl"], target(), "the lock has cp311", "choose a Python"),
        (["a_b-1-cp312-cp312-win_amd64.whl"], target(), "the lock has cp312-cp312-win_amd64", "another platform"),
        ([], target(), "has no files in the lock", "lock the project again"),
    ],
)
def test_nothing_fits(filenames: list[str], on: Target, message: str, hint: str) -> None:
    with pytest.raises(LockError, match=message) as caught:
        choose(_package(*filenames), on)
    assert hint in (caught.value.hint or "")


def test_a_file_from_elsewhere_needs_a_hash() -> None:
    package = LockedPackage(name="a", version="1", wheels=(Artifact(filename="a-1-py3-none-any.whl", url="https://f"),))
    with pytest.raises(LockError, match=r"no SHA-256 for a-1-py3-none-any\.whl"):
        choose(package, target())


def test_a_name_that_stands_for_a_million_tags_is_passed_over() -> None:
    many = ".".join(f"p{number}" for number in range(200))
    assert wheel_rank(f"a-1-{many}-{many}-{many}.whl", target()) is None


@pytest.mark.skipif(not DIFY.is_dir(), reason="Dify's lock is not here")
@pytest.mark.parametrize(
    ("on", "without_wheel"),
    [(target("3.11.7"), 24), (target("3.12.1"), 24), (target(musl=True), 36), (target("3.12.1", "linux/arm64"), 25)],
)
def test_dify_gets_the_wheels_that_packaging_would_take(on: Target, without_wheel: int) -> None:
    preferred = create_compatible_tags_selector(on.wheel_tags())
    packages = select(Project.discover(DIFY), on).packages
    missing = 0
    for package in packages:
        tagged = ((wheel.filename, parse_wheel_filename(wheel.filename)[-1]) for wheel in package.wheels)
        best = next(preferred(tagged), None)
        if best is None:
            missing += 1
        else:
            assert choose(package, on).filename == best
    assert missing == without_wheel
