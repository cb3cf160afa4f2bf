"""One index for several platforms: what each image holds, what they share, and what is not done twice."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.flows.world import MINOR, World, layer_digests, listing
from tests.flows.world_archive import FOREIGN
from tools.schemas import build_schema

from lightship.archive.tar import TarReader
from lightship.base.lock import read_lock
from lightship.base.lock_name import LOCK_NAME
from lightship.errors import InputError, UsageError
from lightship.flows.deliver import check_request
from lightship.flows.outcome import IndexOutcome, index_report
from lightship.flows.request import STARTUP_LOCK, BuildRequest
from lightship.flows.startup import read_startup_lock
from lightship.image.validate_index import validate_index
from lightship.image.value import PlainImage
from lightship.launch.processor import check_runs_here
from lightship.oci.platform import Platform
from lightship.oci.reference import Reference
from lightship.report.text import render_text
from lightship.rootfs.unpack import unpack
from lightship.store.indexes import open_index
from lightship.store.select import host_platform

pytestmark = pytest.mark.conformance

HOST = host_platform()
SITE = f"opt/venv/lib/python{MINOR}/site-packages"
ELF_MACHINES = {"amd64": 62, "arm64": 183}


@pytest.fixture
def both(world: World) -> World:
    world.for_both()
    return world


def images(out: Path) -> dict[Platform, PlainImage]:
    with open_index(Reference(transport="oci", path=out)) as index:
        assert not validate_index(index)
        return dict(index.images)


def elf_machines(image: PlainImage, root: Path) -> set[int]:
    """``e_machine`` of every ELF file of the image (gABI, chapter 4)."""
    unpack(image.layers, root)
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    heads = (path.read_bytes()[:20] for path in files)
    return {int.from_bytes(head[18:20], "little") for head in heads if head.startswith(b"\x7fELF")}


def bytecode(image: PlainImage) -> dict[str, bytes]:
    """Every ``.pyc`` of the image."""
    found = {}
    for layer in image.layers:
        with layer.open_tar() as stream:
            for member in (reader := TarReader(stream)):
                if member.path.endswith(".pyc"):
                    found[member.path] = b"".join(reader.content())
    return found


def test_each_image_is_for_its_machine_alone(both: World, tmp_path: Path) -> None:
    outcome = both.build_index(tmp_path / "out", name="pretend.invalid/app")
    made = images(tmp_path / "out")
    assert [image.platform for image in outcome.images] == sorted(map(str, (HOST, FOREIGN)))
    for platform, image in made.items():
        assert elf_machines(image, tmp_path / platform.architecture) == {ELF_MACHINES[platform.architecture]}
    assert f"usr/lib/{FOREIGN.machine}-linux-gnu/libc.so.6" in listing(made[FOREIGN])
    with pytest.raises(UsageError, match="this machine runs"):
        check_runs_here(FOREIGN)
    assert not [f for f in outcome.findings if f.code in ("wrong-machine", "library-missing", "bytecode-foreign")]


def test_bytecode_does_not_depend_on_the_machine(both: World, tmp_path: Path) -> None:
    outcome = both.build_index(tmp_path / "out", name="pretend.invalid/app")
    ours, theirs = (bytecode(images(tmp_path / "out")[platform]) for platform in (HOST, FOREIGN))
    assert f"{SITE}/pretend_lib/__pycache__/inner.cpython-{MINOR.replace('.', '')}.pyc" in theirs
    assert {path for path in ours.keys() ^ theirs.keys() if "_sysconfigdata" not in path} == set()
    assert all(ours[path] == theirs[path] for path in ours.keys() & theirs.keys())
    one, other = (layer_digests(image) for image in outcome.images)
    assert one["application-bytecode"] == other["application-bytecode"]


def test_alone_an_image_is_the_same_as_beside_its_kin(both: World, tmp_path: Path) -> None:
    """The compiler's root is another one then, with its own section of the lock."""
    together = {image.platform: image.digest for image in both.build_index(tmp_path / "both").images}
    apart = both.copy(tmp_path / "apart")
    (apart.project / LOCK_NAME).unlink(missing_ok=True)
    with apart.with_own_links(both.links.folder) as apart:
        for platform in (FOREIGN, HOST):
            outcome = apart.build(tmp_path / "one", platform=str(platform))
            assert outcome.digest == together[str(platform)]
        lock = read_lock(apart.project / LOCK_NAME)
        assert lock is not None
        assert set(lock.architectures) == {HOST.architecture, FOREIGN.architecture, f"{HOST.architecture}-compiler"}


def test_an_index_as_base(both: World, tmp_path: Path) -> None:
    """Each image stands on the base's image for its platform; the one for this machine compiles for both."""
    both.build_index(tmp_path / "base", application="none")
    base = f"oci:{tmp_path}/base"
    together = both.build_index(tmp_path / "out", base=base, prefix="/opt/app")
    made = images(tmp_path / "out")
    ours, theirs = bytecode(made[HOST]), bytecode(made[FOREIGN])
    assert [path for path in theirs if path.startswith("opt/app/") and "inner" in path]
    assert all(ours[path] == theirs[path] for path in ours.keys() & theirs.keys())
    with both.copy(tmp_path / "alone").with_own_links(both.links.folder) as apart:
        alone = apart.build(tmp_path / "one", base=base, prefix="/opt/app", platform=str(FOREIGN))
    assert alone.digest == {image.platform: image.digest for image in together.images}[str(FOREIGN)]


def test_the_order_of_the_flag_and_another_cache_change_nothing(both: World, tmp_path: Path) -> None:
    first = both.build_index(tmp_path / "a", FOREIGN, HOST)
    with both.copy(tmp_path / "fresh").with_own_links(both.links.folder) as fresh:
        second = fresh.build_index(tmp_path / "b", HOST, FOREIGN)
    assert first.digest == second.digest


def test_nothing_changed_asks_for_nothing_and_makes_nothing(
    both: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = both.build_index(tmp_path / "out")
    lock = read_lock(both.project / LOCK_NAME)
    assert lock is not None
    assert set(lock.architectures) == {HOST.architecture, FOREIGN.architecture}
    both.asked.clear()
    both.links.asked.clear()
    monkeypatch.setattr("lightship.flows.lower.find_lower", _never)
    monkeypatch.setattr("lightship.flows.making.Making", _never)
    again = both.build_index(tmp_path / "out")
    assert again.digest == first.digest
    assert both.asked == both.links.asked == []
    assert all(layer.cached for image in again.images for layer in image.layers)


def _never(*_: object, **__: object) -> None:
    raise AssertionError("what is remembered is not made again")


def test_a_changed_line_makes_the_applications_layers_once(both: World, tmp_path: Path) -> None:
    before = both.build_index(tmp_path / "out")
    (both.project / "helper" / "text.py").write_text('GREETING = "good day"\n')
    after = both.build_index(tmp_path / "out")
    for one, other in zip(before.images, after.images, strict=True):
        changed = {name for name, digest in layer_digests(other).items() if layer_digests(one)[name] != digest}
        assert changed == {"application", "application-bytecode"}
    ours, theirs = (layer_digests(image) for image in after.images)
    assert ours["application"] == theirs["application"]


def test_one_trace_serves_both(both: World, tmp_path: Path, port: int) -> None:
    probe: dict[str, Any] = {
        "probe_http": f"http://127.0.0.1:{port}/", "cmd": ("serve",), "env": (f"PORT={port}",),
    }  # fmt: skip
    outcome = both.build_index(tmp_path / "out", **probe)
    lock = read_startup_lock(both.project / STARTUP_LOCK)
    assert lock is not None
    assert len(set(lock.keys)) == 2
    ours, theirs = (bytecode(images(tmp_path / "out")[platform]) for platform in (HOST, FOREIGN))
    assert not [path for path in (*ours, *theirs) if "unused" in path]
    assert {path for path in ours.keys() ^ theirs.keys() if "_sysconfigdata" not in path} == set()
    assert [path for path in theirs if "inner" in path]
    # Another machine, or this one later, needs the lock alone.
    with both.copy(tmp_path / "later").with_own_links(both.links.folder) as later:
        alone = later.build(tmp_path / "alone", platform=str(FOREIGN), **probe)
    assert alone.digest == {image.platform: image.digest for image in outcome.images}[str(FOREIGN)]


def test_a_start_that_nobody_traced_ships_all_bytecode_and_says_so(both: World, tmp_path: Path) -> None:
    (both.project / STARTUP_LOCK).unlink(missing_ok=True)
    probe: dict[str, Any] = {"bytecode": "startup", "probe_command": ("python", "-c", "pass")}
    outcome = both.build(tmp_path / "out", platform=str(FOREIGN), **probe)
    assert "trace-foreign" in {finding.code for finding in outcome.findings}
    assert not (both.project / STARTUP_LOCK).exists()


def test_the_report_has_a_row_for_each(both: World, tmp_path: Path) -> None:
    outcome = both.build_index(tmp_path / "out", tags=("pretend.invalid/app:1",))
    document = index_report(outcome).document
    rows = document["platforms"]
    assert isinstance(rows, list)
    assert document["digest"] == outcome.digest
    assert [row["platform"] for row in rows] == [image.platform for image in outcome.images]
    assert [row["digest"] for row in rows] == [image.digest for image in outcome.images]
    assert document["platform"] == rows[0]["platform"]
    assert document["compressed_bytes"] == rows[0]["compressed_bytes"] > 0
    text = render_text(index_report(outcome))
    assert outcome.digest in text
    assert all(f"{image.platform}  " in text for image in outcome.images)
    Draft202012Validator(build_schema()).validate(json.loads(json.dumps(document)))


def test_a_finding_of_one_platform_says_which() -> None:
    from tests.report.test_text import finding, outcome  # the values of another report

    one = replace(outcome(), platform="linux/amd64", findings=(finding("warning", 1), finding("note", 2)))
    other = replace(outcome(), platform="linux/arm64", findings=(finding("note", 2),))
    both = IndexOutcome(reference=None, digest="sha256:0", outputs=(), images=(one, other))
    assert [each.message for each in both.findings] == ["linux/amd64: warning 1", "note 2"]


def test_a_wheel_that_is_for_one_machine_alone_is_refused_by_name(world: World, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pretend-native"):
        world.build_index(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_plans_of_several(both: World) -> None:
    from lightship.flows.several import build_all
    from lightship.progress import SILENT

    request = BuildRequest(
        project=both.project, options=both.options(), environ=both.environment, plan_only=True,
        platform=f"{HOST},{FOREIGN}", jobs=2,
    )  # fmt: skip
    plan = build_all(request, both.cache, SILENT)
    assert isinstance(plan, str)
    assert [each["platform"] for each in json.loads(plan)["plans"]] == sorted(map(str, (HOST, FOREIGN)))


def test_platforms_are_normal_each_once_in_order(tmp_path: Path) -> None:
    request = BuildRequest(project=tmp_path, platform="linux/aarch64, linux/amd64,linux/arm64/v8")
    assert request.platforms == (Platform("linux", "amd64"), Platform("linux", "arm64"))
    assert BuildRequest(project=tmp_path).platforms == ()


@pytest.mark.parametrize("output", ["docker-archive:x.tar", "docker-daemon:pretend:1", "containers-storage:pretend:1"])
def test_outputs_of_single_images_are_refused_before_anything_is_built(output: str, tmp_path: Path) -> None:
    request = BuildRequest(project=tmp_path, platform="linux/amd64,linux/arm64", outputs=(output,))
    with pytest.raises(UsageError, match="holds one image for one platform"):
        check_request(request)


def test_the_command_prints_the_indexs_digest_and_this_machines_image_runs(both: World, tmp_path: Path) -> None:
    both.build_index(tmp_path / "warm", jobs=2)
    said = both.run(tmp_path / "out", "--platform", str(FOREIGN), "--platform", str(HOST))
    assert said.returncode == 0, said.stderr
    with open_index(Reference(transport="oci", path=tmp_path / "out")) as index:
        assert said.stdout.splitlines()[-1] == str(index.digest)
    assert all(f"{platform}:" in said.stderr for platform in (HOST, FOREIGN))
    assert both.launch(tmp_path / "out").startswith("hello 42")
    with pytest.raises(AssertionError, match=f"the image is for {FOREIGN}, and this machine runs"):
        both.launch(tmp_path / "out", options=("--platform", str(FOREIGN)))
