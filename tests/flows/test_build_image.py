"""What is in a built image: all of the plan, nothing else, and it runs."""

import json
import stat
from pathlib import Path
from typing import Literal

import pytest
from tests.flows.world import MINOR, World, listing, opened
from tests.validated import assert_valid

from lightship.analyze.analysis import analyze
from lightship.archive.estargz.toc import TOC_DIGEST
from lightship.image.views import manifest_of
from lightship.oci.config import ImageConfig
from lightship.oci.digest import Digest

pytestmark = pytest.mark.conformance

SITE = f"opt/venv/lib/python{MINOR}/site-packages"


def test_the_image_runs(world: World, tmp_path: Path) -> None:
    world.build(tmp_path / "out")
    with opened(tmp_path / "out"):
        pass
    native = next(line for line in (world.project / "app.py").read_text().splitlines() if "pretend_native" in line)
    module = native.split()[-1]
    assert world.launch(tmp_path / "out") == f"hello 42 pretend_rival pretend_native.{module} 65532\n"


def test_a_console_script_runs(world: World, tmp_path: Path) -> None:
    world.build(tmp_path / "out", entrypoint=("pretend-say",))
    assert world.launch(tmp_path / "out") == "said by 1.0\n"


def test_the_plan_names_every_file_of_the_image(world: World, tmp_path: Path) -> None:
    outcome = world.build(tmp_path / "out")
    plan = json.loads(world.plan())
    planned = {file["path"]: file for layer in plan["layers"] for file in layer["files"]}
    with opened(tmp_path / "out") as image:
        members = listing(image)
        assert len(image.layers) == len(plan["layers"])
    only_lead_somewhere = members.keys() - planned.keys()
    assert {members[path].type for path in only_lead_somewhere} <= {"dir"}
    assert all(any(other.startswith(f"{path}/") for other in planned) for path in only_lead_somewhere)
    assert not planned.keys() - members.keys()
    for path in planned:
        member = members[path]
        assert planned[path]["mode"] == f"{member.mode:04o}", path
        assert planned[path]["unpacked_bytes"] == member.size_bytes, path
        assert planned[path]["why"], path
        assert planned[path]["owner"], path
    assert outcome.kept_because is not None
    kept = json.loads(outcome.kept_because.read_text())
    for layer, told in zip(plan["layers"], kept["layers"], strict=True):
        rows = {file["path"]: file for file in told["files"]}
        meant = {file["path"]: file for file in layer["files"]}
        assert {path: rows[path] for path in meant} == meant
        assert all(rows[path]["type"] == "dir" for path in rows.keys() - meant.keys())
    assert [layer["dropped"] for layer in kept["layers"]] == [layer["dropped"] for layer in plan["layers"]]


@pytest.mark.parametrize("compression", ["gzip", "estargz"])
def test_a_build_and_an_analysis_count_the_same(
    compression: Literal["gzip", "estargz"], world: World, tmp_path: Path
) -> None:
    outcome = world.build(tmp_path / "out", compression=compression)
    with opened(tmp_path / "out") as image:
        found = analyze(image)
    assert [layer.unpacked_bytes for layer in outcome.layers] == [layer.unpacked_bytes for layer in found.layers]
    assert [layer.files for layer in outcome.layers] == [layer.files for layer in found.layers]
    assert (outcome.unpacked_bytes, outcome.compressed_bytes) == (
        found.totals.unpacked_bytes,
        found.totals.compressed_bytes,
    )


def test_what_a_rule_left_out_is_gone_and_told(world: World, tmp_path: Path) -> None:
    outcome = world.build(tmp_path / "out")
    with opened(tmp_path / "out") as image:
        paths = listing(image).keys()
    assert f"{SITE}/pretend_lib/inner.py" in paths
    assert f"{SITE}/pretend_lib-1.0.dist-info/METADATA" in paths
    assert not [path for path in paths if "/tests/" in path or path.endswith("test_os.py")]
    (tests,) = [drop for drop in outcome.dropped if drop.rule == "tests"]
    assert (tests.files, tests.safety) == (2, "safe")
    assert tests.unpacked_bytes == len("def test_nothing():\n    assert True\n")
    dropped = [drop for layer in json.loads(world.plan())["layers"] for drop in layer["dropped"]]
    assert f"{SITE}/pretend_lib/tests/test_all.py" in {drop["path"] for drop in dropped}


def test_lossless_keeps_everything_that_a_program_can_see(world: World, tmp_path: Path) -> None:
    outcome = world.build(tmp_path / "out", safety="lossless")
    with opened(tmp_path / "out") as image:
        assert f"{SITE}/pretend_lib/tests/test_all.py" in listing(image)
    assert "tests" not in {drop.rule for drop in outcome.dropped if drop.safety != "lossless"}


def test_keep_and_drop_are_obeyed(world: World, tmp_path: Path) -> None:
    world.build(tmp_path / "out", keep=("**/pretend_lib/tests/**",), drop=("**/pretend_lib/data.bin",))
    with opened(tmp_path / "out") as image:
        paths = listing(image).keys()
    assert f"{SITE}/pretend_lib/tests/test_all.py" in paths
    assert f"{SITE}/pretend_lib/data.bin" not in paths


def test_a_collision_is_told_each_time(world: World, tmp_path: Path) -> None:
    outcome = world.build(tmp_path / "out")
    (finding,) = [finding for finding in outcome.findings if finding.code == "wheel-collision"]
    assert finding.location == f"{SITE}/pretend_shared/__init__.py"
    assert finding.message.endswith("and pretend-rival wins")
    again = world.build(tmp_path / "again")
    assert again.findings == outcome.findings


@pytest.mark.parametrize("compression", ["gzip", "zstd", "estargz"])
def test_every_store_gets_the_same_image(world: World, tmp_path: Path, compression: str) -> None:
    outputs = (
        f"oci:{tmp_path}/out", f"oci-archive:{tmp_path}/out.tar", f"docker-archive:{tmp_path}/docker.tar",
    )  # fmt: skip
    outcome = world.build("", outputs=outputs, compression=compression, tags=("pretend.invalid/app:1",))
    configs = set()
    for output in outputs:
        with opened(output) as image:
            configs.add(image.raw_config)
            assert [str(layer.diff_id) for layer in image.layers] == [layer.diff_id for layer in outcome.layers]
    assert len(configs) == 1
    lazy = compression == "estargz"
    assert {layer.media_type.rpartition("+")[2] for layer in outcome.layers} == {"gzip" if lazy else compression}
    assert {TOC_DIGEST in layer.annotations for layer in outcome.layers} == {lazy}
    with opened(f"oci:{tmp_path}/out") as image:
        assert_valid(image)
        assert [dict(layer.annotations) for layer in manifest_of(image).layers] == [
            layer.annotations for layer in outcome.layers
        ]
        assert outcome.digest == str(Digest.of(image.raw_manifest))
    assert "hello" in world.launch(f"docker-archive:{tmp_path}/docker.tar")


def test_the_config_is_what_was_asked_for(world: World, tmp_path: Path) -> None:
    world.build(
        tmp_path / "out",
        user="1001:1002",
        env=("TZ=UTC", "GREETING=a b"),
        port=("5001",),
        writable=("/app/storage", "/var/lib/pretend"),
        workdir="/srv/app",
        label=("org.opencontainers.image.licenses=MIT",),
        epoch=1_700_000_000,
        cmd=("serve",),
    )
    with opened(tmp_path / "out") as image:
        runtime = ImageConfig.parse(image.raw_config).runtime
        document = json.loads(image.raw_config)
        members = listing(image)
        notes = json.loads(image.raw_manifest)["annotations"]
    assert runtime.user == "1001:1002"
    assert runtime.environment["TZ"] == "UTC"
    assert runtime.environment["GREETING"] == "a b"
    assert document["config"]["ExposedPorts"] == {"5001/tcp": {}}
    assert document["config"]["Cmd"] == ["serve"]
    assert document["created"] == "2023-11-14T22:13:20Z"
    assert notes["org.opencontainers.image.licenses"] == "MIT"
    assert {member.mtime for member in members.values()} == {1_700_000_000}
    assert members["var/lib/pretend"].mode == 0o1777
    assert members["srv/app/storage" if "srv/app/storage" in members else "app/storage"].mode == 0o1777
    assert members["srv/app/app.py"].mode == 0o644
    assert members["srv/app/run.sh"].mode == 0o755


def test_anyone_may_run_it_and_write_where_it_says(world: World, tmp_path: Path) -> None:
    world.build(tmp_path / "out", writable=("/app/storage",))
    code = "import os; open('/app/storage/x', 'w').write('x'); open('/tmp/y', 'w'); print(os.getuid())"
    command = ("--entrypoint", "python", "--user", "12345:0")
    assert world.launch(tmp_path / "out", "-c", code, options=command) == "12345\n"
    refused = "\ntry: open('/app/app.py', 'w')\nexcept OSError as error: print(error.strerror)"
    assert world.launch(tmp_path / "out", "-c", refused, options=command) in (
        "Read-only file system\n", "Permission denied\n",
    )  # fmt: skip


def test_what_belongs_to_nobody_else_stays_out(world: World, tmp_path: Path) -> None:
    project = world.project
    (project / ".dockerignore").write_text("*.log\ndocs\n!docs/kept.md\n")
    for name in ("noise.log", "docs/index.md", "docs/kept.md", ".git/config", ".env", "id_rsa"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n" if name == "id_rsa" else "A=b\n")
    (project / "outside").symlink_to("/etc/passwd")
    outcome = world.build(tmp_path / "out")
    with opened(tmp_path / "out") as image:
        own = {path.removeprefix("app/") for path in listing(image) if path.startswith("app/")}
    assert not own & {"noise.log", "docs/index.md", ".git/config", ".env", "id_rsa", "outside", "lightship.toml"}
    assert "docs/kept.md" in own
    told = {(finding.code, finding.location) for finding in outcome.findings}
    assert {("secret", "id_rsa"), ("link-out-of-project", "outside")} <= told


def test_an_image_without_the_application(world: World, tmp_path: Path) -> None:
    world.build(tmp_path / "out", application="none", entrypoint=("pretend-say",))
    with opened(tmp_path / "out") as image:
        members = listing(image)
    assert not [path for path, member in members.items() if path.startswith("app/") and member.type == "file"]
    assert members["app"].type == "dir"
    assert world.launch(tmp_path / "out") == "said by 1.0\n"


@pytest.mark.parametrize("form", ["oci:{}/out", "docker-archive:{}/out.tar", "oci-archive:{}/out.tar"])
def test_the_output_may_lie_in_the_project(world: World, form: str) -> None:
    output = form.format(world.project)
    first = world.build(output)
    assert world.build(output).digest == first.digest
    with opened(output) as image:
        assert not [path for path in listing(image) if path.startswith("app/out")]


def test_nothing_in_the_image_can_become_someone_else(world: World, tmp_path: Path) -> None:
    world.build(tmp_path / "out")
    with opened(tmp_path / "out") as image:
        members = listing(image)
    assert not [path for path, member in members.items() if member.mode & (stat.S_ISUID | stat.S_ISGID)]
    assert {member.uid for path, member in members.items() if not path.startswith("home/app")} == {0}
