"""Every rule's page is whole, and its own examples are tried: Bad fires, Good does not."""

import re
import textwrap
from pathlib import Path

import pytest

from lightship.assets.retarget.leftovers.known import RULES
from lightship.assets.retarget.leftovers.rule import LeftoverRule
from lightship.assets.retarget.prefix import PLACEHOLDER, Prefix
from lightship.findings import Finding
from lightship.flows.assets.retarget import RetargetRequest, retarget_assets
from lightship.progress import SILENT
from lightship.store.cache import Cache

HEADINGS = ["What it does", "Why", "Bad", "Good", "References"]
CDN = "https://cdn.example"
PLACES = {
    "policy-without-cdn": "index.html",
    "worker-elsewhere": "assets/app.js",
    "mention-left": "assets/app.js",
    "image-optimiser": "index.html",
    "manifest-elsewhere": "index.html",
    "precached": "sw.js",
    "module-needs-cors": "index.html",
    "font-needs-cors": "assets/app.css",
    "public-file": "index.html",
    "relative-base": "index.html",
    "source-maps": "assets/app.js",
}
"""Where a rule's examples are put."""
GOOD_ELSEWHERE = {
    "font-needs-cors",
    "image-optimiser",
    "insecure-prefix",
    "module-needs-cors",
    "no-prefix",
    "source-maps",
}
"""Rules whose Good is a setting, a header or a command, and no file of the directory."""
PAGE = f'<script type=module src="{PLACEHOLDER}/assets/app.js"></script>'


def sections(rule: LeftoverRule) -> dict[str, str]:
    parts = re.split(r"^(.+)\n=+$", rule.doc, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def example(rule: LeftoverRule, heading: str) -> str:
    return textwrap.dedent(sections(rule)[heading].split("::\n\n", 1)[1]).strip("\n") + "\n"


def ask(web: Path, files: dict[str, str], cdn: str = CDN, leave: tuple[str, ...] = ()) -> list[Finding]:
    for name, text in files.items():
        (web / name).parent.mkdir(parents=True, exist_ok=True)
        (web / name).write_text(text, encoding="utf-8")
    request = RetargetRequest(
        target=Prefix.parse(cdn), placeholder=Prefix.parse(PLACEHOLDER), leave=leave, dry_run=True
    )
    return list(retarget_assets(web, request, Cache(web.parent / "cache"), SILENT, jobs=1).findings)


def codes(web: Path, files: dict[str, str], cdn: str = CDN, leave: tuple[str, ...] = ()) -> set[str]:
    return {finding.code for finding in ask(web, files, cdn, leave)}


def with_example(rule: LeftoverRule, heading: str) -> dict[str, str]:
    text = example(rule, heading)
    files = {
        "shell.html": PAGE,
        "assets/app-1a2b3c4d.js": "",
        "assets/app.js": "",
        "assets/lazy.js": f'"{PLACEHOLDER}"',
    }
    if rule.code == "precached":
        files["shell.html"] += f'<script src="{PLACEHOLDER}/assets/app-1a2b3c4d.js"></script>'
    if rule.code == "mention-left":
        text = text.replace("cdn.example", "cdn.lightship.invalid")
    return {**files, PLACES[rule.code]: text}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_page_is_whole(rule: LeftoverRule) -> None:
    assert list(sections(rule)) == HEADINGS
    assert rule.doc.splitlines()[0].rstrip(".").lower() == rule.title.lower()


def test_codes_are_of_one_rule_each() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.code in PLACES], ids=lambda rule: rule.code)
def test_bad_fires_and_good_does_not(rule: LeftoverRule, tmp_path: Path) -> None:
    found = [each for each in ask(tmp_path / "bad", with_example(rule, "Bad"), leave=("*",)) if each.code == rule.code]
    assert found
    for finding in found:
        assert finding.message
        assert not finding.message.endswith(".")
        assert finding.fix
    if rule.code not in GOOD_ELSEWHERE:
        assert rule.code not in codes(tmp_path / "good", with_example(rule, "Good"))


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.code in PLACES], ids=lambda rule: rule.code)
def test_nothing_is_behind_for_the_pages_own_origin(rule: LeftoverRule, tmp_path: Path) -> None:
    if rule.code not in ("mention-left", "source-maps"):
        assert rule.code not in codes(tmp_path / "web", with_example(rule, "Bad"), "", ("*",))


def test_a_build_without_a_prefix_is_told_the_line_of_its_framework(tmp_path: Path) -> None:
    built = {
        "next": {"BUILD_ID": "x", "required-server-files.json": '{"config":{"assetPrefix":""}}'},
        "vite": {
            "index.html": '<script type=module src="/assets/app-LwJ9u_Or.js"></script>',
            "assets/app-LwJ9u_Or.js": "",
        },
        "plain": {"index.html": '<script src="/app.js"></script>'},
    }
    lines = {"next": "assetPrefix", "vite": "base:", "plain": "<script"}
    for name, files in built.items():
        (finding,) = ask(tmp_path / name, files)
        assert finding.code == "no-prefix"
        assert finding.severity == "error"
        assert lines[name] in str(finding.fix)


def test_a_cdn_without_tls_is_told_but_for_loopback(tmp_path: Path) -> None:
    assert "insecure-prefix" in codes(tmp_path / "a", {"index.html": PAGE}, "http://static.example")
    assert "insecure-prefix" not in codes(tmp_path / "a", {"index.html": PAGE}, "http://127.0.0.1:81")
    assert "insecure-prefix" not in codes(tmp_path / "a", {"index.html": PAGE}, CDN)


def test_integrity_without_crossorigin_is_an_error(tmp_path: Path) -> None:
    tag = f'<script src="{PLACEHOLDER}/app.js" integrity="sha384-x" {{}}></script>'
    found = ask(tmp_path / "a", {"index.html": tag.format("")})
    assert [(each.code, each.severity) for each in found] == [("module-needs-cors", "error")]
    found = ask(tmp_path / "b", {"index.html": tag.format("crossorigin")})
    assert [(each.code, each.severity) for each in found] == [("module-needs-cors", "note")]


@pytest.mark.parametrize(
    ("policy", "forbids"),
    [
        ("script-src 'self'", "script-src"),
        ("default-src 'none'; script-src-elem https://cdn.example", ""),
        ("default-src 'self'; img-src *", "default-src"),
        ("script-src https:", ""),
        ("script-src *", ""),
        ("script-src *.example", ""),
        ("script-src *.cdn.example", "script-src"),
        ("script-src cdn.example:443", ""),
        ("script-src cdn.example:8443", "script-src"),
        ("script-src http://cdn.example", ""),
        ("script-src https://cdn.example/other/", "script-src"),
        ("script-src https://cdn.example/app/", ""),
        ("script-src https://cdn.example/app", "script-src"),
        ("script-src https://cdn.example/", ""),
        ("script-src https://cdn.example/App/", "script-src"),
        ("script-src https://*:443", ""),
        ("script-src *, default-src 'self'", "default-src"),
        ("script-src 'nonce-abc'", ""),
        ("script-src 'strict-dynamic'", ""),
        ("img-src 'none'", ""),
        ("", ""),
    ],
)
def test_a_policy_is_read_as_browsers_do(policy: str, forbids: str, tmp_path: Path) -> None:
    """https://www.w3.org/TR/CSP3/#match-url-to-source-list (2025-10)."""
    page = f'<meta http-equiv="Content-Security-Policy" content="{policy}">{PAGE}'
    asked = ask(tmp_path / "web", {"index.html": page}, f"{CDN}/app")
    found = [each for each in asked if each.code == "policy-without-cdn"]
    assert [each.message.split()[0] for each in found] == ([forbids] if forbids else [])


def test_workers_of_vite_and_webpack_are_found(tmp_path: Path) -> None:
    vite = f'new Worker("{PLACEHOLDER}/assets/w.js",{{type:"module"}})'
    assert "worker-elsewhere" in codes(tmp_path / "a", {"index.html": PAGE, "assets/app.js": vite})
    webpack = "new Worker(e.tu(new URL(e.p+e.u(7),e.b)))"
    assert "worker-elsewhere" in codes(tmp_path / "b", {"index.html": PAGE, "assets/app.js": webpack})
    blob = "new Worker(URL.createObjectURL(new Blob([code])))"
    assert "worker-elsewhere" not in codes(tmp_path / "c", {"index.html": PAGE, "assets/app.js": blob})
