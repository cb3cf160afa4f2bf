"""``bench`` as a composition: images of several stores, pulled, unpacked and started in rounds; what it reports."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.shell_image import shell_image
from tools.schemas_bench import bench_schema

from lightship.bench.file_system import FileSystem, file_system_of
from lightship.bench.link import Link
from lightship.bench.serve import served
from lightship.bench.stage import stage
from lightship.errors import FindingError, MismatchError, StorageError, UsageError
from lightship.flows.bench import BenchOutcome, BenchRequest, bench
from lightship.flows.bench_report import bench_report
from lightship.image.synthetic import synthetic_image
from lightship.image.views import compressed_bytes
from lightship.launch.probe import Probe
from lightship.launch.requests import HttpRequest
from lightship.oci.platform import Platform
from lightship.oci.reference import Reference
from lightship.progress import Silent
from lightship.store.cache import Cache
from lightship.store.docker_archive import write_docker_archive
from lightship.store.oci_layout import write_layout
from lightship.store.open import locate
from lightship.store.select import host_platform
from lightship.store.tags import Tag

LINK = Link(bits_per_s=10**9, delay_s=0.001)
WELL = Probe(command=("/bin/sh", "-c", "exit 0"))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def slim(tmp_path: Path) -> tuple[str, Reference]:
    write_layout(shell_image({"app/one": b"1"}), tmp_path / "slim", [Tag("latest")])
    return "oci:slim", Reference(transport="oci", path=tmp_path / "slim")


@pytest.fixture
def naive(tmp_path: Path) -> tuple[str, Reference]:
    image = shell_image({"app/one": b"1", "usr/share/doc": bytes(300_000)}, compressions=("none",))
    write_docker_archive(image, tmp_path / "naive.tar", [])
    return "docker-archive:naive.tar", Reference(transport="docker-archive", path=tmp_path / "naive.tar")


def checked(outcome: BenchOutcome) -> dict[str, object]:
    """The report's document, which is as its schema says."""
    document = bench_report(outcome).document
    Draft202012Validator(bench_schema()).validate(json.loads(json.dumps(document)))
    return document


def test_two_images_are_measured_side_by_side(
    slim: tuple[str, Reference],
    naive: tuple[str, Reference],
    cache: Cache,
    require_tool: Callable[[str], str],
) -> None:
    require_tool("bwrap")
    outcome = bench(BenchRequest(references=(slim, naive), link=LINK, rounds=2, probe=WELL), cache)
    one, other = outcome.images
    assert [one.reference, other.reference] == ["oci:slim", "docker-archive:naive.tar"]
    assert (one.layers, one.pulled_layers, one.compressed_here) == (2, 2, 0)
    assert (other.layers, other.pulled_layers, other.compressed_here) == (2, 2, 2)
    assert other.files == one.files + 1
    assert other.unpacked_bytes == one.unpacked_bytes + 300_000
    for image in outcome.images:
        assert len(image.rounds) == 2
        assert image.pulled_bytes > image.compressed_bytes
        for each in image.rounds:
            assert each.ready_s is not None
            assert (each.start_s, each.first_request_s) == (None, None), "the command is the whole probe"
            assert each.total_s == each.pull_s + each.unpack_s + each.ready_s
            assert [check.ok for check in each.checks] == [True]
    document = checked(outcome)
    assert document["image"] == "oci:slim"
    assert document["phases"] == document["images"][0]["phases"]  # type: ignore[index]
    assert document["link"] == {"text": "1gbit,1ms", "bits_per_s": 10**9, "delay_s": 0.001}
    assert bench_report(outcome).findings == ()
    assert not any((cache.root / "temporary").iterdir())


def test_without_a_probe_nothing_is_started(slim: tuple[str, Reference], cache: Cache) -> None:
    outcome = bench(BenchRequest(references=(slim,), rounds=1), cache)
    (each,) = outcome.images[0].rounds
    assert (each.start_s, each.ready_s, each.checks) == (None, None, ())
    assert each.total_s == each.pull_s + each.unpack_s
    phases = checked(outcome)["phases"]
    assert isinstance(phases, dict)
    assert (phases["start_s"], phases["ready_s"]) == (None, None)


def test_an_image_of_another_machine_is_still_pulled(tmp_path: Path, cache: Cache) -> None:
    write_layout(shell_image({}, platform=Platform("linux", "s390x")), tmp_path / "far", [Tag("latest")])
    far = ("oci:far", Reference(transport="oci", path=tmp_path / "far"))
    assert bench(BenchRequest(references=(far,), rounds=1), cache).images[0].pulled_layers == 2
    with pytest.raises(UsageError, match="linux/s390x"):
        bench(BenchRequest(references=(far,), rounds=1, probe=WELL), cache)


def test_an_update_pulls_what_is_missing(slim: tuple[str, Reference], tmp_path: Path, cache: Cache) -> None:
    earlier, later = shell_image({"app/one": b"0"}), shell_image({"app/one": b"1"})
    write_layout(earlier, tmp_path / "earlier", [Tag("latest")])
    before = ("oci:earlier", Reference(transport="oci", path=tmp_path / "earlier"))
    outcome = bench(BenchRequest(references=(slim,), after=before, rounds=1), cache)
    (image,) = outcome.images
    assert (image.layers, image.pulled_layers) == (2, 1)
    texts = len(later.raw_manifest) + len(later.raw_config)
    assert image.pulled_bytes == later.layers[1].compressed_bytes + texts
    assert image.compressed_bytes == compressed_bytes(later)
    conditions = checked(outcome)["conditions"]
    assert isinstance(conditions, dict)
    assert conditions["after"] == "oci:earlier"


def test_an_update_to_the_same_image_pulls_no_layer(slim: tuple[str, Reference], cache: Cache) -> None:
    (image,) = bench(BenchRequest(references=(slim,), after=slim, rounds=1), cache).images
    assert image.pulled_layers == 0
    assert image.files > 1


def test_an_image_of_a_registry_is_copied_before_it_is_measured(tmp_path: Path, cache: Cache) -> None:
    image = shell_image({"app/one": b"1"})
    there = stage(image, Cache(tmp_path / "theirs"), repository="shop/app", tag="1")
    with served([there.served]) as registry:
        text = f"docker://{registry}/shop/app:1"
        outcome = bench(BenchRequest(references=((text, locate(text)),), rounds=1), cache)
    assert outcome.images[0].digest == str(there.digest)
    blobs = {path.name for path in (cache.root / "blobs").rglob("*") if len(path.name) == 64}
    assert blobs == {layer.digest.hex for layer in image.layers}


def test_nodes_are_where_they_are_asked_to_be(
    slim: tuple[str, Reference], tmp_path: Path, cache: Cache, require_tool: Callable[[str], str]
) -> None:
    require_tool("bwrap")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    seen: list[set[str]] = []

    class Look(Silent):
        def advance(self, task: str, amount: int = 1) -> None:  # noqa: ARG002
            if task == "measure":
                seen.append({path.name[:16] for path in elsewhere.iterdir()})

    outcome = bench(BenchRequest(references=(slim,), rounds=1, probe=WELL, unpack_to=elsewhere), cache, Look())
    assert seen == [{"lightship-bench-"}]
    assert not any(elsewhere.iterdir())
    assert outcome.conditions.file_system == file_system_of(tmp_path).kind
    checked(outcome)
    with pytest.raises(StorageError, match="make the nodes' folder"):
        bench(BenchRequest(references=(slim,), rounds=1, unpack_to=tmp_path / "absent"), cache)


def test_what_is_in_memory_is_not_said_to_be_dropped_from_it(
    slim: tuple[str, Reference], cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lightship.flows.bench.file_system_of", lambda _: FileSystem(kind="tmpfs"))
    notes: list[str] = []

    class Hear(Silent):
        def note(self, message: str) -> None:
            notes.append(message)

    conditions = bench(BenchRequest(references=(slim,), rounds=1), cache, Hear()).conditions
    assert (conditions.page_cache, conditions.file_system) == ("kept", "tmpfs")
    assert notes == ["nodes are in memory (tmpfs): their files stay there, as with --page-cache keep"]
    notes.clear()
    bench(BenchRequest(references=(slim,), rounds=1, cold=False), cache, Hear())
    assert notes == []


def test_an_image_that_does_not_become_ready_is_named(
    slim: tuple[str, Reference], cache: Cache, port: int, require_tool: Callable[[str], str]
) -> None:
    require_tool("bwrap")
    wanted = Probe(http=f"http://127.0.0.1:{port}/", timeout_s=20)
    with pytest.raises(FindingError, match=r"oci:slim: the application ended with status 0") as caught:
        bench(BenchRequest(references=(slim,), rounds=1, probe=wanted), cache)
    assert "default" in str(caught.value)
    assert not any((cache.root / "temporary").iterdir())


def test_a_check_that_fails_is_a_finding_and_no_error(
    slim: tuple[str, Reference], cache: Cache, require_tool: Callable[[str], str]
) -> None:
    require_tool("bwrap")
    wanted = Probe(command=("/bin/sh", "-c", "echo <b>oops; exit 3"))
    report = bench_report(bench(BenchRequest(references=(slim,), rounds=2, probe=wanted), cache))
    (finding,) = report.findings
    assert (finding.code, finding.severity) == ("probe-failed", "error")
    assert finding.message.startswith("oci:slim: ")
    probes = report.document["probes"]
    assert isinstance(probes, list)
    assert probes[0]["ok"] is False


def test_a_registry_that_lies_ends_the_measurement(slim: tuple[str, Reference], cache: Cache) -> None:
    """What is served is verified by who pulls it: a blob that changed after it was prepared is not measured."""
    (blob,) = [path for path in (slim[1].path or Path()).rglob("*") if path.stat().st_size > 50_000]

    class Damage(Silent):
        def start(self, task: str, total: int | None = None, *, unit: str = "") -> None:  # noqa: ARG002
            if task == "measure":
                raw = bytearray(blob.read_bytes())
                raw[1000] ^= 1
                blob.chmod(0o644)
                blob.write_bytes(raw)

    with pytest.raises(MismatchError, match="digest mismatch"):
        bench(BenchRequest(references=(slim,), rounds=1), cache, Damage())


def test_the_labels_of_an_image_tell_its_probe(
    tmp_path: Path, slim: tuple[str, Reference], cache: Cache, require_tool: Callable[[str], str]
) -> None:
    require_tool("bwrap")
    labels = {"dev.lightship.probe.command": '["/bin/sh", "-c", "exit 0"]'}
    write_layout(shell_image({}, labels=labels), tmp_path / "labelled", [Tag("latest")])
    labelled = ("oci:labelled", Reference(transport="oci", path=tmp_path / "labelled"))
    outcome = bench(BenchRequest(references=(slim, labelled), rounds=1), cache)
    assert outcome.conditions.probe == "/bin/sh -c exit 0"
    assert all(image.rounds[0].ready_s is not None for image in outcome.images)


def test_a_server_is_measured_until_it_answers(
    server_root: Path, tmp_path: Path, port: int, cache: Cache, require_tool: Callable[[str], str]
) -> None:
    require_tool("bwrap")
    files: dict[str, bytes | str | None] = {
        path.relative_to(server_root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(server_root.rglob("*"))
        if not path.is_symlink()
    }
    files |= {
        path.relative_to(server_root).as_posix(): str(path.readlink())
        for path in server_root.rglob("*")
        if path.is_symlink()
    }
    runtime = {"Entrypoint": ["/usr/bin/python3", "/app/server.py"], "Env": [f"PORT={port}"], "User": "app"}
    made = synthetic_image(files, runtime=runtime, platform=host_platform(), compressions=("zstd",))
    write_layout(made, tmp_path / "out", [Tag("latest")])
    image = ("oci:out", Reference(transport="oci", path=tmp_path / "out"))
    url = f"http://127.0.0.1:{port}/health"
    requests = (HttpRequest(name="first", url=url, status=200), HttpRequest(name="late", url=url[:-6] + "late"))
    wanted = Probe(http=url, requests=requests)
    outcome = bench(BenchRequest(references=(image,), rounds=1, probe=wanted, imports=True, cold=False), cache)
    (each,) = outcome.images[0].rounds
    assert each.start_s is not None
    assert each.ready_s is not None
    assert each.ready_s > each.start_s
    assert [(check.name, check.ok) for check in each.checks] == [("first", True), ("late", True)]
    assert each.first_request_s == each.checks[0].seconds
    document = checked(outcome)
    assert len(document["images"][0]["imports"]) == 20  # type: ignore[index]
    with socket.create_server(("127.0.0.1", port)), pytest.raises(UsageError, match="something else answers"):
        bench(BenchRequest(references=(image,), probe=wanted), cache)
