"""What is said of a server beside its numbers; servers that start are in tests/conformance."""

from pathlib import Path

import pytest
from tests.assets.standalone.servers import make_tree, manifest

from lightship.assets.standalone.model import StandaloneOptions
from lightship.flows.assets.standalone import StandaloneOutcome, StandaloneRequest, slim_standalone
from lightship.flows.assets.standalone_report import standalone_report
from lightship.progress import SILENT

PAGE = {".next/server/app/page.js": 'const optimiser = "/_next/image"'}
STATIC = {"public/a.png": "p" * 2_000_000, ".next/static/media/b.1234.webp": "", ".next/static/chunks/c.js": ""}


def decided(root: Path, files: dict[str, str], **options: object) -> StandaloneOutcome:
    make_tree(root, files)
    request = StandaloneRequest(directory=root, options=StandaloneOptions(**options))  # type: ignore[arg-type]
    return slim_standalone(request, SILENT, jobs=1)


@pytest.mark.parametrize(
    ("files", "options", "note"),
    [
        (STATIC, {}, "public and static files are 2.0 MB: --static moved when a CDN or another server has them"),
        (PAGE | STATIC, {"static": "moved"}, "2 pictures stay (2.0 MB): /_next/image reads them here"),
        (
            PAGE,
            {"static": "moved"},
            "/_next/image reads pictures of public and of .next/static/media from this server's",
        ),
        (PAGE | STATIC, {"static": "moved", "images": "off"}, "this server answers /_next/image with 404"),
        (PAGE | STATIC, {"images": "off"}, "this server answers /_next/image with the picture as it is"),
        ({".env": "A=1", "packages/.env": ""}, {}, ".env: variables of the build's machine lie in the tree"),
    ],
)
def test_what_is_worth_knowing_is_said(
    tmp_path: Path, files: dict[str, str], options: dict[str, object], note: str
) -> None:
    assert any(note in said for said in decided(tmp_path, files, **options).notes)


def test_a_server_without_questions_gets_no_notes(tmp_path: Path) -> None:
    plain = {".next/required-server-files.json": manifest(images={"unoptimized": True})}
    assert decided(tmp_path, plain).notes == ()


def test_each_rule_is_a_finding_with_bytes_and_a_fix(tmp_path: Path) -> None:
    outcome = decided(tmp_path, STATIC | {"node_modules/webpack/package.json": '{"name": "webpack"}'}, static="moved")
    findings = {found.code: found for found in standalone_report(outcome).findings}
    assert set(findings) == {"static-moved", "build-tools"}
    moved = findings["static-moved"]
    assert (moved.unpacked_bytes, moved.safety) == (2_000_000, "safe")
    assert moved.compressed_bytes is not None
    assert 0 < moved.compressed_bytes < 20_000
    assert all(found.fix for found in findings.values())


def test_nothing_is_tried_or_written_unless_asked(tmp_path: Path) -> None:
    outcome = decided(tmp_path / "server", STATIC, static="moved")
    assert (outcome.verified, outcome.written, outcome.aside, outcome.pages) == (None, None, None, ())
    assert [path.name for path in tmp_path.iterdir()] == ["server"]
    assert (tmp_path / "server/public/a.png").exists()
