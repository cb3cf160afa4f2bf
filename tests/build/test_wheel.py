"""A wheel's name and metadata agree, or the wheel is refused."""

import pytest

from lightship.build.wheel import WheelName, check_identity, headers, normalise_name, root_is_purelib
from lightship.errors import ArchiveError


@pytest.mark.parametrize(
    ("filename", "parts"),
    [
        ("pkg-1.0-py3-none-any.whl", ("pkg", "1.0", "", "py3-none-any")),
        ("my_pkg-1!2.0+a.b-12x-cp311-abi3-linux_x86_64.whl", ("my_pkg", "1!2.0+a.b", "12x", "cp311-abi3-linux_x86_64")),
    ],
)
def test_file_names(filename: str, parts: tuple[str, ...]) -> None:
    name = WheelName.parse(filename)
    assert (name.distribution, name.version, name.build, name.tag) == parts


@pytest.mark.parametrize(
    "filename", ["", "pkg.whl", "pkg-1.0.whl", "pkg-1.0-py3-none-any.zip", "a-1-b-py3-none-any.whl"]
)
def test_other_names_are_refused(filename: str) -> None:
    with pytest.raises(ArchiveError, match="not a wheel's file name"):
        WheelName.parse(filename)


def test_names_are_normalised_as_pep_503_says() -> None:
    assert {normalise_name(name) for name in ("Friendly-Bard", "friendly.bard", "FRIENDLY__bard")} == {"friendly-bard"}


def test_headers_end_at_the_first_empty_line_and_continuations_are_skipped() -> None:
    raw = b"Name: a\r\nSummary: x\r\n  Version: 3\r\nVersion: 1\r\nVersion: 2\r\n\r\nName: b\r\n"
    assert headers(raw) == {"name": "a", "summary": "x", "version": "1"}


@pytest.mark.parametrize(
    ("filename_version", "version"),
    [("1.0", "1.0"), ("1.0", "1.0.0"), ("1.0_local", "1.0+local"), ("1.0rc1", "1.0-rc.1"), ("2004d_x", "2004d-x")],
)
def test_versions_may_be_spelled_otherwise(filename_version: str, version: str) -> None:
    name = WheelName(distribution="pkg", version=filename_version, build="", tag="py3-none-any")
    check_identity(name, {"name": "PKG", "version": version}, "w")


@pytest.mark.parametrize("metadata", [{}, {"name": "pkg"}, {"name": "pkg", "version": "2"}, {"version": "1.0"}])
def test_other_metadata_is_refused(metadata: dict[str, str]) -> None:
    name = WheelName(distribution="pkg", version="1.0", build="", tag="py3-none-any")
    with pytest.raises(ArchiveError, match="METADATA is of another"):
        check_identity(name, metadata, "w")


def test_root_is_purelib() -> None:
    assert root_is_purelib({"wheel-version": "1.9", "root-is-purelib": "True"}, "w") is True
    assert root_is_purelib({"wheel-version": "1.0", "root-is-purelib": "false"}, "w") is False
