"""The page of ``analyze`` in a real browser: clicks, keys, words for who cannot see, nothing on the console."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from tests.conftest import require_tool
from tests.report.html.analyses import hostile_analysis, large_analysis, small_analysis
from tests.report.html.chromium import Browser, Page

from lightship.analyze.model import Analysis
from lightship.flows.analyze import analyze_report
from lightship.report.html.analyze import render_analysis_html

pytestmark = pytest.mark.conformance

TILES = "[...document.querySelectorAll('#stage .tile')]"
ROWS = "[...document.querySelectorAll('#list tr')]"
TRAIL = "[...document.querySelectorAll('#trail button')].map(it => it.textContent)"
DETAILS = "document.querySelector('#details').textContent"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = shutil.which("google-chrome") or require_tool("chromium")
    with Browser(program, tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(small_analysis(), tmp_path_factory.mktemp("small"))


def written(found: Analysis, folder: Path) -> Path:
    file = folder / "report.html"
    file.write_text(render_analysis_html(found, analyze_report(found)), encoding="utf-8")
    return file


def opened(browser: Browser, file: Path, at: str = "", **screen: Any) -> Page:
    page = Page(browser, **screen)
    page.open(file.as_uri() + at)
    return page


def with_text(which: str, text: str) -> str:
    return f"{which}.find(it => it.textContent.includes({text!r}))"


@pytest.mark.parametrize("screen", [{}, {"dark": True}, {"width": 390, "height": 800}], ids=["light", "dark", "narrow"])
def test_it_opens_quietly_and_asks_for_nothing(browser: Browser, small: Path, screen: dict[str, Any]) -> None:
    page = opened(browser, small, **screen)
    assert page.ask(f"{TILES}.length > 5")
    assert page.requests == [small.as_uri()]
    assert page.errors == []
    assert page.ask("document.documentElement.scrollWidth <= innerWidth")
    ink, paper = (page.ask(f"getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor"))
    assert ink != paper
    assert (paper == "rgb(255, 255, 255)") is not bool(screen.get("dark"))


def test_clicks_lead_into_the_image_and_back_out(browser: Browser, small: Path) -> None:
    page = opened(browser, small)
    page.click(with_text(TILES, "numpy 1.0"))
    page.wait(f"{TRAIL}.at(-1) === 'numpy 1.0'")
    assert page.ask(TRAIL) == ["all that is visible", "Python", "numpy 1.0"]
    assert "needed byapp" in str(page.ask(DETAILS))
    page.click(with_text(TILES, "core.so"))
    page.wait(f"{DETAILS}.includes('numpy/core.so')")
    assert page.ask(f"{TILES}.filter(it => it.classList.contains('chosen')).length") == 1
    assert "3.00 MB (3,000,000 bytes)" in str(page.ask(DETAILS))
    assert "layer 3: RUN chown -R 7 /" in str(page.ask(DETAILS))
    page.ask("history.back()")
    page.wait(f"{TRAIL}.length === 1")
    page.click("document.querySelector('input[value=hidden]')")
    page.wait(f"{TRAIL}[0] === 'all that is hidden'")
    page.click(with_text(TILES, "core.so"))
    page.wait(f"{DETAILS}.includes('hidden bylayer 3')")
    assert page.errors == []


def test_the_list_says_what_the_treemap_shows(browser: Browser, small: Path) -> None:
    page = opened(browser, small, "#in.files")
    names = page.ask(f"{ROWS}.map(it => it.querySelector('button').textContent)")
    assert names == ["opt", "srv", "etc"]
    before = page.ask(f"{ROWS}.map(it => it.textContent)")
    page.click("document.querySelector('input[value=compressed]')")
    assert page.ask("document.querySelector('#list-head').textContent") == "compressed"
    assert page.ask(f"{ROWS}.map(it => it.textContent)") != before
    page.click("document.querySelector('input[name=mode][value=layer]')")
    legend = page.ask("[...document.querySelectorAll('#legend li')].map(it => it.textContent)")
    assert legend == ["layer 1", "layer 3"]
    page.click(f"{with_text(ROWS, 'srv')}.querySelector('button')")
    page.wait(f"{TRAIL}.at(-1) === 'srv'")
    assert page.ask(f"{ROWS}.length") == 2
    assert page.errors == []


def test_the_keyboard_is_enough(browser: Browser, small: Path) -> None:
    page = opened(browser, small, "#in.files")
    for _ in range(40):
        page.press("Tab")
        if page.ask("document.activeElement.classList.contains('tile')"):
            break
    focused = "document.activeElement.getAttribute('aria-label')"
    assert str(page.ask(focused)).startswith("opt/venv/lib/python3.12/site-packages: 3.09 MB unpacked, 85.1 %, 7 files")
    page.press("ArrowRight")
    assert str(page.ask(focused)).startswith("srv: 540 kB unpacked")
    page.press("ArrowDown")
    assert str(page.ask(focused)).startswith("plain: 500 kB unpacked")
    page.press("ArrowUp")
    page.press("Enter")
    page.wait(f"{TRAIL}.at(-1) === 'srv' && document.activeElement.classList.contains('tile')")
    page.press("Escape")
    page.wait(f"{TRAIL}.length === 1")
    assert page.errors == []


def test_files_and_packages_are_found(browser: Browser, small: Path) -> None:
    page = opened(browser, small)
    page.click("document.querySelector('#find')")
    page.write("CORE.so")
    page.wait("document.querySelector('#found').textContent === '1 found'")
    page.click(f"{ROWS}[0].querySelector('button')")
    page.wait(f"{DETAILS}.startsWith('/opt/venv') && {DETAILS}.includes('numpy/core.so')")
    packages = "[...document.querySelectorAll('#packages-body tr')].map(it => it.querySelector('th').textContent)"
    assert page.ask(packages) == ["numpy1.0", "app2"]
    page.click("document.querySelector('th[data-key=name] button')")
    assert page.ask(packages) == ["app2", "numpy1.0"]
    assert page.ask("document.querySelector('th[data-key=name]').ariaSort") == "ascending"
    page.click("document.querySelector('#packages-wanted')")
    page.write("num")
    page.wait(f"{packages}.length === 1")
    page.click("document.querySelector('#packages-body button')")
    page.wait(f"{TRAIL}.at(-1) === 'numpy 1.0'")
    assert page.errors == []


def test_a_step_is_shown_at_once(browser: Browser, small: Path) -> None:
    """What is typed before the browser tells of the address that a step has set stays; so does the focus."""
    page = opened(browser, small)
    typed = page.ask(f"""(async () => {{
        const told = new Promise((done) => addEventListener("hashchange", done, {{ once: true }}));
        {with_text(TILES, "numpy 1.0")}.click();
        const find = document.querySelector("#find");
        find.value = "core";
        find.dispatchEvent(new Event("input"));
        await told;
        return [{TRAIL}.at(-1), find.value, document.querySelector("#found").textContent];
    }})()""")
    assert typed == ["numpy 1.0", "core", "1 found"]
    page.click("document.querySelector('#packages-body button')")
    page.wait("location.hash !== '' && document.activeElement.getAttribute('aria-current') === 'location'")
    page.ask("new Promise((done) => setTimeout(done))")
    assert page.ask("document.activeElement.getAttribute('aria-current')") == "location"
    assert page.errors == []


def test_everything_that_can_be_used_has_a_name(browser: Browser, small: Path) -> None:
    page = opened(browser, small)
    nameless = """[...document.querySelectorAll('button, [role=button], input, a, nav, [role=group], [role=region]')]
        .filter(it => !it.hidden && !(it.getAttribute('aria-label') || it.textContent.trim() || it.labels?.length))
        .map(it => it.outerHTML)"""
    assert page.ask(nameless) == []
    tree = [str(name) for name in page.accessible_names()]
    assert "Treemap: the larger, the more bytes" in tree
    assert any(name.startswith("numpy 1.0: 3.") for name in tree)


def test_hostile_names_are_text(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, written(hostile_analysis(), tmp_path))
    page.ask("window.alert = () => { window.alerted = true; }")
    assert page.ask("document.scripts.length") == 2
    for view in ("files", "hidden", "packages"):
        page.click(f"document.querySelector('input[value={view}]')")
        page.wait(f"document.querySelector('input[value={view}]').checked && {TILES}.length > 1")
    page.click(f"{TILES}[1]")
    page.click("document.querySelector('#find')")
    page.write("<script>")
    page.wait(f"{ROWS}.length > 0 && {ROWS}[0].textContent.includes('<script>alert(1)')")
    page.click(f"{ROWS}[0].querySelector('button')")
    page.wait(f"{DETAILS}.includes('<script>alert(1)')")
    page.wait("document.querySelector('#packages-body').textContent.includes('<script>alert(1)')")
    assert page.ask("document.scripts.length") == 2
    assert page.ask("window.alerted") is None
    assert not page.ask(r"/[\u202a-\u202e\u2066-\u2069\x00-\x08\x1b]/.test(document.body.innerText)")
    assert page.errors == []


def test_sixty_thousand_files_open_at_once(browser: Browser, tmp_path: Path) -> None:
    """The time is printed (pytest -s), not asserted: what makes it is, bytes and elements."""
    file = written(large_analysis(), tmp_path)
    page = Page(browser)
    started = time.monotonic()
    page.open(file.as_uri())
    seconds = time.monotonic() - started
    elements = page.ask("document.querySelectorAll('*').length")
    print(f"{file.stat().st_size:,} bytes, {elements} elements, opened in {seconds:.2f} s")  # noqa: T201 - for -s
    assert file.stat().st_size < 3_000_000
    assert isinstance(elements, int)
    assert elements < 6_000
    for _ in range(4):  # to the files of a package and further
        page.click(f"{ROWS}[0].querySelector('button')")
    assert "package_" in str(page.ask(DETAILS))
    assert page.ask("document.querySelectorAll('*').length < 6000")
    assert page.errors == []


def test_a_finding_leads_to_its_files_and_they_lead_back(browser: Browser, small: Path) -> None:
    page = opened(browser, small)
    page.click(with_text("[...document.querySelectorAll('#finding-1 button')]", "show its files"))
    page.wait(f"{TRAIL}[0] === 'all that is hidden'")
    lit = f"{TILES}.filter(it => it.classList.contains('lit')).map(it => it.querySelector('b')?.textContent)"
    assert "core.so" in cast("list[str]", page.ask(lit))
    about = "document.querySelector('#about')"
    assert "Highlighted: finding 1 " in str(page.ask(f"{about}.textContent"))
    page.click(with_text(TILES, "core.so"))
    page.wait(f"{DETAILS}.includes('warning 1: metadata-copy')")
    page.click("document.querySelector('#details a[href=\"#finding-1\"]')")
    page.wait("document.activeElement.id === 'finding-1'")
    page.ask("history.back()")
    page.wait("location.hash.endsWith('~1')")
    page.click(with_text(f"[...{about}.querySelectorAll('button')]", "show everything"))
    page.wait(f"{about}.hidden && {lit}.length === 0")
    assert page.errors == []


def test_a_finding_s_address_opens_it(browser: Browser, small: Path) -> None:
    page = opened(browser, small, "#in.hidden~1")
    assert page.ask(f"{TILES}.some(it => it.classList.contains('lit'))")
    page = opened(browser, small, "#in.files~99")
    assert page.ask("document.querySelector('#about').hidden")
    page = opened(browser, small, "#finding-1")
    page.wait("document.activeElement.id === 'finding-1'")
    assert page.errors == []


def test_all_findings_are_a_colour(browser: Browser, small: Path) -> None:
    page = opened(browser, small, "#in.hidden")
    page.click("document.querySelector('input[value=findings]')")
    page.wait(f"{TILES}.some(it => it.classList.contains('lit'))")
    legend = page.ask("[...document.querySelectorAll('#legend li')].map(it => it.textContent)")
    assert "findings are about it" in cast("list[str]", legend)
    assert page.errors == []


def test_a_fix_is_copied(browser: Browser, small: Path) -> None:
    page = opened(browser, small)
    page.ask("document.addEventListener('copy', () => { window.copied = String(getSelection()); })")
    page.ask("navigator.clipboard.writeText = () => Promise.reject(new Error('none'))")  # as where there is none
    page.click(with_text("[...document.querySelectorAll('#finding-1 button')]", "copy the fix"))
    page.wait("window.copied")
    assert page.ask("window.copied === document.querySelector('#finding-1 .fix').innerText")
    page.ask("navigator.clipboard.writeText = (text) => { window.written = text; return Promise.resolve(); }")
    page.click(with_text("[...document.querySelectorAll('#finding-1 button')]", "copy the fix"))
    page.wait("document.querySelector('#finding-1 [role=status]').textContent === 'copied'")
    assert page.ask("window.written === document.querySelector('#finding-1 .fix').textContent")
    assert page.errors == []
