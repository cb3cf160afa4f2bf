"""An image is measured no further than its budgets ask, and whatever cannot be read is a failure, never a pass."""

import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.flows.test_layer_contents import package
from tests.store.registry.conftest import access, registry
from tests.store.registry.faulty import Registry, answer

from lightship.flows.analyze import analyze_image, analyze_report
from lightship.flows.check import CheckOutcome, CheckRequest, check
from lightship.flows.check_report import check_report
from lightship.gate.budgets import budgets_of_flags
from lightship.gate.model import Ignore, Source
from lightship.image.protocol import Image
from lightship.image.synthetic import Files, synthetic_image
from lightship.image.views import digest_of
from lightship.oci.platform import Platform
from lightship.oci.reference import Reference
from lightship.store.copy import copy
from lightship.store.oci_layout import write_layout
from lightship.store.registry.access import RegistryAccess
from lightship.store.tags import Tag

__all__ = ["access", "registry"]

TODAY = datetime.date(2026, 11, 24)
BASE: Files = {"bin/sh": b"1" * 3000}
OLD: Files = {**package("numpy", "1.0", {"numpy.py": bytes(range(256)) * 10}), "etc/a": b"1" * 100}
NEW: Files = {
    **package("numpy", "1.1", {"numpy.py": bytes(range(256)) * 30}),
    **package("duckdb", "1.0", {"duckdb.py": b"d" * 4000}),
}
BEFORE, AFTER = synthetic_image(BASE, OLD), synthetic_image(BASE, NEW)


@pytest.fixture
def request_(tmp_path: Path) -> CheckRequest:
    """Of ``oci:after`` against nothing."""
    for name, image in (("before", BEFORE), ("after", AFTER)):
        write_layout(image, tmp_path / name, [Tag("latest")])
    return CheckRequest(image=f"oci:{tmp_path}/after", budgets=(), today=TODAY, cache_root=tmp_path / "cache")


def asked(request: CheckRequest, *maxima: str, growth: tuple[str, ...] = (), **others: object) -> CheckOutcome:
    return check(replace(request, budgets=budgets_of_flags(maxima, growth), **others))  # type: ignore[arg-type]


def before(request: CheckRequest) -> str:
    return request.image.replace("after", "before")


def compressed(image: Image) -> int:
    return sum(layer.compressed_bytes for layer in image.layers)


def test_an_image_within_its_budgets_passes(request_: CheckRequest) -> None:
    found = asked(
        request_, "compressed=1MB", "layer=1MB", "unpacked=1MB", "package:duckdb=10kB", "waste=0B", "findings=0"
    )
    assert found.verdict.passed
    values = {row.metric: row.value for row in found.verdict.rows}
    assert values["compressed"] == compressed(AFTER)
    assert values["unpacked"] == sum(len(c) for files in (BASE, NEW) for c in files.values() if isinstance(c, bytes))


def test_growth_past_the_budget_is_no_pass_and_is_explained(request_: CheckRequest) -> None:
    found = asked(request_, growth=("2%",), baseline=before(request_))
    (row,) = found.verdict.rows
    assert (row.value, row.baseline, row.passed) == (compressed(AFTER), compressed(BEFORE), False)
    assert found.explanation is not None
    assert found.explanation.of == "unpacked"
    assert "numpy 1.0 → 1.1 (+5.1)" in found.explanation.sentence
    assert "new: duckdb (+4." in found.explanation.sentence
    assert asked(request_, growth=("999%",), baseline=before(request_)).verdict.passed


def test_without_a_baseline_growth_is_no_pass(request_: CheckRequest) -> None:
    found = asked(request_, growth=("999%",))
    assert not found.verdict.passed
    assert "no baseline" in found.verdict.rows[0].reason


@pytest.mark.parametrize(
    "baseline", ["oci:absent", "absent.json", "./absent.tar", "docker://127.0.0.1:9/x:main", "oci:"]
)
def test_a_baseline_that_is_not_there_is_a_failure_even_where_nobody_needs_it(
    baseline: str, request_: CheckRequest
) -> None:
    found = asked(
        request_, "compressed=1GB", baseline=baseline, access=RegistryAccess(retries=0, timeout_s=2.0, backoff_s=0.01)
    )
    assert not found.verdict.passed
    assert [failure.code for failure in found.verdict.failures] == ["no-baseline"]
    assert found.verdict.rows[0].passed


def test_a_report_that_is_none_is_a_failure(request_: CheckRequest, tmp_path: Path) -> None:
    for content in (b"", b"{", b'{"schema": "lightship/diff/1"}', b"\0" * 100):
        (tmp_path / "old.json").write_bytes(content)
        found = asked(request_, growth=("999%",), baseline=str(tmp_path / "old.json"))
        assert not found.verdict.passed
        assert [failure.code for failure in found.verdict.failures] == ["no-baseline"]


def test_an_image_that_is_not_there_is_not_measured(request_: CheckRequest, tmp_path: Path) -> None:
    found = asked(request_, "compressed=1GB", image=f"oci:{tmp_path}/absent")
    assert not found.verdict.passed
    assert found.image is None
    assert [failure.code for failure in found.verdict.failures] == ["not-measured"]
    assert not found.verdict.rows[0].passed


def test_a_damaged_layer_is_a_measurement_that_failed(request_: CheckRequest, tmp_path: Path) -> None:
    blob = tmp_path / "after" / "blobs" / str(AFTER.layers[1].digest).replace(":", "/")
    content = blob.read_bytes()
    blob.chmod(0o644)
    blob.write_bytes(content[:-4] + b"\0\0\0\1")
    found = asked(request_, "unpacked=1GB")
    assert not found.verdict.passed
    assert [failure.code for failure in found.verdict.failures] == ["not-measured"]
    unread = asked(request_, "compressed=1GB")
    assert unread.verdict.passed, "the manifest tells it"


def test_a_layer_that_is_not_understood_leaves_sums_unknown(request_: CheckRequest, tmp_path: Path) -> None:
    manifest = json.loads(AFTER.raw_manifest)
    manifest["layers"][1]["mediaType"] += "+encrypted"
    odd = _with_manifest(tmp_path, json.dumps(manifest).encode())
    found = asked(request_, "unpacked=1GB", "findings=9", "waste=1GB", "package:numpy=1GB", image=odd)
    assert not any(row.passed for row in found.verdict.rows)
    assert {row.reason for row in found.verdict.rows} == {"a layer of the image could not be read"}
    assert found.image is not None


def _with_manifest(folder: Path, raw: bytes) -> str:
    """The layout ``after`` with another manifest."""
    import hashlib

    sha256 = hashlib.sha256(raw).hexdigest()
    (folder / "after" / "blobs" / "sha256" / sha256).write_bytes(raw)
    entry = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": f"sha256:{sha256}",
        "size": len(raw),
        "annotations": {"org.opencontainers.image.ref.name": "odd"},
    }
    (folder / "after" / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return f"oci:{folder}/after:odd"


def test_another_platform_is_no_baseline(request_: CheckRequest, tmp_path: Path) -> None:
    write_layout(synthetic_image(BASE, platform=Platform("linux", "arm64")), tmp_path / "arm", [Tag("latest")])
    found = asked(request_, growth=("999%",), baseline=f"oci:{tmp_path}/arm")
    assert [failure.code for failure in found.verdict.failures] == ["no-baseline"]


def test_a_registrys_baseline_is_read_by_manifest_and_config_alone(
    request_: CheckRequest, registry: Registry, access: RegistryAccess
) -> None:
    name = f"docker://{registry.host}/shop/api:main"
    copy(BEFORE, Reference.parse(name), access=access)
    registry.asked.clear()
    found = asked(request_, "layer=1MB", growth=("999%", "layer=999%"), baseline=name, access=access)
    assert found.verdict.passed
    assert found.explanation is not None
    assert found.explanation.of == "compressed"
    layers = {str(layer.digest) for layer in BEFORE.layers}
    assert [each.path for each in registry.asked if each.path.rpartition("/")[2] in layers] == []
    deep = asked(request_, growth=("999%",), baseline=name, access=access, explain="packages")
    assert deep.explanation is not None
    assert "numpy" in deep.explanation.sentence


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_registry_that_refuses_is_a_failure(
    status: int, request_: CheckRequest, registry: Registry, access: RegistryAccess
) -> None:
    registry.on("GET", r".*/manifests/.*", answer(status), times=99)
    registry.on("HEAD", r".*/manifests/.*", answer(status), times=99)
    name = f"docker://{registry.host}/shop/api:main"
    quick = replace(access, retries=0)
    found = asked(request_, "compressed=1GB", growth=("999%",), baseline=name, access=quick)
    assert [failure.code for failure in found.verdict.failures] == ["no-baseline"]
    assert not asked(request_, "compressed=1GB", image=name, access=quick).verdict.passed


def test_reports_are_baselines(request_: CheckRequest, tmp_path: Path) -> None:
    analysis = analyze_image(BEFORE, Reference.parse("oci:before"))
    (tmp_path / "analyze.json").write_text(json.dumps(analyze_report(analysis).document))
    earlier = check_report(asked(request_, "compressed=1GB", "unpacked=1GB", image=before(request_)))
    (tmp_path / "check").write_text(json.dumps(earlier.document))
    for name in ("analyze.json", "check"):
        found = asked(request_, growth=("0%", "unpacked=0%", "layer=999%"), baseline=str(tmp_path / name))
        assert [row.passed for row in found.verdict.rows] == [False, False, True]
        assert found.verdict.rows[0].baseline == compressed(BEFORE)
        assert found.verdict.rows[1].baseline == analysis.totals.unpacked_bytes
    by_packages = asked(request_, growth=("0%",), baseline=str(tmp_path / "analyze.json")).explanation
    assert by_packages is not None
    assert "new: duckdb" in by_packages.sentence


def test_a_cold_start_is_that_of_this_very_image(request_: CheckRequest, tmp_path: Path) -> None:
    times = tmp_path / "times.json"
    document = {"schema": "lightship/verify/1", "digest": str(digest_of(AFTER)), "phases": {"ready_s": 1.5}}
    times.write_text(json.dumps(document))
    assert asked(request_, "cold-start=2s", timings=times).verdict.passed
    assert not asked(request_, "cold-start=1s", timings=times).verdict.passed
    grown = asked(request_, growth=("cold-start=10%",), timings=times, baseline=str(times))
    assert grown.verdict.passed
    times.write_text(json.dumps({**document, "digest": str(digest_of(BEFORE))}))
    for given in (times, tmp_path / "absent.json", None):
        (row,) = asked(request_, "cold-start=99s", timings=given).verdict.rows
        assert (row.passed, row.value) == (False, None)
        assert row.reason


def test_findings_count_unless_they_are_ignored_and_an_expired_entry_is_a_failure(
    request_: CheckRequest, tmp_path: Path
) -> None:
    hidden = synthetic_image({"big": bytes(range(256)) * 8000}, {".wh.big": b""})
    write_layout(hidden, tmp_path / "hidden", [Tag("latest")])
    image = f"oci:{tmp_path}/hidden"
    assert not asked(request_, "findings:note=0", image=image).verdict.passed
    assert not asked(request_, "waste=1MB", image=image).verdict.passed
    entry = Ignore(code="shadowed-bytes", reason="known", expires=TODAY, source=Source(name="ignore[0]"))
    ignored = asked(request_, "findings:note=0", image=image, ignores=(entry,))
    assert ignored.verdict.passed
    assert [each.finding.code for each in ignored.verdict.ignored] == ["shadowed-bytes"]
    late = asked(
        request_, "findings:note=9", image=image, ignores=(replace(entry, expires=TODAY - datetime.timedelta(1)),)
    )
    assert not late.verdict.passed
    assert [failure.code for failure in late.verdict.failures] == ["ignore-expired"]
    unused = asked(request_, "findings:note=9", image=image, ignores=(replace(entry, code="other"),))
    assert unused.verdict.notes == ("ignore[0]: the entry for other meets no finding",)


def test_plain_layers_are_not_taken_for_compressed_ones(request_: CheckRequest, tmp_path: Path) -> None:
    write_layout(synthetic_image(BASE, OLD, compressions=("none",)), tmp_path / "plain", [Tag("latest")])
    found = asked(request_, growth=("999%", "unpacked=999%"), baseline=f"oci:{tmp_path}/plain")
    assert [row.passed for row in found.verdict.rows] == [False, True]
    assert "not compressed" in found.verdict.rows[0].reason


def test_figures_that_say_less_than_they_seem_to_are_noted(request_: CheckRequest, tmp_path: Path) -> None:
    itself = asked(request_, growth=("0%",), baseline=request_.image)
    assert itself.verdict.passed
    assert itself.verdict.notes == ("the baseline is the image itself: nothing can have grown",)
    write_layout(synthetic_image(BASE, compressions=("none",)), tmp_path / "plain", [Tag("latest")])
    (note,) = asked(request_, "layer=1MB", image=f"oci:{tmp_path}/plain").verdict.notes
    assert note.startswith("layers of the image are not compressed")
