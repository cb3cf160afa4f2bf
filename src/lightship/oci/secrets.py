"""What a secret looks like in an image's config: in a variable, in a build argument, in a command of the history.

Docker image spec v1.2 keeps build arguments and commands verbatim in ``created_by``, so whatever was passed to a build
is there for all to read. The shapes are those that their issuers document; a name alone makes no secret of a value that
is a path, a switch or a reference to something else. Repetitions are bounded: a text may be written to make them slow.
"""

import re
from collections.abc import Iterator

__all__ = ["keys_in", "redacted", "secret_in_step", "secret_in_text", "secret_in_variable"]

_NAME_WORDS = (
    r"(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRET_KEY|SECRET_ACCESS_KEY|ACCESS_KEY|API_?KEY|AUTH_?TOKEN|TOKEN"
    r"|PRIVATE_KEY|CLIENT_SECRET|CREDENTIALS)"
)
_NAME = re.compile(rf"(?:.*_)?{_NAME_WORDS}", re.IGNORECASE)
_NO_SECRET = re.compile(
    r"|/.*|file:.*|[$%{<].*|true|false|none|null|yes|no|[0-9]{1,4}|x+|\*+|\.+|change.?(?:me|it)|.*example.*|.*placeholder.*"
    r"|.*your[-_ ].*|dummy.*|test|secret|password|env:.*|vault:.*",
    re.IGNORECASE,
)
_KEYS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an access key of AWS", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a token of GitHub", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b")),
    ("a token of GitLab", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a token of Slack", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{20,}")),
    ("a token of a package index", re.compile(r"\bpypi-[A-Za-z0-9_-]{50,}|\bnpm_[A-Za-z0-9]{36}\b")),
    ("a key of an AI service", re.compile(r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}")),
    ("a key of Google", re.compile(r"\bAIza[A-Za-z0-9_-]{35}\b")),
)
_SHAPES = (
    *_KEYS,
    ("a password in a URL", re.compile(r"\b[a-z][a-z0-9+.-]{0,20}://[^/\s:@$]{0,200}:(?!\$)[^/\s:@$]{3,200}@[^\s/]")),
)

_HIDDEN = "***"
_WORD = r"(?:\"[^\"]{1,4000}\"|'[^']{1,4000}'|[^\s\"';&|]{1,4000})"
_PASSWORD = re.compile(r"(://[^/\s:@]{0,200}:)(?!\$)[^/\s@]{1,500}(?=@)")
_USER = re.compile(r"(://)[^/\s:@$]{20,500}(?=@)")  # a token in the user's place
_ASSIGNMENT = re.compile(rf"(\b(?:\w{{0,100}}_)?{_NAME_WORDS}=)(?![$/]|\"\$|'\$){_WORD}", re.IGNORECASE)
_VARIABLE = re.compile(rf"((?:^|\s)ENV (?:\w{{0,100}}_)?{_NAME_WORDS} )(?![$/]){_WORD}", re.IGNORECASE)
_OPTION = re.compile(
    rf"(--(?:[a-z]{{0,30}}-)?(?:password|passwd|token|secret|api-?key)[= ])(?![-$/]){_WORD}", re.IGNORECASE
)


def redacted(created_by: str) -> str:
    """A step of the history as it may be shown: passwords in URLs, values that their names call secret, and whatever
    has the shape of a key are three asterisks. What refers to a variable or a file stays."""
    for pattern in (_PASSWORD, _USER, _ASSIGNMENT, _VARIABLE, _OPTION):
        created_by = pattern.sub(rf"\1{_HIDDEN}", created_by)
    for _, pattern in _KEYS:
        created_by = pattern.sub(_HIDDEN, created_by)
    return created_by


def secret_in_variable(name: str, value: str) -> str | None:
    """What kind of secret the value is, or None. ``PGPASSFILE=/run/secrets/x`` is none."""
    if (shape := secret_in_text(value)) is not None:
        return shape
    if _NAME.fullmatch(name) and not name.upper().endswith("_FILE") and _NO_SECRET.fullmatch(value) is None:
        return "a value that its name calls secret"
    return None


def secret_in_step(created_by: str) -> str | None:
    """What kind of secret a step of the history shows, in its command or its build arguments."""
    if (shape := secret_in_text(created_by)) is not None:
        return shape
    arguments = re.match(r"(?:RUN )?\|[0-9]+ (.*?) (?:/bin/|/busybox/)", created_by, re.DOTALL)
    for word in arguments[1].split() if arguments else ():
        name, equals, value = word.partition("=")
        if equals and (what := secret_in_variable(name, value)) is not None:
            return f"{what} (build argument {name[:60]})" if name.isidentifier() else what
    return None


def secret_in_text(text: str) -> str | None:
    """What kind of secret stands in ``text``, by its shape alone."""
    return next((what for what, pattern in _SHAPES if pattern.search(text)), None)


def keys_in(text: str) -> Iterator[tuple[int, int]]:
    """Where in ``text`` a key or a token of a known issuer stands, by its shape."""
    for _, pattern in _KEYS:
        yield from (found.span() for found in pattern.finditer(text))
