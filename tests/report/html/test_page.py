"""The frame of HTML reports: nothing from elsewhere, nothing of a name taken for markup."""

from html.parser import HTMLParser

import pytest

from lightship.report.html.page import Cell, definitions, escaped, page, paragraph, section, table

HOSTILE = "</title><script>alert(1)</script>\" onload='x' & \x00\x1b[31m\u202egpj"


class Reader(HTMLParser):
    """Elements and text of a page, and whether every element that has to be closed is."""

    VOID = ("meta", "rect", "circle", "path", "line", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.said: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_a_page_is_whole_and_needs_nothing_else() -> None:
    text = page("Title", "lead", [section("Part", paragraph("words"))], footer="end")
    reader = Reader(text)
    assert reader.open == []
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(reader.tags)
    assert not any(name in ("src", "href") or name.startswith("on") for name, _ in reader.attributes)
    assert "url(http" not in text
    assert "@import" not in text
    policy = dict(reader.attributes)["content"]
    assert "default-src 'none'" in "".join(value for _, value in reader.attributes)
    assert policy
    assert "prefers-color-scheme:dark" in text


@pytest.mark.parametrize(
    "make",
    [
        lambda text: page(text, text, [], footer=text),
        lambda text: section(text, paragraph(text), paragraph(text, note=True)),
        lambda text: table((text, text), [[Cell(text=text, small=text), Cell(text=text, strong=True)]]),
        lambda text: definitions([(text, text)]),
    ],
    ids=["page", "section", "table", "definitions"],
)
def test_hostile_text_only_shows(make: object) -> None:
    assert callable(make)
    reader, plain = Reader(make(HOSTILE)), Reader(make("plain"))
    assert reader.tags == plain.tags
    assert [name for name, _ in reader.attributes] == [name for name, _ in plain.attributes]
    assert any("</title><script>alert(1)</script>" in said for said in reader.said)
    assert not any(letter in "".join(reader.said) for letter in "\x00\x1b\u202e")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\nb", "a b"), ("\x1b", "\\u001b"), ("<&>", "&lt;&amp;&gt;"), ("\"'", "&quot;&#x27;"), (3, "3")],
)
def test_escaping(text: object, shown: str) -> None:
    assert escaped(text) == shown
