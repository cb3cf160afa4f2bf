"""apt's own configuration of the host, as values: apt.conf(5) and sources.list(5) (apt 2.6).

Only what names an archive, its keys and the way to it is read; pins (apt_preferences(5)) are not.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from lightship.base.source import ArchiveSettings, ArchiveSource, Proxies
from lightship.ecosystem.dpkg import Paragraph, parse_paragraphs
from lightship.errors import InputError
from lightship.paths import storage_errors

__all__ = [
    "host_archive",
    "parse_apt_conf",
    "parse_deb822_sources",
    "parse_list_sources",
    "read_apt_conf",
    "read_apt_sources",
]

_TOKEN = re.compile(
    r"""\s+ | //[^\n]* | /\*.*?\*/ | \#(?!clear|include)[^\n]* | "(?P<quoted>[^"\n]*)" | (?P<mark>[{};])
      | (?P<word>[^\s{};"]+)""",
    re.VERBOSE | re.DOTALL,
)
_OPTION = re.compile(r"([A-Za-z-]+)[+-]?=(\S+)")
_NO = frozenset({"no", "false", "0", "off", "without", "disable"})


def parse_apt_conf(text: str) -> dict[str, str]:
    """Settings by their full name in lower case, ``acquire::http::proxy``; the last one wins; lists are joined by
    spaces under the name with ``::`` at its end. Directives (``#clear``) are skipped."""
    settings: dict[str, str] = {}
    scope: list[str] = []
    words: list[str] = []
    for match in _TOKEN.finditer(text):
        word, mark = match["quoted"] if match["quoted"] is not None else match["word"], match["mark"]
        if word is not None:
            words.append(word)
        elif mark == "{":
            scope.append(words[0] if words else "")
            words = []
        elif mark:
            _assign(settings, scope, words)
            words = []
            if mark == "}" and scope:
                scope.pop()
    return settings


def _assign(settings: dict[str, str], scope: list[str], words: list[str]) -> None:
    if not words or words[0].startswith("#"):
        return
    if len(words) == 1:  # a list member: `Name { "value"; };`
        name, value = "::".join([*scope, ""]), words[0]
    else:
        name, value = "::".join([*scope, words[0]]), words[1]
    name = name.lower()
    settings[name] = f"{settings[name]} {value}" if name.endswith("::") and name in settings else value


def host_archive(
    settings: ArchiveSettings, *, environment: Mapping[str, str] | None = None, ca_file: Path | None = None
) -> ArchiveSettings:
    """``settings`` with what the host's apt.conf and ``environment`` (``http_proxy``, ``https_proxy``) say of proxies,
    CA file and expired indexes. apt.conf comes first, as for apt."""
    conf = read_apt_conf(settings.etc_apt)
    variables = environment or {}
    proxies = Proxies.from_apt_conf(conf)
    from_environment = {
        scheme: value
        for scheme in ("http", "https")
        if (value := variables.get(f"{scheme}_proxy") or variables.get(f"{scheme.upper()}_PROXY"))
    }
    own_ca = conf.get("acquire::https::cainfo")
    return replace(
        settings,
        proxies=replace(proxies, by_scheme={**from_environment, **proxies.by_scheme}),
        ca_file=settings.ca_file or ca_file or (Path(own_ca) if own_ca else None),
        check_valid_until=settings.check_valid_until and conf.get("acquire::check-valid-until", "").lower() not in _NO,
    )


def read_apt_conf(etc_apt: Path) -> dict[str, str]:
    """The settings of ``apt.conf.d/*`` in order, then ``apt.conf``; nothing where there is no such folder."""
    parts = sorted(path for path in _files(etc_apt / "apt.conf.d") if _is_conf(path.name))
    settings: dict[str, str] = {}
    for path in [*parts, etc_apt / "apt.conf"]:
        if path.is_file():
            settings |= parse_apt_conf(_text(path))
    return settings


def _is_conf(name: str) -> bool:
    # apt.conf(5): files without extension or with "conf"; others are leftovers of editors and package managers.
    return re.fullmatch(r"[A-Za-z0-9_-]+(\.conf)?", name) is not None


def read_apt_sources(etc_apt: Path) -> tuple[ArchiveSource, ...]:
    """Every enabled binary source of the host, in the order apt reads them."""
    found: list[ArchiveSource] = []
    main = etc_apt / "sources.list"
    for path in [*([main] if main.is_file() else []), *sorted(_files(etc_apt / "sources.list.d"))]:
        if path.suffix == ".list":
            found += parse_list_sources(_text(path), where=path.name)
        elif path.suffix == ".sources":
            found += parse_deb822_sources(_text(path), where=path.name)
    return tuple(found)


def parse_list_sources(text: str, *, where: str) -> Iterator[ArchiveSource]:
    """One-line style: ``deb [signed-by=…] URI SUITE COMPONENT…``."""
    for line in text.splitlines():
        words = line.partition("#")[0].strip()
        if not words.startswith("deb ") and not words.startswith("deb\t") and not words.startswith("deb["):
            continue
        rest, options = words[3:].strip(), {}
        if rest.startswith("["):
            inside, bracket, rest = rest[1:].partition("]")
            if not bracket:
                raise InputError(f"{where}: option list without ']': {line.strip()!r}")
            options = {name.lower(): value for name, value in _OPTION.findall(inside)}
        uri, *parts = rest.split() or [""]
        if not uri or not parts:
            raise InputError(f"{where}: want 'deb URI SUITE COMPONENT…', got {line.strip()!r}")
        yield ArchiveSource(
            uri=uri,
            suites=(parts[0],),
            components=tuple(parts[1:]),
            architectures=tuple(filter(None, options.get("arch", "").split(","))),
            signed_by=options.get("signed-by", "").replace(",", " "),
            check_valid_until=options.get("check-valid-until", "").lower() not in _NO,
            where=where,
        )


def parse_deb822_sources(text: str, *, where: str) -> Iterator[ArchiveSource]:
    """deb822 style: paragraphs with Types, URIs, Suites, Components, Signed-By, Enabled."""
    for fields in parse_paragraphs(text, what=where):
        if fields.get("enabled", "yes").lower() in _NO or "deb" not in fields.get("types", "").split():
            continue
        suites = tuple(fields.get("suites", "").split())
        if not suites or not fields.get("uris"):
            raise InputError(f"{where}: want URIs and Suites in each paragraph, got {sorted(fields)}")
        for uri in fields["uris"].split():
            yield _deb822_source(fields, uri, suites, where)


def _deb822_source(fields: Paragraph, uri: str, suites: tuple[str, ...], where: str) -> ArchiveSource:
    return ArchiveSource(
        uri=uri,
        suites=suites,
        components=tuple(fields.get("components", "").split()),
        architectures=tuple(fields.get("architectures", "").split()),
        signed_by=fields.get("signed-by", "").strip(),
        check_valid_until=fields.get("check-valid-until", "").lower() not in _NO,
        where=where,
    )


def _files(directory: Path) -> list[Path]:
    return [path for path in directory.iterdir() if path.is_file()] if directory.is_dir() else []


def _text(path: Path) -> str:
    with storage_errors(f"read {path.name}"):
        return path.read_text(encoding="utf-8", errors="replace")
