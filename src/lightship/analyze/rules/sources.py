"""The words of the application's own sources, kept while layers stream by: what a rule may ask "does it name this?".

Nothing is parsed. A word that stands anywhere in a source, in a string or a comment as well, counts as named: rules
that use this err on the side of leaving things alone.
"""

import re

from lightship.analyze.model import NOBODY
from lightship.analyze.rules.survey import Survey
from lightship.ecosystem.inventory import Wanted

__all__ = ["PYTHON_SOURCES", "SHELL_SOURCES", "is_own", "python_words", "shell_words"]

_NOT_SYSTEM = r"(?!(?:usr/)?(?:lib|lib64|share|local/lib|local/share)(?:/|$)|etc(?:/|$)|var/lib/dpkg)"
_OWN = _NOT_SYSTEM + r"(?!(?:.*/)?(?:site-packages|dist-packages|node_modules|tests?|python3\.[0-9]+)(?:/|$)).*"
_NO_PACKAGES = re.compile(_OWN)
_NOT_ITS_OWN = ("/bin/activate_this.py",)
"""What makers of environments write: no source of an application."""
_BYTES = 4 << 20
_MOST_BYTES = 32 << 20
_TO_BLANKS = bytes(
    byte if (chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) == "_")) or byte > 127 else 32
    for byte in range(256)
)  # fmt: skip


def _words(content: bytes) -> bytes:
    return b" ".join(set(content.translate(_TO_BLANKS).split()))


def _shell_words(content: bytes) -> bytes:
    lines = (line for line in content.splitlines() if not line.lstrip().startswith(b"#"))
    words = (word.strip(b"\"'`;&|()$") for line in lines for word in line.split())
    return b" ".join({word.rpartition(b"/")[2] for word in words})


PYTHON_SOURCES = Wanted(suffix=".py", directory=_OWN, cap_bytes=_BYTES, keep=_words)
SHELL_SOURCES = Wanted(suffix=".sh", directory=_OWN, cap_bytes=_BYTES, keep=_shell_words)


def is_own(path: str) -> bool:
    """Whether a path is of an application: neither of the distribution's folders nor of an environment's packages."""
    return _NO_PACKAGES.fullmatch(path.rpartition("/")[0]) is not None


def python_words(survey: Survey) -> frozenset[str]:
    """Every word of Python sources that no package owns, tests aside; needs the suffix ``.py``."""
    return _all_words(survey, ".py")


def shell_words(survey: Survey) -> frozenset[str]:
    """Every word of shell scripts outside of packages, comments aside; needs the suffix ``.sh``."""
    return _all_words(survey, ".sh")


def _all_words(survey: Survey, suffix: str) -> frozenset[str]:
    kept, tree = survey.analysis.kept, survey.analysis.tree
    found: set[bytes] = set()
    left = _MOST_BYTES
    for path in survey.suffixed(suffix):
        if path.endswith(_NOT_ITS_OWN) or survey.owner(path) != NOBODY:
            continue
        content = kept.get(tree.source(tree.rows[path]))
        left -= len(content or b"")
        if left < 0:
            return frozenset()  # no application has as many words: whoever asks had better say nothing
        if content and is_own(path):
            found.update(content.split(b" "))
    return frozenset(b" ".join(found).decode("utf-8", "replace").split(" ")) if found else frozenset()
