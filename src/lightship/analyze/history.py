"""What a config's history says made a layer, in the words of a Dockerfile.

Docker image spec v1.2 leaves ``created_by`` free. The classic builder writes the shell's command line, with ``#(nop)``
before what is no command; BuildKit writes the instruction and, behind it, its own name.
"""

import re

from lightship.oci.secrets import redacted

__all__ = ["instruction_of"]

_SHELL = re.compile(
    r"(?:RUN )?"
    r"(?:\|[0-9]+ (?:[A-Za-z_][A-Za-z0-9_]*=.*? )*?)?"  # build arguments
    r"(?:/bin/(?:ba)?sh|/busybox/sh) (?:-[a-z]+ (?:[a-z]+ )?)*?-[a-z]*c (.*)",
    re.DOTALL,
)
_BUILDKIT = re.compile(r"\s*# buildkit\s*$")
_SPACE = re.compile(r"\s+")
_NO_COMMAND = "#(nop)"


def instruction_of(created_by: str) -> str:
    """``RUN pip install x`` for ``/bin/sh -c pip install x``; what is no such text stays as it is, on one line.
    Secrets are not shown."""
    text = _BUILDKIT.sub("", redacted(created_by))
    match = _SHELL.fullmatch(text)
    if match is not None:
        text = match[1].strip()
        text = text.removeprefix(_NO_COMMAND) if text.startswith(_NO_COMMAND) else f"RUN {text}"
    return _SPACE.sub(" ", text).strip()
