"""Figures of base images: cited, dated, and found by what an image is."""

import datetime

import pytest

from lightship.ecosystem.base_images import known_base
from lightship.ecosystem.base_sizes import base_size
from lightship.facts.base_sizes import BASE_SIZES, CLOSURES, PYTHON_RELEASES, BaseSize, closure_size, find_size
from lightship.facts.base_traps import TRAPS
from lightship.facts.distributions import RELEASES, find_release


@pytest.mark.parametrize("size", BASE_SIZES, ids=lambda size: size.name)
def test_a_figure_has_a_source_and_a_day(size: BaseSize) -> None:
    assert "docker-library/repo-info" in size.source
    assert datetime.date.fromisoformat(size.date) <= datetime.date.fromisoformat("2026-11-30")
    assert size.unpacked_bytes is None or size.unpacked_bytes > size.compressed_bytes


def test_names_are_unique_and_tell_what_the_figure_says() -> None:
    assert len({size.name for size in BASE_SIZES}) == len(BASE_SIZES)
    for size in BASE_SIZES:
        base = known_base(size.name)
        assert base is not None
        minor, major = ".".join(size.python.split(".")[:2]) or None, size.node.partition(".")[0] or None
        found = (base.family, base.slim, base.python, base.node)
        assert found == (size.family, size.slim, minor, major), size.name
        assert base_size(base) == size
        assert find_release(size.family, size.release) is not None


def test_a_figure_is_found_by_what_an_image_is() -> None:
    found = find_size("python", family="debian", python="3.12.4", slim=True)
    assert found is not None
    assert found.name == "python:3.12-slim"
    assert find_size("python", family="debian", release="bullseye", python="3.12", slim=True) is None
    assert find_size("python", family="debian", python="2.7") is None
    assert find_size("nginx", family="debian", slim=True) is None
    alpine = find_size("alpine", family="alpine")
    assert alpine is not None
    assert alpine.name == "alpine:3.24"


def test_the_closure_is_smaller_than_every_slim_image() -> None:
    largest = max(size.compressed_bytes for size in CLOSURES.values())
    assert all(size.compressed_bytes > largest for size in BASE_SIZES if size.slim)
    for size in CLOSURES.values():
        assert size.source
        assert size.date
        assert size.unpacked_bytes > size.compressed_bytes


@pytest.mark.parametrize(("python", "smaller"), [("3.11", True), ("3.12", False), ("3.13", False)])
def test_alpine_is_smaller_on_some_versions(python: str, smaller: bool) -> None:
    alpine = find_size("python", family="alpine", python=python)
    assert alpine is not None
    assert (closure_size(python).compressed_bytes < alpine.compressed_bytes) is smaller


def test_the_closure_of_a_version_that_was_not_measured_says_whose_it_is() -> None:
    assert closure_size("3.12").source.startswith("measured: CPython 3.12.1")
    assert closure_size("3.99") == CLOSURES["3.11"]


def test_python_releases_are_one_a_minor() -> None:
    minors = [tuple(map(int, release.split(".")[:2])) for release in PYTHON_RELEASES]
    assert minors == sorted(set(minors))


def test_releases_and_traps_have_sources() -> None:
    assert all(each.source and each.date for each in RELEASES)
    assert all(each.source and each.date for each in TRAPS)
    assert len({trap.code for trap in TRAPS}) == len(TRAPS)
    assert len({(release.family, release.codename) for release in RELEASES}) == len(RELEASES)


def test_releases_are_found_by_codename_and_by_version() -> None:
    assert find_release("debian", "12") == find_release("debian", "bookworm")
    assert find_release("ubuntu", "bookworm") is None
