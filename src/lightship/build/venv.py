"""The environment that packages are installed into, as ``python -m venv`` makes it, without activation scripts.

PEP 405; `venv` and `site` of CPython 3.11. Nobody activates an environment inside an image: programs name its
interpreter in their first line.
"""

import posixpath

from lightship.ecosystem.python.interpreter import Interpreter, Scheme
from lightship.errors import UsageError
from lightship.plan.model import Entry

__all__ = ["environment"]

_OWNER = "lightship"
_SHEBANG_BYTES = 120
"""Linux reads 128 bytes of a first line before 5.1 (fs/binfmt_script.c, BINPRM_BUF_SIZE), 256 since."""


def environment(scheme: Scheme, interpreter: Interpreter) -> tuple[Entry, ...]:
    """``pyvenv.cfg``, the interpreter's links and ``lib64``; raise UsageError for a prefix that no shebang can name."""
    if any(letter.isspace() for letter in scheme.prefix) or len(scheme.python) > _SHEBANG_BYTES:
        raise UsageError(f"prefix cannot stand in a script's first line: {scheme.prefix!r}")
    executable = f"/{interpreter.executable}"
    config = (
        f"home = {posixpath.dirname(executable)}\n"
        "include-system-site-packages = false\n"
        f"version = {interpreter.target.python}\n"
        f"executable = {executable}\n"
    )
    why = "the environment that packages are installed into"
    links = {"bin/python": executable, "bin/python3": "python", f"bin/python{scheme.minor}": "python", "lib64": "lib"}
    return (
        *(
            Entry(path=f"{scheme.prefix}/{name}", type="symlink", mode=0o777, link_target=target, owner=_OWNER, why=why)
            for name, target in links.items()
        ),
        Entry.text(f"{scheme.prefix}/pyvenv.cfg", config, owner=_OWNER, why=why),
    )
