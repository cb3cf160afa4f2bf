"""Environment variables that look like an option's and are none: nobody else tells of a slip in them."""

from collections.abc import Iterator, Mapping

import click

__all__ = ["unknown_variables"]

_PREFIX = "LIGHTSHIP_"


def unknown_variables(environ: Mapping[str, str], context: click.Context) -> tuple[str, ...]:
    """A sentence for every ``LIGHTSHIP_…`` of ``environ`` that is no variable of any command, sorted.

    Other commands are imported only when the one of ``context`` does not know a variable.
    """
    unknown = {name for name in environ if name.startswith(_PREFIX)} - set(_variables(context.command, context))
    if not unknown:
        return ()
    known = set(_all_variables(context))
    return tuple(_sentence(name, sorted(known)) for name in sorted(unknown - known))


def _all_variables(context: click.Context) -> Iterator[str]:
    root = context.find_root()
    yield from _variables(root.command, root)


def _variables(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter.envvar, str):
            yield parameter.envvar
    if isinstance(command, click.Group):  # its commands are imported when they are asked for
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _variables(inner, context)


def _sentence(name: str, known: list[str]) -> str:
    import difflib

    own = {each.removeprefix(_PREFIX): each for each in known}  # what all begin with makes none of them alike
    near = difflib.get_close_matches(name.removeprefix(_PREFIX), own, n=1, cutoff=0.6)
    return f"{name} is no variable of lightship" + (f" (did you mean {own[near[0]]}?)" if near else "")
