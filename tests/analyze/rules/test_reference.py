"""docs/reference/waste-rules.md says what the rules say."""

import pytest
from tools.analyze_reference import PAGE, reference

from lightship.analyze.rules import RULES, Rule


def test_the_page_is_as_generated() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run: make docs"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_has_its_page(rule: Rule) -> None:
    page = reference()
    assert f"## {rule.code}\n" in page
    for heading in ("What it does", "Why", "Bad", "Good", "References"):
        assert f"\n{heading}\n{'=' * len(heading)}\n" in rule.doc
    assert "``" not in page


def test_codes_are_unique_and_named_as_their_modules() -> None:
    codes = [rule.code for rule in RULES]
    assert len(codes) == len(set(codes))
    assert all(rule.find.__module__.rpartition(".")[2] == rule.code.replace("-", "_") for rule in RULES)
