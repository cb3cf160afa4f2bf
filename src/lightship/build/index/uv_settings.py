"""uv's settings: its variables, the project's, the user's and the system's ``uv.toml``, ``[tool.uv]``.

Order and names are uv's: https://docs.astral.sh/uv/concepts/configuration-files/ and
https://docs.astral.sh/uv/concepts/indexes/ (read for uv 0.13). Where uv names no default index, its default is the
one that pip has too, and is asked of pip.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lightship.build.index.pip_settings import default_index_url
from lightship.build.index.settings import Credential, IndexSettings, split_credential
from lightship.build.index.surroundings import existing_file, netrc_credentials, no_proxy, number, proxy_from
from lightship.errors import InputError

__all__ = ["project_uv_indexes", "read_uv_settings"]

_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    url: str
    name: str | None = None
    default: bool = False
    explicit: bool = False
    flat: bool = False


@dataclass(slots=True)
class _Gathered:
    indexes: list[_Index] = field(default_factory=list)
    find_links: list[str] = field(default_factory=list)
    trusted_hosts: list[str] = field(default_factory=list)
    no_index: bool = False


def read_uv_settings(environment: Mapping[str, str], project: Path) -> IndexSettings | None:
    """What ``uv sync`` in ``project`` would use; None where nothing about indexes is configured for uv.

    Raise InputError for a file that is not understood, with the path of the value.
    """
    gathered = _Gathered()
    _from_variables(environment, gathered)
    for path, table in _tables(environment, project):
        _from_table(path, table, gathered)
    if not (gathered.indexes or gathered.find_links or gathered.no_index):
        return None
    return _settings(environment, gathered)


def project_uv_indexes(environment: Mapping[str, str], project: Path) -> str:
    """What ``project`` itself tells uv of indexes, as one text; "" for nothing. For keys only: it may hold secrets."""
    if environment.get("UV_NO_CONFIG", "").lower() in _TRUE or environment.get("UV_CONFIG_FILE"):
        return ""
    gathered = _Gathered()
    for path, table in _project_table(project):
        _from_table(path, table, gathered)
    return "" if gathered == _Gathered() else repr(gathered)


def _settings(environment: Mapping[str, str], gathered: _Gathered) -> IndexSettings:
    credentials: list[Credential] = []
    places: list[tuple[_Index, str]] = []
    for index in gathered.indexes:
        bare, credential = split_credential(index.url)
        credential = _named_credential(environment, index, bare) or credential
        if credential is not None:
            credentials.append(credential)
        places.append((index, bare))
    links = [_bare(link, credentials) for link in gathered.find_links]
    links += [bare for index, bare in places if index.flat]
    searched = [(index, bare) for index, bare in places if not index.flat]
    default = next((bare for index, bare in searched if index.default), None)
    if gathered.no_index:
        searched, default = [], None
    elif default is None:
        default = default_index_url(environment)
    return IndexSettings(
        source="uv",
        index_url=default,
        extra_index_urls=tuple(bare for index, bare in searched if not index.default and not index.explicit),
        explicit_index_urls=tuple(bare for index, bare in searched if index.explicit),
        find_links=tuple(links),
        credentials=(*credentials, *netrc_credentials(environment)),
        http_proxy=proxy_from(environment, "http"),
        https_proxy=proxy_from(environment, "https"),
        no_proxy=no_proxy(environment),
        ca_file=existing_file(environment.get("SSL_CERT_FILE"), "SSL_CERT_FILE"),
        ca_directory=Path(environment["SSL_CERT_DIR"]) if environment.get("SSL_CERT_DIR") else None,
        client_certificate=existing_file(environment.get("SSL_CLIENT_CERT"), "SSL_CLIENT_CERT"),
        trusted_hosts=tuple(gathered.trusted_hosts),
        timeout_s=number(environment.get("UV_HTTP_TIMEOUT"), "UV_HTTP_TIMEOUT", 30.0) or 30.0,
        retries=int(number(environment.get("UV_HTTP_RETRIES"), "UV_HTTP_RETRIES", 5)),
    )


def _bare(link: str, credentials: list[Credential]) -> str:
    bare, credential = split_credential(link)
    if credential is not None:
        credentials.append(credential)
    return bare


def _named_credential(environment: Mapping[str, str], index: _Index, bare: str) -> Credential | None:
    if index.name is None:
        return None
    name = re.sub(r"[^A-Z0-9]", "_", index.name.upper())
    username = environment.get(f"UV_INDEX_{name}_USERNAME")
    password = environment.get(f"UV_INDEX_{name}_PASSWORD")
    if username is None and password is None:
        return None
    return Credential(url=bare, username=username or "", password=password or "")


def _from_variables(environment: Mapping[str, str], gathered: _Gathered) -> None:
    default = environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL")
    if default:
        gathered.indexes.append(_named(default, default=True))
    for variable in ("UV_INDEX", "UV_EXTRA_INDEX_URL"):
        gathered.indexes += [_named(text) for text in environment.get(variable, "").split()]
    links = re.split(r"[\s,]+", environment.get("UV_FIND_LINKS", "").strip())
    gathered.find_links += [_located(link, Path.cwd()) for link in links if link]
    gathered.trusted_hosts += environment.get("UV_INSECURE_HOST", "").split()
    gathered.no_index = environment.get("UV_NO_INDEX", "").lower() in _TRUE


def _named(text: str, *, default: bool = False) -> _Index:
    name, equals, url = text.partition("=")
    if equals and re.fullmatch(r"[A-Za-z0-9._-]+", name):
        return _Index(url=_located(url, Path.cwd()), name=name, default=default)
    return _Index(url=_located(text, Path.cwd()), default=default)


def _tables(environment: Mapping[str, str], project: Path) -> Iterator[tuple[Path, Mapping[str, object]]]:
    """Configuration tables, the strongest first."""
    if environment.get("UV_NO_CONFIG", "").lower() in _TRUE:
        return
    named = environment.get("UV_CONFIG_FILE")
    if named:
        yield Path(named), _load(Path(named))
        return
    yield from _project_table(project)
    home = environment.get("XDG_CONFIG_HOME") or (environment["HOME"] + "/.config" if "HOME" in environment else None)
    if home and (user := Path(home) / "uv/uv.toml").is_file():
        yield user, _load(user)
    shared = [Path(part) / "uv/uv.toml" for part in (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")]
    for system in (*shared, Path("/etc/uv/uv.toml")):
        if system.is_file():
            yield system, _load(system)
            return


def _project_table(project: Path) -> Iterator[tuple[Path, Mapping[str, object]]]:
    """The nearest of the project and the directories above it that configures uv; ``uv.toml`` beats pyproject.toml."""
    start = project.absolute()
    for directory in (start, *start.parents):
        own = directory / "uv.toml"
        if own.is_file():
            yield own, _load(own)
            return
        shared = directory / "pyproject.toml"
        if shared.is_file():
            tool = _load(shared).get("tool", {})
            table = tool.get("uv") if isinstance(tool, dict) else None
            if isinstance(table, dict):
                yield shared, table
                return


def _load(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}") from error


def _from_table(path: Path, table: Mapping[str, object], gathered: _Gathered) -> None:
    base = path.parent
    indexes = table.get("index", [])
    if not isinstance(indexes, list):
        raise InputError(f"{path}: index: want an array of tables")
    for number_, entry in enumerate(indexes):
        if not isinstance(entry, dict):
            raise InputError(f"{path}: index[{number_}]: want a table")
        url, name = entry.get("url"), entry.get("name")
        if not isinstance(url, str) or not isinstance(name, str | None):
            raise InputError(f"{path}: index[{number_}].url: want a string")
        gathered.indexes.append(
            _Index(
                url=_located(url, base),
                name=name,
                default=entry.get("default") is True,
                explicit=entry.get("explicit") is True,
                flat=entry.get("format") == "flat",
            )
        )
    for url in _strings(path, table, "index-url"):
        gathered.indexes.append(_Index(url=_located(url, base), default=True))
    gathered.indexes += [_Index(url=_located(url, base)) for url in _strings(path, table, "extra-index-url")]
    gathered.find_links += [_located(link, base) for link in _strings(path, table, "find-links")]
    gathered.trusted_hosts += _strings(path, table, "allow-insecure-host")
    gathered.no_index = gathered.no_index or table.get("no-index") is True


def _strings(path: Path, table: Mapping[str, object], key: str) -> list[str]:
    value = table.get(key, [])
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise InputError(f"{path}: {key}: want a string or an array of strings")
    return items


def _located(place: str, base: Path) -> str:
    """An address as it is; a path absolute, seen from ``base``."""
    if "://" in place or place.startswith("file:"):
        return place
    return str((base / Path(place).expanduser()).absolute())
