"""docs/reference/drop-rules.md says what the rules say."""

from tools.drop_rules_reference import PAGE, reference

from lightship.plan.drop import RULES


def test_the_page_is_as_generated() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run: make docs"


def test_every_rule_is_on_the_page() -> None:
    page = reference()
    assert all(f"## {rule.code}\n" in page and f"Safety: {rule.safety}." in page for rule in RULES)
    assert "``" not in page
