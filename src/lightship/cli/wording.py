"""How this command line says things: click's errors as one sentence with a hint, foreign text so that it only shows."""

import logging
import re

import click

__all__ = ["VisibleFormatter", "escaped", "sentence_of", "visible"]

_UNPRINTED = re.compile("[\x7f-\x9f\ud800-\udfff]")


def visible(text: str) -> str:
    """``text`` with everything that would steer a terminal, or is not seen, written as an escape: names in archives
    and the words of failed builds are somebody else's. Line ends and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else letter.encode("unicode_escape").decode()
        for letter in text
    )


def escaped(json: str) -> str:
    """JSON as it was, where what UTF-8 cannot hold, or a terminal would obey, is written as ``\\uXXXX``: JSON's own
    rules leave only what is below a blank to no choice (RFC 8259, 7)."""
    return _UNPRINTED.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


class VisibleFormatter(logging.Formatter):
    """Log records as `visible` text."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def sentence_of(error: click.ClickException) -> tuple[str, str | None]:
    """The sentence and the hint for ``error``."""
    context = getattr(error, "ctx", None)
    help_command = f"{context.command_path} --help" if isinstance(context, click.Context) else "lightship --help"
    match error:
        case click.exceptions.NoSuchCommand():
            return f"unknown command: {error.command_name}", _near(_names_like(error, context), help_command)
        case click.NoSuchOption():
            hint = _behind(context, error.option_name) or _near(error.possibilities, help_command)
            return f"unknown option: {error.option_name}", hint
        case click.BadOptionUsage():
            return _plain(error.message), None
        case click.MissingParameter():
            return f"missing: {_name(error)}", f"see: {help_command}"
        case click.BadParameter():
            return _bad_value(error)
        case _:
            return _plain(error.format_message()), f"see: {help_command}"


def _names_like(error: click.exceptions.NoSuchCommand, context: click.Context | None) -> list[str]:
    import difflib

    group = context.command if context is not None else None
    names = group.list_commands(context) if context is not None and isinstance(group, click.Group) else []
    return difflib.get_close_matches(error.command_name, names, n=1)


def _behind(context: click.Context | None, option: str) -> str | None:
    """Where the option belongs, when it stands before the command that knows it."""
    if context is None or not isinstance(context.command, click.Group) or not _knows(context.command, context, option):
        return None
    return f"options go after their command: {context.command_path} COMMAND {option}"


def _knows(group: click.Group, context: click.Context, option: str) -> bool:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group) and _knows(command, context, option):
            return True
        if command is not None and any(option in parameter.opts for parameter in command.params):
            return True
    return False


def _bad_value(error: click.BadParameter) -> tuple[str, str | None]:
    kind = error.param.type if error.param is not None else None
    wrong = re.match("'(.*)' is not one of ", error.message)
    if not isinstance(kind, click.Choice) or wrong is None:
        return f"{_name(error)}: {_plain(error.message)}", None
    choices = [str(choice) for choice in kind.choices]
    import difflib

    near = difflib.get_close_matches(wrong[1].lower(), choices, n=1)
    return f"{_name(error)}: want one of {', '.join(choices)}, got {wrong[1]!r:.80}", _near(near, "") if near else None


def _name(error: click.BadParameter) -> str:
    if error.param_hint is not None:
        return error.param_hint if isinstance(error.param_hint, str) else " / ".join(error.param_hint)
    if isinstance(error.param, click.Option):
        return max(error.param.opts, key=len)
    return (error.param.human_readable_name if error.param is not None else "argument").strip("[].")


def _near(possibilities: object, help_command: str) -> str:
    names = [str(name) for name in possibilities] if isinstance(possibilities, list | tuple) else []
    return f"did you mean {' or '.join(names)}?" if names else f"see: {help_command}"


def _plain(message: str) -> str:
    """click's sentences begin with a capital and end with a full stop; ours do neither."""
    message = message.strip().removesuffix(".")
    return message[:1].lower() + message[1:]
