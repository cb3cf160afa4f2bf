"""A build that was not retargeted is told wherever it is served from."""

import gzip
from pathlib import Path

import pytest

from lightship.assets.retarget.prefix import PLACEHOLDER
from lightship.flows.assets.placeholder import asks_for_placeholder, not_retargeted

PAGE = f'<script src="{PLACEHOLDER}/app.js"></script>'.encode()


@pytest.mark.parametrize(
    ("name", "content", "asks"),
    [
        ("index.html", PAGE, True),
        ("app.js", PAGE.replace(b"/", b"\\u002F"), True),
        ("app.js.gz", gzip.compress(PAGE), True),
        ("app.js.gz", b"damaged", False),
        ("index.html", b"<script src=https://static.example/app.js>", False),
        ("picture.png", PAGE, False),
        (".lightship-retarget.json", PAGE, False),
        ("app.js.map", b'{"version":3,"mappings":"AAAA","sources":["' + PLACEHOLDER.encode() + b'"]}', False),
    ],
)
def test_what_asks_for_it(tmp_path: Path, name: str, content: bytes, asks: bool) -> None:
    (tmp_path / name).write_bytes(content)
    assert asks_for_placeholder(tmp_path, name) is asks
    assert (not_retargeted(tmp_path) is not None) is asks


def test_the_sentence_names_files_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(PAGE)
    assert not_retargeted(tmp_path) == (
        f"{PLACEHOLDER} stands in index.html: no browser finds what has it in front; "
        f"lightship assets retarget {tmp_path} --cdn URL, or --origin, comes first"
    )
