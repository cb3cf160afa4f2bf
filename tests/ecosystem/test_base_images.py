"""Base images told from their names."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.ecosystem.base_images import KnownBase, known_base


def known(name: str) -> KnownBase:
    base = known_base(name)
    assert base is not None, name
    assert base.name == name
    return base


@pytest.mark.parametrize(
    ("name", "family", "libc", "release", "manager"),
    [
        ("python:3.11", "debian", "glibc", "", "apt"),
        ("python:3.11-alpine", "alpine", "musl", "", "apk"),
        ("python:3.11-alpine3.20", "alpine", "musl", "3.20", "apk"),
        ("python:${PYTHON_VERSION}-alpine", "alpine", "musl", "", "apk"),
        ("$REGISTRY/python:3.11-slim-bookworm", "debian", "glibc", "bookworm", "apt"),
        ("debian:12.5-slim", "debian", "glibc", "bookworm", "apt"),
        ("debian:bookworm-20240110-slim", "debian", "glibc", "bookworm", "apt"),
        ("debian", "debian", "glibc", "", "apt"),
        ("debian:stable-slim", "debian", "glibc", "", "apt"),
        ("ubuntu:22.04", "ubuntu", "glibc", "jammy", "apt"),
        ("ubuntu:noble-20260810", "ubuntu", "glibc", "noble", "apt"),
        ("alpine:3.20.1", "alpine", "musl", "3.20", "apk"),
        ("alpine:3", "alpine", "musl", "", "apk"),
        ("nginx:1.27-alpine", "alpine", "musl", "", "apk"),
        ("nginx:1.27", "debian", "glibc", "", "apt"),
        ("eclipse-temurin:21-jdk-alpine-3.20", "alpine", "musl", "3.20", "apk"),
        ("nvidia/cuda:12.4.1-runtime-ubuntu22.04", "ubuntu", "glibc", "jammy", "apt"),
        ("gcr.io/distroless/python3-debian12:nonroot", "distroless", "glibc", "bookworm", None),
        ("gcr.io/distroless/static-debian12", "distroless", None, "bookworm", None),
        ("cgr.dev/chainguard/wolfi-base", "wolfi", "glibc", "", "apk"),
        ("cgr.dev/chainguard/python:latest", "wolfi", "glibc", "", None),
        ("cgr.dev/chainguard/python:latest-dev", "wolfi", "glibc", "", "apk"),
        ("dhi.io/python:3.13-alpine3.22-dev", "alpine", "musl", "3.22", "apk"),
        ("dhi.io/python:3.13-debian13", "debian", "glibc", "trixie", None),
        ("registry.access.redhat.com/ubi9/python-311", "rhel", "glibc", "9", "dnf"),
        ("registry.access.redhat.com/ubi9/ubi-minimal:9.4", "rhel", "glibc", "9", "microdnf"),
        ("redhat/ubi8", "rhel", "glibc", "8", "dnf"),
        ("rockylinux:9", "rhel", "glibc", "9", "dnf"),
        ("amazonlinux:2", "amazon", "glibc", "2", "yum"),
        ("public.ecr.aws/lambda/python:3.11", "amazon", "glibc", "2", "yum"),
        ("public.ecr.aws/lambda/python:3.13", "amazon", "glibc", "2023", "dnf"),
        ("ghcr.io/astral-sh/uv:latest", "scratch", None, "", None),
        ("ghcr.io/astral-sh/uv:python3.12-bookworm-slim", "debian", "glibc", "bookworm", "apt"),
        ("ghcr.io/astral-sh/uv:alpine3.22", "alpine", "musl", "3.22", "apk"),
        ("busybox:1.36-musl", "busybox", "musl", "", None),
        ("scratch", "scratch", None, "", None),
    ],
)
def test_a_name_tells_its_distribution(
    name: str, family: str, libc: str | None, release: str, manager: str | None
) -> None:
    base = known(name)
    assert (base.family, base.libc, base.release, base.package_manager) == (family, libc, release, manager)


@pytest.mark.parametrize(
    ("name", "python", "home"),
    [
        ("python:3.11-slim", "3.11", "/usr/local"),
        ("python:3.13.0rc1-slim", "3.13", "/usr/local"),
        ("python:3", None, "/usr/local"),
        ("python", None, "/usr/local"),
        ("docker.io/library/python:3.12.1-alpine", "3.12", "/usr/local"),
        ("gcr.io/distroless/python3-debian12", "3.11", "/usr"),
        ("gcr.io/distroless/python3", None, "/usr"),
        ("cgr.dev/chainguard/python:3.12", "3.12", "/usr"),
        ("ghcr.io/astral-sh/uv:python3.12-bookworm-slim", "3.12", "/usr/local"),
        ("tiangolo/uvicorn-gunicorn-fastapi:python3.11-slim", "3.11", "/usr/local"),
        ("registry.redhat.io/ubi9/python-312", "3.12", "/usr"),
        ("mcr.microsoft.com/devcontainers/python:1-3.11-bookworm", "3.11", "/usr/local"),
        ("pypy:3.10", None, None),
        ("continuumio/miniconda3", None, "/opt/conda"),
    ],
)
def test_a_name_tells_its_python(name: str, python: str | None, home: str | None) -> None:
    base = known(name)
    assert base.has_python
    assert (base.python, base.python_home) == (python, home)


@pytest.mark.parametrize("name", ["debian:12", "alpine:3.20", "nginx:3.11", "node:20", "ubuntu:24.04", "scratch"])
def test_others_have_no_python_of_their_own(name: str) -> None:
    base = known(name)
    assert not base.has_python
    assert base.python is None
    assert base.python_home is None


def test_node_is_told_by_its_version() -> None:
    assert (known("node:18-alpine").node, known("node:20.11.1-slim").node) == ("18", "20")
    assert (known("node:lts").node, known("node:lts").has_node) == (None, True)
    assert known("gcr.io/distroless/nodejs20-debian12").node == "20"
    assert known("registry.access.redhat.com/ubi9/nodejs-20").node == "20"
    both = known("nikolaik/python-nodejs:python3.11-nodejs20-slim")
    assert (both.python, both.node) == ("3.11", "20")
    assert not known("python:3.11").has_node


def test_shells_are_where_someone_put_them() -> None:
    without = ("scratch", "gcr.io/distroless/cc-debian12", "cgr.dev/chainguard/python", "dhi.io/python:3.13-debian13")
    assert [known(name).has_shell for name in without] == [False] * 4
    having = ("python:3.11-slim", "gcr.io/distroless/python3-debian12:debug", "cgr.dev/chainguard/python:latest-dev")
    assert [known(name).has_shell for name in having] == [True] * 3


def test_slim_is_what_was_made_small() -> None:
    assert known("python:3.11-slim").slim
    assert known("gcr.io/distroless/python3-debian12").slim
    assert not known("python:3.11").slim
    assert not known("python:3.11-bookworm").slim


def test_releases_tell_their_c_library_and_their_python() -> None:
    assert (known("debian:bullseye").libc_version, known("debian:bullseye").packaged_python) == ((2, 31), "3.9")
    assert (known("ubuntu:24.04").libc_version, known("ubuntu:24.04").packaged_python) == ((2, 39), "3.12")
    assert known("gcr.io/distroless/cc-debian12").libc_version == (2, 36)
    assert known("python:3.11-alpine3.12").libc_version == (1, 1)
    assert known("python:3.11").libc_version is None
    assert known("python:3.11-slim-forky").libc_version is None


def test_a_mirror_is_not_official() -> None:
    assert known("python:3.11").official
    assert known("public.ecr.aws/docker/library/python:3.11").official
    mirror = known("registry.example:5000/mirror/python:3.11-slim")
    assert (mirror.family, mirror.python, mirror.official) == ("debian", "3.11", False)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "base",
        "builder",
        "example/api:1.2",
        "python:3.11-windowsservercore-ltsc2022",
        "Not A Name",
        "python@sha256:" + "0" * 64,
        "$BASE",
    ],
)
def test_names_that_do_not_tell(name: str) -> None:
    assert known_base(name) is None


@given(st.text(alphabet=string.printable, max_size=60) | st.from_regex(r"[a-z/]{1,12}(:[a-z0-9._-]{1,30})?"))
def test_any_text_is_a_name_or_none(name: str) -> None:
    base = known_base(name)
    assert base is None or base.name == name


def test_a_digest_beside_a_tag_changes_nothing() -> None:
    digest = "@sha256:" + "0" * 64
    assert known("python:3.11-alpine" + digest).libc == "musl"
    assert known("gcr.io/distroless/python3-debian12" + digest).python == "3.11"
