"""``lightship check`` from outside: its statuses, and what it writes where."""

import json
import os

import pytest
from jsonschema import Draft202012Validator
from tests.cli.conftest import Lightship
from tests.flows.test_check import AFTER, BEFORE, compressed
from tools.schemas_check import check_schema

from lightship.store.oci_layout import write_layout
from lightship.store.tags import Tag

TOML = """\
[[budget]]               # agreed in March
metric = "compressed"
max = "1 MB"             # all of it
"""


@pytest.fixture(autouse=True)
def images(lightship: Lightship) -> None:
    for name, image in (("before", BEFORE), ("after", AFTER)):
        write_layout(image, lightship.home / name, [Tag("latest")])


def configure(lightship: Lightship, text: str = TOML) -> None:
    (lightship.home / "lightship.toml").write_text(text)


def test_budgets_of_the_file_are_kept(lightship: Lightship) -> None:
    configure(lightship)
    said = lightship("check", "oci:after")
    assert (said.status, said.stderr) == (0, "")
    assert said.stdout.splitlines()[-1] == "the image keeps its budgets"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["oci:after", "--max-growth", "1%", "--baseline", "oci:before"], "became"),
        (["oci:after", "--max-growth", "1%"], "there is no baseline"),
        (["oci:after", "--max-growth", "999%", "--baseline", "oci:absent"], "was not read"),
        (["oci:after", "--max-growth", "999%", "--baseline", "absent.json"], "was not read"),
        (["oci:after", "--max", "compressed=1B"], "allowed is 1 B"),
        (["oci:absent", "--max", "compressed=1GB"], "was not measured"),
        (["docker://127.0.0.1:9/x:y", "--max", "compressed=1GB"], "was not measured"),
        (["oci:after", "--max", "cold-start=9s"], "no cold start was measured"),
        (["oci:after", "--max", "package:nunpy=1GB"], "typing mistake"),
    ],
)
def test_whatever_is_no_pass_is_status_1_with_the_reason(words: list[str], sentence: str, lightship: Lightship) -> None:
    said = lightship("check", *words)
    assert said.status == 1
    assert sentence in said.stdout


@pytest.mark.parametrize(
    ("words", "toml", "sentence"),
    [
        (["oci:after"], None, "nothing to check: no [[budget]] in lightship.toml, which is not there"),
        (["oci:after"], "", "nothing to check"),
        (["oci:after"], '[[budget]]\nmetric = "size"\nmax = "1 MB"\n', "budget[0].metric: want one of"),
        (["oci:after"], '[[budgets]]\nmetric = "layer"\nmax = "1 MB"\n', "budgets: want a table"),
        (["oci:after"], "[[budget]\n", "is not TOML"),
        (["oci:after", "--max", "size=1MB"], None, "want one of compressed"),
        (["oci:after", "--max", "layer=1MB", "--platform", "amd64"], None, "platform not understood"),
        (["oci:after", "--max", "layer=1MB", "--also", "pdf=x"], None, "--also: want FORMAT=FILE"),
        (["oci:after", "--max", "layer=1MB", "--ratchet"], None, "--ratchet: want a file"),
        (["--max", "layer=1MB"], None, "missing: IMAGE"),
    ],
)
def test_what_is_not_understood_is_status_2(
    words: list[str], toml: str | None, sentence: str, lightship: Lightship
) -> None:
    if toml is not None:
        configure(lightship, toml)
    said = lightship("check", *words)
    assert (said.status, said.stdout) == (2, "")
    assert sentence in said.error


def test_json_is_as_its_schema_says_and_has_the_keys_of_the_contract(lightship: Lightship) -> None:
    validator = Draft202012Validator(check_schema())
    flags = ["--max", "unpacked=1MB", "--max-growth", "1%", "--format", "json"]
    for image, baseline, status in (
        ("oci:after", "oci:before", 1),
        ("oci:before", "oci:before", 0),
        ("oci:no", "x.json", 1),
    ):
        said = lightship("check", image, "--baseline", baseline, *flags)
        assert said.status == status
        document = json.loads(said.stdout)
        validator.validate(document)
        assert document["schema"] == "lightship/check/1"
        assert document["passed"] is (status == 0)
        for row in document["budgets"]:
            assert {"metric", "limit", "value", "baseline", "passed"} <= set(row)


def test_several_formats_at_once_and_the_summary_of_a_job(lightship: Lightship) -> None:
    configure(lightship, TOML.replace("1 MB", "100 B"))
    kinds = ("json", "markdown", "sarif", "junit", "gitlab", "text")
    also = [word for kind in kinds for word in ("--also", f"{kind}=out/{kind}")]
    summary = lightship.home / "summary.md"
    summary.write_text("# before\n")
    said = lightship("check", "oci:after", "--format", "github", *also, GITHUB_STEP_SUMMARY=str(summary))
    assert said.status == 1
    assert said.stdout.startswith("::error file=lightship.toml,line=1,title=")
    assert sorted(path.name for path in (lightship.home / "out").iterdir()) == sorted(kinds)
    assert summary.read_text().startswith("# before\n<!-- lightship check -->\n")
    value = json.loads((lightship.home / "out" / "json").read_text())["budgets"][0]["value"]
    assert value == compressed(AFTER)


def test_variables_are_flags(lightship: Lightship) -> None:
    said = lightship("check", "oci:after", LIGHTSHIP_MAX="compressed=1B layer=1GB", LIGHTSHIP_BASELINE="oci:before")
    assert said.status == 1
    assert "1 budget is broken" in said.stdout


def test_the_ratchet_lowers_what_shrank_and_keeps_the_file(lightship: Lightship) -> None:
    configure(lightship)
    file = lightship.home / "lightship.toml"
    os.chmod(file, 0o640)  # noqa: PTH101 - the mode is what is tested
    assert lightship("check", "oci:after").status == 0
    assert file.read_text() == TOML
    said = lightship("check", "oci:after", "--ratchet")
    assert said.status == 0
    assert "max of compressed lowered from 1 MB to 0.00" in said.stdout
    changed = [
        (old, new) for old, new in zip(TOML.splitlines(), file.read_text().splitlines(), strict=True) if old != new
    ]
    assert len(changed) == 1
    assert changed[0][1].startswith('max = "0.00')
    assert changed[0][1].endswith(' MB"             # all of it')
    assert file.stat().st_mode & 0o777 == 0o640
    assert lightship("check", "oci:after").status == 0
    lowered = file.read_text()
    assert lightship("check", "oci:after", "--ratchet").status == 0
    assert file.read_text() == lowered


def test_the_ratchet_turns_only_after_a_pass_and_not_for_a_flag(lightship: Lightship) -> None:
    configure(lightship, TOML + '[[budget]]\nmetric = "layer"\nmax = "1 B"\n')
    before = (lightship.home / "lightship.toml").read_text()
    assert lightship("check", "oci:after", "--ratchet").status == 1
    assert (lightship.home / "lightship.toml").read_text() == before
    assert lightship("check", "oci:after", "--ratchet", "--max", "layer=1MB", "--max", "compressed=2MB").status == 0
    assert (lightship.home / "lightship.toml").read_text() == before


@pytest.mark.parametrize("words", [("--max", "compressed=19"), ("--max-growth", "unpacked=10", "--baseline", "before")])
def test_a_number_without_a_unit_is_asked_back(words: tuple[str, ...], lightship: Lightship) -> None:
    said = lightship("check", "oci:after", *words)
    assert (said.status, said.stdout) == (2, "")
    assert "say which: 1" in said.hint
    assert "MB or 1" in said.hint
