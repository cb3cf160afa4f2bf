"""Files are weighed as gzip members, alone, with any number of workers."""

import gzip
from pathlib import Path

import pytest
from tests.assets.standalone.servers import make_tree

from lightship.assets.codecs import encode
from lightship.assets.standalone import weigh
from lightship.assets.standalone.weigh import compressed_sizes


def test_each_file_is_weighed_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"export const greeting = 'hello'\n" * 1000
    tree = make_tree(tmp_path, {"a.js": text, "b.js": text, "empty.js": b""})
    found = compressed_sizes(tree, tree.files, 2)
    assert set(found) == set(tree.files)
    assert found["a.js"] == found["b.js"] == len(encode(text, "gzip", "ci"))
    assert gzip.decompress(encode(text, "gzip", "ci")) == text
    assert found["empty.js"] == 0
    monkeypatch.setattr(weigh, "_AT_ONCE_BYTES", 10_000)
    assert found["a.js"] < compressed_sizes(tree, ["a.js"], 1)["a.js"] < len(text)
