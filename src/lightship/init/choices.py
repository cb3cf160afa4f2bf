"""What a person (by flags), a ``lightship.toml`` that is there, or what was detected decides about the files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lightship.ecosystem.project.detect import ProjectFacts
from lightship.errors import InputError, UsageError
from lightship.oci.reference import ImageName

__all__ = ["FINALS", "Choices", "Final", "choose_settings"]

Final = Literal["closure", "slim"]
FINALS: tuple[Final, ...] = ("closure", "slim")
"""``closure``: only what Python and the environment load; ``slim``: the base image as it is, with a shell and apt."""

_PATH = re.compile(r"/[A-Za-z0-9._/-]+")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Settled: every file is made from these and from `ProjectFacts`. ``command`` is empty where nobody knows it."""

    name: str
    command: tuple[str, ...] = ()
    port: int = 8000
    health_live: str = ""
    health_ready: str = ""
    user: str = "65532:65532"
    workdir: str = "/app"
    prefix: str = "/opt/venv"
    python: str = "3.12"
    env: Mapping[str, str] = field(default_factory=dict)
    writable: tuple[str, ...] = ()
    system_packages: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    final: Final = "closure"
    runner_gb: float = 8.0

    def __post_init__(self) -> None:
        """Everything ends up in files that others execute: what could be read as more than a word is refused."""
        name = ImageName.parse(self.name)
        if not re.fullmatch(r"[a-z0-9._:/-]+", self.name) or name.digest or self.name.endswith(f":{name.tag}"):
            raise UsageError(f"want the name of an image without a tag, got {self.name!r:.80}")
        checks = (
            ("python", self.python, re.compile(r"3\.\d{1,2}")),
            ("workdir", self.workdir, _PATH),
            ("prefix", self.prefix, _PATH),
            ("user", self.user, re.compile(r"\d+:\d+")),
        )
        for what, value, pattern in checks:
            if not pattern.fullmatch(value):
                raise UsageError(f"{what} not understood: got {value!r:.80}", hint=f"want {pattern.pattern}")
        for package in self.system_packages:
            if not _PACKAGE.fullmatch(package):
                raise UsageError(f"want the name of a package of the distribution, got {package!r:.80}")
        for group in (*self.groups, *self.extras):
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", group):
                raise UsageError(f"want the name of a group or an extra, got {group!r:.80}")
        for route in (self.health_live, self.health_ready):
            if route and not re.fullmatch(r"/[A-Za-z0-9._~/%+-]*", route):
                raise UsageError(f"want the path of a route such as /health, got {route!r:.80}")
        for key in self.env:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
                raise UsageError(f"want the name of a variable, got {key!r:.80}")
        for word in (*self.command, *self.env.values()):
            if any(ord(sign) < 32 for sign in word):
                raise InputError(f"want one line, got {word!r:.80}")

    @property
    def uid(self) -> int:
        return int(self.user.partition(":")[0])

    @property
    def gid(self) -> int:
        return int(self.user.partition(":")[2])

    @property
    def short_name(self) -> str:
        """A name that Kubernetes takes (RFC 1123): ``registry.example/shop/api`` is ``api``."""
        name = re.sub(r"[^a-z0-9-]+", "-", self.name.rpartition("/")[2]).strip("-")
        return name[:50].strip("-") or "app"


def choose_settings(
    facts: ProjectFacts, *, directory: str, given: Mapping[str, object], entrypoint: tuple[str, ...] = ()
) -> Choices:
    """``given`` (fields of `Choices`, from flags or a configuration) over what was detected. ``directory`` is the
    project's folder's name, for a project without a name."""
    python, server = facts.python, facts.server
    env = dict(server.env if server else ())
    if facts.application is not None and facts.application.settings:
        env["DJANGO_SETTINGS_MODULE"] = facts.application.settings
    detected: dict[str, object] = {
        "name": (python.name if python else "") or _image_name(directory),
        "command": entrypoint or (server.command if server else ()),
        "port": facts.port,
        "health_live": facts.health.live,
        "health_ready": facts.health.ready,
        "python": python.python if python else "3.12",
        "env": env,
        "system_packages": tuple(dict.fromkeys(name for need in facts.system for name in need.runtime)),
    }
    return Choices(**{**detected, **given})  # type: ignore[arg-type]  # __post_init__ checks what mypy cannot see


def _image_name(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "app"
