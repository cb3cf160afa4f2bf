"""Debian's packages: every line reads, relations lead to packages, weights are what they can be."""

import re

import pytest

from lightship.facts.foreign_packages import NODESOURCE
from lightship.facts.system_packages import BUILDPACK, MINIMAL, PYTHON, RELEASES, closure, system_packages
from lightship.facts.tool_sizes import TOOL_SIZES


@pytest.mark.parametrize("release", RELEASES)
def test_every_line_is_a_package_whose_slim_part_is_no_larger(release: str) -> None:
    packages = system_packages(release)
    assert len(packages) > 1000
    for name, package in packages.items():
        assert package.name == name
        assert re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name)
        assert 0 <= package.slim_unpacked_bytes <= package.unpacked_bytes
        assert 0 <= package.slim_compressed_bytes <= package.compressed_bytes
        assert {*package.depends, *package.recommends} <= packages.keys()


@pytest.mark.parametrize("release", RELEASES)
def test_base_images_hold_what_is_known(release: str) -> None:
    packages = system_packages(release)
    there = closure(MINIMAL, packages, recommended=False)
    assert {"apt", "dpkg", "libc6", "perl-base"} <= there
    assert "gawk" not in there
    assert there <= closure(PYTHON, packages, recommended=False) <= closure(BUILDPACK, packages, recommended=False)


def test_documentation_and_translations_are_not_in_slim_images() -> None:
    packages = system_packages("bookworm")
    assert packages["gnupg-l10n"].slim_unpacked_bytes < packages["gnupg-l10n"].unpacked_bytes / 10
    assert packages["fonts-noto-cjk"].slim_unpacked_bytes > packages["fonts-noto-cjk"].unpacked_bytes * 0.99


def test_a_closure_leaves_out_what_is_there() -> None:
    packages = system_packages("bookworm")
    alone = closure(["git"], packages, recommended=False)
    assert {"git", "git-man", "libc6"} <= alone
    assert "openssh-client" not in alone
    assert "openssh-client" in closure(["git"], packages, recommended=True)
    assert "libc6" not in closure(["git"], packages, recommended=False, there=frozenset({"libc6"}))
    assert closure(["no-such-package"], packages, recommended=False) == frozenset()


def test_of_a_release_that_is_not_known_there_is_nothing() -> None:
    assert system_packages("potato") == {}
    assert "libc6" not in system_packages("potato")


def test_what_does_not_come_from_debian_leans_on_what_does() -> None:
    for package in NODESOURCE.values():
        for release in RELEASES:
            assert set(package.depends) <= system_packages(release).keys()
    assert all(name == each.name and each.compressed_bytes < each.unpacked_bytes for name, each in TOOL_SIZES.items())
