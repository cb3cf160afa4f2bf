"""Configuration: ``lightship.toml`` or ``[tool.lightship]`` in ``pyproject.toml``, under the flags, over the defaults.

`lightship.settings` lists what can be set. Only here and in ``cli/`` is the environment read.
"""

import os
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from lightship.errors import InputError, UsageError
from lightship.settings import SETTINGS, Kind, Setting, Value
from lightship.store.registry.access import RegistryAccess
from lightship.units import parse_seconds
from lightship.values import dataclass

if TYPE_CHECKING:
    from lightship.gate.model import Budget, Ignore

__all__ = [
    "GateOptions",
    "Options",
    "cache_root",
    "configuration_notes",
    "exposed_port",
    "load_gate",
    "load_options",
    "registry_access",
    "source_date_epoch",
]

_BY_KEY = {setting.key: setting for setting in SETTINGS}
_FOREIGN_TABLES = frozenset({"budget", "ignore"})
"""Tables that `load_gate` reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to build. Field names are those of the settings; paths in them are relative to the project."""

    name: str | None = None
    base: str = "auto"
    python: str = "auto"
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    user: str = "65532:65532"
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/app"
    port: tuple[str, ...] = ()
    label: Mapping[str, str] = field(default_factory=dict)
    writable: tuple[str, ...] = ()
    system_package: tuple[str, ...] = ()
    prefix: str = "/opt/venv"
    lock: str | None = None
    group: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    application: Literal["copy", "wheel", "none"] | None = None
    bytecode: str | None = None
    pause_gc: bool = False
    lazy_imports: bool = False
    remember_entry_points: bool = False
    read_ahead: bool = False
    safety: Literal["lossless", "safe"] = "safe"
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    strip: bool = True
    build_package: tuple[str, ...] = ()
    compression: Literal["gzip", "zstd", "estargz"] = "gzip"
    level: int | None = None
    archive_uri: tuple[str, ...] = ()
    archive_suite: tuple[str, ...] = ()
    archive_component: tuple[str, ...] = ("main",)
    archive_keyring: str | None = None
    probe_http: str | None = None
    probe_timeout: float = 60.0
    probe_requests: str | None = None
    allow_stale_trace: bool = False
    probe_env: Mapping[str, str] = field(default_factory=dict)
    probe_command: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("workdir", "prefix"):
            value = getattr(self, name)
            if not value.startswith("/") or value == "/" or ".." in value.split("/"):
                raise UsageError(f"{name} must be an absolute path below the root: got {value!r}")
        for path in self.writable:
            if not path.startswith("/") or ".." in path.split("/"):
                raise UsageError(f"writable must be absolute paths: got {path!r}")
        _parse_user(self.user)
        for port in self.port:
            exposed_port(port)
        levers = {"lazy imports need": self.lazy_imports, "reading ahead needs": self.read_ahead}
        needs = next((text for text, pulled in levers.items() if pulled), None)
        if needs and self.bytecode_mode != "startup":
            raise UsageError(
                f"{needs} a traced start",
                hint="set http in [probe], or --probe-http, and bytecode to startup, which is then its default",
            )
        if self.probe_requests and self.probe_http is None:
            raise UsageError(
                "requests need a URL that says when the application is ready",
                hint="set http in [probe], or --probe-http",
            )

    @property
    def has_levers(self) -> bool:
        """Whether anything is to be put into the image for a quick start."""
        return self.pause_gc or self.lazy_imports or self.remember_entry_points or self.read_ahead

    @property
    def has_probe(self) -> bool:
        return self.probe_http is not None or bool(self.probe_command)

    @property
    def bytecode_mode(self) -> Literal["all", "startup", "none"]:
        """The chosen mode; ``startup`` by default once a probe is configured."""
        chosen = self.bytecode or ("startup" if self.has_probe else "all")
        return cast('Literal["all", "startup", "none"]', chosen)

    @property
    def user_ids(self) -> tuple[int, int]:
        return _parse_user(self.user)


def load_options(project: Path, *, file: Path | None, flags: Mapping[str, object]) -> Options:
    """Options for ``project``: ``flags`` (by `Setting.name`; None and ``()``: not given) over file over defaults.

    ``file`` is an explicit configuration file; without it ``lightship.toml`` and then ``[tool.lightship]`` of
    ``pyproject.toml`` are looked for in ``project``. Raise InputError for a file that breaks the format, with the key.
    """
    values: dict[str, object] = {}
    source, table = _read_table(project, file)
    for key, value in _flatten(table, source):
        values[_BY_KEY[key].name] = _convert(_BY_KEY[key], value, f"{source}: {key}")
    for setting in SETTINGS:
        given = flags.get(setting.name)
        if given is not None and given != ():
            values[setting.name] = _convert(setting, given, setting.flag)
    return Options(**values)  # type: ignore[arg-type]  # each value was converted to its field's type above


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOptions:
    """What `lightship check` is asked by the file, which is None where there is none. ``prefix`` is the table of it
    that is ours; ``maxima`` are the budgets' ``max`` as they are written, by place."""

    budgets: "tuple[Budget, ...]" = ()
    ignores: "tuple[Ignore, ...]" = ()
    file: Path | None = None
    prefix: str = ""
    maxima: Mapping[int, object] = field(default_factory=dict)


def load_gate(project: Path, *, file: Path | None) -> GateOptions:
    """``[[budget]]`` and ``[[ignore]]`` of the file that `load_options` of the same arguments reads. Raise InputError
    for what is not understood anywhere in it: ``[[budgets]]`` must not leave the gate open."""
    from lightship.ecosystem.toml_view import Table
    from lightship.gate.budgets import read_budgets, read_ignores
    from lightship.gate.ratchet import header_lines

    source, table = _read_table(project, file)
    _flatten(table, source)
    known = (project / "lightship.toml", project / "pyproject.toml")
    if file is None and all(each.is_file() for each in known):
        unread = _table_of_pyproject(known[1], known[1].name)[1]
        if not _FOREIGN_TABLES.isdisjoint(unread):
            raise InputError(
                "budgets in pyproject.toml are not read: lightship.toml stands beside it", hint="keep them in one file"
            )
    path = file if file is not None else next((each for each in known if each.is_file()), None)
    if path is None:
        return GateOptions()
    prefix = "tool.lightship" if path.name == "pyproject.toml" else ""
    top = Table(table, path.name, prefix, InputError)
    budgets, ignores = top.tables("budget"), top.tables("ignore")
    text = path.read_text(encoding="utf-8")
    lines = {name: header_lines(text, name, prefix) for name in ("budget", "ignore")}
    for name, tables in (("budget", budgets), ("ignore", ignores)):
        if len(lines[name]) != len(tables):
            lines[name] = []
    return GateOptions(
        budgets=read_budgets(budgets, lines["budget"], file=str(path)),
        ignores=read_ignores(ignores, lines["ignore"], file=str(path)),
        file=path,
        prefix=prefix,
        maxima={place: each.values["max"] for place, each in enumerate(budgets) if "max" in each},
    )


def configuration_notes(project: Path, *, file: Path | None) -> tuple[str, ...]:
    """Sentences about configuration that `load_options` of the same arguments does not read."""
    own, shared = project / "lightship.toml", project / "pyproject.toml"
    if file is not None or not (own.is_file() and shared.is_file()):
        return ()
    tool = _read_toml(shared).get("tool")
    if not isinstance(tool, dict) or not tool.get("lightship"):
        return ()
    return ("[tool.lightship] in pyproject.toml is not read: lightship.toml stands beside it",)


def exposed_port(port: str) -> str:
    """``5001/tcp`` for ``5001``; raise UsageError for what is no port."""
    number, _, protocol = port.partition("/")
    digits = number.isascii() and number.isdigit()
    if not digits or not 0 < int(number) < 65536 or protocol not in ("", "tcp", "udp", "sctp"):
        raise UsageError(f"port not understood: want 5001 or 5001/tcp, got {port!r:.80}")
    return f"{number}/{protocol or 'tcp'}"


def cache_root(given: Path | None) -> Path:
    """Where the cache is: ``given`` (flag or LIGHTSHIP_CACHE_DIR), else ``$XDG_CACHE_HOME/lightship`` (~/.cache)."""
    if given is not None:
        return given.absolute()
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "lightship"


_CERTIFICATE_FOLDERS = ("/etc/docker/certs.d", "/etc/containers/certs.d")
"""Docker's documentation, "Verify repository client with certificates", and containers-certs.d(5)."""


def registry_access(
    environ: Mapping[str, str],
    *,
    plain_http: bool = False,
    ca_file: Path | None = None,
    jobs: int | None = None,
    cache: Path | None = None,
) -> RegistryAccess:
    """How registries are reached: with the credentials of ``$DOCKER_CONFIG``, ``~/.docker/config.json`` and
    ``$REGISTRY_AUTH_FILE`` (or where podman writes without it), in that order, and the proxies of ``environ``.
    ``cache`` is the cache's root."""
    folders = [environ.get("DOCKER_CONFIG"), f"{environ['HOME']}/.docker" if environ.get("HOME") else None]
    files = [f"{folder}/config.json" for folder in folders if folder]
    files += [environ["REGISTRY_AUTH_FILE"]] if environ.get("REGISTRY_AUTH_FILE") else _podmans(environ)
    return RegistryAccess(
        credential_files=tuple(dict.fromkeys(map(Path, files))),
        environ=dict(environ),
        plain_http=plain_http,
        ca_file=ca_file,
        certificate_folders=tuple(map(Path, _CERTIFICATE_FOLDERS)),
        jobs=max(1, min(jobs, 8)) if jobs else RegistryAccess().jobs,
        memory=cache / "registries" if cache is not None else None,
    )


def _podmans(environ: Mapping[str, str]) -> list[str]:
    """Where ``podman login`` writes: containers-auth.json(5)."""
    home = environ.get("HOME")
    settings = environ.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else None)
    folders = (environ.get("XDG_RUNTIME_DIR"), settings)
    return [f"{folder}/containers/auth.json" for folder in folders if folder]


def source_date_epoch(environ: Mapping[str, str]) -> int | None:
    """``SOURCE_DATE_EPOCH`` in seconds (reproducible-builds.org/specs/source-date-epoch), None when not set."""
    text = environ.get("SOURCE_DATE_EPOCH")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > 0o77777777777:
        raise UsageError(f"SOURCE_DATE_EPOCH not understood: want seconds since 1970, got {text!r}")
    return int(text)


def _parse_user(user: str) -> tuple[int, int]:
    uid, _, gid = user.partition(":")
    gid = gid or uid
    if not (user.isascii() and uid.isdigit() and gid.isdigit()) or max(int(uid), int(gid)) > 2**31:
        raise UsageError(f"user must be numeric uid:gid: got {user!r}", hint='write user = "1001:1001"')
    return int(uid), int(gid)


def _read_table(project: Path, file: Path | None) -> tuple[str, dict[str, object]]:
    if file is not None:
        return _table_of_pyproject(file, str(file)) if file.name == "pyproject.toml" else (str(file), _read_toml(file))
    own = project / "lightship.toml"
    if own.is_file():
        return own.name, _read_toml(own)
    shared = project / "pyproject.toml"
    return _table_of_pyproject(shared, shared.name) if shared.is_file() else (own.name, {})


def _table_of_pyproject(path: Path, name: str) -> tuple[str, dict[str, object]]:
    tool = _read_toml(path).get("tool", {})
    table = tool.get("lightship", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise InputError(f"{name}: tool.lightship: want a table")
    return f"{name}: tool.lightship", table


def _read_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is not TOML: {error}") from error


def _flatten(table: Mapping[str, object], source: str) -> Sequence[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for section, content in table.items():
        if section in _FOREIGN_TABLES:
            continue
        if not isinstance(content, dict):
            raise InputError(f"{source}: {section}: want a table such as [image], got {content!r:.60}")
        for name, value in content.items():
            key = f"{section}.{name}"
            if key not in _BY_KEY:
                import difflib

                near = difflib.get_close_matches(key, _BY_KEY, n=1)
                raise InputError(f"{source}: {key} is not a setting", hint=f"did you mean {near[0]}?" if near else None)
            found.append((key, value))
    return found


def _convert(setting: Setting, value: object, where: str) -> Value:
    if setting.key == "image.user" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    match setting.kind:
        case "text" if isinstance(value, str) and value:
            return value
        case "number" if isinstance(value, int) and not isinstance(value, bool):
            return value
        case "switch" if isinstance(value, bool):
            return value
        case "choice" if value in setting.choices:
            return value
        case "seconds" if isinstance(value, str):
            return _seconds(value, where)
        case "seconds" if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        case "list" if isinstance(value, str) and setting.key == "archive.uri":
            return (value,)
        case "words" if isinstance(value, tuple) and len(value) == 1:  # from the command line: one text
            return _split(str(value[0]), where)
        case "words" if isinstance(value, str) and value:
            return _split(value, where)
        case "list" | "words" if isinstance(value, list | tuple) and all(map(_is_word, value)):
            return tuple(str(item) for item in value)
        case "table" if isinstance(value, dict) and all(isinstance(item, str | int | float) for item in value.values()):
            return {str(name): str(item) for name, item in value.items()}
        case "table" if isinstance(value, list | tuple):
            return dict(_pair(str(item), where) for item in value)
    wanted = f"one of {', '.join(setting.choices)}" if setting.choices else _WANTED[setting.kind]
    raise InputError(f"{where}: want {wanted}, got {value!r:.80}")


def _is_word(item: object) -> bool:
    return isinstance(item, str | int) and not isinstance(item, bool)


def _split(text: str, where: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"{where}: want words as for a shell, got {text!r:.80}: {error}") from error


def _seconds(text: str, where: str) -> float:
    try:
        return parse_seconds(text)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error


def _pair(text: str, where: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"{where}: want NAME=VALUE, got {text!r:.80}")
    return name, value


_WANTED: dict[Kind, str] = {
    "text": "a text",
    "list": "a list of texts",
    "words": "a list of words, or one text",
    "table": "a table of texts",
    "switch": "true or false",
    "choice": "a choice",
    "seconds": "a duration such as 60s",
    "number": "a whole number",
}
