"""Waste rules: what costs bytes in an image and need not, one rule per file, each with its cause and its fix."""

from lightship.analyze.rules import metadata_copy, shadowed_bytes
from lightship.analyze.rules.rule import Rule

__all__ = ["RULES", "Rule"]

RULES: tuple[Rule, ...] = (
    metadata_copy.RULE,
    shadowed_bytes.RULE,
)
"""In the order they are asked. Codes are never reused."""
