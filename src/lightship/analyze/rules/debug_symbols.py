"""Debug symbols in files of their own.

What it does
============
Finds ``lib/debug`` directories, ``.debug``, ``.dwo``, ``.dwp`` and ``.pdb`` files. Symbols inside of a library
cannot be told without reading it whole and are not looked for.

Why
===
A debugger reads them; a core is better looked at where the symbols are kept.

Bad
===
::

    RUN objcopy --only-keep-debug server server.debug

Good
====
::

    RUN objcopy --only-keep-debug server /symbols/server.debug && strip --strip-debug server
    COPY --from=build /app/server /app/server

References
==========
GDB manual 15, "Debugging Information in Separate Files".
"""

from collections.abc import Iterator

from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell
from lightship.findings import Finding

__all__ = ["RULE"]

_SUFFIXES = (".debug", ".dwo", ".dwp", ".pdb")


def _find(survey: Survey) -> Iterator[Finding]:
    paths = survey.suffixed(*_SUFFIXES)
    for directory in survey.directories("debug"):
        if f"/{directory}".endswith("/lib/debug"):
            paths += survey.below(directory)
    yield from tell(
        RULE, survey, paths, "debug symbols", "keep them outside of the image: a symbol server, or a build stage"
    )


RULE = Rule(
    code="debug-symbols",
    severity="warning",
    safety="safe",
    title="debug symbols",
    find=_find,
    doc=__doc__,
    suffixes=frozenset(_SUFFIXES),
    directories=frozenset({"debug"}),
)
