"""``assets verify`` as a flow: sites, directories, older releases, and what is left out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.assets.faulty import FaultySite

from lightship.assets.verify.reach import Limits
from lightship.errors import InputError, NetworkError, UsageError
from lightship.flows.assets.verify import CHECK_NAMES, AssetsVerifyRequest, verify_assets
from lightship.flows.assets.verify_report import AssetsVerifyOutcome, assets_verify_report
from lightship.progress import SILENT
from lightship.store.registry.access import RegistryAccess

Verify = Callable[..., AssetsVerifyOutcome]


@pytest.fixture(scope="module")
def _running() -> Iterator[FaultySite]:
    with FaultySite.running() as found:
        yield found


@pytest.fixture
def faulty(_running: FaultySite) -> FaultySite:
    _running.plant()
    return _running


@pytest.fixture
def verify(faulty: FaultySite) -> Verify:
    """Verify the site, its CDN named."""

    def run(target: str = "", **request: object) -> AssetsVerifyOutcome:
        if not target:
            request = {"cdns": (faulty.cdn.origin,), **request}
        wanted = AssetsVerifyRequest(target=target or faulty.root, **request)  # type: ignore[arg-type]
        return verify_assets(replace(wanted, limits=Limits(timeout_s=60)), RegistryAccess(), SILENT)

    return run


def codes(outcome: AssetsVerifyOutcome) -> set[str]:
    return {finding.code for finding in outcome.findings}


def test_a_good_site_passes_every_check(faulty: FaultySite, verify: Verify) -> None:
    outcome = verify()
    assert outcome.passed
    assert outcome.findings == ()
    assert (outcome.mode, outcome.notes) == ("site", ())
    assert outcome.requests == len(faulty.site.asked) + len(faulty.cdn.asked) - 1, "where it is was asked before"
    assert {asked.method for asked in (*faulty.site.asked, *faulty.cdn.asked)} == {"GET", "HEAD"}


def test_a_cdn_that_was_not_named_is_told(faulty: FaultySite, verify: Verify) -> None:
    outcome = verify(cdns=())
    assert outcome.passed
    assert len(outcome.notes) == 1
    assert f"--cdn {faulty.cdn.origin}" in outcome.notes[0]
    assert "serves 3 files" in outcome.notes[0]


def test_checks_are_chosen_and_findings_passed_over(faulty: FaultySite, verify: Verify) -> None:
    faulty.plant("/logo.svg -> Cache-Control:; X-Content-Type-Options:; ETag:")
    assert codes(verify()) == {"lifetime-guessed", "nosniff-missing"}
    assert codes(verify(only=("caching",))) == {"lifetime-guessed"}
    assert codes(verify(skip=("caching",))) == {"nosniff-missing"}
    assert codes(verify(ignore=("nosniff-*:*/logo.svg",))) == {"lifetime-guessed"}
    assert verify(ignore=("nosniff-missing", "lifetime-guessed")).passed
    assert verify(fail_on="error").passed
    assert not verify(fail_on="warning").passed


def test_a_directory_that_a_site_serves_is_compared(faulty: FaultySite, verify: Verify, tmp_path: Path) -> None:
    for path, content in faulty.site.files.items():
        file = tmp_path / (path[1:] or "index.html")
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    faulty.site.files["/index.html"] = faulty.site.files["/"]
    assert {finding.severity for finding in verify(files=tmp_path).findings} <= {"note"}
    (tmp_path / "logo.svg").write_bytes(b"<svg/>")
    (tmp_path / "new.css").write_bytes(b"a {}")
    (tmp_path / ".secret").write_bytes(b"not served")
    found = {(one.code, one.location) for one in verify(files=tmp_path).findings if one.severity != "note"}
    assert found == {("file-differs", f"{faulty.root}logo.svg"), ("asset-missing", f"{faulty.root}new.css")}


def test_the_site_may_lead_to_another_scheme_or_page_and_to_no_other_host(faulty: FaultySite, verify: Verify) -> None:
    faulty.plant("/ -> 302; Location: /about.html")
    assert verify().site.root == faulty.root  # type: ignore[union-attr]
    faulty.plant("/ -> 302; Location: https://www.app.example/")
    with pytest.raises(InputError, match="leads to https://www"):
        verify()
    with pytest.raises(NetworkError, match="nothing listens"):
        verify("http://127.0.0.1:9/")


def test_a_report_tells_what_the_next_release_must_keep(faulty: FaultySite, verify: Verify, tmp_path: Path) -> None:
    report = tmp_path / "before.json"
    report.write_text(json.dumps(assets_verify_report(verify()).document))
    outcome = verify(releases=(str(report),))
    assert outcome.findings == ()
    assert len(outcome.site.formers) == len(faulty.site.files) + len(faulty.cdn.files)  # type: ignore[union-attr]
    before = faulty.site.files["/logo.svg"]
    etag = next(
        former.etag
        for former in outcome.site.formers  # type: ignore[union-attr]
        if former.url.endswith("/logo.svg")
    )
    # a release that changed the picture and kept its size; the server goes on with the ETag of the old one
    faulty.plant(f"/logo.svg when identity -> ETag: {etag}")
    faulty.site.files["/logo.svg"] = before.replace(b"word1 ", b"word9 ")
    outcome = verify(releases=(str(report),))
    assert [(one.code, one.location) for one in outcome.findings] == [("etag-stale", f"{faulty.root}logo.svg")]
    faulty.plant()
    page = faulty.site.files["/"].replace(b"/assets/index-DiwrgT4a.js", b"/assets/index-Ab3dEf9h.js")
    faulty.site.files["/assets/index-Ab3dEf9h.js"] = faulty.site.files.pop("/assets/index-DiwrgT4a.js")
    faulty.site.files["/"] = page
    outcome = verify(releases=(str(report),))
    assert [(one.code, one.location) for one in outcome.findings] == [
        ("release-gone", f"{faulty.root}assets/index-DiwrgT4a.js")
    ]


def test_a_report_of_another_host_is_of_the_same_paths(faulty: FaultySite, verify: Verify, tmp_path: Path) -> None:
    document = json.dumps(assets_verify_report(verify()).document)
    report = tmp_path / "production.json"
    report.write_text(document.replace(faulty.site.origin, "https://app.example"))
    outcome = verify(releases=(str(report),))
    assert outcome.findings == ()
    assert all(
        former.url.startswith((faulty.site.origin, faulty.cdn.origin))
        for former in outcome.site.formers  # type: ignore[union-attr]
    )


def test_a_list_of_addresses_must_answer(faulty: FaultySite, verify: Verify, tmp_path: Path) -> None:
    listed = tmp_path / "old.txt"
    listed.write_text(f"# of May\n/logo.svg\nassets/gone.js\n{faulty.cdn.origin}/vendor-3f2a9c1b.js\n\n")
    outcome = verify(releases=(str(listed),))
    assert [(one.code, one.location) for one in outcome.findings] == [("release-gone", f"{faulty.root}assets/gone.js")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"two words\n", "old:1: want an address or a path"),
        (b"ftp://a.example/x\n", "old:1: want an address"),
        (b"\xff\xfe", "UTF-8"),
        (b"{", "want JSON"),
        (b"{}", "got None"),
        (b'{"schema": "lightship/assets-verify/1"}', "not as it was written"),
        (b'{"schema": "lightship/assets-verify/1", "root": "x", "urls": [{"clients": []}]}', "not as it was written"),
        (b"{" * 100_000, "want JSON"),
        (b"\x1f\x8b damaged", "gzip is broken"),
    ],
)
def test_what_is_no_list_of_releases_is_said(verify: Verify, tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "old").write_bytes(content)
    with pytest.raises(InputError, match=said):
        verify(releases=(str(tmp_path / "old"),))


def test_a_directory_alone_is_read(verify: Verify, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><script src=app.js></script>")
    outcome = verify(str(tmp_path))
    assert (outcome.mode, outcome.site, outcome.requests) == ("directory", None, 0)
    assert [(one.code, one.location) for one in outcome.findings] == [("reference-missing", "index.html")]
    assert not outcome.passed


def test_options_that_do_not_go_together_are_refused(verify: Verify, tmp_path: Path) -> None:
    for request in (
        {"nginx": tmp_path / "web.conf"},
        {"only": ("no-such",)},
        {"cdns": ("static.example",)},
        {"base": "static"},
    ):
        with pytest.raises(UsageError):
            verify(**request)
    for name, value in (("files", tmp_path), ("releases", ("old.txt",)), ("headers", {"X": "y"})):
        with pytest.raises(UsageError):
            verify(str(tmp_path), **{name: value})
    with pytest.raises(InputError, match="want a directory"):
        verify(str(tmp_path / "no-such"))
    assert len(CHECK_NAMES) == len(set(CHECK_NAMES))


def test_nothing_that_could_be_checked_is_an_error(verify: Verify, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file below it") as caught:
        verify(str(tmp_path))
    assert "was it built" in (caught.value.hint or "")
    (tmp_path / "README.md").write_text("# what is here")
    with pytest.raises(InputError, match=r"no page and no asset below it, only such as README\.md"):
        verify(str(tmp_path))
    with pytest.raises(InputError, match="no page and no asset below it"):
        verify(files=tmp_path)
    (tmp_path / "app.css").write_text("body{}")
    assert verify(str(tmp_path)).passed


def test_a_project_is_not_verified(verify: Verify, tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    for request in ({"target": str(tmp_path)}, {"files": tmp_path}):
        with pytest.raises(UsageError, match="is the project"):
            verify(**request)


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("app.example", "https://app.example?"),
        ("app.example/en/", "https://app.example/en/?"),
        ("localhost:8080", "http://localhost:8080?"),
        ("127.0.0.1:8080/x", "http://127.0.0.1:8080/x?"),
        ("https:/app.example", "https://app.example?"),
        ("web/out", None),
        ("./app.example", None),
        ("dist", None),
    ],
)
def test_an_address_without_its_scheme_is_told(verify: Verify, target: str, meant: str | None) -> None:
    with pytest.raises(InputError, match="there is none") as caught:
        verify(target)
    assert caught.value.hint == meant


@pytest.mark.parametrize(
    ("fields", "target"),
    [({"headers": {"X-Token": "whisper"}}, ""), ({}, "user:hush@")],
)
def test_credentials_do_not_follow_a_site_to_another_origin(
    faulty: FaultySite, verify: Verify, fields: dict[str, object], target: str
) -> None:
    faulty.plant(f"/ -> 302; Location: {faulty.cdn.origin}/")
    root = faulty.root.replace("//", f"//{target}")
    with pytest.raises(InputError, match="another origin, which is not given its credentials") as caught:
        verify(root, **fields)
    told = f"{caught.value} {caught.value.hint}"
    assert faulty.cdn.origin in told
    assert "hush" not in told
    assert len(faulty.site.asked) == 1
    for asked in faulty.cdn.asked:
        assert not {"authorization", "x-token"} & set(asked.headers)


def test_without_credentials_a_site_may_be_elsewhere_on_its_host(faulty: FaultySite, verify: Verify) -> None:
    faulty.plant(f"/ -> 302; Location: {faulty.cdn.origin}/", "cdn:/ -> 200; Content-Type: text/html; body: <p>")
    outcome = verify(faulty.root)
    assert outcome.site is not None
    assert outcome.site.root == f"{faulty.cdn.origin}/"


@pytest.mark.parametrize(
    ("asked", "leads", "follows"),
    [
        ("http://app.example/", "https://app.example/", True),
        ("http://app.example:80/", "https://app.example:443/", True),
        ("http://app.example/", "https://app.example:8443/", False),
        ("http://app.example:8080/", "https://app.example/", False),
        ("https://app.example/", "http://app.example/", False),
    ],
)
def test_credentials_follow_to_tls_on_the_usual_ports_alone(
    faulty: FaultySite, verify: Verify, monkeypatch: pytest.MonkeyPatch, asked: str, leads: str, follows: bool
) -> None:
    """Ports below 1024 are not a test's to take: where the site is found, and that it is not gone on with, is given."""
    monkeypatch.setattr("lightship.flows.assets.verify._settled", lambda *_: leads)
    monkeypatch.setattr(
        "lightship.flows.assets.verify._served", lambda *_, **__: AssetsVerifyOutcome(target="", mode="")
    )
    if follows:
        assert verify(asked, headers={"X-Token": "whisper"}).passed
    else:
        with pytest.raises(InputError, match="another origin"):
            verify(asked, headers={"X-Token": "whisper"})
    assert faulty.site.asked == []


def test_a_store_with_a_slash_too_few_is_told(verify: Verify) -> None:
    with pytest.raises(InputError, match="s3:/bucket cannot be read") as caught:
        verify(releases=("s3:/bucket",))
    assert caught.value.hint == "a store is s3://bucket/prefix"
