"""Documents lead somewhere: every relative link is a file, its anchor a heading, and README leads to every page."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]*)(#[^)\s]*)?\)")


def links(page: Path) -> list[tuple[Path, str]]:
    """The files, with their anchors, that ``page`` links to; what stands in code is none."""
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [((page.parent / path).resolve() if path else page, anchor) for path, anchor in _LINK.findall(text)]


def anchors(page: Path) -> set[str]:
    """The headings' anchors as hosting sites make them: lower case, dashes for blanks, punctuation gone."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for target, anchor in links(page):
        assert target.exists(), f"{target} is no file"
        assert not anchor or anchor in anchors(target), f"{target.name} has no heading {anchor}"


def test_readme_leads_to_every_page() -> None:
    linked = {target for target, _ in links(ROOT / "README.md")}
    assert [str(page.relative_to(ROOT)) for page in PAGES[1:] if page not in linked] == []
