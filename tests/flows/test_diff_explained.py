"""The sentence about what differs: packages where they explain it, layers where they do not."""

from tests.flows.test_check import AFTER, BASE, BEFORE

from lightship.flows.diff import diff_images, explain_diff
from lightship.image.synthetic import synthetic_image


def test_packages_explain_unpacked_bytes() -> None:
    found = explain_diff(diff_images(BEFORE, AFTER))
    assert found.of == "unpacked"
    assert [(change.what, change.state) for change in found.changes] == [("numpy", "changed"), ("duckdb", "new")]
    rest = found.grown_bytes - sum(change.grown_bytes for change in found.changes)
    assert rest == -100, "etc/a is no package's"


def test_layers_explain_what_no_package_does() -> None:
    before, after = synthetic_image(BASE), synthetic_image(BASE, {"data": bytes(range(256)) * 40})
    found = explain_diff(diff_images(before, after))
    assert found.of == "compressed"
    assert found.grown_bytes == after.layers[1].compressed_bytes
    assert [(change.state, change.grown_bytes) for change in found.changes] == [("new", found.grown_bytes)]
    assert explain_diff(diff_images(BEFORE, AFTER, packages=False)).of == "compressed"


def test_nothing_differs() -> None:
    assert explain_diff(diff_images(BEFORE, BEFORE)).sentence == "no growth of compressed bytes"
