"""Workings that make output depend on the host are kept out of the source."""

import re
from pathlib import Path

import lightship

SOURCE = Path(lightship.__file__).parent


def test_no_bare_type_ignore_and_no_blanket_noqa() -> None:
    wrong = []
    for path in sorted(SOURCE.rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"# type: ignore(?!\[)", line) or re.search(r"# noqa(?!: )", line):
                wrong.append(f"{path.relative_to(SOURCE)}:{number}")
    assert wrong == []
