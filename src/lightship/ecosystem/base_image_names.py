"""Repositories that base images are called by, and what each is when its tag says nothing more.

Official images as in https://github.com/docker-library/official-images (library/, August 2026); distroless as in
https://github.com/GoogleContainerTools/distroless; the others as their publishers call them.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["DEFAULTS", "NAMES", "Default"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """What a repository's images are. ``varies``: a word of the tag may name another distribution. ``versioned``: the
    tag begins with the distribution's version. ``shells`` is ``dev`` where only such tags, or ``debug``, have one,
    ``no`` where only those that name a distribution do. ``bare``: no package manager in any. ``static``: no C library.

    ``ships`` is the language that the tag's version is of; ``packaged`` is the distribution's own Python, and ``some``
    one whose version the tag does not tell. ``home`` is the prefix that this Python is in.
    """

    family: str
    ships: Literal["", "python", "node", "packaged", "some"] = ""
    home: str | None = None
    release: str = ""
    varies: bool = True
    versioned: bool = False
    shells: Literal["yes", "no", "dev"] = "yes"
    bare: bool = False
    static: bool = False
    minimal: bool = False


def _distribution(family: str) -> Default:
    return Default(family=family, versioned=True, varies=False)


def _python(family: str, home: str | None = "/usr/local") -> Default:
    return Default(family=family, ships="python", home=home)


_DISTRIBUTIONS = {
    "debian": "debian", "ubuntu": "ubuntu", "alpine": "alpine", "fedora": "fedora", "almalinux": "rhel",
    "rockylinux": "rhel", "oraclelinux": "rhel", "centos": "rhel", "amazonlinux": "amazon", "archlinux": "arch",
    "leap": "suse", "tumbleweed": "suse", "minideb": "debian",
}  # fmt: skip
_ON = {
    "debian": (
        "buildpack-deps", "erlang", "gcc", "golang", "haproxy", "haskell", "httpd", "julia", "memcached", "nginx",
        "perl", "php", "postgres", "r-base", "redis", "ruby", "rust", "swipl",
    ),
    "ubuntu": ("eclipse-temurin", "gradle", "mariadb", "maven", "mongo", "rabbitmq", "tomcat"),
    "alpine": ("caddy", "composer", "docker", "registry", "traefik"),
    "rhel": ("mysql",),
}  # fmt: skip

DEFAULTS: dict[str, Default] = {
    "python": _python("debian"),
    "pypy": Default(family="debian", ships="some"),
    "node": Default(family="debian", ships="node"),
    "busybox": Default(family="busybox", bare=True),
    "wolfi-base": Default(family="wolfi", varies=False),
    **{name: _distribution(family) for name, family in _DISTRIBUTIONS.items()},
    **{name: Default(family=family) for family, names in _ON.items() for name in names},
}
"""By the last part of the repository: official images, and others that are called like one."""


def _distroless(release: str, **more: object) -> Default:
    given = {"family": "distroless", "release": release, "varies": False, "shells": "dev", "bare": True, **more}
    return Default(**given)  # type: ignore[arg-type]


def _universal(release: str, **more: object) -> Default:
    return Default(**{"family": "rhel", "release": release, "varies": False, **more})  # type: ignore[arg-type]


_DISTROLESS = tuple(
    (rf"gcr\.io/distroless/{kind}{suffix}", _distroless(release, **more))
    for suffix, release in (("-debian11", "bullseye"), ("-debian12", "bookworm"), ("-debian13", "trixie"), ("", ""))
    for kind, more in (
        ("python3", {"ships": "packaged", "home": "/usr"}),
        (r"nodejs\d*", {"ships": "node"}),
        ("static", {"static": True}),
        (r"(?:base|base-nossl|cc|java\d*(?:-base)?)", {}),
    )
)
_UNIVERSAL = tuple(
    (rf".+/ubi{release}{kind}", _universal(release, **more))
    for release in ("8", "9", "10")
    for kind, more in (
        ("(?:/ubi)?-micro", {"bare": True}),
        (".*-minimal", {"minimal": True}),
        (r"/python-3\d+", {"ships": "python", "home": "/usr"}),
        (r"/nodejs-\d+", {"ships": "node"}),
        (".*", {}),
    )
)
_CHAINGUARD = r"(?:cgr\.dev/.+|docker\.io/chainguard)"

NAMES: tuple[tuple[str, Default], ...] = (
    *_DISTROLESS,
    (_CHAINGUARD + "/wolfi-base", Default(family="wolfi", varies=False)),
    (_CHAINGUARD + "/static", Default(family="scratch", varies=False, shells="no", static=True)),
    (_CHAINGUARD + "/python", Default(family="wolfi", ships="python", home="/usr", varies=False, shells="dev")),
    (_CHAINGUARD + "/node", Default(family="wolfi", ships="node", varies=False, shells="dev")),
    (_CHAINGUARD + "/.+", Default(family="wolfi", varies=False, shells="dev")),
    (r"dhi\.io/python", Default(family="debian", ships="python", shells="dev")),
    (r"dhi\.io/node", Default(family="debian", ships="node", shells="dev")),
    (r"ghcr\.io/astral-sh/uv", Default(family="scratch", shells="no", home="/usr/local")),
    *_UNIVERSAL,
    (r"public\.ecr\.aws/lambda/python", Default(family="amazon", ships="python", varies=False)),
    (r"docker\.io/amazon/aws-lambda-python", Default(family="amazon", ships="python", varies=False)),
    (r"docker\.io/(?:pytorch/pytorch|tensorflow/tensorflow)", Default(family="ubuntu", ships="some")),
    (r"docker\.io/continuumio/(?:mini|ana)conda3", Default(family="debian", ships="some", home="/opt/conda")),
    (r"docker\.io/condaforge/mini(?:forge|mamba).*", Default(family="ubuntu", ships="some", home="/opt/conda")),
    (r"docker\.io/mambaorg/micromamba", Default(family="debian")),
    (r"docker\.io/bitnami(?:legacy)?/python", _python("debian", home="/opt/bitnami/python")),
    (r"docker\.io/tiangolo/.+", _python("debian")),
    (r"docker\.io/nikolaik/python-nodejs", _python("debian")),
    (r"docker\.io/cimg/python", _python("ubuntu", home=None)),
    (r"docker\.io/cimg/node", Default(family="ubuntu", ships="node")),
    (r"docker\.io/heroku/heroku", _distribution("ubuntu")),
    (r"mcr\.microsoft\.com/(?:azurelinux|cbl-mariner)/base/python", _python("azure", home="/usr")),
    (r"mcr\.microsoft\.com/(?:azurelinux|cbl-mariner)/.+", _distribution("azure")),
)
"""Whole names (registry/repository) as regular expressions; the first that fits, before `DEFAULTS`."""
