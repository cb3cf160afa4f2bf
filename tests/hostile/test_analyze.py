"""Broken, foreign and hostile images: one sentence or a finding, never a traceback, never memory without end."""

import contextlib
import io
import json
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from tests.analyze.making import Made, files, image_of
from tests.analyze.test_analysis import debian
from tests.flows.test_layer_contents import package

from lightship.analyze.analysis import analyze
from lightship.analyze.model import Analysis
from lightship.archive.tar_write import END, TypeFlag, header
from lightship.errors import HostileError, LightshipError
from lightship.flows.analyze import analyze_image, analyze_report
from lightship.image.blobs import StreamLayer, from_blobs
from lightship.image.synthetic import synthetic_image, synthetic_layer
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.oci.reference import Reference
from lightship.report.analyze import render_analysis
from lightship.report.json import render_json
from lightship.store.oci_layout import write_layout
from lightship.store.open import open_image
from lightship.store.tags import Tag

CONFIG: dict[str, object] = {"os": "linux", "architecture": "amd64"}


def told(analysis: Analysis) -> tuple[str, str]:
    """Whatever was found can be said."""
    report = analyze_report(analysis)
    return render_analysis(report, verbose=True), render_json(report)


def test_each_byte_of_a_layout_can_be_wrong(tmp_path: Path) -> None:
    """Every blob in turn, at several places: an error, or the same report where the byte meant nothing."""
    wheel = package("numpy", "1.0", {"numpy.py": b"x" * 5000})
    write_layout(image_of(debian(), files(wheel)), tmp_path / "out", [Tag("latest")])
    reference = Reference.parse(f"oci:{tmp_path / 'out'}")
    for path in sorted(path for path in (tmp_path / "out").rglob("*") if path.is_file()):
        content = path.read_bytes()
        path.chmod(0o644)
        for place in range(0, len(content), max(1, len(content) // 12)):
            path.write_bytes(content[:place] + bytes([content[place] ^ 0x41]) + content[place + 1 :])
            with contextlib.suppress(LightshipError), open_image(reference) as image:
                told(analyze_image(image, reference))
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises(LightshipError), open_image(reference) as image:
            analyze_image(image, reference)
        path.write_bytes(content)


def layout(folder: Path, manifest: dict[str, object], config: bytes = b"{}") -> Reference:
    """A layout whose only manifest is ``manifest``."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)
    (blobs / Digest.of(config).hex).write_bytes(config)
    raw = json.dumps(manifest).encode()
    (blobs / Digest.of(raw).hex).write_bytes(raw)
    entry = {
        "mediaType": manifest.get("mediaType", "application/vnd.oci.image.manifest.v1+json"),
        "digest": str(Digest.of(raw)),
        "size": len(raw),
    }
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return Reference.parse(f"oci:{folder}")


@pytest.mark.parametrize(
    "manifest",
    [
        {  # an OCI artifact
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": "application/vnd.example.sbom",
            "config": {
                "mediaType": "application/vnd.oci.empty.v1+json", "digest": str(Digest.of(b"{}")), "size": 2,
            },
            "layers": [{"mediaType": "text/spdx+json", "digest": str(Digest.of(b"{}")), "size": 2}],
        },
        {  # schema 1
            "schemaVersion": 1,
            "name": "library/old",
            "mediaType": "application/vnd.docker.distribution.manifest.v1+json",
            "fsLayers": [{"blobSum": str(Digest.of(b"{}"))}],
            "history": [{"v1Compatibility": "{}"}],
        },
    ],
    ids=["artifact", "schema-1"],
)  # fmt: skip
def test_what_is_no_image_is_one_sentence(tmp_path: Path, manifest: dict[str, object]) -> None:
    reference = layout(tmp_path / "out", manifest)
    with pytest.raises(LightshipError) as caught, open_image(reference) as image:
        analyze_image(image, reference)
    assert str(caught.value)


def test_an_index_without_the_platform_names_what_there_is(tmp_path: Path) -> None:
    write_layout(synthetic_image({"a": b"1"}), tmp_path / "out", [Tag("latest")])
    reference = Reference.parse(f"oci:{tmp_path / 'out'}")
    with pytest.raises(LightshipError, match="amd64"), open_image(reference, Platform("linux", "s390x")) as image:
        analyze_image(image, reference)


def lines_without_end() -> bytes:
    return b"Package: x\nVersion: 1\n" + b"Depends: " + b"a (>= 1), " * 200_000 + b"b\n"


@pytest.mark.parametrize(
    "contents",
    [
        {"var/lib/dpkg/status": lines_without_end()},
        {"var/lib/dpkg/status": b"\0" * 10_000, "var/lib/dpkg/diversions": b"\n" * 99_999},
        {"lib/apk/db/installed": b"P:x\nV:1\n" + b"F:a\n" * 50_000},
        {"conda-meta/x.json": b"[" * 100_000},
        {"node_modules/x/package.json": b'{"a":' * 50_000},
        {"node_modules/x/package.json": b'{"name": "x", "version": "1", "dependencies": 7}'},
        {"s/x-1.dist-info/METADATA": b"Name: x\nVersion: 1\n" + b"Requires-Dist: y ; \n" * 50_000},
        {"s/x-1.dist-info/METADATA": b"Name: x\nVersion: 1\n", "s/x-1.dist-info/RECORD": b'"' * 50_000},
        {
            "s/x-1.dist-info/METADATA": b"Name: x\nVersion: 1\n",
            "s/x-1.dist-info/RECORD": b"../../../../../../etc/passwd,,\n\\..\\x,,\n/,,\n,,\n..,,\n",
        },
        {"bin/x": b"\x7fELF\xff Go buildinf:" + b"\xff" * 5000},
    ],
    ids=range(10),
)
def test_metadata_may_be_anything(contents: dict[str, bytes]) -> None:
    analysis = analyze(image_of(files(contents, mode=0o755)))
    packages = sum(each.unpacked_bytes for each in analysis.packages)
    assert packages + analysis.totals.unowned_bytes == analysis.totals.visible_bytes
    told(analysis)


def test_names_steer_no_terminal_and_break_no_json() -> None:
    names = ["new\nline", "esc\x1b[31m", "caf\udce9", "quote\"'", "x" * 200, " "]
    text, document = told(analyze(image_of([Made(f"opt/{name}", b"1" * 200_000) for name in names])))
    assert json.loads(document)["totals"]["files"] == len(names)
    assert text


def test_members_that_lie_are_refused() -> None:
    with pytest.raises(LightshipError):
        analyze(image_of([Made("../../etc/passwd", b"1")]))
    with pytest.raises(LightshipError):
        analyze(from_blobs([synthetic_layer(b"\1" * 2048)], CONFIG))
    with pytest.raises(LightshipError):
        analyze(image_of([Made(".wh...", b"")]))


def test_more_members_than_any_image_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightship.analyze.read.MOST_ENTRIES", 50)
    monkeypatch.setattr("lightship.analyze.read._BATCH", 10)  # so often it counts
    with pytest.raises(HostileError, match="want at most 50 members"):
        analyze(image_of([Made(f"f{number}") for number in range(60)]))


def test_many_members_take_little_memory() -> None:
    count, nothing = 20_000, Digest.of(b"")
    tar = b"".join(
        header(f"opt/deep/{number % 997}/{number}", flag=TypeFlag.FILE, mode=0o644, mtime=0) for number in range(count)
    )
    layer = StreamLayer(
        opener=lambda: io.BytesIO(tar + END),
        digest=nothing,
        diff_id=nothing,
        media_type="application/vnd.oci.image.layer.v1.tar",
        compressed_bytes=0,
    )
    image = from_blobs([layer], CONFIG)
    tracemalloc.start()
    try:
        analysis = analyze(image, verify=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert analysis.totals.files == count
    assert peak < count * 600 + 2 * len(tar) + 5_000_000  # the join of tar and END, which the test itself makes


def test_hard_links_in_a_circle_and_across_layers() -> None:
    def hard(path: str, target: str) -> Made:
        return Made(path, kind=tarfile.LNKTYPE, target=target)

    analysis = analyze(image_of([hard("a", "b"), hard("b", "a"), Made("c", b"1")], [hard("d", "c"), hard("c", "d")]))
    assert analysis.totals.visible_bytes == 1
    assert [finding.location for finding in analysis.findings] == ["a", "b"]
    told(analysis)
