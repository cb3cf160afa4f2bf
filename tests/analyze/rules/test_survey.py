import tarfile

from tests.analyze.making import Made, files, image_of

from lightship.analyze.analysis import analyze
from lightship.analyze.rules import RULES, Survey
from lightship.analyze.rules.telling import listed, shared_directory, shown
from lightship.image.blobs import from_blobs
from lightship.image.synthetic import synthetic_layer

BIG = {"app/.git/pack": b"p" * 300, "app/.git/x~": b"q" * 20, "app/notes~": b"n" * 3}


def survey(*layers: list[Made]) -> Survey:
    return Survey(analyze(image_of(*layers), rules=()), RULES)


def test_a_file_is_told_of_once_whatever_rules_would_have_it() -> None:
    found = {finding.code: finding.unpacked_bytes for finding in analyze(image_of(files(BIG))).findings}
    assert found == {"version-control": 320, "editor-files": 3}


def test_take_gives_each_file_once_by_layer_most_bytes_first() -> None:
    asked = survey(files({"a": b"1" * 5, "b": b"2" * 3}), files({"c": b"3" * 20, "empty": b""}))
    first, second = asked.take(["a", "c", "a", "b", "missing", "empty"])
    assert (first.layer, first.files, first.unpacked_bytes, first.paths) == (1, 1, 20, ["c"])
    assert (second.layer, second.files, second.unpacked_bytes, second.paths) == (0, 2, 8, ["a", "b"])
    assert asked.take(["a", "b", "c"]) == []
    assert not asked.is_free("a")


def test_a_file_with_two_names_goes_only_with_both() -> None:
    members = [Made("one", b"12345"), Made("two", kind=tarfile.LNKTYPE, target="one")]
    assert survey(members).take(["two"]) == []
    (group,) = survey(members).take(["two", "one"])
    assert (group.files, group.unpacked_bytes) == (1, 5)


def test_directories_are_the_outermost_and_below_is_everything() -> None:
    asked = survey(files({"a/tests/b/tests/x": b"1", "a-b/tests/y": b"2", "a/other": b"3"}))
    assert asked.directories("tests", "test") == ["a/tests", "a-b/tests"]
    assert list(asked.below("a/tests")) == ["a/tests/b/tests/x"]
    assert list(asked.below("nowhere")) == list(asked.below("a/other")) == []


def test_suffixes_and_names_are_found_in_any_case_of_the_suffix() -> None:
    asked = survey(files({"a/x.PY": b"1", "b/y.py": b"2", "c/.netrc": b"3", "d/z~": b"4"}))
    assert asked.suffixed(".py") == ["a/x.PY", "b/y.py"]
    assert asked.suffixed("~") == ["d/z~"]


def test_words_of_commands_come_from_the_config() -> None:
    started = {"Cmd": ["/bin/sh", "-c", "exec /usr/bin/gunicorn app:x"], "Healthcheck": {"Test": ["CMD", "curl"]}}
    image = from_blobs([synthetic_layer({"x": b"1"})], {"os": "linux", "architecture": "amd64", "config": started})
    assert {"gunicorn", "curl"} <= Survey(analyze(image, rules=()), RULES).command_words


def test_names_from_an_image_are_shown_on_one_line_and_obeyed_by_nobody() -> None:
    assert shown("a\nb\x1b[31m\udcff") == "a\\nb\\x1b[31m\\udcff"
    assert len(shown("x" * 5000)) == 200
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c, d and 1 more"
    assert listed(["a", "b"]) == "a and b"
    assert shared_directory(["a/b/c", "a/b/d/e"]) == "/a/b"
    assert shared_directory(["a"]) == "/a"


def test_many_layers_are_told_of_together() -> None:
    layers = [files({f"app{number}/.git/x": b"1" * (10 + number)}) for number in range(7)]
    found = analyze(image_of(*layers)).findings
    assert [finding.unpacked_bytes for finding in found] == [16, 15, 14, 10 + 11 + 12 + 13]
    assert found[-1].message.endswith("in layer 4 (RUN step 3) and 3 more")
