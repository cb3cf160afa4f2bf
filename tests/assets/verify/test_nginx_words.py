"""An nginx configuration as directives: read as nginx reads it, and written back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.assets.nginx import NginxOptions, nginx_configuration
from lightship.assets.verify.nginx_words import Directive, parse_nginx, plain_word, render_nginx, walk
from lightship.errors import InputError

TEXT = r"""
# a comment; with { everything }
user nginx; http { # another
  map $uri $cache { default "no-cache"; "~*\.(?:js|css)$" 'a; b'; ~^/[a-z]\; x; }
  server{listen 80;location ~ "^/(?<name>[0-9]{1,3})$" { return 200 "ok\n"; } set $x ${y}z; empty ""; }
}
"""


def test_words_are_kept_and_blocks_nest() -> None:
    user, http = parse_nginx(TEXT, "web.conf")
    assert (user.name, user.values, user.block) == ("user", ("nginx",), None)
    assert http.block is not None
    cache, server = http.block
    assert cache.block is not None
    assert [one.words for one in cache.block] == [
        ("default", '"no-cache"'),
        (r'"~*\.(?:js|css)$"', "'a; b'"),
        (r"~^/[a-z]\;", "x"),
    ]
    assert server.block is not None
    assert [one.name for one in server.block] == ["listen", "location", "set", "empty"]
    assert server.block[1].values == ("~", "^/(?<name>[0-9]{1,3})$")
    assert server.block[2].values == ("$x", "${y}z")
    assert server.block[3].values == ("",)


def test_what_was_written_is_read_alike() -> None:
    text = nginx_configuration(NginxOptions(root="/srv/web", folders=("assets",)))
    found = parse_nginx(text, "web.conf")
    assert parse_nginx(render_nginx(found), "again") == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("server {", "it ends within 'server'"),
        ("listen 80", "it ends within 'listen'"),
        ("}", "a closing brace that closes nothing"),
        ("a { b }", "'b' has no end"),
        ("\n\n;", "web.conf:3: ';' without a directive"),
        ("{}", "'{' without a directive"),
        ('a "open', "is not understood"),
        ("content_by_lua_block { x }", "Lua"),
        ("a {" * 40, "more than 32 blocks"),
    ],
)
def test_what_is_no_configuration_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_nginx(text, "web.conf")
    assert said in str(caught.value)
    assert str(caught.value).startswith("web.conf:")


def test_long_ones_take_no_long_time() -> None:
    with pytest.raises(InputError):
        parse_nginx("a {" * 100_000, "web.conf")
    with pytest.raises(InputError, match="more than 100000 directives"):
        parse_nginx("a;" * 200_000, "web.conf")
    with pytest.raises(InputError):
        parse_nginx('"' + "\\" * 1_000_000, "web.conf")
    with pytest.raises(InputError):
        parse_nginx("$" + "{" * 100_000, "web.conf")


@given(st.text(alphabet="ab{};\"' \\$#\n", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_nginx(text, "web.conf")
    except InputError:
        return
    assert parse_nginx(render_nginx(found), "again") == found


def test_walk_changes_from_the_inside() -> None:
    seen = []

    def change(one: Directive) -> list[Directive]:
        seen.append(one.name)
        return [] if one.name == "listen" else [one]

    (http,) = walk(parse_nginx("http { server { listen 80; root /x; } }", "x"), change)
    assert seen == ["listen", "root", "server", "http"]
    assert render_nginx([http]) == "http {\n    server {\n        root /x;\n    }\n}\n"


def test_a_plain_word() -> None:
    assert plain_word('"a \\" b"') == 'a " b'
    assert plain_word("'x'") == "x"
    assert plain_word(r"\.js") == r"\.js"
