"""The walk over tree-sitter's tree of a shell script, from its root to a flat list of simple commands.

https://github.com/tree-sitter/tree-sitter-bash 0.25, ``src/node-types.json`` names the nodes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from lightship.dockerfile.model import Logical, Span
from lightship.dockerfile.shell import POSIX_SHELLS, Command, Joiner, Script, ShellWord

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

__all__ = ["script_of_text", "script_of_words"]

_MAX_BYTES = 1 << 20
_MAX_DEPTH = 120
"""Deeper than any script that a person reads; what nests deeper is not understood."""

_WRAPPERS: dict[str, frozenset[str]] = {
    "sudo": frozenset({"-u", "-g", "-h", "-p", "-C", "-r", "-t", "-T", "-U"}),
    "doas": frozenset({"-u", "-C"}),
    "env": frozenset({"-u", "-C", "-S", "--unset", "--chdir"}),
    "nice": frozenset({"-n"}),
    "ionice": frozenset({"-c", "-n", "-p"}),
    "timeout": frozenset({"-s", "-k"}),
    "exec": frozenset({"-a"}),
    "command": frozenset(),
    "builtin": frozenset(),
    "nohup": frozenset(),
    "time": frozenset({"-f", "-o"}),
    "eatmydata": frozenset(),
    "catchsegv": frozenset(),
    "gosu": frozenset(),
    "su-exec": frozenset(),
    "tini": frozenset({"-p"}),
    "dumb-init": frozenset({"-r"}),
}
"""Programs that start the command in their arguments, with their options that take a value."""
_OWN_OPERANDS = {"timeout": 1, "gosu": 1, "su-exec": 1}
_SHELL_VALUE_OPTIONS = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file"})

_BRANCHES = frozenset({"if_statement", "case_statement", "while_statement", "for_statement", "c_style_for_statement"})
_WORDS = frozenset(
    {
        "word", "string", "raw_string", "ansi_c_string", "translated_string", "concatenation", "number", "expansion",
        "simple_expansion", "command_substitution", "process_substitution", "arithmetic_expansion", "brace_expression",
        "regex", "extglob_pattern", "variable_name", "subscript", "array",
    }
)  # fmt: skip
_JOINERS: dict[str, Joiner] = {"&&": "&&", "||": "||", ";": ";", "&": "&", "|": "|", "|&": "|", "\n": ";"}


@dataclass(slots=True)
class _Walk:
    """One walk: what it has found, and how offsets of the source turn into spans of the file."""

    span: Callable[[int, int], Span]
    commands: list[Command] = field(default_factory=list)
    understood: bool = True
    joiner: Joiner = ""


@dataclass(frozen=True, slots=True)
class _State:
    conditional: bool = False
    nested: bool = False
    substituted: bool = False
    depth: int = 0

    def into(self, *, conditional: bool = False, nested: bool = False, substituted: bool = False) -> "_State":
        return _State(
            self.conditional or conditional,
            self.nested or nested,
            self.substituted or substituted,
            self.depth + 1,
        )


def script_of_text(source: Logical, whole: Span | None = None) -> Script:
    """The commands of a script; all of them stand at ``whole`` where that is given."""
    return _script(source.text, _always(whole) if whole is not None else source.span, _State())


def script_of_words(words: tuple[ShellWord, ...], span: Span) -> Script:
    """The command that an exec form is, and after it what it gives to a shell."""
    walk = _Walk(_always(span))
    _add(walk, words, span, (), (), _State())
    return Script(commands=tuple(walk.commands), understood=walk.understood)


def _always(span: Span) -> Callable[[int, int], Span]:
    return lambda _start, _end: span


@cache
def _parser() -> "Parser":
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def _script(text: str, span: Callable[[int, int], Span], state: _State) -> Script:
    source = text.encode("utf-8", "surrogateescape")
    if len(source) > _MAX_BYTES:
        return Script(understood=False)
    at = span if text.isascii() else _by_bytes(text, span)
    root = _parser().parse(source).root_node
    walk = _Walk(at, understood=not root.has_error)
    _walk(walk, root, state)
    return Script(commands=tuple(walk.commands), understood=walk.understood)


def _by_bytes(text: str, span: Callable[[int, int], Span]) -> Callable[[int, int], Span]:
    """The grammar counts bytes, a Dockerfile's spans characters."""
    characters: list[int] = []
    for number, character in enumerate(text):
        characters += [number] * len(character.encode("utf-8", "surrogateescape"))
    characters.append(len(text))
    return lambda start, end: span(characters[start], characters[end])


def _walk(walk: _Walk, node: "Node", state: _State) -> None:
    """All simple commands below ``node``, in the order in which they stand."""
    if state.depth > _MAX_DEPTH:
        walk.understood = False
        return
    kind = node.type
    if kind in ("command", "declaration_command", "unset_command", "test_command", "variable_assignment"):
        _command(walk, node, state)
    elif kind == "redirected_statement":
        _redirected(walk, node, state)
    elif kind == "list":
        _list(walk, node, state)
    elif kind == "function_definition":
        for child in node.named_children[1:]:
            _walk(walk, child, state.into(conditional=True, nested=True))
    else:
        inside = state.into(conditional=kind in _BRANCHES, nested=kind in ("subshell", "pipeline"))
        for child in node.children:
            if child.is_named and child.type not in _WORDS:
                _walk(walk, child, inside)
            elif child.is_named:
                _substitutions(walk, child, state)
            elif child.type in _JOINERS:
                walk.joiner = _JOINERS[child.type]


def _list(walk: _Walk, node: "Node", state: _State) -> None:
    """``a && b || c``: left-deep, so it is followed to its left end without recursion."""
    parts: list[tuple[Joiner | None, Node]] = []
    current = node
    while current.type == "list" and len(current.children) == 3:
        left, operator, right = current.children
        parts.append((_JOINERS.get(operator.type, ";"), right))
        current = left
    parts.append((None, current))
    for joiner, part in reversed(parts):
        if joiner is not None:
            walk.joiner = joiner
        if part.type == "list":  # with an error in it
            walk.understood = False
        else:
            _walk(walk, part, state.into(conditional=joiner == "||"))


def _redirected(walk: _Walk, node: "Node", state: _State) -> None:
    first = len(walk.commands)
    redirections = []
    for child in node.named_children:
        if "redirect" in child.type:
            redirections.append((child.text or b"").decode("utf-8", "replace"))
            _substitutions(walk, child, state)
        else:
            _walk(walk, child, state.into())
    if len(walk.commands) > first and redirections:
        last = walk.commands[-1]
        # Of a pipeline or a list in front the last command is the one that is redirected.
        end = walk.span(node.start_byte, node.end_byte).end
        walk.commands[-1] = replace(
            last,
            redirections=(*last.redirections, *redirections),
            span=Span(last.span.start, max(last.span.end, end)),
        )


def _command(walk: _Walk, node: "Node", state: _State) -> None:
    span = walk.span(node.start_byte, node.end_byte)
    if node.type == "variable_assignment":
        _substitutions(walk, node, state)
        _add(walk, (), span, (_text(node),), (), state)
        return
    words: list[ShellWord] = []
    assignments: list[str] = []
    redirections: list[str] = []
    for child in node.children:
        if child.type == "variable_assignment" and node.type == "command":
            assignments.append(_text(child))
        elif "redirect" in child.type:
            redirections.append(_text(child))
        elif child.type != "comment" and child.end_byte > child.start_byte:
            words.append(_word(walk, child.named_children[0] if child.type == "command_name" else child))
        _substitutions(walk, child, state)
    _add(walk, tuple(words), span, tuple(assignments), tuple(redirections), state)


def _word(walk: _Walk, node: "Node") -> ShellWord:
    return ShellWord(text=_text(node), value=_value(node), span=walk.span(node.start_byte, node.end_byte))


def _text(node: "Node") -> str:
    return (node.text or b"").decode("utf-8", "surrogateescape")


def _value(node: "Node") -> str | None:
    """A word's value with its quotes and backslashes taken off (POSIX.1-2024, 2.2 Quoting)."""
    kind, text = node.type, _text(node)
    if kind in ("simple_expansion", "expansion", "command_substitution", "process_substitution", "ansi_c_string",
                "translated_string", "arithmetic_expansion", "array"):  # fmt: skip
        return None
    if kind == "raw_string":
        return text[1:-1]
    if kind == "string":
        return None if _has_expansion(node) else _unquoted(text[1:-1], '$`"\\\n')
    if kind in ("concatenation", "variable_assignment"):
        parts = [_value(child) for child in node.children]
        return None if None in parts else "".join(part or "" for part in parts)
    return _unquoted(text, None)


def _has_expansion(node: "Node") -> bool:
    return any(child.type not in ("string_content", '"') and child.is_named for child in node.children)


def _unquoted(text: str, only: str | None) -> str:
    if "\\" not in text:
        return text
    parts, place = [], 0
    while place < len(text):
        if text[place] == "\\" and place + 1 < len(text) and (only is None or text[place + 1] in only):
            place += 1
        parts.append(text[place])
        place += 1
    return "".join(parts)


def _substitutions(walk: _Walk, node: "Node", state: _State) -> None:
    """Commands inside ``$(…)`` run before the command whose words they make."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if each.type in ("command_substitution", "process_substitution"):
            joiner, walk.joiner = walk.joiner, ""
            for child in each.named_children:
                _walk(walk, child, state.into(nested=True, substituted=True))
            walk.joiner = joiner
        else:
            waiting += reversed(each.named_children)


def _add(
    walk: _Walk,
    words: tuple[ShellWord, ...],
    span: Span,
    assignments: tuple[str, ...],
    redirections: tuple[str, ...],
    state: _State,
) -> None:
    bare, wrapper, further = _unwrapped(words)
    walk.commands.append(
        Command(
            words=bare,
            span=span,
            joiner=walk.joiner,
            assignments=(*assignments, *further),
            wrapper=tuple(word.text for word in wrapper),
            redirections=redirections,
            is_conditional=state.conditional,
            is_nested=state.nested,
            is_substituted=state.substituted,
        )
    )
    walk.joiner = ""
    for inner in _given_to_a_shell(bare):
        if state.depth >= _MAX_DEPTH:
            walk.understood = False
            return
        script = _script(inner.value or "", _always(inner.span), state.into(nested=True))
        walk.commands += script.commands
        walk.understood = walk.understood and script.understood


def _unwrapped(
    words: tuple[ShellWord, ...],
) -> tuple[tuple[ShellWord, ...], tuple[ShellWord, ...], tuple[str, ...]]:
    """The command proper, the words that hand on to it, and the assignments that ``env`` makes."""
    place, assignments = 0, []
    while place < len(words):
        name = (words[place].value or "").rpartition("/")[2]
        with_value = _WRAPPERS.get(name)
        if with_value is None:
            break
        after = place + 1
        while after < len(words) and (words[after].value or "").startswith("-"):
            option = words[after].value
            after += 2 if option in with_value else 1
            if option == "--":
                break
        after += _OWN_OPERANDS.get(name, 0)
        while after < len(words) and name in ("env", "sudo") and _is_assignment(words[after].text):
            assignments.append(words[after].text)
            after += 1
        if after >= len(words):
            break
        place = after
    return words[place:], words[:place], tuple(assignments)


def _is_assignment(text: str) -> bool:
    name, found, _ = text.partition("=")
    return bool(found) and name.isidentifier()


def _given_to_a_shell(words: tuple[ShellWord, ...]) -> Iterator[ShellWord]:
    """The string of ``sh -c '…'`` and of ``eval '…'``, where it is known."""
    name = (words[0].value or "").rpartition("/")[2] if words else ""
    if name == "eval" and len(words) == 2 and words[1].value is not None:
        yield words[1]
    if name not in POSIX_SHELLS:
        return
    place = 2 if name == "busybox" else 1
    while place < len(words):
        option = words[place].value
        if option is None or not option.startswith(("-", "+")):
            return
        if option.startswith("-") and not option.startswith("--") and "c" in option:
            if place + 1 < len(words) and words[place + 1].value is not None:
                yield words[place + 1]
            return
        place += 2 if option in _SHELL_VALUE_OPTIONS else 1
