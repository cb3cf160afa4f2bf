"""What click complains about, in the words of this command line: one sentence, and a hint where there is a remedy."""

import click

__all__ = ["sentence_of"]


def sentence_of(error: click.ClickException) -> tuple[str, str | None]:
    """The sentence and the hint for ``error``."""
    context = getattr(error, "ctx", None)
    help_command = f"{context.command_path} --help" if isinstance(context, click.Context) else "lightship --help"
    match error:
        case click.exceptions.NoSuchCommand():
            return f"unknown command: {error.command_name}", _near(error.possibilities, help_command)
        case click.NoSuchOption():
            return f"unknown option: {error.option_name}", _near(error.possibilities, help_command)
        case click.BadOptionUsage():
            return _plain(error.message), None
        case click.MissingParameter():
            return f"missing: {_name(error)}", f"see: {help_command}"
        case click.BadParameter():
            return f"{_name(error)}: {_plain(error.message)}", None
        case _:
            return _plain(error.format_message()), f"see: {help_command}"


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
