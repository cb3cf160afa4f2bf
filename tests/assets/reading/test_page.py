from lightship.assets.reading.page import html_references, policies
from lightship.assets.reading.reference import Reference


def found(page: str) -> list[tuple[str, str]]:
    return [(reference.kind, reference.target) for reference in html_references(page.encode())]


def only(page: str) -> Reference:
    (reference,) = html_references(page.encode())
    return reference


def test_scripts_styles_and_pictures_are_found_with_their_kinds() -> None:
    page = """<!doctype html><link rel=stylesheet href=/a.css><script src="/a.js"></script>
    <img src='/a.png'><video src=/a.mp4 poster=/p.jpg></video><a href=/next>n</a><iframe src=/f.html></iframe>
    <link rel=manifest href=/site.webmanifest><link rel="shortcut icon" href=/f.ico>"""
    assert found(page) == [
        ("style", "/a.css"),
        ("script", "/a.js"),
        ("image", "/a.png"),
        ("media", "/a.mp4"),
        ("image", "/p.jpg"),
        ("page", "/next"),
        ("page", "/f.html"),
        ("manifest", "/site.webmanifest"),
        ("image", "/f.ico"),
    ]


def test_the_span_is_the_value_as_it_stands() -> None:
    page = '<p>ü</p><img src="/a&amp;b.png?x=&#x31;">'.encode()
    (reference,) = html_references(page)
    assert reference.target == "/a&b.png?x=1"
    assert page[reference.begin : reference.end] == b"/a&amp;b.png?x=&#x31;"


def test_module_scripts_and_crossorigin_ask_with_cors() -> None:
    assert only('<script type=module src="/a.js"></script>').crossorigin
    assert only('<script crossorigin src="/a.js"></script>').crossorigin
    assert only('<link rel=modulepreload href="/a.js">').crossorigin
    assert only('<link rel=preload as=font crossorigin href="/a.woff2">').crossorigin
    assert not only('<script src="/a.js"></script>').crossorigin
    assert not only('<link rel=manifest crossorigin href="/m.json">').crossorigin


def test_integrity_is_told() -> None:
    reference = only('<link rel=stylesheet href=/a.css integrity="sha384-abc sha512-def">')
    assert reference.integrity == "sha384-abc sha512-def"


def test_preloads_are_of_the_kind_they_are_for() -> None:
    assert only("<link rel=preload as=font href=/a>").kind == "font"
    assert only("<link rel=preload as=fetch href=/a>").kind == "fetch"
    assert only("<link rel=prefetch href=/a.js>").kind == "script"
    assert only("<link rel=preload href=/a>").kind == "preload"


def test_candidates_of_srcset_are_found_one_by_one() -> None:
    page = '<img srcset="/a,1.png 1x, /b.png 2x,/c.png, data:image/png;base64,AA 3x, /d.png">'
    assert [target for _, target in found(page)] == ["/a,1.png", "/b.png", "/c.png", "/d.png"]
    spans = [page.encode()[each.begin : each.end].decode() for each in html_references(page.encode())]
    assert spans == ["/a,1.png", "/b.png", "/c.png", "/d.png"]


def test_a_candidate_behind_a_character_reference_has_the_whole_attribute_as_its_span() -> None:
    page = b'<source srcset="/i?a=1&amp;b=2 1x, /z 2x">'
    first, second = html_references(page)
    assert (first.target, second.target) == ("/i?a=1&b=2", "/z")
    assert page[first.begin : first.end] == b"/i?a=1&amp;b=2 1x, /z 2x"


def test_what_stands_in_comments_scripts_and_text_is_no_tag() -> None:
    assert found("<!-- <img src=/a.png> --><textarea><img src=/b.png></textarea><title><img src=/c></title>") == []
    assert found("<script>var a = '<img src=/d.png>'</script><!><!--><img src=/e.png>") == [("image", "/e.png")]


def test_other_schemes_and_fragments_are_not_asked_for() -> None:
    assert found('<a href="#top"></a><a href="mailto:a@b"></a><img src="data:,"><a href="javascript:x"></a>') == []


def test_the_base_is_told_with_what_is_relative_to_it() -> None:
    base, script = html_references(b'<base href="/app/"><script src="a.js"></script>')
    assert (base.via, base.target) == ("base[href]", "/app/")
    assert (script.target, script.base) == ("a.js", "/app/")


def test_a_refresh_leads_to_a_page() -> None:
    assert found('<meta http-equiv=refresh content="0; url=/elsewhere">') == [("page", "/elsewhere")]
    assert found('<meta http-equiv=refresh content="5">') == []


def test_inline_styles_and_scripts_are_read_where_they_stand() -> None:
    page = b"""<style>@font-face{src:url(/f.woff2)}</style><p style="background:url('/b.png')">
    <p style="background:url(&quot;/c.png&quot;)"><script>import("/d.js")</script>"""
    reading = {reference.target: reference for reference in html_references(page)}
    assert list(reading) == ["/f.woff2", "/b.png", "/c.png", "/d.js"]
    assert page[reading["/b.png"].begin : reading["/b.png"].end] == b"/b.png"
    assert page[reading["/d.js"].begin : reading["/d.js"].end] == b"/d.js"


def test_an_import_map_names_scripts_and_other_json_nothing() -> None:
    page = '<script type=importmap>{"imports":{"lib":"/lib.js"}}</script><script type=application/json>"/x.js"</script>'
    assert found(page) == [("script", "/lib.js")]


def test_reacts_payload_within_a_string_of_a_script_is_read() -> None:
    payload = r"2:\"/_next/static/chunks/a.js\"\n:HL[\"/_next/static/b.css\",\"style\"]"
    page = f'<script>self.__next_f.push([1,"{payload}"])</script>'
    assert found(page) == [("script", "/_next/static/chunks/a.js"), ("style", "/_next/static/b.css")]


def test_pictures_of_svg_are_found() -> None:
    assert found('<svg><image xlink:href="/a.png"/><use href="/s.svg#i"/></svg>') == [
        ("image", "/a.png"),
        ("image", "/s.svg#i"),
    ]


def test_the_policy_of_a_page_is_found() -> None:
    (policy,) = policies(b'<meta http-equiv="content-security-policy" content="script-src &#39;self&#39;">')
    assert policy.text == "script-src 'self'"


def test_a_tag_that_never_ends_is_none() -> None:
    assert found('<img src="/a.png') == []
    assert found("<img src=/a.png") == []
