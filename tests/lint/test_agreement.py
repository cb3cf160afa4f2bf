"""hadolint and these rules asked about the same Dockerfiles: where both know a fault they find it in the same
instruction, and each difference has its reason here.

hadolint's answers are data (`agreement/hadolint.json`, written by `agreement/regenerate.py`). docs/concepts/linting.md
tells users what this test holds.
"""

import json
from functools import cache
from pathlib import Path

import pytest
from tests.lint.asking import subject_of

from lightship.dockerfile.model import Instruction
from lightship.errors import InputError
from lightship.lint.check import check
from lightship.lint.rules import RULES

HERE = Path(__file__).parent / "agreement"
FOLDERS = {"agreement": HERE, "corpus": Path(__file__).parents[1] / "dockerfile" / "corpus"}
SAID = json.loads((HERE / "hadolint.json").read_text(encoding="utf-8"))

SAME: dict[str, tuple[str, ...]] = {
    "DL3002": ("runs-as-root",),
    "DL3003": ("lost-shell-state",),
    "DL3006": ("unpinned-base",),
    "DL3007": ("unpinned-base",),
    "DL3009": ("package-cache-kept", "removed-later"),
    "DL3012": ("overridden-command",),
    "DL3013": ("unpinned-install",),
    "DL3014": ("unanswered-question",),
    "DL3015": ("recommended-packages",),
    "DL3016": ("unpinned-install",),
    "DL3019": ("package-cache-kept",),
    "DL3020": ("add-for-copy", "unchecked-add"),
    "DL3021": ("refused",),
    "DL3022": ("missing-copy-source", "unpinned-base"),
    "DL3024": ("refused",),
    "DL3025": ("shell-form-entrypoint",),
    "DL3042": ("package-cache-kept",),
    "DL3043": ("refused",),
    "DL3044": ("empty-variable",),
    "DL3045": ("no-workdir",),
    "DL3059": ("many-layers",),
    "DL3061": ("refused",),
    "DL3064": ("secret-in-image",),
    "DL3066": ("named-user",),
    "DL4003": ("overridden-command",),
    "DL4004": ("overridden-command",),
    "DL4006": ("hidden-pipe-failure", "piped-download"),
}
"""hadolint's rule, and ours that know the same fault."""


ELSEWHERE = frozenset({"DL4003", "DL4004", "DL3012"})
"""Of two commands hadolint names the second, we the first, which the patch takes out."""

DIFFERENT: dict[str, dict[str, str]] = {
    "DL3003": {"cd at the head of a line that goes on moves that line alone": "agreement/alpine-worker:5"},
    "DL3006": {
        "scratch in quotes is scratch, and has no tag": "corpus/from-quoted-words:1 corpus/from-quoted-words:2",
        "the stage is called two-2 and two-2 is what FROM names": "corpus/from-stage-names:2",
    },
    "DL3015": {"the stage does not ship": "agreement/users:4"},
    "DL3020": {"a file without a suffix may be an archive": "corpus/copy-json:3 corpus/keywords-all:9"},
    "DL3021": {"the word after a quote is a flag's": "corpus/unicode-in-flags:4"},
    "DL3022": {"a name that is no image's is told as a refusal alone": "corpus/unicode-in-flags:3"},
    "DL3024": {"BuildKit takes the later stage of a name": "corpus/from-stage-shadowed:2"},
    "DL3025": {
        "another CMD or ENTRYPOINT counts": "corpus/cmd-and-entrypoint-forms:5 "
        "corpus/cmd-json-number-overflow-is-shell:2 corpus/cmd-json-number-overflow-is-shell:3 "
        "corpus/heredoc-in-cmd-is-none:2 corpus/keywords-all:5 "
        "corpus/run-exec-unfinished-is-shell:2",
        "it begins with exec": "corpus/cmd-and-entrypoint-forms:4",
        "no signal is sent to a health check": "corpus/healthcheck-flag-after-cmd:2 corpus/healthcheck-lines:2 "
        "corpus/keywords-all:18 agreement/users:13",
    },
    "DL3045": {
        "on scratch there is nothing to mix with": "corpus/copy-flags:3 corpus/copy-json-escapes:2 corpus/copy-many:2 "
        "corpus/copy-many:3 corpus/copy-quotes-are-letters:2 corpus/copy-quotes-are-letters:3 corpus/copy-variables:3 "
        "corpus/flags-odd:2 corpus/flags-unquoted-equals:2 corpus/from-unnamed-stages:3 corpus/from-unnamed-stages:4 "
        "corpus/heredoc-copy-several:2 corpus/keywords-all:10 corpus/keywords-lower-case:4 corpus/no-break-space:4 "
        "corpus/tabs-between-words:2 corpus/unicode-in-flags:2 corpus/unicode-in-flags:3 corpus/unicode-in-flags:4",
    },
    "DL3059": {
        "fewer than four layers in a row": "corpus/continuation-backtick-not-by-default:3 "
        "corpus/continuation-doubled-with-blanks:3 corpus/heredoc-here-string-is-none:3 "
        "corpus/heredoc-unread-name-is-none:3 corpus/line-of-the-longest-length:3 corpus/mixed-line-ends:3 "
        "corpus/run-bracket-is-shell:3 corpus/run-double-dash:3 corpus/run-exec-form:3 corpus/run-exec-form:4 "
        "corpus/run-quotes-unended:3 agreement/front-end:4",
    },
    "DL3064": {"a path is no secret, whatever its variable is called": "agreement/staged-api:17"},
    "DL3066": {
        "another USER counts": "corpus/user-forms:2 corpus/user-forms:4 agreement/users:11",
        "no name that a user can have": "corpus/user-forms:5",
        "the keyword is another letter's": "corpus/keyword-long-s:3",
    },
    "DL4006": {
        "tar and gpg end badly themselves when their input breaks off": "agreement/staged-api:21 agreement/users:5",
        "nothing is fetched": "corpus/run-shell-form:2",
    },
}
"""hadolint's rule, why we say nothing, and where."""

THEIRS: dict[str, str] = {
    "DL3000": "a relative WORKDIR is worked out",
    "DL3008": "the archive drops the old version, and the build breaks: pinned-packages says the contrary",
    "DL3018": "the archive drops the old version, and the build breaks: pinned-packages says the contrary",
    "DL3029": "a stage that cross-compiles names its platform",
    "DL3046": "a number that an ARG gives may be small, and Debian 13 writes no lastlog",
    "DL3047": "a log's length is no fault",
    "DL3048": "a label's name is nobody's fault at run time",
    "DL3063": "a keyword of the builder's",
    "DL4000": "the builder says so itself, and it works",
    "SC1018": "shellcheck's", "SC1072": "shellcheck's", "SC2015": "shellcheck's", "SC2086": "shellcheck's",
    "SC2164": "shellcheck's", "SC2188": "shellcheck's", "SC3011": "shellcheck's", "SC3014": "shellcheck's",
}  # fmt: skip
"""hadolint's rules that are deliberately none of ours."""

OURS: dict[str, str] = {
    "build-tools-shipped": "knows stages", "chown-after-copy": "knows layers", "compilers-shipped": "knows stages",
    "dev-packages-shipped": "knows stages", "downloaders-shipped": "knows stages", "empty-variable": "knows scopes",
    "fonts-shipped": "knows stages", "lost-shell-state": "export is lost too", "many-layers": "the row begins here",
    "no-bytecode": "knows Python", "no-cache-mount": "knows locks", "node-shipped": "knows stages",
    "overridden-command": "of two commands the first", "package-cache-kept": "apk and npm have caches too",
    "pinned-packages": "the contrary of DL3008", "removed-later": "knows layers", "runs-as-root": "no USER is root too",
    "sources-before-dependencies": "knows the order", "unchecked-add": "an address without its hash",
    "unfrozen-install": "knows locks", "update-alone": "wherever it stands", "virtual-runtime-tools": "knows programs",
    "whole-base": "knows bases",
}  # fmt: skip
"""Ours that find something in `agreement` where hadolint is silent."""


@cache
def ours(name: str) -> tuple[frozenset[tuple[int, str]], dict[int, Instruction]]:
    """Our findings by the first line of their instruction, and the instruction that each line belongs to."""
    folder, _, file = name.partition("/")
    text = (FOLDERS[folder] / file).read_bytes().decode("utf-8", "surrogateescape")
    subject = subject_of(text)
    lines: dict[int, Instruction] = {}
    for instruction in subject.dockerfile.instructions:
        last = text.count("\n", 0, instruction.span.end) + 1
        lines |= dict.fromkeys(range(instruction.line, last + 1), instruction)
    linted = check(subject, RULES, known=frozenset())
    found = set()
    for each in linted.found:
        place = each.finding.place
        if place is not None:
            for line in range(place.line, (place.end_line or place.line) + 1):
                found.add((lines[line].line if line in lines else line, each.finding.code))
    return frozenset(found), lines


def differences() -> dict[str, list[str]]:
    """hadolint's findings that we should have too and have not, by its rule."""
    lacking: dict[str, list[str]] = {}
    for name, findings in SAID["found"].items():
        try:
            found, lines = ours(name)
        except InputError:
            continue
        for line, code in findings:
            start = lines[line].line if line in lines else line
            at = {each for each, _ in found} if code in ELSEWHERE else {start}
            if code in SAME and not any((place, rule) in found for place in at for rule in SAME[code]):
                lacking.setdefault(code, []).append(f"{name}:{line}")
    return lacking


def test_what_both_know_is_found_in_the_same_instruction_or_the_difference_has_its_reason() -> None:
    explained = {
        code: sorted(f"{name.partition(':')[0]}.Dockerfile:{name.partition(':')[2]}" for name in names)
        for code, reasons in DIFFERENT.items()
        if (names := [place for places in reasons.values() for place in places.split()])
    }
    assert {code: sorted(places) for code, places in differences().items()} == explained


def test_every_rule_of_hadolint_that_fires_is_ours_too_or_has_its_reason() -> None:
    fired = {code for findings in SAID["found"].values() for _, code in findings}
    assert fired - SAME.keys() == set(THEIRS)
    assert not SAME.keys() & THEIRS.keys()


def test_what_hadolint_does_not_see_is_told() -> None:
    alone: set[str] = set()
    for path in HERE.glob("*.Dockerfile"):
        name = f"agreement/{path.name}"
        found, lines = ours(name)
        theirs = {(lines[line].line, code) for line, code in SAID["found"].get(name, [])}
        alone |= {
            rule for line, rule in found if not any(at == line and rule in SAME.get(code, ()) for at, code in theirs)
        }
    assert alone == set(OURS)


def test_nobody_has_anything_to_say_of_good() -> None:
    name = "agreement/good.Dockerfile"
    assert name not in SAID["found"]
    assert ours(name)[0] == frozenset()


@pytest.mark.parametrize("code", sorted({code for codes in SAME.values() for code in codes}))
def test_codes_are_rules(code: str) -> None:
    assert code in {rule.code for rule in RULES}


def test_the_page_names_the_same_rules() -> None:
    page = (Path(__file__).parents[2] / "docs" / "concepts" / "linting.md").read_text(encoding="utf-8")
    for code, rules in SAME.items():
        row = next(line for line in page.splitlines() if line.startswith("|") and code in line.split("|")[1])
        assert all(f"`{rule}`" in row for rule in rules)
    for code in THEIRS:
        assert code[:2] == "SC" or code in page
