"""The bundle that runc is given."""

from pathlib import Path

import pytest

from lightship.errors import ToolError
from lightship.sandbox.mounts import plan_mounts
from lightship.sandbox.protocol import Bind, Command
from lightship.sandbox.runc import Runc, bundle_config
from lightship.sandbox.subids import IdMap

IDS = (IdMap(0, 65534), IdMap(7, 0))


@pytest.fixture
def command(tmp_path: Path) -> Command:
    (tmp_path / "root/tmp").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    return Command(
        rootfs=tmp_path / "root",
        argv=("serve", "--all"),
        env={"B": "2", "A": "1"},
        user=(7, 7),
        cwd="/srv",
        binds=(
            Bind(source=tmp_path / "data", target="/data", writable=True),
            Bind(source=tmp_path / "data", target="/ro"),
        ),
        writable=("/tmp",),
    )


def test_root_is_read_only_and_nothing_is_privileged(command: Command) -> None:
    made = bundle_config(command, plan_mounts(command), IDS, IDS)
    assert made["root"] == {"path": str(command.rootfs), "readonly": True}
    process = made["process"]
    assert process["args"] == ["serve", "--all"]
    assert process["env"] == ["A=1", "B=2"]
    assert (process["cwd"], process["user"]["uid"], process["user"]["gid"]) == ("/srv", 7, 7)
    assert process["noNewPrivileges"] is True
    assert set(map(tuple, process["capabilities"].values())) == {()}
    assert "rlimits" not in process
    assert made["linux"]["uidMappings"] == [
        {"containerID": 0, "hostID": 65534, "size": 1},
        {"containerID": 7, "hostID": 0, "size": 1},
    ]


def test_its_mounts(command: Command) -> None:
    made = bundle_config(command, plan_mounts(command), IDS, IDS)
    mounts = {mount["destination"]: mount for mount in made["mounts"]}
    assert mounts["/tmp"]["type"] == "tmpfs"
    assert {"uid=7", "gid=7", "nodev", "nosuid"} <= set(mounts["/tmp"]["options"])
    assert (mounts["/data"]["options"][-1], mounts["/ro"]["options"][-1]) == ("rw", "ro")
    assert mounts["/data"]["source"] == str(command.binds[0].source)


@pytest.mark.parametrize("network", [True, False])
def test_only_without_network_it_has_its_own(command: Command, network: bool) -> None:
    shared = Command(rootfs=command.rootfs, argv=("x",), network=network)
    kinds = {each["type"] for each in bundle_config(shared, (), IDS, IDS)["linux"]["namespaces"]}
    assert kinds == {"user", "pid", "ipc", "uts", "mount", *([] if network else ["network"])}


@pytest.mark.parametrize(
    ("reason", "hint"),
    [("exec format error", None), ("error setting rlimit type 7: operation not permitted", "limits")],
)
def test_a_bundle_runc_refuses_is_one_sentence(command: Command, tmp_path: Path, reason: str, hint: str | None) -> None:
    program = tmp_path / "runc"
    program.write_text(
        '#!/bin/sh\nwhile [ $# -gt 0 ]; do [ "$1" = --log ] && log=$2; [ "$1" = delete ] && exit; shift; done\n'
        f"""echo '{{"level":"error","msg":"runc run failed: unable to start: {reason}"}}' >"$log"\nexit 1\n"""
    )
    program.chmod(0o755)
    with pytest.raises(ToolError, match=f"^runc could not start the image: unable to start: {reason}$") as caught:
        Runc(program=str(program)).start(command)
    assert (hint or "") in (caught.value.hint or "")
    assert (caught.value.hint is None) == (hint is None)
    assert list(tmp_path.glob("lightship-runc-*")) == []


def test_it_is_told_where_it_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("lightship.sandbox.runc._ELSEWHERE", ())
    with pytest.raises(ToolError, match="runc is not installed") as caught:
        Runc.find()
    assert caught.value.hint == "sudo apt-get install runc"
