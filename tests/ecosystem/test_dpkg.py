"""Debian Policy 5.1, 5.6.12 and 7.1: control paragraphs, the order of versions, relationship fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.ecosystem.dpkg import (
    parse_installed,
    parse_paragraphs,
    parse_relations,
    satisfies,
    upstream_version,
    version_key,
)
from lightship.errors import ArchiveError

_VERSIONS = st.from_regex(r"([0-9]:)?[0-9][A-Za-z0-9.+~]{0,6}(-[a-z0-9+.~]{1,4})?", fullmatch=True)

# The order that dpkg's own tests hold (dpkg 1.21, lib/dpkg/t/t-version.c), and versions of Debian 12.
_ASCENDING = [
    "1~~", "1~~a", "1~", "1-0~1", "1", "1-1", "1a", "1+b1", "1.0", "1.2-1", "1.2-1+b1", "1.10",
    "2.36-9+deb12u9", "2.36-9+deb12u10", "2:0.1", "3:0~",
]  # fmt: skip


def test_versions_sort_as_dpkg_does() -> None:
    shuffled = (*_ASCENDING[1::2], *_ASCENDING[::2])
    assert sorted(shuffled, key=version_key) == list(_ASCENDING)
    assert len({version_key(version) for version in _ASCENDING}) == len(_ASCENDING)


@pytest.mark.parametrize(("left", "right"), [("0:1", "1"), ("1.0", "1.00"), ("1-0", "1"), ("a01", "a1"), ("1-", "1")])
def test_equal_versions_have_equal_keys(left: str, right: str) -> None:
    assert version_key(left) == version_key(right)


@given(_VERSIONS, _VERSIONS)
def test_order_is_total(left: str, right: str) -> None:
    assert [satisfies(left, op, right) for op in ("<<", "=", ">>")].count(True) == 1
    assert satisfies(left, "<=", right) == (not satisfies(left, ">>", right))


@given(_VERSIONS)
def test_a_tilde_sorts_before_the_release(version: str) -> None:
    assert satisfies(version + "~rc1", "<<", version)


@pytest.mark.parametrize("version", ["", "1 2", "1/2", "a:1", "1\n"])
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(ArchiveError, match="version not understood"):
        version_key(version)


@pytest.mark.parametrize(
    ("version", "upstream"),
    [("2.36-9+deb12u4", "2.36"), ("1:1.2.13.dfsg-1", "1.2.13.dfsg"), ("3.11.2", "3.11.2"), ("2026f-0+deb12u1", "2026f"),
     ("3.0.20-1~deb12u2", "3.0.20"), ("1.0+dfsg-2", "1.0")],
)  # fmt: skip
def test_upstream_version(version: str, upstream: str) -> None:
    assert upstream_version(version) == upstream


def test_paragraphs_keep_folded_lines() -> None:
    text = "Package: a\nDescription: short\n long line\n .\n  indented\n\n# comment\nPackage: b\n"
    first, second = parse_paragraphs(text)
    assert first == {"package": "a", "description": "short\nlong line\n\n indented"}
    assert second == {"package": "b"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("no colon\n", "line 1"),
        (" continues nothing\n", "line 1 continues no field"),
        ("A: 1\na: 2\n", "appears twice"),
    ],
)
def test_broken_paragraphs_name_the_line(text: str, fault: str) -> None:
    with pytest.raises(ArchiveError, match=fault):
        list(parse_paragraphs(text, what="control"))


def test_relations() -> None:
    groups = parse_relations(
        "libc6 (>= 2.34), a | b (<< 2), c:any, d [arm64], e [!arm64] <!nocheck>", architecture="amd64"
    )
    assert [[str(relation) for relation in group] for group in groups] == [
        ["libc6 (>= 2.34)"], ["a", "b (<< 2)"], ["c"], ["e"],
    ]  # fmt: skip
    assert groups[0][0].accepts("2.36-9")
    assert not groups[0][0].accepts("2.33")


@pytest.mark.parametrize("field", ["a (>=)", "a (2)", "(>= 1)", "a b"])
def test_broken_relations_are_refused(field: str) -> None:
    with pytest.raises(ArchiveError, match="relation not understood"):
        parse_relations(field)


def test_installed_packages_of_a_status_file() -> None:
    text = (
        "Package: zlib1g\nStatus: install ok installed\nVersion: 1:1.2.13\nArchitecture: amd64\n"
        "Source: zlib (1:1.2)\nInstalled-Size: 10\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
        "Package: base-files\nVersion: 12.4\nArchitecture: amd64\n"
    )
    first, second = parse_installed(text)
    assert (first.name, first.source) == ("base-files", "base-files")
    assert (second.name, second.source, second.installed_bytes) == ("zlib1g", "zlib", 10_240)
