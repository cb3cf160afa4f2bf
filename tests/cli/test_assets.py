"""``lightship assets`` as a process: the report, the schema, statuses, and what it refuses."""

import gzip
import json
import os
import signal
import time
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.cli.conftest import Lightship
from tools.reference import REFERENCE

from lightship.assets.codecs import Encoding, decodes_to

SCRIPT = b"export function greet(name) { return `hello ${name}`; }\n" * 60


@pytest.fixture
def web(lightship: Lightship) -> Path:
    folder = lightship.home / "web"
    folder.mkdir()
    (folder / "app.js").write_bytes(SCRIPT)
    (folder / "app.js.map").write_bytes(b'{"version":3,"mappings":"' + b"AAAA;" * 900 + b'"}')
    (folder / os.fsdecode(b"caf\xe9 \n.css")).write_bytes(SCRIPT + b"\n")
    (folder / "index.html").write_bytes(b"<!doctype html>")
    (folder / "outside.js").symlink_to("/etc/passwd")
    return folder


def test_the_json_is_what_its_schema_says(lightship: Lightship, web: Path) -> None:
    said = lightship("assets", "compress", web, "--level", "ci", "--format", "json")
    assert said.status == 0, said.stderr
    report = json.loads(said.stdout)
    schema = json.loads((REFERENCE / "schemas" / "assets.schema.json").read_text())
    Draft202012Validator(schema).validate(report)
    assert report["encodings"]["gzip"]["made"] == 3
    assert report["encodings"]["br"]["made"] == 2
    assert report["links"] == ["outside.js"]
    assert report["source_maps"]["files"] == 1
    assert report["after_bytes"] == sum(path.stat().st_size for path in web.iterdir() if not path.is_symlink())


def test_the_text_says_bytes_and_names_and_steers_no_terminal(lightship: Lightship, web: Path) -> None:
    said = lightship("assets", "compress", web, "--level", "ci", "-v")
    assert said.status == 0, said.stderr
    assert "source maps: 1, 4.53 kB" in said.stdout
    assert "link, not followed: outside.js" in said.stdout
    assert "\\udce9 \\n.css: 3.36 kB; gzip made" in said.stdout
    assert "not done" not in said.stdout


def test_a_fault_is_status_1_and_the_rest_is_done(lightship: Lightship, web: Path) -> None:
    (web / "app.js.gz").mkdir()
    said = lightship("assets", "compress", web, "--level", "ci")
    assert said.status == 1
    assert "not done: app.js: a folder is in the way" in said.stdout
    assert gzip.decompress((web / "app.js.map.gz").read_bytes()) == (web / "app.js.map").read_bytes()


def test_gzip_only_twice_says_what_was_there(lightship: Lightship, web: Path) -> None:
    first = lightship("assets", "compress", web, "--mode", "gzip-only")
    assert first.status == 0, first.stderr
    assert not (web / "app.js").exists()
    second = lightship("assets", "compress", web, "--mode", "gzip-only")
    assert second.stdout.startswith("nothing to compress\n")
    assert "3 of them were there as .gz alone\n" in second.stdout


def test_wrong_use_is_one_sentence(lightship: Lightship, web: Path) -> None:
    said = lightship("assets", "compress", web / "app.js")
    assert said.status == 2
    assert "want a directory of static files, but it is a file" in said.error
    said = lightship("assets", "compress", web, "--mode", "gzip-only", "--encoding", "br")
    assert said.status == 2
    assert "--mode gzip-only makes gzip alone" in said.error
    assert not (web / "app.js.gz").exists()
    said = lightship("assets", "compres", web)
    assert said.status == 2


def test_an_interrupt_leaves_whole_sidecars_only(lightship: Lightship, web: Path) -> None:
    for number in range(80):  # more than brotli 11 does in many seconds, of which one or two are waited for
        words = (f"let a{number * index % 7919} = {index * index};" for index in range(6000))
        (web / f"{number}.js").write_text("\n".join(words))
    process = lightship.begin("assets", "compress", web, "--jobs", "1")
    limit = time.monotonic() + 100
    while not any(web.glob("*.js.br")) and time.monotonic() < limit:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 130, said
    assert "error: interrupted" in said
    made = {path for path in web.iterdir() if path.name.endswith((".gz", ".br"))}
    assert 0 < len(made) < 160
    for path in made:
        encoding: Encoding = "br" if path.suffix == ".br" else "gzip"
        assert decodes_to(path.read_bytes(), path.with_name(path.stem).read_bytes(), encoding)
    assert not [path for path in web.iterdir() if path.suffix == ".tmp"]


def test_variables_of_the_inner_commands_are_known(lightship: Lightship, web: Path) -> None:
    said = lightship("assets", "compress", web, LIGHTSHIP_LEVEL="ci", LIGHTSHIP_MAPS="remove", LIGHTSHIP_MTIMS="keep")
    assert said.status == 0, said.stderr
    assert not (web / "app.js.map").exists()
    assert "LIGHTSHIP_MTIMS is no variable of lightship (did you mean LIGHTSHIP_MTIMES?)" in said.stderr
    assert "LIGHTSHIP_MAPS is no" not in said.stderr


def test_the_configuration_is_data_and_notes_are_talk(lightship: Lightship, web: Path) -> None:
    said = lightship("assets", "nginx", web, "--root", "/srv/www", "--port", "9000")
    assert said.status == 0, said.stderr
    assert "listen 9000;" in said.stdout
    assert "nothing is compressed yet" in said.stderr
    file = lightship.home / "nginx.conf"
    said = lightship("assets", "nginx", web, "--root", "/srv/www", "--port", "9000", "-o", file)
    assert said.stdout == ""
    assert 'root "/srv/www";' in file.read_text()
    (web / "forgotten.js").write_text("https://cdn.lightship.invalid/app.js")
    said = lightship("assets", "nginx", web)
    assert said.status == 0
    assert "warning: https://cdn.lightship.invalid stands in forgotten.js" in said.stderr
    said = lightship("assets", "nginx", web, "--brotli", "--mode", "gzip-only")
    assert said.status == 2
    assert "--brotli goes with --mode sidecar" in said.error


@pytest.mark.parametrize("words", [("compress",), ("nginx",), ("verify",), ("push", "--to", "/nowhere/store")])
def test_a_project_is_no_output_and_nothing_is_written_into_it(lightship: Lightship, words: tuple[str, ...]) -> None:
    project = lightship.home / "front"
    for name in ("package.json", "node_modules/left/index.js", "dist/index.html", "src/app.js"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(SCRIPT)
    before = sorted(project.rglob("*"))
    said = lightship("assets", words[0], project, *words[1:])
    assert (said.status, said.stdout) == (2, "")
    assert said.stderr == (
        f"error: {project} is the project (it has node_modules), not what a build made of it\n"
        f"hint: name what was built from it: {project}/dist\n"
    )
    assert sorted(project.rglob("*")) == before


def test_an_empty_directory_is_no_build(lightship: Lightship) -> None:
    empty = lightship.home / "empty"
    empty.mkdir()
    for command in ("compress", "verify"):
        said = lightship("assets", command, empty)
        assert (said.status, said.stdout) == (2, "")
        assert said.stderr.startswith(f"error: {empty}: there is no file below it")
    said = lightship("assets", "nginx", empty)
    assert said.status == 0
    assert "has no file yet" in said.stderr
