"""What a build must know of a project's file besides its bytes and its mode, told from its path and its first bytes."""

import re

__all__ = ["IMPORTS", "LOCK", "PROGRAM", "READS_LOCK", "file_facts", "is_lock"]

PROGRAM = "program"
LOCK = "lock"
READS_LOCK = "names "
IMPORTS = "imports "
"""Facts as words: two of them are followed by what is named or imported."""

_TESTS = re.compile(rb"^[ \t]*(?:from|import)[ \t]+([A-Za-z_][\w.]*\.(?:_?tests?|SelfTest)\b[\w.]*)", re.MULTILINE)

_LOCK = re.compile(r"(?:uv|poetry|pdm|Pipfile)\.lock|pylock(?:\.[^.]+)?\.toml")
_REQUIREMENTS = re.compile(r"requirements[\w.-]*\.txt")
_LOCK_NAMES = re.compile(
    rb"(?:uv|poetry|pdm|Pipfile)\.lock|pylock(?:\.[\w-]{1,60})?\.toml|requirements[\w.-]{0,60}\.txt"
)
_TEST_WORDS = (b".test", b"._test", b".SelfTest")
"""A plain search first: it is many times faster than the pattern, and mostly finds nothing."""


def file_facts(path: str, mode: int, head: bytes) -> list[str]:
    """What the build must know of a file besides its hash: whether it is a program and no script, tests of packages
    that it ``imports``, locks that it ``names`` where it is a script."""
    facts = [PROGRAM] if _is_program(path, mode, head) else []
    if path.endswith(".py") and any(word in head for word in _TEST_WORDS):
        facts += sorted({IMPORTS + match.decode() for match in _TESTS.findall(head)})
    if path.endswith((".py", ".sh", ".bash")) or head.startswith(b"#!"):
        facts += sorted({READS_LOCK + match.decode() for match in _LOCK_NAMES.findall(head)})
    return facts


def is_lock(path: str, head: bytes) -> bool:
    """Whether this is a lock at the top of the project itself, and no script."""
    if path.endswith((".py", ".sh", ".bash")) or head.startswith(b"#!"):
        return False
    return bool(_LOCK.fullmatch(path) or (_REQUIREMENTS.fullmatch(path) and b"--hash=sha256:" in head))


def _is_program(path: str, mode: int, head: bytes) -> bool:
    loaded = bool(mode & 0o111) or ".so" in path
    return loaded and head.startswith(b"\x7fELF") and not path.endswith((".py", ".sh"))
