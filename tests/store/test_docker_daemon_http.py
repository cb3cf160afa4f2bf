"""TLS with certificates on both sides, against a server that asks for them."""

import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from lightship.errors import ToolError, UsageError
from lightship.store.docker_daemon_http import connected
from lightship.store.docker_host import Certificates, Endpoint, find_endpoint


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, and the certificate of an engine on loopback, which serves as its client's too."""
    from tests.conftest import require_tool

    openssl = require_tool("openssl")
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "extensions").write_text("subjectAltName = IP:127.0.0.1\n")
    elliptic = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    authority = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial"]
    for words in (
        ["req", "-x509", *elliptic, "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=authority"],
        ["req", *elliptic, "-keyout", "key.pem", "-out", "request", "-subj", "/CN=engine"],
        ["x509", "-req", "-in", "request", *authority, "-out", "cert.pem", "-extfile", "extensions"],
    ):
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)
    return folder


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"OK")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def address(certificates: Path) -> Iterator[str]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # refused handshakes are the point
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def _asked(endpoint: Endpoint) -> bytes:
    with connected(endpoint) as connection:
        connection.request("GET", "/_ping")
        return connection.getresponse().read()


def test_both_sides_are_known(address: str, certificates: Path) -> None:
    environ = {"DOCKER_HOST": address, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(certificates)}
    assert _asked(find_endpoint(environ)) == b"OK"


def test_an_engine_that_nobody_vouches_for_is_refused(address: str, certificates: Path) -> None:
    ours = Certificates(certificate=certificates / "cert.pem", key=certificates / "key.pem")
    with pytest.raises(ToolError, match=r"no safe connection to the Docker engine at tcp://.*self.signed") as caught:
        _asked(Endpoint(address=address, certificates=ours))
    assert caught.value.hint is not None
    assert "ca.pem" in caught.value.hint
    assert _asked(Endpoint(address=address, certificates=replace(ours, verify=False))) == b"OK"


def test_another_name_is_refused(address: str, certificates: Path) -> None:
    known = Certificates.of(certificates, verify=True)
    with pytest.raises(ToolError, match=r"no safe connection .*localhost"):
        _asked(Endpoint(address=address.replace("127.0.0.1", "localhost"), certificates=known))


@pytest.mark.parametrize("certificates_of", ["nobody", "plain"])
def test_a_client_that_says_not_who_it_is_gets_nothing(address: str, certificates: Path, certificates_of: str) -> None:
    made = Certificates(ca=certificates / "ca.pem") if certificates_of == "nobody" else None
    with pytest.raises(ToolError, match=r"Docker engine at tcp://.* hung up|no safe connection"):
        _asked(Endpoint(address=address, certificates=made))


def test_files_that_are_no_certificates(certificates: Path, tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text("nothing")
    with pytest.raises(UsageError, match="Docker's certificates cannot be read"):
        _asked(Endpoint(address="tcp://127.0.0.1:1", certificates=Certificates.of(tmp_path, verify=True)))
