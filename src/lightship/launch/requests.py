"""Requests in a ``.http`` file, as editors' REST clients write them.

The common part of two descriptions: https://github.com/Huachao/vscode-restclient (README) and
https://github.com/JetBrains/http-request-in-editor-spec (both read 2026-11). ``###`` separates requests and names
them, ``@name = value`` sets a variable that ``{{name}}`` uses, ``#`` and ``//`` begin comments. Two comments say what
is expected: ``# expect 200`` (without it: a status below 400) and ``# expect-body some text``.
Not done: scripts, response handlers, bodies and requests read from other files, environments.
"""

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from lightship.errors import InputError

__all__ = ["HttpRequest", "parse_requests"]

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_VARIABLE = re.compile(r"@([A-Za-z_][\w-]*)\s*=\s*(.*)")
_USE = re.compile(r"\{\{\s*([A-Za-z_][\w-]*)\s*\}\}")
_COMMENT = re.compile(r"\s*(?:#|//)\s*(.*)")
_MOST_LETTERS = 1 << 20
"""In a line: variables that hold each other twice would double with every line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request; ``status`` None accepts everything below 400, ``contains`` must be in the answer's body."""

    name: str
    method: str = "GET"
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    status: int | None = None
    contains: str = ""


def parse_requests(text: str, *, base: str = "") -> tuple[HttpRequest, ...]:
    """The requests of a ``.http`` file in their order; relative URLs are joined to ``base``.

    Raise InputError with the line's number for what is not understood, and for a file without a request.
    """
    variables: dict[str, str] = {}
    requests: list[HttpRequest] = []
    block: list[tuple[int, str]] = []
    title = ""
    for number, line in enumerate([*text.splitlines(), "###"], 1):
        if not line.startswith("###"):
            block.append((number, line))
            continue
        request = _parse_block(block, title, variables, base)
        if request is not None:
            requests.append(request)
        block, title = [], line.lstrip("#").strip()
    if not requests:
        raise InputError("no request found: want lines such as GET http://127.0.0.1:5001/health")
    return tuple(requests)


def _parse_block(block: list[tuple[int, str]], title: str, variables: dict[str, str], base: str) -> HttpRequest | None:
    lines = iter(block)
    expected: dict[str, str] = {}
    first: tuple[int, str] | None = None
    for number, line in lines:
        if not line.strip():
            continue
        if comment := _COMMENT.fullmatch(line):
            _note(comment[1], expected)
        elif variable := _VARIABLE.fullmatch(line.strip()):
            variables[variable[1]] = _filled(variable[2].strip(), variables, number)
        else:
            first = (number, line)
            break
    if first is None:
        return None
    number, line = first
    method, url = _request_line(_filled(line.strip(), variables, number), number, base)
    headers: list[tuple[str, str]] = []
    for number, line in lines:
        if not line.strip():
            break
        if comment := _COMMENT.fullmatch(line):
            _note(comment[1], expected)
            continue
        name, colon, value = _filled(line, variables, number).partition(":")
        latin = all(ord(letter) < 256 and letter.isprintable() for letter in value.strip().replace("\t", " "))
        if not colon or not latin or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name.strip()):
            raise InputError(f"line {number}: want NAME: VALUE or an empty line, got {line!r:.80}")
        headers.append((name.strip(), value.strip()))
    body = [_filled(line, variables, number) for number, line in lines]
    return HttpRequest(
        name=expected.get("@name") or title or f"{method} {urlsplit(url).path or '/'}",
        method=method,
        url=url,
        headers=tuple(headers),
        body="\n".join(body).strip("\n").encode(),
        status=_status(expected, number),
        contains=expected.get("expect-body", ""),
    )


def _note(comment: str, expected: dict[str, str]) -> None:
    word, _, rest = comment.strip().partition(" ")
    if word in ("@name", "expect", "expect-body"):
        expected[word] = rest.strip()


def _status(expected: dict[str, str], number: int) -> int | None:
    text = expected.get("expect")
    if text is None:
        return None
    if not re.fullmatch(r"[1-5][0-9][0-9]", text):
        raise InputError(f"before line {number}: want # expect STATUS, got {text!r:.80}")
    return int(text)


def _request_line(line: str, number: int, base: str) -> tuple[str, str]:
    words = line.split()
    method = words.pop(0) if words[0] in _METHODS else "GET"
    if len(words) == 2 and words[1].startswith("HTTP/"):
        words.pop()
    if len(words) != 1:
        raise InputError(f"line {number}: want METHOD URL, got {line!r:.80}")
    wrong = f"line {number}: want an http URL, got {words[0]!r:.80}"
    try:
        url = urljoin(base, words[0]) if base else words[0]
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError as error:  # brackets without an address, a port past 65535
        raise InputError(wrong) from error
    if not known or not url.isascii() or not url.isprintable():
        raise InputError(wrong, hint="letters beyond ASCII are written as %C3%A4")
    return method, url


def _filled(line: str, variables: dict[str, str], number: int) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in variables:
            raise InputError(f"line {number}: the variable {match[1]} is not set")
        return variables[match[1]]

    filled = sum(len(variables.get(name, "")) for name in _USE.findall(line))
    if filled > _MOST_LETTERS:
        raise InputError(f"line {number} becomes too long: want at most {_MOST_LETTERS} letters, got {filled}")
    return _USE.sub(value, line)
