"""What an image of nginx has beside nginx and its files."""

import pytest

from lightship.archive.content import Inline
from lightship.assets.image.nginx import (
    configuration_entries,
    is_whole_configuration,
    main_configuration,
    mime_types,
    runtime_entries,
    sends_brotli,
    without_comments,
)
from lightship.assets.nginx import NginxOptions, nginx_configuration
from lightship.errors import UsageError


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("events {}\nhttp {\n}\n", True),
        ("worker_processes 1; http{}", True),
        ("server { listen 80; }\n", False),
        ("# http {\nserver { }\n", False),
        ("server { location /http { } }", False),
        (nginx_configuration(NginxOptions(root="/srv")), False),
        (main_configuration(port=8080, workers=2, modules=()), True),
    ],
)
def test_a_whole_configuration_is_told_from_a_site(text: str, whole: bool) -> None:
    assert is_whole_configuration(text) is whole


@pytest.mark.parametrize(
    ("text", "sends"),
    [
        ("server { brotli_static on; }", True),
        ("brotli_static always;", True),
        ("brotli_static off;", False),
        ("# brotli_static on;\n", False),
        (nginx_configuration(NginxOptions(root="/srv", brotli=True)), True),
    ],
)
def test_brotli_is_seen_in_a_configuration(text: str, sends: bool) -> None:
    assert sends_brotli(text) is sends


def test_nothing_of_it_is_written_to_at_run_time() -> None:
    text = main_configuration(port=9000, workers=3, modules=("usr/lib/nginx/modules/a.so",))
    assert text.startswith("load_module /usr/lib/nginx/modules/a.so;\ndaemon off;\nworker_processes 3;")
    assert "pid /dev/shm/nginx-9000.pid;" in text
    made = {entry.path for entry in runtime_entries() if entry.type == "dir"}
    named = {line.split()[1].rstrip(";").lstrip("/") for line in text.splitlines() if "_temp_path" in line}
    assert named <= made
    assert len(named) == 5
    assert {path.rpartition("/")[0] for path in named} == {"tmp"}, "nginx makes one level"
    for entry in runtime_entries():
        assert entry.type == "symlink" or entry.mode == 0o1777
    with pytest.raises(UsageError, match="at least one worker"):
        main_configuration(port=1, workers=0, modules=())


def test_a_whole_configuration_replaces_all_of_it() -> None:
    site = {entry.path: entry for entry in configuration_entries("server {}", port=1, workers=1, modules=())}
    assert set(site) == {"etc/nginx/nginx.conf", "etc/nginx/mime.types", "etc/nginx/conf.d/default.conf"}
    own = "events {}\nhttp {}\n"
    whole = {entry.path: entry for entry in configuration_entries(own, port=1, workers=1, modules=())}
    assert set(whole) == {"etc/nginx/nginx.conf", "etc/nginx/mime.types"}
    assert whole["etc/nginx/nginx.conf"].content == Inline(own.encode())
    assert "text/javascript; charset=utf-8" in mime_types()


def test_comments_go() -> None:
    assert without_comments("a # b\nc\n") == "a \nc\n"
