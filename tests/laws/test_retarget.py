"""A build that is retargeted is the build that would have been made for the other prefix, byte for byte."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.assets.retarget.prefix import PLACEHOLDER, Prefix
from lightship.assets.retarget.state import STATE_NAME
from lightship.flows.assets.retarget import RetargetRequest, retarget_assets
from lightship.progress import SILENT
from lightship.store.cache import Cache

Build = Callable[[str], dict[str, bytes]]
"""What a bundler makes of one source for a prefix."""

_LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)
_PREFIXES = st.one_of(
    st.just(""),
    st.builds(
        lambda scheme, labels, port, path: f"{scheme}://{'.'.join(labels)}.example{port}{path}",
        st.sampled_from(["http", "https"]),
        st.lists(_LABEL, min_size=1, max_size=3),
        st.sampled_from(["", ":8443", ":1"]),
        st.sampled_from(["", "/a", "/a.b/c~d_e"]),
    ),
)
_FORMS: tuple[tuple[str, str], ...] = (
    (":", "/"), (":", r"\/"), (r"\\x3a", r"\\x2f"), (":", r"\u002F"), ("%3A", "%2F"), ("%253a", "%252f"),
    (":", "&#x2F;"),
)  # fmt: skip
_WORDS = st.text("abcé <>{}()[];,.-'\n🚢", max_size=12)
_PIECES = st.lists(st.tuples(_WORDS, st.sampled_from(_FORMS)), max_size=6)


def _written(pieces: list[tuple[str, tuple[str, str]]], prefix: str) -> str:
    parts = []
    for words, (colon, slash) in pieces:
        address = prefix.replace("://", "\0//").replace(":", colon).replace("\0", colon).replace("/", slash)
        parts.append(f'{words}"{address}{slash}a"')
    return "".join(parts)


def _payload(texts: list[str], prefix: str) -> str:
    rows = [f"{number:x}:T{len((text + prefix).encode()):x},{text}{prefix}" for number, text in enumerate(texts, 1)]
    return "".join([':HL["' + prefix + '/a.css"]\n', *rows, '0:"end"\n'])


def _page(payload: str, cuts: list[int]) -> str:
    ends = sorted({cut % (len(payload) + 1) for cut in cuts} | {len(payload)})
    pieces = [payload[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    return "".join(f"<script>self.__next_f.push([1,{json.dumps(piece)}])</script>" for piece in pieces)


def _files(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.iterdir() if path.name != STATE_NAME}


def _retarget(root: Path, prefix: str, cache: Path) -> None:
    request = RetargetRequest(target=Prefix.parse(prefix), placeholder=Prefix.parse(PLACEHOLDER))
    retarget_assets(root, request, Cache(cache), SILENT, jobs=1)


def _check(build: Build, prefixes: list[str]) -> None:
    with tempfile.TemporaryDirectory() as made:
        root = Path(made) / "web"
        root.mkdir()
        for name, content in build(PLACEHOLDER).items():
            (root / name).write_bytes(content)
        for prefix in [*prefixes, PLACEHOLDER]:
            _retarget(root, prefix, Path(made) / "cache")
            assert _files(root) == build(prefix)


@settings(deadline=None, max_examples=40)
@given(_PIECES, _PIECES, st.lists(_WORDS, max_size=4), st.lists(_PREFIXES, min_size=1, max_size=4))
def test_as_if_built_for_it(
    script: list[tuple[str, tuple[str, str]]],
    page: list[tuple[str, tuple[str, str]]],
    texts: list[str],
    prefixes: list[str],
) -> None:
    def build(prefix: str) -> dict[str, bytes]:
        payload = _payload(texts, prefix)
        return {
            "app.js": _written(script, prefix).encode(),
            "index.html": (_written(page, prefix) + _page(payload, [])).encode(),
            "index.rsc": payload.encode(),
        }

    _check(build, prefixes)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 10_000), max_size=5), st.lists(_PREFIXES, min_size=1, max_size=3))
def test_a_page_whose_payload_is_cut_says_the_same(cuts: list[int], prefixes: list[str]) -> None:
    """Where the cuts are is the build's; what the pieces say together is what counts, and the way back is exact."""
    payload = _payload(["one ", "two"], PLACEHOLDER)
    built = _page(payload, cuts).encode()
    with tempfile.TemporaryDirectory() as made:
        root = Path(made) / "web"
        root.mkdir()
        (root / "index.html").write_bytes(built)
        for prefix in prefixes:
            _retarget(root, prefix, Path(made) / "cache")
            pieces = (root / "index.html").read_text().split("push([1,")[1:]
            said = "".join(json.loads(piece.partition("])</script>")[0]) for piece in pieces)
            assert said == _payload(["one ", "two"], prefix)
        _retarget(root, PLACEHOLDER, Path(made) / "cache")
        assert (root / "index.html").read_bytes() == built
