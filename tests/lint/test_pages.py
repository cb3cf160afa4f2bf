"""Every rule's page: Bad fires, Good does not, and what the edits make of Bad does not either."""

import re
import textwrap

import pytest
from tests.lint.asking import ask, context_of, lock_without_musl, mended

from lightship.lint.rule import Rule
from lightship.lint.rules import RULES, bad_ignore

FAMILIES = (
    "layers", "cache order", "what ships", "special binaries", "correctness", "start", "security", "resources",
    "ignores",
)  # fmt: skip
HEADINGS = ["What it does", "Why", "Bad", "Good", "References"]
CONTEXT = context_of(
    {
        "app/main.py": "print(1)\n",
        "requirements.txt": "flask==3.0\n",
        "pyproject.toml": '[project]\nname = "app"\n[dependency-groups]\ndev = ["pytest"]\n',
        "uv.lock": "version = 1\n",
        ".git/HEAD": "ref: refs/heads/main\n",
        "docker/entrypoint.sh": "#!/bin/sh\nexec python -m app\n",
        "package.json": "{}\n",
        "package-lock.json": "{}\n",
        "NotoSansSC-Regular.otf": 8_000_000,
    }
)
ASKED = [rule for rule in RULES if rule is not bad_ignore.RULE]


def sections(rule: Rule) -> dict[str, str]:
    parts = re.split(r"^(.+)\n=+$", rule.doc, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def example(rule: Rule, heading: str) -> str:
    return textwrap.dedent(sections(rule)[heading].split("::\n\n", 1)[1]).strip("\n") + "\n"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_page_is_whole(rule: Rule) -> None:
    assert list(sections(rule)) == HEADINGS
    assert rule.family in FAMILIES
    assert rule.doc.splitlines()[0].rstrip(".").lower() == rule.title.lower()


@pytest.mark.parametrize("rule", ASKED, ids=lambda rule: rule.code)
def test_bad_fires_and_good_does_not(rule: Rule) -> None:
    remarks = ask(rule, example(rule, "Bad"), context=CONTEXT, lock=lock_without_musl)
    assert remarks
    for remark in remarks:
        assert remark.message
        assert not remark.message.endswith(".")
        assert remark.fix
        assert remark.span.start < remark.span.end
    assert ask(rule, example(rule, "Good"), context=CONTEXT, lock=lock_without_musl) == []


@pytest.mark.parametrize("rule", ASKED, ids=lambda rule: rule.code)
def test_an_edit_mends_what_it_was_made_for(rule: Rule) -> None:
    bad = example(rule, "Bad")
    mended_text = mended(rule, bad, context=CONTEXT, lock=lock_without_musl)
    if mended_text != bad:
        assert len(ask(rule, mended_text, context=CONTEXT, lock=lock_without_musl)) < len(
            ask(rule, bad, context=CONTEXT, lock=lock_without_musl)
        )


def test_codes_are_names_and_none_is_there_twice() -> None:
    codes = [rule.code for rule in RULES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)
    order = [FAMILIES.index(rule.family) for rule in RULES]
    assert order == sorted(order)
