"""The terminal browser, driven by keys in a terminal that only Textual sees."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from tests.cli.conftest import Lightship
from tests.report.html.analyses import hostile_analysis, small_analysis

from lightship.analyze.model import Analysis

pytest.importorskip("textual")

from textual.pilot import Pilot
from textual.widgets import Static, Tree

from lightship.cli.browser import Browser

Act = Callable[[Browser, Pilot[None]], Coroutine[Any, Any, None]]


def driven(found: Analysis, act: Act) -> None:
    async def run() -> None:
        app = Browser(found)
        async with app.run_test(size=(110, 40)) as pilot:
            await pilot.pause()
            await act(app, pilot)

    asyncio.run(run())


def labels(app: Browser) -> list[str]:
    return [str(node.label).strip() for node in app.query_one("#tree", Tree).root.children]


def said(app: Browser, name: str) -> str:
    return str(app.query_one(name, Static).content)


def test_layers_lead_to_their_trees() -> None:
    async def act(app: Browser, pilot: Pilot[None]) -> None:
        assert labels(app)[0].endswith("opt")
        assert [label.split()[-1] for label in labels(app)] == ["opt", "srv", "etc"]
        assert "unique" in said(app, "#details")
        await pilot.press("down", "down")
        assert [label.split()[-1] for label in labels(app)] == ["opt"]
        assert "RUN install plain" in said(app, "#details")

    driven(small_analysis(), act)


def test_states_are_turned_on_and_off() -> None:
    async def act(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.press("down", "down")
        assert "7 files, 3.09 MB" in said(app, "#said")
        await pilot.press("s")
        assert "[ ] x shadowed" in said(app, "#said")
        assert "3 files, 90.1 kB" in said(app, "#said")
        await pilot.press("s", "c")
        assert "[x] x shadowed" in said(app, "#said")
        assert "7 files" in said(app, "#said")

    driven(small_analysis(), act)


def test_a_file_tells_its_owner_and_its_instruction() -> None:
    async def act(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.press("tab")
        for _ in range(7):  # opt, venv, lib, python3.12, site-packages, numpy, core.so
            await pilot.press("down", "space")
            await pilot.pause()
        assert "numpy/core.so" in said(app, "#details")
        assert "owned by numpy 1.0 (python)" in said(app, "#details")
        assert "by layer 3: RUN chown -R 7 /" in said(app, "#details")
        await pilot.press("q")

    driven(small_analysis(), act)


def test_hostile_names_are_text() -> None:
    async def act(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.press("down", "tab", "down", "space", "down")
        await pilot.pause()
        shown = "".join([*labels(app), said(app, "#details")])
        assert "\x1b" not in shown
        assert "\u202e" not in shown

    driven(hostile_analysis(), act)


def test_without_a_terminal_it_is_a_sentence(lightship: Lightship) -> None:
    said = lightship("analyze", "oci:nowhere", "--tui")
    assert said.status == 2
    assert "--tui: want a terminal, got none" in said.stderr
