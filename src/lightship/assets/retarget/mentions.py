"""Where a file mentions the prefix, in whatever form; what is not understood is told, never passed over.

Every mention of the host is looked at, and what stands around it says what it is. ``:`` and ``/`` may be plain, escaped
for JSON or a style sheet (``\\/``, nested ``\\\\/``), characters of a script (``\\u002F``, ``\\x2F``), percent-encoded
(``%2F``, twice ``%252F``) or references of HTML (``&#x2F;``); within one mention all alike.
"""

import base64
import functools
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from lightship.assets.retarget.prefix import Prefix
from lightship.assets.retarget.slot import Form, Slot

__all__ = ["Mentions", "base64_forms", "find_mentions", "host_pattern"]

_SLASH = rb"(?:\\*/|\\+u002[fF]|\\+x2[fF]|%(?:25)*2[fF]|&(?:amp;)*(?:#x0*2[fF]|#0*47|sol);)"
_COLON = rb"(?:\\*:|\\+u003[aA]|\\+x3[aA]|%(?:25)*3[aA]|&(?:amp;)*(?:#x0*3[aA]|#0*58|colon);)"
_BEFORE = re.compile(rb"(?:(https?)(" + _COLON + rb"))?(" + _SLASH + rb")(" + _SLASH + rb")$")
_COLON_HERE, _SLASH_HERE = re.compile(_COLON), re.compile(_SLASH)
_PORT = re.compile(_COLON + rb"[0-9]+")
_SAME_HOST = re.compile(rb"[A-Za-z0-9_-]|\\*\.[A-Za-z0-9]|@")
_SAME_SEGMENT = re.compile(
    rb"[A-Za-z0-9_~-]|\.[A-Za-z0-9]|%(?:25)*(?!2[0-9A-Fa-f]|3[A-Fa-f]|5[B-Db-d]|7[B-Db-d])[0-9A-Fa-f]{2}"
)
_DIRECTIVE = re.compile(rb"(?<![a-z-])(?:[a-z]+-src(?:-elem|-attr)?|base-uri|form-action|frame-ancestors)[ \t]")
_NOT_IN_POLICY = re.compile(rb"[\"`{}<>\n]")
_REFERENCE = re.compile(rb"&#?\w{1,8};")
_POLICY_END = re.compile(rb"/?(?=[\s;,\"'`\\&<]|$)")
_PROTOCOL_FIRST = re.compile(rb'"protocol"\s*:\s*"(https?)"\s*,\s*"hostname"\s*:\s*"[\^(?:$]*$')
_HOSTNAME_FIRST = re.compile(rb'"hostname"\s*:\s*"[\^(?:$]*$')
_THEN_PROTOCOL = re.compile(rb'[$)]*"\s*,\s*"protocol"\s*:\s*"(https?)"(?:\s*,\s*"port"\s*:\s*"([0-9]*)")?')
_THEN_PORT = re.compile(rb'[$)]*"(?:\s*,\s*"port"\s*:\s*"([0-9]*)")?')
_LONGEST_BEFORE = 160
_LONGEST_POLICY = 1000
_SELF = {
    "html": "&#39;self&#39;",
    "htm": "&#39;self&#39;",
    "js": r"\x27self\x27",
    "mjs": r"\x27self\x27",
    "cjs": r"\x27self\x27",
}


@dataclass(frozen=True, slots=True)
class Mentions:
    """``slots`` in order. ``unknown`` are offsets of mentions whose form is not understood."""

    slots: tuple[Slot, ...]
    unknown: tuple[int, ...]


def host_pattern(prefix: Prefix) -> re.Pattern[bytes]:
    """Every mention of the host, whatever its case, with dots as they are or escaped for a regular expression."""
    words = (re.escape(word.encode()) for word in prefix.host.split("."))
    return re.compile(rb"(\\*\.)".join(words), re.IGNORECASE)


@functools.cache
def base64_forms(prefix: Prefix) -> tuple[bytes, ...]:
    """How the host looks within base64 (RFC 4648, 4), whichever of three bytes it begins at; the letters at both ends
    depend on what is beside it and are left out."""
    host = prefix.host.encode()
    return tuple(
        base64.b64encode(b"\0" * before + host)[-(-before * 8 // 6) : (before + len(host)) * 8 // 6]
        for before in range(3)
    )


def find_mentions(path: str, content: bytes, prefix: Prefix) -> Mentions:
    """Of ``prefix`` in the file ``path``. Another host that begins or ends alike is none; another port and another path
    of the same host are none, unless the name is reserved and so can be of nothing else."""
    reader = _Reader(path, content, prefix)
    found: list[Slot] = []
    unknown: list[int] = []
    for match in host_pattern(prefix).finditer(content):
        slots = reader.read(match)
        if slots is None:
            unknown.append(match.start())
        else:
            found += slots
    found.sort(key=lambda slot: (slot.begin, slot.end))
    return Mentions(tuple(found), tuple(unknown))


@dataclass(frozen=True, slots=True)
class _Reader:
    path: str
    content: bytes
    prefix: Prefix

    def read(self, match: re.Match[bytes]) -> list[Slot] | None:
        """The slots of a mention of the host; none for one that is another address; None where that cannot be told."""
        begin, end = match.span()
        before = self.content[max(0, begin - _LONGEST_BEFORE) : begin]
        lead = _BEFORE.search(before)
        if _SAME_HOST.match(self.content, end) or (lead is None and re.search(rb"[A-Za-z0-9_@.-]$", before)):
            return []
        if match[0] != self.prefix.host.encode():
            return self._regular_expression(match)
        if lead is None:
            return self._apart(begin, end, Form()) or self._bare(begin, end)
        if lead[3] != lead[4]:
            return None
        slash = lead[3].decode()
        if lead[1] is None:
            return self._relative(begin - len(lead[0]), end, slash)
        if lead[1] != self.prefix.scheme.encode():
            return self._other()
        return self._address(begin - len(lead[0]), end, Form(colon=lead[2].decode(), slash=slash))

    def _other(self) -> list[Slot] | None:
        return None if self.prefix.is_reserved else []

    def _address(self, begin: int, end: int, form: Form) -> list[Slot] | None:
        port_end = self._port_end(end, form)
        if port_end is None:
            return self._other()
        path_end = self._path_end(port_end, form)
        if self._is_in_policy(begin):
            return self._source(begin, path_end if path_end is not None else port_end, form, bare="")
        if path_end is not None:
            return [Slot(begin=begin, end=path_end, kind="url", form=form)]
        if _SLASH_HERE.match(self.content, port_end):
            return self._other()
        return [Slot(begin=begin, end=port_end, kind="origin", form=form)]

    def _relative(self, begin: int, end: int, slash: str) -> list[Slot] | None:
        """``//host``, but not the half of an address that a script puts together."""
        form = Form(slash=slash)
        port_end = self._port_end(end, form)
        path_end = None if port_end is None else self._path_end(port_end, form)
        before = self.content[max(0, begin - 8) : begin]
        if path_end is None or re.search(rb":[\"'`]?\s*\+?\s*[\"'`]?$", before):
            return self._other()
        return [Slot(begin=begin, end=path_end, kind="relative", form=form)]

    def _source(self, begin: int, end: int, form: Form, *, bare: str) -> list[Slot] | None:
        last = _POLICY_END.match(self.content, end)
        if form != Form() or last is None or (self.prefix.path and not last[0]):
            return None
        return [Slot(begin=begin, end=last.end(), kind="source", extra=bare + self._own() + last[0].decode())]

    def _own(self) -> str:
        return _SELF.get(PurePosixPath(self.path).suffix[1:].lower(), "'self'")

    def _bare(self, begin: int, end: int) -> list[Slot] | None:
        """A host alone: in a policy it is a source."""
        port_end = self._port_end(end, Form())
        if port_end is not None and not self.prefix.path and self._is_in_policy(begin):
            return self._source(begin, port_end, Form(), bare="bare ")
        return None

    def _regular_expression(self, match: re.Match[bytes]) -> list[Slot] | None:
        dots = {dot.decode() for dot in match.groups()}
        if len(dots) == 1 and match[0].decode() == Form(dot=next(iter(dots))).write(self.prefix.host):
            return self._apart(match.start(), match.end(), Form(dot=dots.pop()))
        return None

    def _apart(self, begin: int, end: int, form: Form) -> list[Slot] | None:
        """An entry of ``images.remotePatterns`` as Next writes it into its manifests, in its two orders."""
        before = self.content[max(0, begin - _LONGEST_BEFORE) : begin]
        first = max(0, begin - _LONGEST_BEFORE)
        leading = _PROTOCOL_FIRST.search(before)
        if leading is None and not _HOSTNAME_FIRST.search(before):
            return None
        then = (_THEN_PORT if leading else _THEN_PROTOCOL).match(self.content, end)
        if then is None:
            return None
        scheme, spans = (leading[1], then.span(1)) if leading else (then[1], then.span(2))
        port = self.content[spans[0] : spans[1]] if spans[0] >= 0 else b""
        if scheme.decode() != self.prefix.scheme or port.decode() != self.prefix.port:
            return self._other()
        place = (first + leading.start(1), first + leading.end(1)) if leading else then.span(1)
        slots = [
            Slot(begin=begin, end=end, kind="hostname", form=form),
            Slot(begin=place[0], end=place[1], kind="protocol"),
        ]
        if spans[0] >= 0:
            slots.append(Slot(begin=spans[0], end=spans[1], kind="port"))
        return slots

    def _port_end(self, at: int, form: Form) -> int | None:
        """Behind the prefix's port, which may be none; None where another one stands."""
        if not self.prefix.port:
            return None if _PORT.match(self.content, at) else at
        wanted = f"{form.colon}{self.prefix.port}".encode()
        end = at + len(wanted)
        same = self.content.startswith(wanted, at) and not self.content[end : end + 1].isdigit()
        return end if same else None

    def _path_end(self, at: int, form: Form) -> int | None:
        wanted = form.write(self.prefix.path).encode()
        if not self.content.startswith(wanted, at):
            return None
        end = at + len(wanted)
        return None if wanted and _SAME_SEGMENT.match(self.content, end) else end

    def _is_in_policy(self, begin: int) -> bool:
        if self.content[begin - 1 : begin] not in (b" ", b"\t"):
            return False
        before = self.content[max(0, begin - _LONGEST_POLICY) : begin]
        directive = _REFERENCE.sub(b" ", _NOT_IN_POLICY.split(before)[-1]).rpartition(b";")[2]
        return _DIRECTIVE.search(directive) is not None
