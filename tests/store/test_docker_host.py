"""Which engine is meant: variables before contexts before the default, as docker's client has it."""

import hashlib
import json
from pathlib import Path

import pytest

from lightship.errors import InputError, UsageError
from lightship.store.docker_host import Certificates, Endpoint, find_endpoint


def _context(folder: Path, name: str, endpoint: object, *, tls: bool = False) -> None:
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts/meta" / key
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}))
    if tls:
        place = folder / "contexts/tls" / key / "docker"
        place.mkdir(parents=True)
        for file in ("ca.pem", "cert.pem", "key.pem"):
            (place / file).touch()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / ".docker"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"auths": {}, "currentContext": "rootless"}))
    _context(folder, "rootless", {"Host": "unix:///run/user/1000/docker.sock", "SkipTLSVerify": False})
    _context(folder, "far", {"Host": "tcp://engine.example:2376"}, tls=True)
    _context(folder, "careless", {"Host": "tcp://engine.example", "SkipTLSVerify": True})
    _context(folder, "plain", {"Host": "tcp://[::1]:1"})
    _context(folder, "over ssh", {"Host": "ssh://me@engine.example"})
    _context(folder, "broken", {"Host": ["x"]})
    return tmp_path


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, "unix:///run/user/1000/docker.sock"),
        ({"DOCKER_CONTEXT": "default"}, "unix:///var/run/docker.sock"),
        ({"DOCKER_CONTEXT": "plain"}, "tcp://[::1]:1"),
        ({"DOCKER_HOST": "unix:///own.sock", "DOCKER_CONTEXT": "plain"}, "unix:///own.sock"),
        ({"DOCKER_HOST": "", "DOCKER_CONFIG": "/nonexistent"}, "unix:///var/run/docker.sock"),
    ],
)
def test_variables_go_before_contexts(home: Path, environ: dict[str, str], address: str) -> None:
    assert find_endpoint({"HOME": str(home), **environ}) == Endpoint(address=address)


def test_what_is_given_goes_before_all(home: Path) -> None:
    environ = {"HOME": str(home), "DOCKER_HOST": "tcp://other"}
    assert find_endpoint(environ, docker_host="unix:///given").address == "unix:///given"
    assert find_endpoint({}) == Endpoint()


def test_certificates_of_variables(home: Path, tmp_path: Path) -> None:
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates/ca.pem").touch()
    environ = {"HOME": str(home), "DOCKER_HOST": "tcp://engine.example"}
    assert find_endpoint(environ).certificates is None
    assert find_endpoint(environ).host_and_port == ("engine.example", 2375)
    environ |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path / "certificates")}
    found = find_endpoint(environ)
    assert found.certificates == Certificates(ca=tmp_path / "certificates/ca.pem")
    assert found.host_and_port == ("engine.example", 2376)
    careless = find_endpoint({"DOCKER_HOST": "tcp://engine.example", "DOCKER_TLS": "1"})
    assert careless.certificates == Certificates(verify=False)
    assert find_endpoint({**environ, "DOCKER_HOST": "unix:///x"}).certificates is None
    with pytest.raises(UsageError, match="DOCKER_CERT_PATH: there is no folder /nonexistent"):
        find_endpoint({**environ, "DOCKER_CERT_PATH": "/nonexistent"})


def test_certificates_of_contexts(home: Path) -> None:
    far = find_endpoint({"HOME": str(home), "DOCKER_CONTEXT": "far"}).certificates
    assert far is not None
    assert (far.verify, far.ca is not None, far.certificate is not None, far.key is not None) == (True,) * 4
    careless = find_endpoint({"HOME": str(home), "DOCKER_CONTEXT": "careless"})
    assert careless.certificates == Certificates(verify=False)
    assert careless.host_and_port == ("engine.example", 2376)


def test_a_context_that_is_not_there_or_not_understood(home: Path) -> None:
    with pytest.raises(InputError, match="there is no Docker context 'absent'"):
        find_endpoint({"HOME": str(home), "DOCKER_CONTEXT": "absent"})
    with pytest.raises(InputError, match=r"Docker context 'broken': .*Host"):
        find_endpoint({"HOME": str(home), "DOCKER_CONTEXT": "broken"})
    (home / ".docker/config.json").write_text("{")
    with pytest.raises(InputError, match=r"cannot read .*config.json"):
        find_endpoint({"HOME": str(home)})


def test_ssh_is_refused_with_a_way(home: Path) -> None:
    for environ in ({"DOCKER_HOST": "ssh://engine.example"}, {"HOME": str(home), "DOCKER_CONTEXT": "over ssh"}):
        with pytest.raises(UsageError, match="Docker host not supported: ssh") as caught:
            find_endpoint(environ)
        assert caught.value.hint is not None
        assert "-L /tmp/docker.sock" in caught.value.hint


@pytest.mark.parametrize("address", ["unix:relative", "npipe:////./pipe", "tcp://host:port", "tcp://", "x"])
def test_other_hosts_are_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"Docker host not (supported|understood)"):
        find_endpoint({"DOCKER_HOST": address})
