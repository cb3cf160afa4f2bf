"""An installer is in the image.

What it does
============
Finds ``uv``, ``poetry``, ``pdm``, ``pipenv`` and ``hatch`` that a stage that ships installs, or copies from an image,
where neither CMD, ENTRYPOINT, HEALTHCHECK nor a shell script calls them.

Why
===
uv alone is 48 MB unpacked and 19 MB of each pull. The environment is made in a stage that does not ship, or with the
tool mounted for one RUN.

Bad
===
::

    FROM python:3.12-slim
    RUN pip install --no-cache-dir uv==0.8.9
    COPY pyproject.toml uv.lock ./
    RUN uv sync --locked --no-dev --compile-bytecode
    USER 1000
    CMD ["/.venv/bin/gunicorn", "app:app"]

Good
====
::

    FROM python:3.12-slim
    COPY pyproject.toml uv.lock ./
    RUN --mount=from=ghcr.io/astral-sh/uv:0.8.9,source=/uv,target=/bin/uv uv sync --locked --no-dev --compile-bytecode
    USER 1000
    CMD ["/.venv/bin/gunicorn", "app:app"]

References
==========
docs.astral.sh, uv 0.8, "Using uv in Docker", mounting the binary.
"""

from collections.abc import Iterator

from lightship.dockerfile.model import Span
from lightship.dockerfile.shell import ShellWord
from lightship.facts.tool_sizes import TOOL_SIZES
from lightship.lint.actions import bare_name
from lightship.lint.paths import copies, source_stage
from lightship.lint.rule import Remark, Rule
from lightship.lint.shipped import is_called
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_TOOLS = frozenset({"uv", "poetry", "pdm", "pipenv", "hatch", "pip-tools", "virtualenv"})
_PROGRAMS = {"pip-tools": ("pip-sync", "pip-compile")}


def _find(subject: Subject) -> Iterator[Remark]:
    for span, name in _kept(subject):
        if is_called(subject, _PROGRAMS.get(name, (name,))):
            continue
        size = TOOL_SIZES.get(name)
        yield Remark(
            span=span,
            message=f"{name} stays in the image, and nothing that starts it calls {name}",
            fix=f"install in a stage that does not ship and copy the environment, or mount {name} for its RUN",
            unpacked_bytes=size.unpacked_bytes if size is not None else None,
            compressed_bytes=size.compressed_bytes if size is not None else None,
            how=f"{name} {size.version} with what it depends on, x86_64" if size is not None else "",
        )


def _kept(subject: Subject) -> Iterator[tuple[Span, str]]:
    """Each tool once, where it first comes in."""
    seen: set[str] = set()
    for stage in subject.stages.shipped:
        for instruction in stage.instructions:
            actions = subject.actions(instruction) if instruction.keyword == "RUN" else ()
            gone = {name for each in actions if each.kind == "remove" for name in each.names}
            for action in actions:
                if action.manager not in ("pip", "uv") or action.kind != "install":
                    continue
                for word in action.packages:
                    name = _name(word)
                    if name in _TOOLS and name not in gone and name not in seen:
                        seen.add(name)
                        yield action.command.span, name
        for copied in copies(subject, stage):
            image = (copied.copy.from_ or "").rpartition("/")[2].split(":")[0].split("@")[0]
            if image in _TOOLS and image not in seen and source_stage(subject, copied) is None:
                seen.add(image)
                yield copied.instruction.span, image


def _name(word: ShellWord) -> str:
    return bare_name("pip", word.value or word.text.strip("\"'")).lower()


RULE = Rule(
    code="build-tools-shipped",
    family="what ships",
    severity="warning",
    safety="traced",
    title="an installer is in the image",
    find=_find,
    doc=__doc__,
)
