"""Templates to text. Undefined names fail; what is put in is quoted by the filters of the format it is put into."""

import json
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render", "script_text"]


def render(template: str, context: dict[str, object]) -> str:
    """The text of ``templates/TEMPLATE`` for ``context``: no two empty lines in a row, one line end at the end."""
    text = _environment(yaml=".y" in template).get_template(template).render(context)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def script_text(name: str) -> str:
    """A program that the Dockerfile runs: `lightship.init.inside.NAME_worker`, as it stands."""
    return resources.files("lightship.init.inside").joinpath(f"{name}_worker.py").read_text(encoding="utf-8")


@cache
def _environment(*, yaml: bool) -> "Environment":
    """In YAML ``[[ … ]]`` stands for values: GitHub's own expressions are written ``${{ … }}``."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("lightship.init", "templates"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - no HTML; each format has its own filter below
        keep_trailing_newline=True,
        variable_start_string="[[" if yaml else "{{",
        variable_end_string="]]" if yaml else "}}",
        block_start_string="[%" if yaml else "{%",
        block_end_string="%]" if yaml else "%}",
        comment_start_string="[#" if yaml else "{#",
        comment_end_string="#]" if yaml else "#}",
    )
    made.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    made.filters["quote"] = _quoted
    made.filters["toml"] = lambda value: json.dumps(value, ensure_ascii=False)
    return made


def _quoted(value: str) -> str:
    """A word of a Dockerfile's ENV: quoted where it must be, without variables."""
    if re.fullmatch(r"[A-Za-z0-9_./:@%+,=-]+", value):
        return value
    escaped = re.sub(r'(["\\$])', r"\\\1", value)
    return f'"{escaped}"'
