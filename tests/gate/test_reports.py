"""Reports of other runs as a baseline: what they tell is taken, what they do not tell stays unknown."""

import json

import pytest

from lightship.errors import LightshipError
from lightship.gate.reports import read_cold_start, read_measures

DIGEST = "sha256:" + "1" * 64
LAYER = {
    "digest": DIGEST,
    "media_type": "application/vnd.oci.image.layer.v1.tar+gzip",
    "compressed_bytes": 70,
    "created_by": "RUN x",
}
ANALYZE: dict[str, object] = {
    "schema": "lightship/analyze/1",
    "image": {"reference": "oci:x", "digest": DIGEST, "platform": "linux/amd64", "layers": [LAYER]},
    "totals": {"compressed_bytes": 70, "unpacked_bytes": 200, "wasted_bytes": 5},
    "packages": [{"ecosystem": "python", "name": "numpy", "version": "1", "unpacked_bytes": 90, "files": 3}],
    "findings": [{"code": "a", "severity": "note", "title": "", "message": "", "location": ""}],
    "complete": True,
}
BUILD: dict[str, object] = {
    "schema": "lightship/build/1",
    "reference": "shop:1",
    "digest": DIGEST,
    "platform": "linux/amd64",
    "layers": [LAYER],
    "unpacked_bytes": 999,
}
CHECK: dict[str, object] = {
    "schema": "lightship/check/1",
    "image": {"reference": "oci:x", "digest": DIGEST, "platform": "linux/amd64", "compressed": True},
    "measures": {"compressed": 70, "package:numpy": 90, "cold-start": 1.5},
}
VERIFY: dict[str, object] = {
    "schema": "lightship/verify/1",
    "image": "oci:x",
    "digest": DIGEST,
    "platform": "linux/amd64",
    "phases": {"start_s": 0.5, "ready_s": 1.25},
}


def raw(document: object) -> bytes:
    return json.dumps(document).encode()


def test_analyze_tells_all_but_times() -> None:
    found = read_measures(raw(ANALYZE), "old.json")
    values = {metric: found.figure(metric).value for metric in ("compressed", "layer", "unpacked", "package", "waste")}
    assert values == {"compressed": 70, "layer": 70, "unpacked": 200, "package": 90, "waste": 5}
    assert found.figure("findings", "note").value == 1
    assert found.figure("cold-start").value is None
    assert "a report of lightship analyze does not tell it (old.json)" in found.figure("cold-start").reason


def test_an_analysis_with_holes_tells_no_sums() -> None:
    found = read_measures(raw({**ANALYZE, "complete": False}), "old.json")
    assert found.figure("compressed").value == 70
    for metric in ("unpacked", "package", "waste"):
        assert found.figure(metric).value is None
    assert "could not be read" in found.figure("findings", "error").reason


def test_build_tells_of_layers_and_files() -> None:
    found = read_measures(raw(BUILD), "build.json")
    assert found.figure("compressed").value == 70
    assert found.figure("unpacked").value == BUILD["unpacked_bytes"]
    assert found.figure("waste").value is None


def test_of_a_build_for_several_platforms_the_right_one() -> None:
    rows = [
        {**BUILD, "platform": name, "layers": [{**LAYER, "compressed_bytes": size}]}
        for name, size in (("linux/amd64", 1), ("linux/arm64", 2))
    ]
    document = raw({**BUILD, "platforms": rows})
    assert read_measures(document, "b.json", platform="linux/arm64").figure("layer").value == 2
    with pytest.raises(LightshipError, match="want an image for linux/s390x, got linux/amd64, linux/arm64"):
        read_measures(document, "b.json", platform="linux/s390x")


def test_check_tells_the_figures_it_had() -> None:
    found = read_measures(raw(CHECK), "check.json")
    assert found.figure("compressed").value == 70
    assert found.figure("package", "numpy").value == 90
    assert found.figure("package", "torch").value is None
    assert found.figure("cold-start").value == 1.5
    nothing = read_measures(raw({**CHECK, "image": None, "measures": {}}), "check.json")
    assert nothing.figure("compressed").value is None


def test_verify_and_bench_tell_the_cold_start_of_that_image() -> None:
    bench = {"schema": "lightship/bench/1", "images": [{"digest": "sha256:other", "phases": {}}, VERIFY]}
    assert read_cold_start(raw(VERIFY), "v.json", DIGEST) == 1.25
    assert read_cold_start(raw(bench), "b.json", DIGEST) == 1.25
    assert read_measures(raw(VERIFY), "v.json").figure("cold-start").value == 1.25
    with pytest.raises(LightshipError, match="want times of sha256:2, got those of another image"):
        read_cold_start(raw(VERIFY), "v.json", "sha256:2")
    with pytest.raises(LightshipError, match="want a report of lightship verify or bench, got analyze"):
        read_cold_start(raw(ANALYZE), "a.json", DIGEST)
    failed = {**VERIFY, "probes": [{"name": "a", "ok": True}, {"name": "b", "ok": False}]}
    with pytest.raises(LightshipError, match=r"v\.json\.probes: want a start whose probes were good"):
        read_cold_start(raw(failed), "v.json", DIGEST)
    with pytest.raises(LightshipError, match="the image was not started"):
        read_cold_start(raw({**VERIFY, "phases": {"ready_s": None}}), "v.json", DIGEST)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "want JSON"),
        (b"\xff\xfe", "want JSON"),
        (b"[]", "want an object"),
        (b"{}", "want a report of lightship analyze, check or build"),
        (b'{"schema": "lightship/diff/1"}', "want a report of lightship analyze"),
        (b'{"schema": "lightship/analyze/2"}', "want version 1"),
        (b'{"schema": "lightship/analyze/1"}', "old.json.image: want a value"),
        (b'{"schema": "lightship/check/1", "measures": {"compressed": -1}}', "want a number that is not negative"),
        (b'{"schema": "lightship/check/1", "measures": {"compressed": true}}', "want a number that is not negative"),
        (b'{"schema": "lightship/check/1", "measures": {"compressed": NaN}}', "got the number NaN"),
        (b'{"schema": "lightship/check/1", "measures": {"compressed": 1e999}}', "want a number that is not negative"),
        (b'{"schema": "lightship/build/1", "layers": [{"digest": "x"}]}', "compressed_bytes: want a value"),
        (b"[" * 100_000, "nested too deep"),
    ],
)
def test_a_document_that_is_none_is_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(LightshipError, match=sentence):
        read_measures(content, "old.json")
