"""The next build: what changed is made, nothing else is, and nothing that counts is overlooked."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.flows.world import World, layer_digests, listing, opened, requirements

from lightship.archive.tar import TarReader
from lightship.archive.verify import drain
from lightship.flows.outcome import BuildOutcome
from lightship.image.protocol import Layer
from lightship.oci.digest import Digest
from lightship.store.seal import seal, seal_path

pytestmark = pytest.mark.conformance


def _changed(before: BuildOutcome, after: BuildOutcome) -> set[str]:
    old, new = layer_digests(before), layer_digests(after)
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def _made(outcome: BuildOutcome) -> set[str]:
    return {layer.name for layer in outcome.layers if not layer.cached}


def _forget(world: World, *kinds: str) -> None:
    for kind in kinds:
        shutil.rmtree(world.cache.root / kind, ignore_errors=True)


def _spoil_wheels(world: World) -> None:
    """Whoever opens a cached wheel finds nothing of use, and no index has it: their hashes count as checked."""
    for path in list((world.cache.root / "wheels").rglob("*")):
        if path.is_file() and not path.name.endswith(".seal"):
            _replace(path, bytes(path.stat().st_size))
            seal_path(path).unlink(missing_ok=True)
            seal(path, Digest("sha256", path.name))
    shutil.rmtree(world.links.folder)


def _replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def _line(world: World, text: str = 'GREETING = "good day"\n') -> None:
    (world.project / "helper/text.py").write_text(text)


def test_one_line_changes_the_application_alone(world: World, tmp_path: Path) -> None:
    before = world.build(tmp_path / "out")
    _line(world)
    after = world.build(tmp_path / "out")
    assert _changed(before, after) == {"application", "application-bytecode"} == _made(after)
    with opened(tmp_path / "out"):
        pass
    _line(world, 'GREETING = "hello"\n')
    assert world.build(tmp_path / "out").digest == before.digest


def test_one_line_of_a_large_application_changes_one_of_its_layers(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lightship.plan.layering.APPLICATION_BIN_BYTES", 1)
    before = world.build(tmp_path / "out", writable=("/app/helper",))
    assert len([name for name in layer_digests(before) if name.startswith("application-")]) > 3
    _line(world)
    after = world.build(tmp_path / "out", writable=("/app/helper",))
    changed = _changed(before, after)
    assert changed == _made(after)
    assert sorted(name.rstrip("0123456789") for name in changed) == ["application-", "application-bytecode-"]
    assert len({name.rpartition("-")[2] for name in changed}) == 1
    with opened(tmp_path / "out") as image:
        modes = []
        for layer in image.layers:
            with layer.open_tar() as stream:
                modes += [member.mode for member in TarReader(stream) if member.path == "app/helper"]
                drain(stream)
    assert len(modes) > 1
    assert set(modes) == {0o1777}
    fresh = world.copy(tmp_path / "other")
    assert layer_digests(fresh.build(tmp_path / "fresh", writable=("/app/helper",))) == layer_digests(after)


def test_one_line_opens_no_wheel_and_asks_nobody(world: World, tmp_path: Path) -> None:
    before = world.build(tmp_path / "out")
    _spoil_wheels(world)
    world.asked.clear()
    world.links.asked.clear()
    _line(world)
    after = world.build(tmp_path / "out")
    assert _changed(before, after) == {"application", "application-bytecode"}
    assert world.asked == world.links.asked == []
    with opened(tmp_path / "out"):
        pass


def test_one_version_changes_its_layers_alone(world: World, tmp_path: Path) -> None:
    for number in range(4):
        world.links.add(f"pretend_other{number}", {f"pretend_other{number}.py": f"VALUE = {number}\n"})
    (world.project / "requirements.txt").write_text(requirements(world.links.folder))
    before = world.build(tmp_path / "out")
    world.links.pretend(version="1.1")
    (world.project / "requirements.txt").write_text(requirements(world.links.folder))
    after = world.build(tmp_path / "out")
    with opened(tmp_path / "out") as image:
        touched = {summary.name for summary, layer in zip(after.layers, image.layers, strict=True) if _has_lib(layer)}
    # requirements.txt, which is the lock, stays out of the application's layer
    assert _changed(before, after) == _made(after) == touched
    assert 2 <= len(touched) < len([layer for layer in after.layers if layer.name.startswith(("pack", "byte"))])


def _has_lib(layer: Layer) -> bool:
    with layer.open_tar() as stream:
        paths = [member.path for member in TarReader(stream)]
    return any("pretend_lib" in path for path in paths)


def test_nothing_changed_and_nothing_is_done(world: World, tmp_path: Path) -> None:
    before = world.build(tmp_path / "out")
    _forget(world, "wheels", "debs", "records", "bytecode", "rootfs", "stripped", "indexes")
    shutil.rmtree(world.links.folder)
    world.asked.clear()
    world.links.asked.clear()
    after = world.build(tmp_path / "elsewhere")
    assert world.asked == world.links.asked == []
    assert after.digest == before.digest
    assert _made(after) == set()
    assert after.seconds.keys() == {"plan", "write"}
    with opened(tmp_path / "elsewhere"):
        pass


def test_without_the_memory_of_a_build_no_layer_is_made(world: World, tmp_path: Path) -> None:
    before = world.build(tmp_path / "out")
    _forget(world, "builds")
    _spoil_wheels(world)
    world.asked.clear()
    world.links.asked.clear()
    after = world.build(tmp_path / "out")
    assert world.asked == world.links.asked == []
    assert after.digest == before.digest
    assert _made(after) == set()
    assert after.findings == before.findings
    assert after.dropped == before.dropped
    assert after.kept_because == before.kept_because


@pytest.mark.parametrize("kind", ["explanations", "records", "blobs", "rootfs", "bytecode", "selections"])
def test_a_hole_in_the_cache_is_filled(world: World, tmp_path: Path, kind: str) -> None:
    before = world.build(tmp_path / "out")
    _forget(world, kind)
    after = world.build(tmp_path / "again")
    assert after.digest == before.digest
    assert after.kept_because is not None
    assert json.loads(after.kept_because.read_text())["layers"]
    with opened(tmp_path / "again"):
        pass


@pytest.mark.parametrize("kind", ["blobs", "records", "explanations", "bytecode", "wheels", "stripped", "builds"])
def test_a_damaged_cache_never_makes_another_image(world: World, tmp_path: Path, kind: str) -> None:
    before = world.build(tmp_path / "out")
    _forget(world, "builds") if kind != "builds" else None
    if kind in ("bytecode", "wheels", "stripped"):
        _forget(world, "blobs")
    for path in (world.cache.root / kind).rglob("*"):
        if path.is_file() and not path.name.endswith(".seal"):
            content = path.read_bytes()
            _replace(path, content[: len(content) // 2])
    after = world.build(tmp_path / "again")
    assert after.digest == before.digest
    with opened(tmp_path / "again"):
        pass


def test_the_base_lock_holds_the_base_still(world: World, tmp_path: Path) -> None:
    """A new archive's index is asked only where the lock has to change."""
    before = world.build(tmp_path / "out")
    world.asked.clear()
    world.links.asked.clear()
    assert world.build(tmp_path / "out", system_package=("libmagic1",)).digest != before.digest
    assert [path for path in world.asked if path.endswith(".deb")] == ["/pool/main/libmagic1/libmagic1_1.0-1_amd64.deb"]
    lock = (world.project / "lightship-base.lock").read_text()
    assert "libmagic1" in lock
    world.build(tmp_path / "out")
    assert "libmagic1" not in (world.project / "lightship-base.lock").read_text()


def test_an_update_of_the_base_keeps_other_architectures(world: World, tmp_path: Path) -> None:
    lock = world.project / "lightship-base.lock"
    world.build(tmp_path / "out")
    before = lock.read_text()
    head, line, sections = before.partition("version = 1\n")
    lock.write_text(head + line + sections + sections.replace("amd64", "arm64"))
    both = lock.read_text()
    world.asked.clear()
    world.build(tmp_path / "out", update_base=True)
    assert any("InRelease" in path for path in world.asked)
    assert lock.read_text() == both
    lock.write_text("no lock")
    world.build(tmp_path / "out", update_base=True)
    assert lock.read_text() == before


def test_an_included_requirements_file_counts(world: World, tmp_path: Path) -> None:
    """Where the project's files are not in the image, its locks must be looked at all the same."""
    project = world.project
    (project / "more").mkdir()
    (project / "requirements.txt").rename(project / "more/all.txt")
    (project / "requirements.txt").write_text("-r more/all.txt\n")
    before = world.build(tmp_path / "out", application="none", entrypoint=("pretend-say",))
    lines = (project / "more/all.txt").read_text().splitlines(keepends=True)
    (project / "more/all.txt").write_text("".join(line for line in lines if "rival" not in line))
    after = world.build(tmp_path / "out", application="none", entrypoint=("pretend-say",))
    assert before.digest != after.digest
    with opened(tmp_path / "out") as image:
        assert not [path for path in listing(image) if path.endswith("pretend_rival.py")]


@pytest.mark.parametrize("place", ["project/uv.toml", "uv.toml", "project/held.txt"])
def test_what_source_builds_are_told_counts(world: World, tmp_path: Path, place: str) -> None:
    """Indexes and constraints change what is built, and no lock tells of them."""
    told = world.project.parent / place
    environ = {**world.environment, "PIP_BUILD_CONSTRAINT": "held.txt"}
    (world.project / "held.txt").write_text("")
    fields: dict[str, Any] = {"application": "none", "entrypoint": ("pretend-say",), "environ": environ}
    world.build(tmp_path / "out", **fields)
    remembered = _records(world)
    world.build(tmp_path / "out", **fields)
    assert _records(world) == remembered
    told.write_text("# another\n")
    world.build(tmp_path / "out", **fields)
    assert {kind for kind, _ in _records(world) - remembered} == {"builds", "lower"}


def _records(world: World) -> set[tuple[str, str]]:
    return {(kind, path.name) for kind in ("builds", "lower") for path in (world.cache.root / kind).glob("*/*")}


@pytest.mark.parametrize(
    "change",
    [
        {"user": "1:1"}, {"env": ("A=b",)}, {"label": ("a.b=c",)}, {"epoch": 86_400}, {"safety": "lossless"},
        {"strip": False}, {"bytecode": "none"}, {"compression": "zstd"}, {"level": 1}, {"prefix": "/venv"},
        {"workdir": "/srv"}, {"writable": ("/data",)}, {"environ": {"GITHUB_SHA": "f" * 40}}, {"cmd": ("serve",)},
    ],
    ids=str,
)  # fmt: skip
def test_every_option_counts(world: World, tmp_path: Path, change: dict[str, Any]) -> None:
    before = world.build(tmp_path / "out")
    if "environ" in change:
        change = {"environ": {**world.environment, **change["environ"]}}
    after = world.build(tmp_path / "out", **change)
    assert after.digest != before.digest
    with opened(tmp_path / "out"):
        pass
    assert world.build(tmp_path / "out").digest == before.digest


def test_what_did_not_compile_is_told_each_time(world: World, tmp_path: Path) -> None:
    world.links.add("pretend_old", {"pretend_old.py": "print 'for Python 2'\n"})
    (world.project / "requirements.txt").write_text(requirements(world.links.folder))
    first = world.build(tmp_path / "out")
    (finding,) = [finding for finding in first.findings if finding.code == "no-bytecode"]
    assert "pretend_old.py:1" in finding.message
    _line(world)
    assert finding in world.build(tmp_path / "out").findings
