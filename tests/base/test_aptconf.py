"""apt.conf(5) and sources.list(5), both styles."""

from pathlib import Path

import pytest

from lightship.base.aptconf import (
    host_archive,
    parse_apt_conf,
    parse_deb822_sources,
    parse_list_sources,
    read_apt_conf,
    read_apt_sources,
)
from lightship.base.source import ArchiveSettings, Proxies
from lightship.errors import ArchiveError, InputError

_CONF = """
// a comment
Acquire::http::Proxy "http://proxy.invalid:3128";  # another
Acquire { http { Proxy::direct.invalid "DIRECT"; }; /* a
longer one */ Languages { "none"; "en"; }; };
APT::Get::Assume-Yes "true"; #clear Nothing::At::All;
"""


def test_settings_by_full_name() -> None:
    settings = parse_apt_conf(_CONF)
    assert settings["acquire::http::proxy"] == "http://proxy.invalid:3128"
    assert settings["acquire::http::proxy::direct.invalid"] == "DIRECT"
    assert settings["acquire::languages::"] == "none en"
    assert settings["apt::get::assume-yes"] == "true"


def test_proxies_of_apt() -> None:
    proxies = Proxies.from_apt_conf(parse_apt_conf(_CONF))
    assert proxies.choose("http", "archive.invalid") == "http://proxy.invalid:3128"
    assert proxies.choose("https", "archive.invalid") == "http://proxy.invalid:3128"
    assert proxies.choose("http", "direct.invalid") is None
    assert Proxies().choose("http", "archive.invalid") is None


def test_one_line_style() -> None:
    text = (
        "# comment\n"
        "deb http://archive.invalid/debian bookworm main contrib # why\n"
        "deb-src http://archive.invalid/debian bookworm main\n"
        "deb [ arch=amd64,arm64 signed-by=/k.gpg check-valid-until=no ] https://a.invalid/x bookworm-security main\n"
    )
    first, second = parse_list_sources(text, where="x.list")
    assert (first.uri, first.suites, first.components) == (
        "http://archive.invalid/debian", ("bookworm",), ("main", "contrib"),
    )  # fmt: skip
    assert (second.architectures, second.signed_by, second.check_valid_until) == (("amd64", "arm64"), "/k.gpg", False)
    assert first.check_valid_until


def test_deb822_style() -> None:
    text = (
        "Types: deb deb-src\nURIs: http://a.invalid http://b.invalid\nSuites: s s-updates\nComponents: main\n"
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n\n"
        "Types: deb-src\nURIs: http://c.invalid\nSuites: s\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://d.invalid\nSuites: s\nComponents: main\n"
    )
    sources = list(parse_deb822_sources(text, where="x.sources"))
    assert [source.uri for source in sources] == ["http://a.invalid", "http://b.invalid"]
    assert sources[0].suites == ("s", "s-updates")
    assert sources[0].signed_by == "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc"


@pytest.mark.parametrize("line", ["deb http://a.invalid", "deb [arch=amd64 http://a.invalid s main"])
def test_broken_lines_are_named(line: str) -> None:
    with pytest.raises(InputError, match=r"x\.list"):
        list(parse_list_sources(line, where="x.list"))


def test_a_paragraph_without_suites() -> None:
    with pytest.raises(InputError, match="want URIs and Suites"):
        list(parse_deb822_sources("Types: deb\nURIs: http://a.invalid\n", where="x.sources"))
    with pytest.raises(ArchiveError, match=r"x\.sources"):
        list(parse_deb822_sources("nonsense\n", where="x.sources"))


def test_the_hosts_files(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "apt.conf.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://one.invalid s main\n")
    (tmp_path / "sources.list.d" / "b.list").write_text("deb http://three.invalid s main\n")
    (tmp_path / "sources.list.d" / "a.sources").write_text("Types: deb\nURIs: http://two.invalid\nSuites: s\n")
    (tmp_path / "sources.list.d" / "c.list.disabled").write_text("deb http://four.invalid s main\n")
    (tmp_path / "apt.conf.d" / "10a").write_text('A::B "1";')
    (tmp_path / "apt.conf.d" / "20b.conf").write_text('A::B "2";')
    (tmp_path / "apt.conf.d" / "30c.dpkg-old").write_text('A::B "3";')
    assert [source.uri for source in read_apt_sources(tmp_path)] == [
        "http://one.invalid", "http://two.invalid", "http://three.invalid",
    ]  # fmt: skip
    assert read_apt_conf(tmp_path) == {"a::b": "2"}
    assert read_apt_sources(tmp_path / "nowhere") == ()


def test_what_the_host_says_of_the_way(tmp_path: Path) -> None:
    (tmp_path / "apt.conf").write_text(
        'Acquire::Check-Valid-Until "false"; Acquire::https::CaInfo "/ca.pem"; Acquire::http::Proxy "http://a.invalid";'
    )
    bare = ArchiveSettings(etc_apt=tmp_path)
    found = host_archive(bare, environment={"http_proxy": "http://b.invalid", "HTTPS_PROXY": "http://c.invalid"})
    assert found.proxies.choose("http", "x.invalid") == "http://a.invalid"
    assert (found.ca_file, found.check_valid_until) == (Path("/ca.pem"), False)
    plain = host_archive(ArchiveSettings(etc_apt=tmp_path / "none"), environment={"http_proxy": "http://b.invalid"})
    assert plain.proxies.choose("http", "x.invalid") == "http://b.invalid"
    assert plain.check_valid_until
