"""What single instructions say: copies, pairs, mounts, FROM, as typed values. Texts are as written: variables and
quotes are for `words.expand` and `scope.expand_at`.

https://docs.docker.com/reference/dockerfile/ (read November 2026) and
https://github.com/moby/buildkit/tree/v0.17.0/frontend/dockerfile/instructions (``parse.go``, ``commands_runmount.go``).
"""

import re
from dataclasses import dataclass

from lightship.dockerfile.heredocs import announced_by
from lightship.dockerfile.model import Flag, Heredoc, Instruction, Span, Word

__all__ = [
    "Copy",
    "From",
    "Mount",
    "Pair",
    "copy_of",
    "from_of",
    "mount_fields",
    "mounts_of",
    "pairs_of",
]

_FIELD = re.compile(r'(?:"((?:[^"]|"")*+)"|([^",]*))(,|\Z)')
_TRUE = frozenset({"", "1", "t", "true"})
_FALSE = frozenset({"0", "f", "false"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """``name=value`` as written; ``value`` is None for an ARG without one. ``span`` is the whole pair's place."""

    name: str
    value: str | None
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A COPY or an ADD. ``contents`` are the heredocs among its sources; ``sources`` the paths, and for ADD the URLs.

    ``from_`` is what stands in ``--from``: a stage's name or number, an image, or a named context."""

    sources: tuple[Word, ...]
    destination: Word
    is_add: bool = False
    contents: tuple[Heredoc, ...] = ()
    from_: str | None = None
    chown: str | None = None
    chmod: str | None = None
    link: bool = False
    parents: bool = False
    exclude: tuple[str, ...] = ()
    checksum: str | None = None
    keep_git_dir: bool = False
    unpack: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One ``RUN --mount``. ``kind`` is bind, cache, tmpfs, secret or ssh; ``identity`` is ``id``, by default the target
    of a cache. ``options`` are all of them, names in lower case and aliases resolved, in their order."""

    kind: str
    target: str | None
    source: str | None
    from_: str | None
    identity: str | None
    sharing: str | None
    read_only: bool
    required: bool
    flag: Flag
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """A FROM: the image or stage it names, the name it gives, the platform it asks for."""

    image: Word | None
    name: Word | None
    platform: str | None


def copy_of(instruction: Instruction) -> Copy | None:
    """What a COPY or ADD does; None for anything else, and where source or destination is missing."""
    if instruction.keyword not in ("COPY", "ADD") or len(instruction.words) < 2:
        return None
    *sources, destination = instruction.words
    inline = {word: found for word in sources if (found := announced_by(word.text))}
    bodies = {heredoc.name: heredoc for heredoc in instruction.heredocs}
    return Copy(
        sources=tuple(word for word in sources if word not in inline),
        destination=destination,
        is_add=instruction.keyword == "ADD",
        contents=tuple(bodies[each.name] for each in inline.values() if each.name in bodies),
        from_=instruction.flag("from") or None,
        chown=instruction.flag("chown") or None,
        chmod=instruction.flag("chmod") or None,
        link=_is_set(instruction, "link"),
        parents=_is_set(instruction, "parents"),
        exclude=tuple(flag.value for flag in instruction.flags if flag.name == "exclude" and flag.value),
        checksum=instruction.flag("checksum") or None,
        keep_git_dir=_is_set(instruction, "keep-git-dir"),
        unpack=None if instruction.flag("unpack") is None else _is_set(instruction, "unpack"),
    )


def from_of(instruction: Instruction) -> From | None:
    """What a FROM says; None for anything else."""
    if instruction.keyword != "FROM":
        return None
    words = instruction.words
    named = len(words) == 3 and words[1].text.lower() == "as"
    return From(
        image=words[0] if words else None,
        name=words[2] if named else None,
        platform=instruction.flag("platform") or None,
    )


def pairs_of(instruction: Instruction) -> tuple[Pair, ...]:
    """The pairs of an ENV, LABEL or ARG; none for anything else."""
    words = instruction.words
    if instruction.keyword not in ("ENV", "LABEL", "ARG"):
        return ()
    if instruction.is_old_form:
        name, value = words
        return (Pair(name=name.text, value=value.text, span=Span(name.span.start, value.span.end)),)
    pairs = []
    for word in words:
        name_text, equals, value_text = word.text.partition("=")
        pairs.append(Pair(name=name_text, value=value_text if equals else None, span=word.span))
    return tuple(pairs)


def mounts_of(instruction: Instruction) -> tuple[Mount, ...]:
    """The mounts of a RUN; none for anything else."""
    if instruction.keyword != "RUN":
        return ()
    return tuple(_mount(flag) for flag in instruction.flags if flag.name == "mount")


_ALIASES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly", "rw": "readwrite"}


def _mount(flag: Flag) -> Mount:
    options = []
    for field in mount_fields(flag.value or "") or (flag.value or "").split(","):
        name, _, value = field.partition("=")
        name = name.lower()
        options.append((_ALIASES.get(name, name), value))
    said = dict(options)
    kind = said.get("type", "bind").lower()
    target = said.get("target")
    read_only = kind not in ("cache", "tmpfs")
    for name, value in options:
        if name in ("readonly", "readwrite"):
            read_only = (value.lower() in _FALSE) == (name == "readwrite")
    return Mount(
        kind=kind,
        target=target,
        source=said.get("source"),
        from_=said.get("from") or None,
        identity=said.get("id") or (target if kind == "cache" else None),
        sharing=said.get("sharing", "shared" if kind == "cache" else "") or None,
        read_only=read_only,
        required="required" in said and said["required"].lower() in _TRUE,
        flag=flag,
        options=tuple(options),
    )


def mount_fields(text: str) -> tuple[str, ...] | None:
    """The fields of a mount's value, which is a line of comma-separated values; None where its quotes are wrong."""
    fields = []
    place, more = 0, True
    while more:
        found = _FIELD.match(text, place)
        if found is None or not text:
            return None
        quoted, plain, comma = found.groups()
        fields.append(plain if quoted is None else quoted.replace('""', '"'))
        place, more = found.end(), bool(comma)
    return tuple(fields)


def _is_set(instruction: Instruction, name: str) -> bool:
    value = instruction.flag(name)
    return value is not None and value.lower() in _TRUE
