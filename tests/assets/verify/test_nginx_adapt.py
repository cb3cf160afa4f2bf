"""A user's configuration made ready for a trial: what is changed, what is read, and what is refused."""

from pathlib import Path

import pytest

from lightship.assets.verify.nginx_adapt import Adapted, NginxTrialRequest, adapt_nginx
from lightship.assets.verify.nginx_words import Directive, parse_nginx
from lightship.errors import InputError, UsageError


def adapt(folder: Path, text: str, **request: str) -> Adapted:
    (folder / "web.conf").write_text(text)
    return adapt_nginx(NginxTrialRequest(configuration=folder / "web.conf", **request))


def server_of(adapted: Adapted) -> list[Directive]:
    http = next(one for one in parse_nginx(adapted.text, "adapted") if one.name == "http")
    (server,) = (one for one in http.block or () if one.name == "server")
    return list(server.block or ())


def test_listening_logs_and_certificates_are_the_trials_own(tmp_path: Path) -> None:
    adapted = adapt(
        tmp_path,
        """access_log /var/log/nginx/a.log; proxy_cache_path /var/cache/nginx keys_zone=z:1m;
        server { root /srv/x; listen 80; listen [::]:443 ssl http2; http2 on; ssl_certificate /etc/x.pem;
                 error_log /x; etag off;
                 location /a { access_log /b; root /srv/other; } }""",
    )
    assert [one.name for one in server_of(adapted)] == ["listen", "root", "etag", "location"]
    assert "unix:/run/lightship/socket" in adapted.text
    for gone in ("/var/log", "/var/cache", "x.pem", "/b;", "ssl"):
        assert gone not in adapted.text
    assert 'root "/srv/other"' in adapted.text, "is nobody's directory"
    assert "proxy_cache_path /run/lightship/-var-cache-nginx keys_zone=z:1m;" in adapted.text


@pytest.mark.parametrize(
    ("text", "root", "found"),
    [
        ("server { root /usr/share/nginx/html; }", "", ["/srv/web"]),
        ("root /a/; server { location /d/ { alias /a/docs/; } }", "", ["/srv/web", "/srv/web/", "/srv/web/docs/"]),
        ("server { root html; }", "", ["/srv/web"]),
        ("server { location / { root /app/web; } }", "", ["/srv/web", "/srv/web"]),
        ("server { root /a; location /s/ { alias /b/static/; } }", "/b/static", ["/a", "/srv/web/"]),
        ("server { }", "", ["/srv/web"]),
        ("server { root /srv/$host; }", "", ["/srv/web"]),
    ],
)  # fmt: skip
def test_the_root_becomes_the_directory(tmp_path: Path, text: str, root: str, found: list[str]) -> None:
    adapted = adapt(tmp_path, text, root=root)

    def every(directives: tuple[Directive, ...]) -> list[str]:
        return [
            value
            for one in directives
            for value in ((one.values[0],) if one.name in ("root", "alias") else every(one.block or ()))
        ]

    assert sorted(every(parse_nginx(adapted.text, "adapted"))) == sorted(found)


def test_of_several_servers_the_one_that_serves_is_tried(tmp_path: Path) -> None:
    text = """server { listen 80; server_name a.example; return 301 https://$host$request_uri; }
              server { listen 443 ssl; server_name b.example; root /b; }
              server { server_name c.example "d.example"; root /c; }"""
    adapted = adapt(tmp_path, text)
    assert [one.values for one in server_of(adapted) if one.name == "server_name"] == [("b.example",)]
    assert "server 2 of 3 is tried" in adapted.notes[0]
    named = adapt(tmp_path, text, server="d.example")
    assert [one.values for one in server_of(named) if one.name == "server_name"] == [("c.example", "d.example")]
    with pytest.raises(UsageError, match=r"a\.example, b\.example, c\.example, d\.example"):
        adapt(tmp_path, text, server="e.example")
    with pytest.raises(InputError, match="there is no server"):
        adapt(tmp_path, "gzip on;")


def test_a_whole_configuration_loses_what_is_the_trials(tmp_path: Path) -> None:
    adapted = adapt(
        tmp_path,
        """user nobody; pid /x; load_module /nowhere/evil.so; stream { server { listen 1; } }
           http { types { text/x x; } server { brotli_static on; } }""",
    )
    names = [one.name for one in parse_nginx(adapted.text, "adapted")]
    assert not {"user", "stream"} & set(names)
    assert "evil" not in adapted.text
    assert "text/html" not in adapted.text, "its own types, and no others"


def test_hosts_that_requests_go_to_are_known(tmp_path: Path) -> None:
    text = """upstream back { server api:5001 weight=2; server 10.0.0.1:80; server unix:/x; }
              server { location /a { proxy_pass http://app.internal:8080/x; } location /b { fastcgi_pass php:9000; }
                       location /c { proxy_pass http://$host; } }"""
    assert adapt(tmp_path, text).hosts == ("api", "app.internal", "php")


def test_includes_are_read_from_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/site.conf").write_text("server { include snippets/cache.conf; root /a; }")
    (tmp_path / "snippets").mkdir()
    (tmp_path / "snippets/cache.conf").write_text("etag off;")
    for pattern in ("conf.d/*.conf", "/etc/nginx/conf.d/*.conf", f"{tmp_path}/conf.d/site.conf"):
        assert "etag" in [one.name for one in server_of(adapt(tmp_path, f"http {{ include {pattern}; }}"))]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("/etc/passwd", "want a file below"),
        ("../other.conf", "want a file below"),
        ("/etc/nginx/../passwd", "want a file below"),
        ("link.conf", "leads out of"),
        ("no-such.conf", "there is no such file"),
        ("web.conf", "a circle"),
        ("pipe", "cannot be read"),
    ],
)
def test_includes_lead_nowhere_else(tmp_path: Path, pattern: str, said: str) -> None:
    import os

    own = tmp_path / "own"
    own.mkdir()
    (tmp_path / "other.conf").write_text("etag off;")
    (own / "link.conf").symlink_to(tmp_path / "other.conf")
    os.mkfifo(own / "pipe")
    with pytest.raises(InputError, match=said):
        adapt(own, f"include {pattern};")
