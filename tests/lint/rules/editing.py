"""What one rule's edits make of a Dockerfile."""

from collections.abc import Mapping

from tests.lint.asking import ask, context_of

from lightship.dockerfile.edit import apply_edits
from lightship.lint.rule import Rule

__all__ = ["becomes", "left_alone"]


def becomes(rule: Rule, text: str, files: Mapping[str, str | int] | None = None) -> str:
    """The text after the edits of the rule's first remark that has some; the same text where none has."""
    context = context_of(files) if files is not None else None
    for remark in ask(rule, text, context=context):
        if remark.edits:
            return apply_edits(text, remark.edits)
    return text


def left_alone(rule: Rule, text: str, files: Mapping[str, str | int] | None = None) -> bool:
    """Whether the rule remarks upon the text, and has no edit for it."""
    remarks = ask(rule, text, context=context_of(files) if files is not None else None)
    return bool(remarks) and not any(remark.edits for remark in remarks)
