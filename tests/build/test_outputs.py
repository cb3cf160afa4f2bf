"""What a build wrote is known by its first bytes; what only resembles it is not."""

import io
import json
import tarfile
from dataclasses import replace

import pytest

from lightship.build.outputs import OUTPUT_HEAD_BYTES, build_output
from lightship.flows.outcome import BuildOutcome, build_report
from lightship.report.json import render_json
from lightship.report.text import render_text

DIGEST = "a" * 64


def tar(name: str, content: bytes = b"{}", *, form: int = tarfile.USTAR_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as writing:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        writing.addfile(member, io.BytesIO(content))
    return buffer.getvalue()[:OUTPUT_HEAD_BYTES]


def code(head: bytes) -> str | None:
    found = build_output(head)
    return found.code if found else None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
        ("./oci-layout", b"{}"),
        ("blobs", b""),
        ("blobs/", b""),
        ("blobs/sha256/", b""),
        (f"blobs/sha256/{DIGEST}", b"x"),
        (f"{DIGEST}.json", b"{}"),
        (f"{DIGEST}.tar", b"x"),
        (f"{DIGEST}/VERSION", b"1.0"),
        ("manifest.json", b'[{"Config":"blobs/sha256/aa","RepoTags":[]}]'),
        ("index.json", b'{\n "schemaVersion": 2}'),
    ],
)
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT], ids=["ustar", "gnu"])
def test_images_in_one_file(name: str, content: bytes, form: int) -> None:
    assert code(tar(name, content, form=form)) == "image-in-project"


@pytest.mark.parametrize(
    "head",
    [
        tar("manifest.json", b'{"manifest_version": 3, "name": "an extension of a browser"}'),
        tar("index.json", b"[1, 2]"),
        tar("blobs/picture.png"),
        tar("src/app.py"),
        b"oci-layout",
        b"",
        b'{"$schema": "https://json-schema.org", "title": "lightship/build/1"}',
        b'{"schema": "lightship"}',
        b'{"schema": "other/1"}',
        b'x = {"schema": "lightship/build/1"}',
    ],
)
def test_other_files_are_not(head: bytes) -> None:
    assert build_output(head) is None


def test_reports_and_plans_whatever_their_spacing() -> None:
    outcome = BuildOutcome(
        reference="a/b:1", digest=f"sha256:{DIGEST}", outputs=("oci:out",), platform="linux/amd64", python="3.12.1",
        layers=(),
    )  # fmt: skip
    report = build_report(outcome)
    plan = {"schema": "lightship/plan/1", "layers": []}
    texts = [render_json(report), json.dumps(plan), json.dumps(plan, indent=1), json.dumps(plan, separators=(",", ":"))]
    long = build_report(replace(outcome, reference="registry.example/agent/api:1.2"))
    texts += [render_text(each, verbose=verbose) for verbose in (True, False) for each in (report, long)]
    assert {code(text.encode()[:OUTPUT_HEAD_BYTES]) for text in texts} == {"report-in-project"}
