"""Every check of a directory, in the order they are made."""

from lightship.assets.verify.checks import clocks, files, links, placeholder, sidecars
from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.tree import Tree

__all__ = ["DIRECTORY"]

DIRECTORY: tuple[Check[Tree], ...] = (files.CHECK, sidecars.CHECK, links.CHECK, placeholder.CHECK, clocks.CHECK)
