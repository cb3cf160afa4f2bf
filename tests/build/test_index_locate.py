"""Where a locked file is looked for, and in which order."""

import ssl
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from lightship.build.index.download import fetch
from lightship.build.index.settings import Credential, IndexSettings, Proxy
from lightship.errors import InputError, MismatchError, NetworkError
from lightship.store.cache import Cache

if TYPE_CHECKING:
    from tests.build.conftest import FaultyIndex, Pretend

FAR = "https://files.invalid/pretend_lib-1.0-py3-none-any.whl"
FAR_INDEX = "https://index.invalid/simple"


def never() -> NoReturn:
    raise AssertionError("no place may be asked")


def page(pretend: "Pretend", url: str = "../../files/p.whl", fragment: bool = True) -> bytes:
    fragment_text = f"#sha256={pretend.sha256}" if fragment else ""
    return f'<a href="{url}{fragment_text}">{pretend.filename}</a>'.encode()


def test_the_locked_address_is_used_when_its_index_is_configured(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    url = index.serve("/files/p.whl", pretend.body)
    fetch([pretend.request(url, index=f"{index.url}/simple/")], settings, cache)
    assert index.paths() == ["/files/p.whl"]


def test_another_indexs_file_is_found_by_hash_in_json(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    index.serve("/files/p.whl", pretend.body)
    index.project(
        "pretend-lib",
        {"filename": pretend.filename, "url": "/files/other.whl", "hashes": {"sha256": "0" * 64}},
        {"filename": "renamed.whl", "url": "/files/p.whl", "hashes": {"sha256": pretend.sha256}, "yanked": True},
    )
    fetch([pretend.request(FAR, index=FAR_INDEX)], settings, cache)
    assert index.paths() == ["/simple/pretend-lib/", "/files/p.whl"]
    assert index.asked[0].headers["accept"].startswith("application/vnd.pypi.simple.v1+json, ")


def test_html_without_hashes_is_found_by_name_and_checked(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    index.serve(f"/files/{pretend.filename}", pretend.body)
    listed = page(pretend, f"../../files/{pretend.filename}", fragment=False)
    index.serve("/simple/pretend-lib/", listed, Content_Type="text/html; charset=utf-8")
    request = pretend.request(FAR, index=FAR_INDEX)
    assert fetch([request], settings, cache)[request].path.read_bytes() == pretend.body


def test_extra_indexes_and_the_next_place_after_wrong_bytes(
    index: "FaultyIndex", start_index: "Callable[..., FaultyIndex]", settings: IndexSettings, cache: Cache,
    pretend: "Pretend",
) -> None:  # fmt: skip
    extra = start_index()
    index.serve("/files/p.whl", b"damaged")
    index.serve("/simple/pretend-lib/", page(pretend), Content_Type="text/html")
    extra.serve("/files/p.whl", pretend.body)
    extra.serve("/simple/pretend-lib/", page(pretend), Content_Type="text/html")
    both = replace(settings, extra_index_urls=(f"{extra.url}/simple",))
    request = pretend.request(FAR, index=FAR_INDEX, sized=False)
    assert fetch([request], both, cache)[request].path.read_bytes() == pretend.body


def test_a_page_is_read_once_for_many_files(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    files = [replace(pretend, body=b"%d" % n, filename=f"pretend_lib-{n}-py3-none-any.whl") for n in range(8)]
    listed = []
    for file in files:
        index.serve(f"/files/{file.filename}", file.body)
        listed.append({"filename": file.filename, "url": f"/files/{file.filename}", "hashes": {"sha256": file.sha256}})
    index.project("pretend-lib", *listed)
    fetch([file.request(FAR, index=FAR_INDEX) for file in files], settings, cache)
    assert index.paths().count("/simple/pretend-lib/") == 1


def test_local_links_and_local_indexes_come_before_the_network(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend", tmp_path: Path
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / pretend.filename).write_bytes(pretend.body)
    request = pretend.request(FAR, index=FAR_INDEX)
    found = fetch([request], replace(settings, find_links=(str(wheels),)), cache)
    assert found[request].path == cache.path("wheels", pretend.sha256)
    assert fetch([request], never, cache) == found
    found[request].path.unlink()
    simple = tmp_path / "simple/pretend-lib"
    simple.mkdir(parents=True)
    (simple / "index.html").write_bytes(page(pretend, f"../../wheels/{pretend.filename}"))
    mirror = replace(settings, extra_index_urls=(f"file://{tmp_path}/simple",))
    assert fetch([request], mirror, cache)[request].path.read_bytes() == pretend.body
    assert index.asked == []


def test_a_page_of_links(index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend") -> None:
    index.serve("/files/p.whl", pretend.body)
    links = index.serve("/links/all.html", page(pretend, "../files/p.whl"), Content_Type="text/html")
    request = pretend.request(FAR, index=FAR_INDEX)
    assert fetch([request], replace(settings, index_url=None, find_links=(links,)), cache)[request].path.exists()


def test_the_locked_address_is_the_last_resort(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    url = index.serve("/files/p.whl", pretend.body)
    fetch([pretend.request(url, index=FAR_INDEX)], settings, cache)
    assert index.paths() == ["/simple/pretend-lib/", "/files/p.whl"]


def test_after_wrong_bytes_the_last_resort_is_asked_once(
    index: "FaultyIndex", start_index: "Callable[..., FaultyIndex]", settings: IndexSettings, cache: Cache,
    pretend: "Pretend",
) -> None:  # fmt: skip
    """The remembered address of a mirror that is no more must not keep the answer back."""
    gone = start_index()
    url = gone.serve("/files/p.whl", b"busy", 503)
    index.serve("/files/p.whl", b"damaged")
    index.serve("/simple/pretend-lib/", page(pretend), Content_Type="text/html")
    with pytest.raises(MismatchError, match=f"want sha256:{pretend.sha256}"):
        fetch([pretend.request(url, index=FAR_INDEX, sized=False)], settings, cache)
    assert gone.paths() == ["/files/p.whl"]


def test_a_file_that_nobody_has(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    index.project("pretend-lib", {"filename": pretend.filename, "url": "/x", "hashes": {"sha256": "0" * 64}})
    request = pretend.request()
    with pytest.raises(NetworkError, match=rf"sha256:{pretend.sha256}\) is not offered by {index.url}/simple") as no:
        fetch([request], settings, cache)
    assert no.value.hint
    with pytest.raises(NetworkError, match="is not offered by no index"):
        fetch([request], replace(settings, index_url=None), cache)


def test_an_index_that_fails_is_told_beside_the_missing_file(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    index.serve("/simple/pretend-lib/", b"<p>log in", Content_Type="application/json")
    with pytest.raises(NetworkError, match=r"cannot get .*no page of a package index.*; .*host name is not known"):
        fetch([pretend.request(FAR, index=FAR_INDEX)], settings, cache)
    index.serve("/simple/pretend-lib/", b"\x89PNG", Content_Type="image/png")
    with pytest.raises(NetworkError, match="it is image/png"):
        fetch([pretend.request()], settings, cache)


def test_wrong_bytes_in_a_local_listing_are_a_mismatch(
    settings: IndexSettings, cache: Cache, pretend: "Pretend", tmp_path: Path
) -> None:
    (tmp_path / pretend.filename).write_bytes(b"damaged")
    with pytest.raises(MismatchError, match=f"want sha256:{pretend.sha256}"):
        fetch([pretend.request()], replace(settings, index_url=None, find_links=(str(tmp_path),)), cache)


def test_an_explicit_index_is_asked_for_its_own_packages_only(
    index: "FaultyIndex", start_index: "Callable[..., FaultyIndex]", settings: IndexSettings, cache: Cache,
    pretend: "Pretend",
) -> None:  # fmt: skip
    own = start_index()
    explicit = replace(settings, explicit_index_urls=(f"{own.url}/simple",))
    with pytest.raises(NetworkError, match="not offered"):
        fetch([pretend.request()], explicit, cache)
    assert own.asked == []
    own.serve("/files/p.whl", pretend.body)
    own.serve("/simple/pretend-lib/", page(pretend), Content_Type="text/html")
    gone = f"{own.url}/moved/p.whl"
    fetch([pretend.request(gone, index=f"{own.url}/simple")], explicit, cache)
    assert own.paths() == ["/moved/p.whl", "/simple/pretend-lib/", "/files/p.whl"]


def certificate(directory: Path) -> tuple[Path, Path]:
    """An own CA and a certificate of it for 127.0.0.1: (CA file, certificate with key)."""
    ca, key, leaf = directory / "ca.pem", directory / "ca.key", directory / "leaf.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(
        [*make, "-days", "2", "-subj", "/CN=pretend CA", "-keyout", key, "-out", ca], check=True, capture_output=True
    )
    subprocess.run(
        [
            *make, "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "authorityKeyIdentifier=none",
            "-CA", ca, "-CAkey", key, "-keyout", directory / "leaf.key", "-out", leaf,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    leaf.write_bytes(leaf.read_bytes() + (directory / "leaf.key").read_bytes())
    return ca, leaf


@pytest.mark.conformance
def test_an_own_ca_a_client_certificate_and_a_tunnel(
    start_index: "Callable[..., FaultyIndex]", cache: Cache, pretend: "Pretend", tmp_path: Path,
    require_tool: Callable[[str], str],
) -> None:  # fmt: skip
    require_tool("openssl")
    ca, leaf = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf)
    secure = start_index(lambda listening: context.wrap_socket(listening, server_side=True))
    request = pretend.request(secure.serve("/files/p.whl", pretend.body))
    stranger = IndexSettings(source="pip", index_url=f"{secure.url}/simple", retries=3, backoff_s=0.01, timeout_s=5)
    with pytest.raises(NetworkError, match=r"certificate of https://127.0.0.1.* is not trusted") as caught:
        fetch([request], stranger, cache)
    assert caught.value.hint
    assert secure.asked == []

    friend = replace(stranger, ca_file=ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca)
    with pytest.raises(NetworkError):
        fetch([request], replace(friend, retries=0), cache)
    proxy = start_index()
    known = replace(
        friend,
        client_certificate=leaf,
        https_proxy=Proxy(url=proxy.url, credential=Credential(url=proxy.url, username="in", password="out")),
    )
    assert fetch([request], known, cache)[request].path.read_bytes() == pretend.body
    assert proxy.asked[0].headers["proxy-authorization"] == "Basic aW46b3V0"
    assert "proxy-authorization" not in secure.asked[0].headers

    cache.path("wheels", pretend.sha256).unlink()
    context.verify_mode = ssl.CERT_NONE
    trusting = replace(stranger, trusted_hosts=("127.0.0.1",))
    assert fetch([request], trusting, cache)[request].path.exists()
    with pytest.raises(InputError, match="cannot use the certificates"):
        fetch([pretend.request(FAR)], replace(stranger, ca_file=tmp_path / "ca.key"), Cache(tmp_path / "other"))
