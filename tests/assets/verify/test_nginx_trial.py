"""What a trial says where it cannot be had; what it does is in tests/conformance/test_assets_verify.py."""

import shutil
from pathlib import Path

import pytest

from lightship import proc
from lightship.assets.verify.nginx_adapt import Adapted
from lightship.assets.verify.nginx_trial import _said, nginx_trial
from lightship.errors import ToolError

NOTHING = Adapted(text="", hosts=(), notes=())


@pytest.mark.parametrize(("missing", "hint"), [("nginx", "nginx"), ("bwrap", "bubblewrap")])
def test_a_missing_program_is_one_sentence_and_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, hint: str
) -> None:
    def which(name: str, *_: object, **__: object) -> str | None:
        return None if name == missing else f"/usr/bin/{name}"

    monkeypatch.setattr(proc, "which", which)
    monkeypatch.setattr(shutil, "which", which)
    with pytest.raises(ToolError, match="not installed") as caught, nginx_trial(tmp_path, NOTHING, "web.conf"):
        pass
    assert caught.value.hint == f"sudo apt-get install {hint}"


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (
            '2026/11/24 15:00:00 [emerg] 2#2: unknown directive "brotli" in /run/lightship/nginx.conf:9\n',
            'unknown directive "brotli"',
        ),
        (
            "2026/11/24 15:00:00 [warn] 2#2: low\n2026/11/24 15:00:00 [alert] 2#2: grave\n2026 [notice] 2#2: x\n",
            "grave",
        ),
        ("something else\n", "something else"),
        ("", "it ended without a word"),
    ],
)
def test_its_last_complaint_is_told(tmp_path: Path, log: str, said: str) -> None:
    (tmp_path / "errors").write_text(log)
    assert _said(tmp_path / "errors") == said
    assert _said(tmp_path / "no-such") == "it ended without a word"
