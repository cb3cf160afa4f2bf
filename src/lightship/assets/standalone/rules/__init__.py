"""Rules about what a Next.js server does without, one a file, each with its risk and its reason."""

from lightship.assets.standalone.rule import Rule
from lightship.assets.standalone.rules import (
    build_records,
    build_tools,
    docs,
    edge_runtime,
    foreign_platform,
    images_off,
    native_sources,
    next_build,
    package_leftovers,
    pictures_unnamed,
    source_maps,
    static_moved,
    tests,
    type_declarations,
    unopened,
    unreached,
)

__all__ = ["RULES"]

RULES: tuple[Rule, ...] = (
    static_moved.RULE,
    pictures_unnamed.RULE,
    images_off.RULE,
    build_tools.RULE,
    next_build.RULE,
    edge_runtime.RULE,
    foreign_platform.RULE,
    source_maps.RULE,
    type_declarations.RULE,
    docs.RULE,
    tests.RULE,
    native_sources.RULE,
    build_records.RULE,
    package_leftovers.RULE,
    unreached.RULE,
    unopened.RULE,
)
"""In the order they are asked; the first that selects a path has it. Codes are never reused."""
