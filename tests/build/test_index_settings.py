"""Settings as pip and uv hold them: read under an environment of the test's own."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from lightship.build.index import pip_settings
from lightship.build.index.configured import project_indexes, read_index_settings
from lightship.build.index.pip_settings import default_index_url, read_pip_settings
from lightship.build.index.settings import (
    Credential,
    IndexSettings,
    canonical_url,
    display_url,
    origin,
    split_credential,
)
from lightship.build.index.surroundings import proxy_from
from lightship.build.index.uv_settings import read_uv_settings
from lightship.errors import InputError, ToolError

INDEX = "https://index.example/simple"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A user without any configuration; the machine's own (``/etc``) is kept out by empty XDG directories."""
    home = tmp_path / "home"
    home.mkdir()
    return {"HOME": str(home), "XDG_CONFIG_DIRS": str(tmp_path / "etc"), "PIP_CONFIG_FILE": os.devnull}


def pip_file(environment: dict[str, str], text: str) -> None:
    path = Path(environment["HOME"]) / "pip.conf"
    path.write_text(text)
    environment["PIP_CONFIG_FILE"] = str(path)


def test_without_configuration_the_default_is_pips(environment: Mapping[str, str]) -> None:
    from pip._internal.models.index import PyPI

    settings = read_pip_settings(environment)
    assert settings.index_url == default_index_url(environment) == PyPI.simple_url
    assert (settings.extra_index_urls, settings.find_links, settings.credentials) == ((), (), ())
    assert (settings.timeout_s, settings.retries) == (15.0, 5)


def test_pips_files_and_variables(environment: dict[str, str], tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    pip_file(
        environment,
        f"""[global]
index-url = https://reader:hunter2@index.example/simple
extra-index-url =
    https://more.example/simple
    https://token@third.example:8443/simple/
find-links = /srv/wheels https://links.example/page
proxy = in:out@proxy.example:3128
cert = {bundle}
client-cert = {bundle}
trusted-host = inner.example inner.example:8080
timeout = 7
[install]
retries = 2
[download]
index-url = https://other.example/simple
""",
    )
    environment["PIP_TIMEOUT"] = "9"
    settings = read_pip_settings(environment)
    assert settings == IndexSettings(
        source="pip",
        index_url=INDEX,
        extra_index_urls=("https://more.example/simple", "https://third.example:8443/simple/"),
        find_links=("/srv/wheels", "https://links.example/page"),
        credentials=(
            Credential(url=INDEX, username="reader", password="hunter2"),
            Credential(url="https://third.example:8443/simple/", username="token", password=""),
        ),
        http_proxy=settings.http_proxy,
        https_proxy=settings.http_proxy,
        ca_file=bundle,
        client_certificate=bundle,
        trusted_hosts=("inner.example", "inner.example:8080"),
        timeout_s=9.0,
        retries=2,
    )
    assert settings.http_proxy is not None
    assert settings.http_proxy.url == "http://proxy.example:3128"
    assert "hunter2" not in repr(settings)
    assert "out" not in repr(settings.http_proxy)


def test_a_variable_beats_the_file_and_replaces_lists(environment: dict[str, str]) -> None:
    pip_file(environment, "[global]\nextra-index-url = https://a.example/simple\n")
    environment["PIP_EXTRA_INDEX_URL"] = "https://b.example/simple"
    assert read_pip_settings(environment).extra_index_urls == ("https://b.example/simple",)


def test_no_index_leaves_links_only(environment: dict[str, str]) -> None:
    environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "wheels", "PIP_EXTRA_INDEX_URL": INDEX}
    settings = read_pip_settings(environment)
    assert settings.index_urls == ()
    assert settings.find_links == (str(Path.cwd() / "wheels"),)


def test_a_broken_pip_file_is_one_sentence(environment: dict[str, str]) -> None:
    pip_file(environment, "index-url = x\n")
    with pytest.raises(InputError, match=r"pip's configuration cannot be read: .*pip.conf"):
        read_pip_settings(environment)


def test_a_pip_with_other_internals_is_told_apart(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip/__init__.py").write_text("")
    environment["PYTHONPATH"] = str(tmp_path)
    with pytest.raises(ToolError, match=r"not as expected: ModuleNotFoundError: .*pip\._internal") as caught:
        read_pip_settings(environment)
    assert caught.value.hint
    monkeypatch.setattr(sys, "executable", "/bin/true")
    with pytest.raises(ToolError, match="not as expected"):
        pip_settings.read_pip_settings(environment)


def test_a_ca_bundle_that_is_missing_is_named(environment: dict[str, str]) -> None:
    environment["PIP_CERT"] = "/nowhere/ca.pem"
    with pytest.raises(InputError, match=r"pip's cert names /nowhere/ca.pem"):
        read_pip_settings(environment)
    del environment["PIP_CERT"]
    environment["SSL_CERT_FILE"] = "/nowhere/ca.pem"
    with pytest.raises(InputError, match=r"SSL_CERT_FILE names /nowhere/ca.pem"):
        read_pip_settings(environment)


def test_netrc_is_for_its_machine_only(environment: dict[str, str]) -> None:
    netrc = Path(environment["HOME"]) / ".netrc"
    netrc.write_text("machine index.example login reader password hunter2\ndefault login any password any\n")
    netrc.chmod(0o600)
    settings = read_pip_settings(environment)
    found = settings.credential_for("http://index.example:8080/simple/x/")
    assert found is not None
    assert (found.username, found.password) == ("reader", "hunter2")
    assert settings.credential_for("https://other.example/simple/x/") is None
    netrc.write_text("machine\n")
    with pytest.raises(InputError, match=r"\.netrc is not a netrc file"):
        read_pip_settings(environment)


def test_uv_is_not_configured(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.uv]\ndev-dependencies = []\n")
    assert read_uv_settings(environment, tmp_path) is None


def test_uv_indexes_of_the_project_by_name(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        """[tool.uv]
find-links = ["wheels"]
allow-insecure-host = ["inner.example"]
[[tool.uv.index]]
name = "main"
url = "https://index.example/simple/"
default = true
[[tool.uv.index]]
name = "py-torch"
url = "https://torch.example/whl"
explicit = true
[[tool.uv.index]]
url = "./local"
format = "flat"
"""
    )
    environment |= {"UV_INDEX_PY_TORCH_USERNAME": "t", "UV_INDEX_PY_TORCH_PASSWORD": "hunter2"}
    member = tmp_path / "packages/member"
    member.mkdir(parents=True)
    (member / "pyproject.toml").write_text("[project]\nname = 'pretend'\n")
    settings = read_uv_settings(environment, member)
    assert settings is not None
    assert settings.index_url == "https://index.example/simple/"
    assert settings.index_urls == ("https://index.example/simple/",)
    assert settings.knows_index("https://torch.example/whl/")
    assert settings.find_links == (str(tmp_path / "wheels"), str(tmp_path / "local"))
    assert settings.trusted_hosts == ("inner.example",)
    found = settings.credential_for("https://torch.example/whl/torch/")
    assert found is not None
    assert found.username == "t"
    assert "hunter2" not in repr(settings)


def test_uv_variables_come_first_then_project_user_and_system(environment: dict[str, str], tmp_path: Path) -> None:
    project, user, system = tmp_path / "p", Path(environment["HOME"]) / ".config/uv", tmp_path / "etc/uv"
    for directory in (project, user, system):
        directory.mkdir(parents=True)
    (project / "uv.toml").write_text('extra-index-url = ["https://project.example/simple"]\n')
    (project / "pyproject.toml").write_text('[tool.uv]\nindex-url = "https://ignored.example/simple"\n')
    (user / "uv.toml").write_text('index-url = "https://user.example/simple"\n')
    (system / "uv.toml").write_text('index-url = "https://system.example/simple"\n')
    environment |= {"UV_INDEX": "named=https://env.example/simple", "UV_HTTP_TIMEOUT": "11"}
    settings = read_uv_settings(environment, project)
    assert settings is not None
    assert settings.index_urls == (
        "https://user.example/simple",
        "https://env.example/simple",
        "https://project.example/simple",
    )
    assert settings.timeout_s == 11.0
    environment["UV_DEFAULT_INDEX"] = "https://first.example/simple"
    again = read_uv_settings(environment, project)
    assert again is not None
    assert again.index_url == "https://first.example/simple"
    environment |= {"UV_NO_CONFIG": "1", "UV_DEFAULT_INDEX": "", "UV_NO_INDEX": "true", "UV_FIND_LINKS": "/a,/b"}
    offline = read_uv_settings(environment, project)
    assert offline is not None
    assert (offline.index_urls, offline.find_links) == ((), ("/a", "/b"))


def test_uv_without_a_default_takes_pips(environment: dict[str, str], tmp_path: Path) -> None:
    environment |= {"UV_EXTRA_INDEX_URL": "https://extra.example/simple"}
    settings = read_uv_settings(environment, tmp_path)
    assert settings is not None
    assert settings.index_url == default_index_url(environment)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("index = 3", "index: want an array of tables"),
        ("index = [3]", r"index\[0\]: want a table"),
        ('[[index]]\nname = "x"', r"index\[0\].url: want a string"),
        ("find-links = [1]", "find-links: want a string or an array of strings"),
        ("= 1", "is not TOML"),
    ],
)
def test_uv_files_that_are_not_understood(environment: dict[str, str], tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "uv.toml").write_text(text)
    with pytest.raises(InputError, match=said):
        read_uv_settings(environment, tmp_path)


def test_which_of_the_two_counts(environment: dict[str, str], tmp_path: Path) -> None:
    assert read_index_settings(environment, tmp_path / "uv.lock").source == "pip"
    environment["UV_DEFAULT_INDEX"] = INDEX
    assert read_index_settings(environment, tmp_path / "uv.lock").source == "uv"
    assert read_index_settings(environment, tmp_path / "pylock.toml").source == "pip"


def test_proxies_of_the_environment() -> None:
    both = {"https_proxy": "http://a.example:1", "HTTPS_PROXY": "http://b.example:1", "ALL_PROXY": "c.example:1"}
    assert [proxy.url for scheme in ("https", "http") if (proxy := proxy_from(both, scheme))] == [
        "http://a.example:1",
        "http://c.example:1",
    ]
    assert proxy_from({}, "http") is None


def test_addresses() -> None:
    assert split_credential("https://a%40b:p%3Aw@h.example:1/x") == (
        "https://h.example:1/x",
        Credential(url="https://h.example:1/x", username="a@b", password="p:w"),
    )
    assert canonical_url("HTTPS://Index.Example:443/simple/") == canonical_url(INDEX) == INDEX
    assert canonical_url("file:///srv/simple/") == "file:///srv/simple"
    assert display_url("https://u:p@h.example/a?token=t#f") == "https://h.example/a"
    assert display_url("https://[broken") == "(unreadable address)"
    for bad in ("ftp://h.example/", "https://", "https://h.example:port/", "https://[broken"):
        with pytest.raises(InputError, match="address not understood"):
            origin(bad)


def test_the_longest_shared_path_chooses_among_credentials_of_one_host() -> None:
    team = Credential(url="https://h.example/team/simple", username="team", password="1")
    main = Credential(url="https://h.example/main/simple", username="main", password="2")
    settings = IndexSettings(source="pip", index_url=INDEX, credentials=(team, main))
    chosen = settings.credential_for("https://h.example/main/files/x.whl")
    assert chosen is main
    assert settings.credential_for("http://h.example/main/files/x.whl") is None
    assert settings.credential_for("https://h.example:444/main/files/x.whl") is None


def test_what_a_project_says_of_indexes_has_a_key(environment: dict[str, str], tmp_path: Path) -> None:
    lock = tmp_path / "uv.lock"
    environment["UV_DEFAULT_INDEX"] = INDEX
    (tmp_path / "pyproject.toml").write_text("[tool.uv]\npackage = false\n")
    assert project_indexes(environment, lock) == "", "the user's own indexes are no project's"
    keys = {project_indexes(environment, lock, named=["https://pretend.invalid/simple"])}
    for text in ('index-url = "https://a.invalid"', 'find-links = "w"', '[[index]]\nurl = "https://a.invalid"'):
        (tmp_path / "uv.toml").write_text(text)
        keys.add(project_indexes(environment, lock))
    assert len(keys) == 4
    assert "" not in keys
    assert project_indexes(environment, tmp_path / "pylock.toml") == ""
    assert project_indexes({**environment, "UV_NO_CONFIG": "1"}, lock) == ""
