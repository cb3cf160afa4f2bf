"""The candidates for a Python version."""

import pytest

from lightship.base.fit.bases import Candidate, candidate_of, candidates
from lightship.ecosystem.base_images import known_base


def of(minor: str) -> dict[str, Candidate]:
    return {each.key: each for each in candidates(minor)}


def test_every_kind_of_base_is_there() -> None:
    assert list(of("3.12")) == ["closure", "slim", "full", "distroless", "wolfi", "ubuntu", "alpine"]


@pytest.mark.parametrize(
    ("minor", "distroless", "ubuntu"),
    [
        ("3.10", None, "ubuntu:22.04"),
        ("3.11", "gcr.io/distroless/python3-debian12", None),
        ("3.12", None, "ubuntu:24.04"),
        ("3.13", "gcr.io/distroless/python3-debian13", None),
        ("3.14", None, "ubuntu:26.04"),
    ],
)
def test_distributions_package_one_python(minor: str, distroless: str | None, ubuntu: str | None) -> None:
    found = of(minor)
    for key, image in (("distroless", distroless), ("ubuntu", ubuntu)):
        if image is None:
            assert found[key].python is None
            assert found[key].lacks
        else:
            assert (found[key].image, found[key].python, found[key].lacks) == (image, minor, "")


def test_ubuntu_s_figure_is_a_lower_bound() -> None:
    ubuntu = of("3.12")["ubuntu"]
    assert ubuntu.figure is not None
    assert ubuntu.figure.at_least
    assert ubuntu.addition == "python3.12"


def test_what_nobody_publishes_has_no_figure() -> None:
    found = of("3.11")
    assert found["distroless"].figure is None
    assert found["wolfi"].figure is None
    assert of("3.9")["slim"].figure is None


def test_moving_tags_have_the_release_of_their_figure() -> None:
    found = of("3.12")
    assert (found["slim"].release, found["slim"].libc_version) == ("trixie", (2, 41))
    assert (found["alpine"].libc, found["alpine"].libc_version) == ("musl", (1, 2))


def test_traps_are_told_where_they_apply() -> None:
    found = of("3.11")
    codes = {key: [trap.code for trap in each.traps] for key, each in found.items()}
    assert codes["alpine"] == ["musl-dns", "musl-allocator", "musl-stack", "musl-locale"]
    assert codes["full"] == ["full-tools"]
    assert codes["slim"] == codes["closure"] == []
    assert codes["wolfi"] == ["wolfi-rolls", "wolfi-glibc"]


@pytest.mark.parametrize(
    ("name", "bytes_of"),
    [
        ("python:3.12-slim", "python:3.12-slim"),
        ("python:3.12.4-slim-trixie", "python:3.12-slim"),
        ("python:3.12-slim-bookworm", "python:3.12-slim-bookworm"),
        ("python:3.12-slim-bullseye", None),
        ("registry.example/mirror/python:3.12-slim", "python:3.12-slim"),
        ("node:22.1-alpine", "node:22-alpine"),
        ("node:lts-slim", None),
        ("buildpack-deps:trixie", "buildpack-deps:trixie"),
        ("python:slim", None),
        ("debian:trixie-slim", "debian:trixie-slim"),
        ("nginx:1.27", None),
        ("nikolaik/python-nodejs:python3.12-nodejs20-slim", None),
        ("tiangolo/uvicorn-gunicorn:python3.12-slim", None),
    ],
)
def test_an_image_gets_a_figure_only_where_it_is_the_same(name: str, bytes_of: str | None) -> None:
    base, same = known_base(name), known_base(bytes_of or "scratch")
    assert base is not None
    assert same is not None
    figure = candidate_of(base).figure
    assert figure == (candidate_of(same).figure if bytes_of else None)
    assert (figure is None) == (bytes_of is None)
