"""Flags over the file over defaults; every refusal names the key."""

from dataclasses import replace
from pathlib import Path

import pytest

from lightship.config import (
    Options,
    cache_root,
    configuration_notes,
    exposed_port,
    load_gate,
    load_options,
    registry_access,
    source_date_epoch,
)
from lightship.errors import InputError, LightshipError, UsageError
from lightship.settings import SETTINGS


def test_defaults_are_those_of_the_settings() -> None:
    options = Options()
    for setting in SETTINGS:
        if setting.default is not None:
            assert getattr(options, setting.name) == setting.default, setting.key


def test_every_setting_is_a_field_with_an_own_flag() -> None:
    names = [setting.name for setting in SETTINGS]
    assert len(set(names)) == len(names)
    assert set(names) == set(Options.__dataclass_fields__)


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    (tmp_path / "lightship.toml").write_text(
        '[image]\nbase = "debian"\nuser = "1001"\nenv = { TZ = "UTC" }\nsystem-packages = ["bash"]\n'
        '[probe]\nhttp = "http://127.0.0.1:1/"\ntimeout = "2min"\n[[budget]]\nmetric = "compressed"\n'
    )
    options = load_options(tmp_path, file=None, flags={"base": "auto", "port": ("80",), "system_package": ()})
    assert options.base == "auto"
    assert options.user_ids == (1001, 1001)
    assert options.env == {"TZ": "UTC"}
    assert options.system_package == ("bash",)
    assert options.port == ("80",)
    assert options.probe_timeout == 120
    assert options.bytecode_mode == "startup"


def test_pyproject_is_read_when_there_is_no_own_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.lightship.build]\nbytecode = "none"\nstrip = false\n')
    options = load_options(tmp_path, file=None, flags={})
    assert (options.bytecode_mode, options.strip) == ("none", False)
    assert load_options(tmp_path, file=None, flags={"strip": True}).strip


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ('[image]\nbaze = "x"', "image.baze is not a setting"),
        ("image = 3", r"image: want a table such as \[image\]"),
        ("[image]\nname = 3", "image.name: want a text, got 3"),
        ('[build]\nbytecode = "some"', "build.bytecode: want one of all, startup, none"),
        ('[image]\nuser = "root"', "user must be numeric"),
        ('[image]\nworkdir = "app"', "workdir must be an absolute path"),
        ('[image]\nwritable = ["/a/../b"]', "writable must be absolute"),
        ('[probe]\ntimeout = "soon"', "duration not understood"),
        ("[image", "lightship.toml is not TOML"),
        ('[image]\nports = ["http"]', "port not understood: want 5001 or 5001/tcp, got 'http'"),
        ("[image]\nports = [70000]", "port not understood"),
        ("[image]\nports = [true]", "image.ports: want a list of texts"),
        ("[image]\nuser = -1", "user must be numeric"),
        ("[image]\nuser = true", "image.user: want a text"),
        ('[image]\nentrypoint = "open \'quote"', "image.entrypoint: want words as for a shell"),
        ('[image]\nentrypoint = ""', "image.entrypoint: want a list of words"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path: Path, toml: str, sentence: str) -> None:
    (tmp_path / "lightship.toml").write_text(toml)
    with pytest.raises(LightshipError, match=sentence) as caught:
        load_options(tmp_path, file=None, flags={})
    assert caught.value.exit_status == 2


def test_a_misspelt_key_is_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "lightship.toml").write_text("[image]\nsystem-package = []\n")
    with pytest.raises(InputError) as caught:
        load_options(tmp_path, file=None, flags={})
    assert caught.value.hint == "did you mean image.system-packages?"


def test_tables_come_from_repeated_flags(tmp_path: Path) -> None:
    assert load_options(tmp_path, file=None, flags={"env": ("A=1", "B=x=y")}).env == {"A": "1", "B": "x=y"}
    with pytest.raises(UsageError, match="--env: want NAME=VALUE"):
        load_options(tmp_path, file=None, flags={"env": ("A",)})


def test_source_date_epoch_is_seconds() -> None:
    assert source_date_epoch({"SOURCE_DATE_EPOCH": "1700000000"}) == 1_700_000_000
    assert source_date_epoch({}) is None
    for text in ("-1", "soon", "٣", "9" * 20):
        with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
            source_date_epoch({"SOURCE_DATE_EPOCH": text})


def test_the_cache_is_where_it_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root(None) == tmp_path / "lightship"
    assert cache_root(tmp_path / "other") == tmp_path / "other"


def test_a_command_is_one_text_or_words(tmp_path: Path) -> None:
    def entrypoint(*given: str) -> tuple[str, ...]:
        return load_options(tmp_path, file=None, flags={"entrypoint": given}).entrypoint

    assert entrypoint("python -c 'import app'") == ("python", "-c", "import app")
    assert entrypoint("python", "-c", "import app") == ("python", "-c", "import app")
    with pytest.raises(UsageError, match="--entrypoint: want words as for a shell"):
        entrypoint("'open")
    (tmp_path / "lightship.toml").write_text('[image]\nentrypoint = ["a program"]\n')
    assert entrypoint() == ("a program",)


def test_a_wrong_duration_names_its_flag(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--probe-timeout: duration not understood"):
        load_options(tmp_path, file=None, flags={"probe_timeout": "soon"})


def test_a_pyproject_that_is_named_is_read_as_one(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text('[project]\nname = "x"\n[tool.lightship.image]\nname = "y"\n')
    assert load_options(tmp_path / "elsewhere", file=file, flags={}).name == "y"
    file.write_text("[tool]\nlightship = 3\n")
    with pytest.raises(InputError, match=r"pyproject.toml: tool.lightship: want a table"):
        load_options(tmp_path, file=file, flags={})


def test_requests_alone_are_no_probe() -> None:
    with pytest.raises(UsageError, match="requests need a URL"):
        Options(probe_requests="smoke.http", probe_command=("true",))
    assert Options(probe_requests="smoke.http", probe_http="http://127.0.0.1:1/").has_probe


def test_a_file_may_say_it_as_a_flag_does(tmp_path: Path) -> None:
    (tmp_path / "lightship.toml").write_text(
        '[image]\nuser = 0\nports = [8099, "53/udp"]\nentrypoint = "uvicorn \'my app:app\'"\n'
        'cmd = ["--workers", 4]\nenv = ["A=1", "B=x=y"]\n'
    )
    options = load_options(tmp_path, file=None, flags={})
    assert (options.user, options.user_ids) == ("0", (0, 0))
    assert options.port == ("8099", "53/udp")
    assert options.entrypoint == ("uvicorn", "my app:app")
    assert options.cmd == ("--workers", "4")
    assert options.env == {"A": "1", "B": "x=y"}


def test_ports_have_a_protocol_in_the_image() -> None:
    assert [exposed_port(port) for port in ("80", "80/tcp", "53/udp")] == ["80/tcp", "80/tcp", "53/udp"]
    with pytest.raises(UsageError, match="port not understood"):
        Options(port=("0",))


def test_a_table_that_is_not_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.lightship.build]\nbytecode = "none"\n')
    assert configuration_notes(tmp_path, file=None) == ()
    (tmp_path / "lightship.toml").write_text("")
    (note,) = configuration_notes(tmp_path, file=None)
    assert note.startswith("[tool.lightship] in pyproject.toml is not read")
    assert configuration_notes(tmp_path, file=tmp_path / "pyproject.toml") == ()
    (tmp_path / "pyproject.toml").write_text("[tool.other]\n")
    assert configuration_notes(tmp_path, file=None) == ()


@pytest.mark.parametrize(
    ("environ", "files"),
    [
        ({}, []),
        ({"HOME": "/h"}, ["/h/.docker/config.json", "/h/.config/containers/auth.json"]),
        (
            {"HOME": "/h", "DOCKER_CONFIG": "/d", "REGISTRY_AUTH_FILE": "/r.json"},
            ["/d/config.json", "/h/.docker/config.json", "/r.json"],
        ),
        ({"XDG_RUNTIME_DIR": "/x", "XDG_CONFIG_HOME": "/c"}, ["/x/containers/auth.json", "/c/containers/auth.json"]),
        (
            {"HOME": "/h", "DOCKER_CONFIG": "/h/.docker", "REGISTRY_AUTH_FILE": "/h/.docker/config.json"},
            ["/h/.docker/config.json"],
        ),
    ],
)
def test_where_credentials_are_looked_for(environ: dict[str, str], files: list[str]) -> None:
    assert [str(file) for file in registry_access(environ).credential_files] == files


def test_how_registries_are_reached(tmp_path: Path) -> None:
    found = registry_access({"HOME": "s3cret"}, plain_http=True, ca_file=tmp_path, jobs=99, cache=tmp_path)
    assert (found.plain_http, found.ca_file, found.jobs) == (True, tmp_path, 8)
    assert found.memory == tmp_path / "registries"
    assert "s3cret" not in repr(replace(found, credential_files=()))


def test_the_gate_reads_budgets_and_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "lightship.toml").write_text(
        '[image]\nname = "shop"\n\n[[budget]]  # whole\nmetric = "compressed"\nmax = "2 MB"\n'
        '[[ignore]]\ncode = "x"\nreason = "y"\n'
    )
    found = load_gate(tmp_path, file=None)
    assert [(each.metric, each.source.line) for each in found.budgets] == [("compressed", 4)]
    assert [each.source.line for each in found.ignores] == [7]
    assert found.budgets[0].source.file == str(tmp_path / "lightship.toml")
    assert found.maxima == {0: "2 MB"}
    assert load_options(tmp_path, file=None, flags={}).name == "shop"


def test_the_gate_reads_pyproject_below_its_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[[tool.lightship.budget]]\nmetric = "layer"\nmax = "2 MB"\n')
    found = load_gate(tmp_path, file=None)
    assert (found.prefix, found.budgets[0].source.line) == ("tool.lightship", 1)
    assert found.budgets[0].source.name == "pyproject.toml: tool.lightship.budget[0]"
    (tmp_path / "pyproject.toml").write_text('[[tool.lightship.budget]]\nmetric = "lyer"\nmax = "2 MB"\n')
    with pytest.raises(InputError, match=r"pyproject.toml: tool.lightship.budget\[0\].metric: want one of"):
        load_gate(tmp_path, file=None)


def test_budgets_in_another_layout_have_no_line(tmp_path: Path) -> None:
    (tmp_path / "lightship.toml").write_text('budget = [{ metric = "layer", max = "2 MB" }]\n')
    found = load_gate(tmp_path, file=None)
    assert found.budgets[0].source.line is None
    assert load_gate(tmp_path / "nowhere", file=None).budgets == ()


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ('[[budgets]]\nmetric = "layer"\nmax = "1 MB"', "budgets: want a table such as"),
        ('[budget]\nmetric = "layer"', "budget: want an array of tables, got a table"),
        ('[[budget]]\nmetric = "layer"\nmaxx = "1 MB"', r"budget\[0\].maxx is not a setting"),
        ("[image]\nbaze = 1", "image.baze is not a setting"),
    ],
)
def test_a_mistake_leaves_no_gate_open(toml: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "lightship.toml").write_text(toml)
    with pytest.raises(InputError, match=sentence):
        load_gate(tmp_path, file=None)


def test_budgets_that_would_not_be_read_are_an_error(tmp_path: Path) -> None:
    budget = '[[{}budget]]\nmetric = "layer"\nmax = "2 MB"\n'
    (tmp_path / "lightship.toml").write_text(budget.format(""))
    (tmp_path / "pyproject.toml").write_text('[tool.lightship.image]\nname = "x"\n')
    assert len(load_gate(tmp_path, file=None).budgets) == 1
    (tmp_path / "pyproject.toml").write_text(budget.format("tool.lightship."))
    with pytest.raises(InputError, match=r"budgets in pyproject.toml are not read"):
        load_gate(tmp_path, file=None)
    assert len(load_gate(tmp_path, file=tmp_path / "lightship.toml").budgets) == 1
