from lightship.assets.reading.css import css_references


def found(sheet: str) -> list[tuple[str, str]]:
    return [(reference.kind, reference.target) for reference in css_references(sheet.encode())]


def test_urls_with_and_without_quotes() -> None:
    assert found("a{b:url(/a.png)}c{d:url( '/b.png' )}e{f:URL(\"/c.svg\")}") == [
        ("image", "/a.png"),
        ("image", "/b.png"),
        ("image", "/c.svg"),
    ]


def test_imports_are_styles() -> None:
    assert found('@import "a.css";@import url(b.css) screen;@IMPORT url("c.css");a{content:"d.css"}') == [
        ("style", "a.css"),
        ("style", "b.css"),
        ("style", "c.css"),
    ]


def test_fonts_ask_with_cors_whatever_their_suffix() -> None:
    (font,) = css_references(b"@font-face{font-family:x;src:url(/f.svg?y) format('svg')}")
    assert (font.kind, font.crossorigin) == ("font", True)
    assert found("@font-face{a:b}c{d:url(/e.svg)}") == [("image", "/e.svg")]


def test_strings_of_image_set_are_pictures_and_types_are_not() -> None:
    sheet = 'a{b:image-set("a.avif" type("image/avif"), url(b.png) 2x, "c.png")} d{content:"e.png"}'
    assert [target for _, target in found(sheet)] == ["a.avif", "b.png", "c.png"]


def test_comments_strings_and_namespaces_name_nothing() -> None:
    assert found("/* url(/a.png) */ a{content:'url(/b.png)'} @namespace url(http://www.w3.org/1999/xhtml);") == []


def test_escapes_are_undone_and_the_span_is_what_stands_there() -> None:
    sheet = rb"a{b:url(/a\ b\28 c\29.png)}"
    (reference,) = css_references(sheet)
    assert reference.target == "/a b(c).png"
    assert sheet[reference.begin : reference.end] == rb"/a\ b\28 c\29.png"


def test_what_is_bad_ends_where_the_specification_says() -> None:
    assert found("a{b:url(bad url(x) ;c:url(/d.png)}") == [("image", "/d.png")]
    assert found("a{content:'open\n;c:url(/d.png)}") == [("image", "/d.png")]
    assert found("a{b:url(/d.png") == []


def test_the_map_is_named_in_a_comment() -> None:
    assert found("a{}/*# sourceMappingURL=a.css.map */") == [("map", "a.css.map")]
