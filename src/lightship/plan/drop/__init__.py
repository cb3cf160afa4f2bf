"""Drop rules: what an image leaves out, one rule per file, each with its risk and its reason."""

from lightship.plan.drop import (
    build_tools,
    bytecode_shipped,
    docs,
    editor_leftovers,
    extension_sources,
    foreign_platform,
    headers,
    installer_leftovers,
    source_maps,
    static_libraries,
    tests,
    type_stubs,
    vcs_files,
    wrong_abi,
)
from lightship.plan.drop.apply import ASKED, DropOptions, apply, drops_whole, is_protected
from lightship.plan.drop.rule import Distribution, Rule

__all__ = [
    "ASKED",
    "RULES",
    "Distribution",
    "DropOptions",
    "Rule",
    "apply",
    "drops_whole",
    "is_protected",
]

RULES: tuple[Rule, ...] = (
    build_tools.RULE,
    bytecode_shipped.RULE,
    wrong_abi.RULE,
    foreign_platform.RULE,
    tests.RULE,
    docs.RULE,
    headers.RULE,
    static_libraries.RULE,
    extension_sources.RULE,
    type_stubs.RULE,
    source_maps.RULE,
    installer_leftovers.RULE,
    editor_leftovers.RULE,
    vcs_files.RULE,
)
"""In the order they are asked; the first that selects a path has it. Codes are never reused."""
