"""The lines of a pip requirements file: continuations, comments, options and includes.

https://pip.pypa.io/en/stable/reference/requirements-file-format/ (pip 25). Environment variables are not expanded.
"""

import dataclasses
import hashlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lightship.ecosystem.toml_view import read_capped
from lightship.errors import LockError

__all__ = ["Line", "RequirementsText", "read_requirements"]

_QUOTING = re.compile(r"['\"\\]|[^\t -~]")
_COMMENT = re.compile(r"(^|(?<!\s)\s+)#.*$")  # each run of blanks is looked at once
_MAX_FILES = 100
_INCLUDES = {"-r": "-r", "--requirement": "-r", "-c": "-c", "--constraint": "-c"}
_OPTIONS = {
    "-i": "--index-url", "--index-url": "--index-url", "--pypi-url": "--index-url",
    "--extra-index-url": "--extra-index-url", "-f": "--find-links", "--find-links": "--find-links",
    "--no-binary": "--no-binary", "--only-binary": "--only-binary", "--trusted-host": "--trusted-host",
    "--use-feature": "--use-feature", "--uploaded-prior-to": "--uploaded-prior-to",
    "--no-index": "", "--prefer-binary": "", "--require-hashes": "", "--pre": "", "--all-releases": "--all-releases",
}  # fmt: skip
"""Global options and the name under which their value is kept; "" for those without a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One requirement: its text without options, its ``--hash`` values, where it stands and whom comments name."""

    text: str
    where: str
    folder: Path
    hashes: tuple[str, ...] = ()
    editable: bool = False
    via: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class RequirementsText:
    """What a requirements file and its includes say. ``options`` holds (option, value) in the order of the files,
    ``files`` are those that were read."""

    lines: list[Line] = field(default_factory=list)
    constraints: list[Line] = field(default_factory=list)
    options: list[tuple[str, str]] = field(default_factory=list)
    sha256: str = ""
    files: tuple[Path, ...] = ()


def read_requirements(path: Path, inside: Path) -> RequirementsText:
    """Read ``path`` and what it includes; includes must lie below ``inside`` and each file is read once.

    ``sha256`` is that of the file's bytes, followed by those of its includes in the order of reading.
    """
    text, digest = RequirementsText(), hashlib.sha256()
    waiting, seen = [(path, False)], set()
    while waiting:
        file, constraint = waiting.pop(0)
        resolved = file.resolve()
        if (resolved, constraint) in seen:
            continue
        seen.add((resolved, constraint))
        if len(seen) > _MAX_FILES:
            raise LockError(f"{path.name} includes more than {_MAX_FILES} files")
        if not resolved.is_relative_to(inside.resolve()):
            raise LockError(f"{path.name} includes a file outside the project: {file}")
        if not resolved.is_file():
            raise LockError(f"{path.name} includes a file that is not there: {file}")
        raw = read_capped(resolved)
        digest.update(raw)
        waiting += _read_file(raw, file, text, constraint=constraint)
    text.sha256 = digest.hexdigest()
    text.files = tuple(sorted({file for file, _ in seen}))
    return text


def _read_file(raw: bytes, file: Path, text: RequirementsText, *, constraint: bool) -> list[tuple[Path, bool]]:
    try:
        content = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LockError(f"{file.name} is not UTF-8: byte {error.start} cannot be read") from error
    included: list[tuple[Path, bool]] = []
    lines = text.constraints if constraint else text.lines
    via: list[str] = []
    for number, joined in _logical_lines(content):
        where = f"{file.name}:{number}"
        stripped = joined.strip()
        if stripped.startswith("#"):
            _note_via(stripped, via, lines)
            continue
        via = []
        code = _COMMENT.sub("", joined).strip()
        if not code:
            continue
        include = _include(code, where)
        if include is not None:
            option, target = include
            included.append((file.parent / target, constraint or option == "-c"))
        elif code.startswith("-") and not code.startswith(("-e", "--editable")):
            _note_option(code, where, text)
        else:
            lines.append(_requirement(code, where, file.parent))
            if "# via " in joined:  # pip-compile's --annotation-style=line
                _note_via("# via " + joined.split("# via ", 1)[1], via, lines)
    return included


def _logical_lines(content: str) -> Iterator[tuple[int, str]]:
    """Lines with continuations joined; as in pip, a comment ends a continuation and stands for itself here."""
    pending: list[str] = []
    first = 0
    for number, line in enumerate(content.splitlines(), 1):
        comment = line.lstrip().startswith("#")
        if pending and comment:
            yield first, "".join(pending)
            pending = []
        if not pending:
            first = number
        if line.endswith("\\") and not comment:
            pending.append(line.rstrip("\\"))
            continue
        yield first, "".join([*pending, line])
        pending = []
    if pending:
        yield first, "".join(pending)


def _note_via(comment: str, via: list[str], lines: list[Line]) -> None:
    """``# via a`` or the list below ``# via``, which uv and pip-compile write after a requirement."""
    body = comment.lstrip("#").strip()
    if body == "via" or body.startswith("via "):
        via.append("via")
        body = body[3:].strip()
    if not via or not body or not lines:
        return
    names = tuple(part.strip() for part in body.split(","))
    lines[-1] = dataclasses.replace(lines[-1], via=(*lines[-1].via, *names))


def _split(code: str, where: str) -> list[str]:
    if not _QUOTING.search(code):
        return code.split()  # what shlex would give, a hundred times as fast: a lock has thousands of hashes
    try:
        return shlex.split(code)
    except ValueError as error:
        raise LockError(f"{where}: quotes do not match: {code[:200]!r}") from error


def _include(code: str, where: str) -> tuple[str, str] | None:
    option, equals, value = code.partition("=") if code.startswith("--") else ("", "", "")
    if not equals or option not in _INCLUDES:
        option, _, value = code.partition(" ")
        if code[:2] in ("-r", "-c") and not code.startswith("--"):
            option, value = code[:2], code[2:]
    if option not in _INCLUDES:
        return None
    value = value.strip()
    if not value or "://" in value:
        raise LockError(f"{where}: want the path of a file after {option}, got {value[:200]!r}")
    return _INCLUDES[option], value


def _note_option(code: str, where: str, text: RequirementsText) -> None:
    words = _split(code, where)
    while words:
        option, equals, value = words.pop(0).partition("=")
        name = _OPTIONS.get(option)
        if name is None:
            raise LockError(f"{where}: option not understood: {option}")
        if name and not equals:
            if not words:
                raise LockError(f"{where}: {option} wants a value")
            value = words.pop(0)
        text.options.append((name or option, value))


def _requirement(code: str, where: str, folder: Path) -> Line:
    """Split a requirement from its options: they start at the first word that begins with a dash, as in pip."""
    editable = False
    for flag in ("--editable=", "--editable ", "-e ", "-e"):
        if code.startswith(flag):
            code, editable = code[len(flag) :].strip(), True
            break
    found = re.search(r"\s-{1,2}[a-z]", code)
    text, options = (code[: found.start()], code[found.start() :]) if found else (code, "")
    words = _split(options, where)
    hashes = []
    while words:
        option, equals, value = words.pop(0).partition("=")
        if not equals and words and not words[0].startswith("-"):
            value = words.pop(0)
        if option != "--hash":
            raise LockError(f"{where}: option not understood here: {option}")
        hashes.append(value)
    return Line(text=text.strip(), where=where, folder=folder, hashes=tuple(hashes), editable=editable)
