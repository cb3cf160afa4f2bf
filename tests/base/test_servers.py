"""Roots without Python: what a server's package needs to run, and nothing that only its installation asks for."""

import pytest
from tests.base.conftest import Distribution
from tests.base.pretend import Deb, file, library
from tests.base.pretend_elf import shared_object

from lightship.base.request import NeededLibrary, Root
from lightship.base.servers import NGINX, NODE, ServerPlan
from lightship.ecosystem.elf import read_elf
from lightship.errors import InputError


def _server() -> list[Deb]:
    return [
        Deb(
            name="nginx",
            version="1.22.1-9",
            members=[
                file("./usr/sbin/nginx", shared_object(needed=["libpcre2-8.so.0", "libc.so.6"]), mode=0o755),
                file("./usr/share/nginx/html/index.html", b"welcome"),
            ],
            fields={"Depends": "iproute2, nginx-common (= 1.22.1-9), libpcre2-8-0"},
        ),
        library("libpcre2-8-0", "libpcre2-8.so.0"),
        library("libstdc++6", "libstdc++.so.6"),
    ]


def _root(debian: Distribution, **close: object) -> Root:
    with ServerPlan(debian.request(), debian.cache, NGINX) as plan:
        return plan.close({"nginx": "the server"}, **close)  # type: ignore[arg-type]


def test_a_server_has_what_it_needs_to_run(debian: Distribution) -> None:
    debian.archive.add(*_server())
    debian.archive.write()
    root = _root(debian)
    assert set(root.packages) == {"base-files", "libc6", "libpcre2-8-0", "nginx"}
    paths = {entry.path for entry in root.entries}
    assert {"usr/sbin/nginx", "etc/passwd", "etc/ld.so.cache", "var/lib/dpkg/status.d/nginx"} <= paths
    assert "usr/share/nginx/html/index.html" not in paths
    assert [drop.rule for drop in root.dropped if drop.path.startswith("usr/share/nginx")] == ["nginx-examples"]


def test_its_packages_are_locked_beside_others(debian: Distribution) -> None:
    debian.archive.add(*_server())
    debian.archive.write()
    first = _root(debian)
    assert list(first.lock.architectures) == ["amd64-nginx"]
    asked = len(debian.asked)
    with ServerPlan(debian.request(lock=first.lock), debian.cache, NGINX) as plan:
        assert plan.is_locked("nginx")
        again = plan.close({"nginx": "the server"})
    assert (again.cache_key, again.lock) == (first.cache_key, first.lock)
    assert len(debian.asked) == asked
    with ServerPlan(debian.request(lock=first.lock), debian.cache, NODE) as plan:
        assert not plan.is_locked("nginx")


def test_what_lies_in_other_layers_is_provided_for(debian: Distribution) -> None:
    debian.archive.add(*_server())
    debian.archive.write()
    program = read_elf(shared_object(needed=["libstdc++.so.6"]))
    root = _root(debian, outside={"usr/local/bin/node": program})
    assert "libstdc++6" in root.packages
    assert "usr/local/bin/node" not in {entry.path for entry in root.entries}
    assert "zlib1g" in _root(debian, needed=[NeededLibrary(soname="libz.so.1", why="a module")]).packages


def test_versions_are_upstreams(debian: Distribution) -> None:
    debian.archive.add(*_server())
    debian.archive.write()
    with ServerPlan(debian.request(), debian.cache, NGINX) as plan:
        assert plan.version("nginx") == "1.22.1"
        assert plan.version("nodejs") is None
        assert plan.libc_version() == (2, 36)


def test_a_package_that_there_is_not_is_named(debian: Distribution) -> None:
    debian.archive.write()
    with pytest.raises(InputError, match="not in the archive: nginx"):
        _root(debian)
