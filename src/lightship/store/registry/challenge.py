"""What a registry asks for before it answers: ``WWW-Authenticate``, RFC 9110, 11.6.1.

Bearer's parameters: https://distribution.github.io/distribution/spec/auth/token/.
"""

import re
from collections.abc import Iterable, Mapping

from lightship.values import dataclass

__all__ = ["Challenge", "parse_challenges"]

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110, 5.6.2
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|$)')
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?:\s+|,|$)")
_MOST_CHARACTERS = 8192


@dataclass(frozen=True, slots=True)
class Challenge:
    """One scheme, in lower case, with its parameters; their names are in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(values: Iterable[str]) -> tuple[Challenge, ...]:
    """Every challenge of the header's ``values``, in their order; what is not understood ends its value."""
    found = []
    for value in values:
        rest = value[:_MOST_CHARACTERS]
        while match := _SCHEME.match(rest):
            scheme, rest = match[1].lower(), rest[match.end() :]
            parameters: dict[str, str] = {}
            while parameter := _PARAMETER.match(rest):
                quoted = parameter[2]
                text = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else parameter[3]
                parameters.setdefault(parameter[1].lower(), text)
                rest = rest[parameter.end() :]
            found.append(Challenge(scheme, parameters))
    return tuple(found)
