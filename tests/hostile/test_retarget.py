"""Whatever the files of a build hold: they are retargeted and come back, or one clear sentence and nothing changed."""

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lightship.assets.retarget.prefix import PLACEHOLDER, Prefix
from lightship.assets.retarget.state import STATE_NAME
from lightship.errors import LightshipError
from lightship.flows.assets.retarget import RetargetRequest, retarget_assets
from lightship.progress import SILENT
from lightship.store.cache import Cache

_NAMES = st.sampled_from(
    ["index.html", "a.js", "a.css", "a.json", "a.rsc", "a.txt", "a.meta", "prerender-manifest.json", "sw.js", "a.bin"]
)
_PIECES = st.sampled_from(
    [PLACEHOLDER, "cdn.lightship.invalid", "//cdn.lightship.invalid", r"https:\/\/cdn.lightship.invalid",
     "https%3A%2F%2Fcdn.lightship.invalid",
     '<script>self.__next_f.push([1,"', '"])</script>', "1:T5,", "1:T1d,", "0:",
     '"', "'", "\n", "\\", "&#39;", "<", ">", "{", "}", "script-src ", "; ",
     '{"postponed":"', "9:", "null", "#", "revision",
     '"hostname":"', '","protocol":"https","port":"', '"htmlSize":', '"/":{', "<meta http-equiv=",
     "sha256-", "precacheAndRoute([{url:", "é🚢", "\0"]
)  # fmt: skip
_CONTENTS = st.lists(st.one_of(_PIECES, st.text(max_size=3)), max_size=12).map("".join)


def _files(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.iterdir() if path.name != STATE_NAME}


@settings(deadline=None, max_examples=80)
@given(st.dictionaries(_NAMES, _CONTENTS, min_size=1, max_size=3), st.booleans())
@example({"a.rsc": f"1:T1d,{PLACEHOLDER}2:T1,"}, False)
@example({"index.html": f'<script>self.__next_f.push([1,"1:T1d,{PLACEHOLDER}'}, False)
@example({"a.meta": f'{{"postponed":"9:{PLACEHOLDER}"}}'}, False)
def test_it_comes_back_or_nothing_changed(files: dict[str, str], leave: bool) -> None:
    with tempfile.TemporaryDirectory() as made:
        root = Path(made) / "web"
        root.mkdir()
        for name, text in files.items():
            (root / name).write_bytes(text.encode("utf-8", "replace"))
        before = _files(root)
        for cdn in ("https://b.example:81/x", "", PLACEHOLDER):
            request = RetargetRequest(
                target=Prefix.parse(cdn),
                placeholder=Prefix.parse(PLACEHOLDER),
                leave=("*",) if leave else (),
            )
            try:
                retarget_assets(root, request, Cache(Path(made) / "cache"), SILENT, jobs=1)
            except LightshipError:
                if cdn != "https://b.example:81/x":
                    raise
                break
        assert _files(root) == before
