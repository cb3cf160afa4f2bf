"""Every check, in the order they are made."""

from lightship.verify import bytecode, commands, files, ground, imports, libraries, markers, metadata, offline
from lightship.verify.check import Check

__all__ = ["CHECKS"]

CHECKS: tuple[Check, ...] = (
    files.CHECK,
    commands.CHECK,
    markers.CHECK,
    ground.CHECK,
    bytecode.CHECK,
    imports.CHECK,
    metadata.CHECK,
    libraries.CHECK,
    offline.CHECK,
)
"""Imports come before metadata and libraries, which use what they found. Codes of findings are never reused."""
