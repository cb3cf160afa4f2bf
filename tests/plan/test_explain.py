"""The plan as JSON says for every file why it is there."""

import json
from pathlib import Path

from lightship.archive.content import Deflated, Inline, Stored
from lightship.oci.platform import Platform
from lightship.plan.explain import explain
from lightship.plan.model import BuildPlan, Dropped, Entry, LayerPlan


def test_every_entry_and_every_dropped_path_is_told() -> None:
    origin = Path("/somewhere/private/pkg.whl")
    entries = (
        Entry(path="a", content=Deflated(origin, 0, 5, 10, 0), owner="wheel:pkg==1.0", why="locked, required by x"),
        Entry(path="b", content=Inline(b"123"), owner="lightship", why="made", mode=0o755),
        Entry(path="c", content=Stored(origin, 0, 7), owner="application", why="the project's own file"),
        Entry(path="d", type="symlink", link_target="a", mode=0o777, owner="lightship", why="a link"),
    )
    dropped = Dropped(path="t", owner="wheel:pkg==1.0", rule="tests", safety="safe", reason="tests", unpacked_bytes=9)
    plan = BuildPlan(
        platform=Platform(os="linux", architecture="amd64"),
        layers=(LayerPlan(name="package-pkg", key="k", entries=entries, dropped=(dropped,)),),
    )
    text = json.dumps(explain(plan))
    assert "private" not in text, "paths of the building machine are not told"
    document = json.loads(text)
    assert document["schema"] == "lightship/plan/1"
    assert document["platform"] == "linux/amd64"
    layer = document["layers"][0]
    assert layer["layer"] == "package-pkg"
    assert layer["files"][0] == {
        "path": "a", "type": "file", "mode": "0644", "unpacked_bytes": 10, "owner": "wheel:pkg==1.0",
        "why": "locked, required by x", "from": "spliced",
    }  # fmt: skip
    assert [entry.get("from") for entry in layer["files"]] == ["spliced", "made", "copied", None]
    assert layer["files"][3]["link_target"] == "a"
    assert layer["dropped"] == [
        {
            "path": "t",
            "owner": "wheel:pkg==1.0",
            "rule": "tests",
            "safety": "safe",
            "reason": "tests",
            "unpacked_bytes": 9,
        }
    ]
