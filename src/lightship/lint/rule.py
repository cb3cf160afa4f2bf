"""What a rule about Dockerfiles is: a question to a `Subject`, answered with remarks.

One rule a file, listed in `lightship.lint.rules`. The module's docstring is the rule's page: what it does, why, bad,
good, references.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Span
from lightship.findings import Safety, Severity

if TYPE_CHECKING:
    from lightship.lint.subject import Subject

__all__ = ["Remark", "Rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What a rule says about ``span`` of the file. ``unpacked_bytes``, ``compressed_bytes`` and ``seconds`` are what
    the fix saves (None where it saves none of these, or nobody knows); ``how`` says whence they are known.
    ``edits`` mend it, all of them or none; ``fix`` says the same in words, or what a person has to do. ``severity`` and
    ``safety`` are the rule's unless given."""

    span: Span
    message: str
    fix: str
    edits: tuple[Edit, ...] = ()
    severity: Severity | None = None
    safety: Safety | None = None
    unpacked_bytes: int | None = None
    compressed_bytes: int | None = None
    seconds: float | None = None
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``code`` is never reused. ``safety`` is that of its edits: ``lossless`` leaves the same files and command,
    ``safe`` takes what nothing reads at run time, ``closure`` and ``traced`` want a try and are never applied unasked;
    None where there is nothing to take out. ``family`` groups the reference page. ``doc`` is the rule's page.
    """

    code: str
    family: str
    severity: Severity
    safety: Safety | None
    title: str
    find: Callable[["Subject"], Iterable[Remark]]
    doc: str
    version: int = 1
