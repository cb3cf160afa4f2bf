"""Build requirements for a target that is not this interpreter, out of a directory of pretend wheels."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from lightship.build.index.download import fetch
from lightship.build.index.http import IndexClient
from lightship.build.index.locate import Catalogue
from lightship.build.index.request import Fetched, Request
from lightship.build.index.settings import IndexSettings
from lightship.build.sdist.requires import Resolver, parse_requirements
from lightship.ecosystem.python.target import Target
from lightship.errors import ArchiveError, InputError
from lightship.oci.platform import Platform
from lightship.store.cache import Cache

if TYPE_CHECKING:
    from tests.build.conftest import PretendWheel

TARGET = Target(python="3.9.2", platform=Platform(os="linux", architecture="amd64"), libc="glibc", libc_version=(2, 31))
Resolve = Callable[..., list[str]]


def no_build(request: Request) -> NoReturn:
    raise AssertionError(f"{request.project} must not be built")


@pytest.fixture
def resolve(wheel_directory: Path, cache: Cache) -> Iterator[Resolve]:
    settings = IndexSettings(source="pip", index_url=None, find_links=(str(wheel_directory),))
    with IndexClient(settings) as client:

        def run(
            *texts: str,
            constraints: tuple[str, ...] = (),
            build: Callable[[Request], tuple[str, Fetched]] = no_build,
        ) -> list[str]:
            resolver = Resolver(
                TARGET,
                Catalogue(client),
                lambda request: fetch([request], settings, cache)[request],
                build,
                parse_requirements(constraints, "constraints"),
            )
            return [f"{pin.name}=={pin.version}" for pin in resolver.resolve(parse_requirements(texts, "test"), "app")]

        yield run


def test_the_newest_that_fits_with_markers_of_the_target(pretend_wheel: "PretendWheel", resolve: Resolve) -> None:
    for version in ("1.0", "1.5", "2.0", "3.0rc1"):
        pretend_wheel("base_lib", version, {})
    old, other = "old; python_version < '3.10'", "other; python_version >= '3.10'"
    pretend_wheel("front", "1.0", {}, requires=("base-lib<2", old, other, "more; extra == 'toml'"))
    pretend_wheel("old", "1.0", {})
    pretend_wheel("more", "1.0", {})
    assert resolve("Front") == ["base-lib==1.5", "front==1.0", "old==1.0"]
    assert resolve("front[toml]") == ["base-lib==1.5", "front==1.0", "more==1.0", "old==1.0"]
    assert resolve("base.lib") == ["base-lib==2.0"]
    assert resolve("base_lib>=3.0rc0") == ["base-lib==3.0rc1"]
    assert resolve("base_lib; sys_platform == 'win32'") == []


def test_a_specifier_that_comes_late_changes_the_choice(pretend_wheel: "PretendWheel", resolve: Resolve) -> None:
    pretend_wheel("a", "1", {})
    pretend_wheel("a", "2", {}, requires=("gone",))
    pretend_wheel("b", "1", {}, requires=("c",))
    pretend_wheel("c", "1", {}, requires=("a<2",))
    pretend_wheel("gone", "1", {})
    assert resolve("a", "b") == ["a==1", "b==1", "c==1"]


def test_tags_are_the_targets(pretend_wheel: "PretendWheel", resolve: Resolve) -> None:
    pretend_wheel("a", "1", {}, tag="cp39-abi3-manylinux_2_17_x86_64")
    pretend_wheel("a", "2", {}, tag="cp311-cp311-manylinux_2_17_x86_64")
    pretend_wheel("a", "3", {}, tag="cp39-cp39-musllinux_1_1_x86_64")
    assert resolve("a") == ["a==1"]


def test_constraints_hold_back(pretend_wheel: "PretendWheel", resolve: Resolve) -> None:
    pretend_wheel("a", "1", {})
    pretend_wheel("a", "2", {})
    assert resolve("a", constraints=("A<2", "unused==7", "a<1; python_version > '3.9'")) == ["a==1"]


def test_what_has_only_an_sdist_is_built(
    pretend_wheel: "PretendWheel", wheel_directory: Path, resolve: Resolve, tmp_path: Path
) -> None:
    (wheel_directory / "a-1.tar.gz").write_bytes(b"sources")
    (wheel_directory / "a-2-py2-none-any.whl").write_bytes(b"")
    pretend_wheel("b", "1", {})

    def build(request: Request) -> tuple[str, Fetched]:
        assert request.artifact.filename == "a-1.tar.gz"
        path = pretend_wheel("a", "1", {}, requires=("b",))
        path = path.rename(tmp_path / path.name)
        return path.name, Fetched(path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())

    assert resolve("a", build=build) == ["a==1", "b==1"]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("a>=2",), r"no version of the build requirement a fits cp39-.*: want >=2 by app; the newest .* is 1"),
        (("none",), "want any version by app; none that does is on offer"),
        (("a @ https://files.example/a.whl",), "names a URL"),
        (("a; extra == 'x' and nonsense == '1'",), "want a requirement"),
        (("-r requirements.txt",), "test: want a requirement, got '-r requirements.txt'"),
    ],
)
def test_what_has_no_solution_is_one_sentence(
    pretend_wheel: "PretendWheel", resolve: Resolve, texts: tuple[str, ...], said: str
) -> None:
    pretend_wheel("a", "1", {})
    with pytest.raises(InputError, match=said):
        resolve(*texts)


def test_requirements_that_contradict_each_other(pretend_wheel: "PretendWheel", resolve: Resolve) -> None:
    pretend_wheel("a", "1", {})
    pretend_wheel("a", "2", {})
    pretend_wheel("b", "1", {}, requires=("a==1",))
    with pytest.raises(InputError, match=r"want ==2 by app, ==1 by b 1"):
        resolve("a==2", "b")


def test_a_wheel_that_is_none(wheel_directory: Path, resolve: Resolve) -> None:
    (wheel_directory / "a-1-py3-none-any.whl").write_bytes(b"PK")
    with pytest.raises(ArchiveError, match=r"a-1-py3-none-any.whl is no wheel"):
        resolve("a")
