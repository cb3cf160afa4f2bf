"""Which bytes of a built front end change when its CDN does, found once and remembered.

Every file that is text is looked through for the prefix; a mention that is not understood ends it before anything is
changed. What follows from the changed bytes is found as well: lengths in React's payload, digests, sizes. Binary files
are not touched.
"""

import contextlib
import fnmatch
import hashlib
import itertools
import re
import sys
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lightship.assets.output_folder import check_is_output
from lightship.assets.retarget.digests import DigestIndex, may_have_digests
from lightship.assets.retarget.flight import FlightError, is_flight, length_slots, payload_slots
from lightship.assets.retarget.frameworks.framework import Framework
from lightship.assets.retarget.frameworks.known import framework_of
from lightship.assets.retarget.mentions import base64_forms, find_mentions, host_pattern
from lightship.assets.retarget.postponed import cache_slots, state_lengths
from lightship.assets.retarget.prefix import SAME_ORIGIN, Prefix
from lightship.assets.retarget.rendering import Rendered, Renderer
from lightship.assets.retarget.slot import Slot, numbered, text_of
from lightship.assets.retarget.state import STATE_NAME, FileState, State, state_from
from lightship.assets.retarget.tree import DirectoryTree
from lightship.assets.scan import read_file
from lightship.errors import InputError, UsageError
from lightship.progress import Progress

__all__ = ["LeftMention", "Plan", "plan_retarget", "planned_state"]

_HEAD_BYTES = 1 << 16
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftMention:
    """A mention of the prefix's host that stays as it is."""

    path: str
    offset: int
    excerpt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``built`` is the prefix of the build, ``present`` the one that stands in the files, ``target`` the one to come.
    ``slots`` are of every file that depends on it; ``stale`` files are a server's own copies, to be removed; ``looked``
    counts the files that were looked through. ``others`` are prefixes that stand there, where the one that was named
    does not."""

    tree: DirectoryTree
    framework: Framework
    built: Prefix
    present: Prefix
    target: Prefix
    slots: Mapping[str, tuple[Slot, ...]]
    left: tuple[LeftMention, ...] = ()
    stale: tuple[str, ...] = ()
    looked: int = 0
    notes: tuple[str, ...] = ()
    others: tuple[Prefix, ...] = ()

    def rendered(self) -> dict[str, Rendered]:
        """Every file with its slots filled for ``target``."""
        renderer = Renderer(self.slots, self.tree.read, self.target, self.built)
        return {path: renderer.render(path) for path in sorted(self.slots)}


def plan_retarget(
    tree: DirectoryTree,
    target: Prefix,
    *,
    source: Prefix | None,
    placeholder: Prefix,
    leave: tuple[str, ...] = (),
    progress: Progress,
) -> Plan:
    """What changes in ``tree``, of which nothing is written. ``source`` is the prefix that stands there; without it,
    what was remembered, else ``placeholder``, else what the framework's files tell. ``leave`` are patterns of files in
    which a mention that is not understood stays.

    Raise InputError for a mention that is not understood, a payload whose lengths cannot be mended, and a directory
    that was changed by somebody else since it was retargeted.
    """
    _check_directory(tree)
    framework = framework_of(tree)
    notes: list[str] = []
    search = _Search(tree, framework, leave, progress)
    if source is None and STATE_NAME in _names(tree):
        state = state_from(_state_bytes(tree))
        known = _remembered(tree, state)
        if known is not None:
            since = search.look_beside(known, state)
            return Plan(
                tree=tree,
                framework=framework,
                built=state.built,
                present=state.present,
                target=target,
                slots=known | since,
                left=tuple(search.left),
                stale=search.stale if target != state.present else (),
                looked=search.looked + len(known),
                notes=(f"{len(since)} files came since it was retargeted: {next(iter(since))}",) if since else (),
            )
        notes.append("built anew since it was retargeted: everything is looked through")
    present = source if source is not None else placeholder
    found = search.look(present)
    if source is None and not found:
        told = _told(framework, tree)
        if told is not None and told not in (placeholder, SAME_ORIGIN):
            present = told
            found = search.look(present)
    slots = search.complete(found)
    return Plan(
        tree=tree,
        framework=framework,
        built=present,
        present=present if slots else SAME_ORIGIN,
        target=target,
        slots=slots,
        left=tuple(search.left),
        stale=search.stale if slots else (),
        looked=search.looked,
        notes=tuple(notes),
        others=() if slots or source is None else _others(tree, framework, placeholder, source),
    )


def _others(tree: DirectoryTree, framework: Framework, placeholder: Prefix, source: Prefix) -> tuple[Prefix, ...]:
    """Prefixes that stand in some file: what was remembered, the placeholder, what the framework's files tell."""
    known = [placeholder, _told(framework, tree)]
    if STATE_NAME in _names(tree):
        with contextlib.suppress(InputError):  # told already by whoever wants it
            state = state_from(_state_bytes(tree))
            known = [state.present, state.built, *known]
    wanted = [each for each in dict.fromkeys(known) if each is not None and each.host and each != source]
    patterns = {each: host_pattern(each) for each in wanted}
    found: set[Prefix] = set()
    for path in sorted(tree.paths):
        if not tree.is_large(path) and len(found) < len(wanted):
            content = tree.read(path)
            found |= {each for each, pattern in patterns.items() if each not in found and pattern.search(content)}
    return tuple(each for each in wanted if each in found)


def _state_bytes(tree: DirectoryTree) -> bytes:
    """An image may bring anything under that name: no link is followed and no device read."""
    try:
        return read_file(tree.root / STATE_NAME)[0]
    except OSError as error:
        raise InputError(f"{STATE_NAME} cannot be read: {error.strerror or error}") from error


def planned_state(plan: Plan, rendered: Mapping[str, Rendered]) -> State:
    """What is to be remembered once ``rendered`` is written."""
    files = {
        path: FileState(sha256=hashlib.sha256(each.content).hexdigest(), slots=each.slots)
        for path, each in rendered.items()
    }
    return State(built=plan.built, present=plan.target, files=files)


def _check_directory(tree: DirectoryTree) -> None:
    if tree.faults:
        raise InputError(f"{tree.root} cannot be looked through: {tree.faults[0]}")
    check_is_output(tree.root, wanted=(".next",))


def _names(tree: DirectoryTree) -> set[str]:
    return {entry.name for entry in tree.root.iterdir()}


def _told(framework: Framework, tree: DirectoryTree) -> Prefix | None:
    told = framework.prefix_of(tree)
    if told is None or not told.startswith(("http://", "https://")):
        return None
    try:
        return Prefix.parse(told)
    except UsageError:
        return None


def _remembered(tree: DirectoryTree, state: State) -> dict[str, tuple[Slot, ...]] | None:
    """The slots of ``state``; None where the directory was built again, or can be looked through as if it were."""
    same = {path for path, each in state.files.items() if path in tree.paths and _is_as_written(tree, path, each)}
    if len(same) < len(state.files):
        if not same or state.present == state.built:
            return None
        changed = sorted(set(state.files) - same)
        named = ", ".join(changed[:_MOST_NAMED]) + (f" and {len(changed) - _MOST_NAMED} more" if changed[5:] else "")
        present = state.present.text
        raise InputError(
            f"{tree.root} is not as it was retargeted: {named}",
            hint=f"--from {present} looks through it anew" if present else "build it again: its prefix is gone",
        )
    for path, each in state.files.items():
        _check_slots(path, each, tree.read(path), state.present)
    return {path: each.slots for path, each in state.files.items()}


def _is_as_written(tree: DirectoryTree, path: str, known: FileState) -> bool:
    return hashlib.sha256(tree.read(path)).hexdigest() == known.sha256


def _check_slots(path: str, known: FileState, content: bytes, present: Prefix) -> None:
    for slot in known.slots:
        text = text_of(slot, present)
        stands = content[slot.begin : slot.end]
        number = {"length": 16, "size": 10}.get(slot.kind)
        wrong = slot.end > len(content) or (text is not None and text.encode() != stands)
        if number is not None and not wrong and (stands or not slot.first):
            wrong = not stands.isalnum() or not _is_number(stands, number)
        if wrong:
            raise InputError(
                f"{STATE_NAME} does not fit {path}", hint="remove it and name the present prefix with --from"
            )


def _is_number(digits: bytes, base: int) -> bool:
    try:
        return int(digits, base) >= 0
    except ValueError:
        return False


def _numbered(path: str, slots: list[Slot], content: bytes) -> tuple[Slot, ...]:
    """In order, with the lengths that depend on them."""
    ordered = tuple(sorted(slots, key=lambda slot: (slot.begin, slot.end)))
    for slot, after in itertools.pairwise(ordered):
        if after.begin < slot.end:
            raise InputError(f"{path}: byte {after.begin} belongs to two things that change")
    try:
        lengths = [*length_slots(path, content, ordered), *state_lengths(path, content, ordered)]
    except FlightError as error:
        raise InputError(f"{path}: {error}", hint="--leave does not help: the page would be broken") from error
    return numbered(ordered, lengths)


class _Search:
    """Looks through every file for a prefix."""

    def __init__(self, tree: DirectoryTree, framework: Framework, leave: tuple[str, ...], progress: Progress) -> None:
        self._tree = tree
        self._framework = framework
        self._leave = leave
        self._progress = progress
        self._digests = DigestIndex()
        self._sized: list[str] = []
        self._built: Prefix | None = None
        self.left: list[LeftMention] = []
        self.looked = 0

    @property
    def stale(self) -> tuple[str, ...]:
        """Files of the framework's own caches."""
        return tuple(sorted(path for path in self._tree.paths if _is_below(path, self._framework.caches)))

    def look_beside(self, known: Mapping[str, tuple[Slot, ...]], state: State) -> dict[str, tuple[Slot, ...]]:
        """The slots of files that are not ``known``: what a server or a build wrote since."""
        found: dict[str, list[Slot]] = {}
        for prefix in dict.fromkeys((state.present, state.built)):
            if prefix.host:
                self._built = state.built
                for path, slots in self.look(prefix, beside=known).items():
                    found.setdefault(path, []).extend(slots)
        return self.complete(found)

    def look(self, prefix: Prefix, beside: Mapping[str, object] = MappingProxyType({})) -> dict[str, list[Slot]]:
        """The slots of ``prefix`` in each file that has some and is none of ``beside``."""
        found: dict[str, list[Slot]] = {}
        self.left, self.looked, self._sized, self._digests = [], 0, [], DigestIndex()
        if not prefix.host:
            raise UsageError(
                "the page's own origin cannot be looked for: its addresses have nothing in front",
                hint="build with a placeholder; what was retargeted here before needs no --from",
            )
        pattern = host_pattern(prefix)
        idle = (*self._framework.idle, *self._framework.caches)
        paths = [path for path in sorted(self._tree.paths) if path not in beside and not _is_below(path, idle)]
        self._progress.start("look for the prefix", len(paths))
        for path in paths:
            slots = self._of(path, prefix, pattern)
            if slots:
                found[path] = slots
            self._progress.advance("look for the prefix", 1)
        self._progress.finish("look for the prefix")
        return found

    def complete(self, found: dict[str, list[Slot]]) -> dict[str, tuple[Slot, ...]]:
        """``found`` in order, with what follows from it."""
        self._digests.close(found, self._tree.read)
        for path in self._sized:
            sizes = self._framework.sizes(path, self._tree.read(path), self._tree)
            changing = [slot for slot in sizes if slot.path in found]
            if changing:
                found.setdefault(path, []).extend(changing)
        return {path: _numbered(path, slots, self._tree.read(path)) for path, slots in found.items()}

    def _of(self, path: str, prefix: Prefix, pattern: re.Pattern[bytes]) -> list[Slot]:
        if self._tree.is_large(path):
            return []
        content = self._tree.read(path)
        self.looked += 1
        slots: list[Slot] = []
        keeps = may_have_digests(path, content) and not _is_binary(content)
        if keeps:
            self._digests.add(path, content)
        sized = path.endswith("prerender-manifest.json")
        if sized:
            self._sized.append(path)
        first = pattern.search(content)
        packed = next((at for word in base64_forms(prefix) if (at := content.find(word)) >= 0), None)
        if packed is not None and not path.endswith(".meta"):
            self._refuse(path, content, packed, prefix, "in base64")
        if first is not None and _is_binary(content):
            self._refuse(path, content, first.start(), prefix, "in a file that is no text")
        elif first is not None or _may_hide(path, content):
            slots = self._in_text(path, content, prefix)
        if not (slots or keeps or sized):
            self._tree.forget(path)
        return slots

    def _in_text(self, path: str, content: bytes, prefix: Prefix) -> list[Slot]:
        mentions = find_mentions(path, content, prefix)
        try:
            hidden = [*payload_slots(path, content, prefix), *cache_slots(path, content, prefix, self._built)]
        except FlightError as error:
            raise InputError(f"{path}: {error}") from error
        taken = sorted((slot.begin, slot.end) for slot in hidden)
        for offset in mentions.unknown:
            if not _is_within(offset, taken):
                self._refuse(path, content, offset, prefix, "in a form that is not understood")
        return [*(slot for slot in mentions.slots if not _is_within(slot.end - 1, taken)), *hidden]

    def _refuse(self, path: str, content: bytes, offset: int, prefix: Prefix, why: str) -> None:
        excerpt = content[max(0, offset - 40) : offset + 60].decode("utf-8", "replace")
        if prefix.is_reserved and not any(fnmatch.fnmatchcase(path, pattern) for pattern in self._leave):
            raise InputError(
                f"{path}: byte {offset} mentions {prefix.host} {why}: {excerpt!r}",
                hint=f"nothing was changed; --leave '{path}' leaves what is not understood in it as it is",
            )
        self.left.append(LeftMention(path=path, offset=offset, excerpt=excerpt))


def _may_hide(path: str, content: bytes) -> bool:
    """Whether the prefix can be there in pieces, or packed."""
    return b"__next_f" in content or is_flight(path, content) or path.endswith(".meta")


def _is_within(place: int, spans: list[tuple[int, int]]) -> bool:
    index = bisect_right(spans, (place, sys.maxsize)) - 1
    return index >= 0 and place < spans[index][1]


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def _is_binary(content: bytes) -> bool:
    return b"\0" in content[:_HEAD_BYTES] or b"\0" in content[-_HEAD_BYTES:]
