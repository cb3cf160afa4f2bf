"""Bases judged for whole projects, and for Dify's lock at its true size."""

import datetime
import hashlib
import socket
from pathlib import Path
from typing import Any

import pytest
from isal import isal_zlib
from jsonschema import Draft202012Validator
from tests.build.wheels import make_wheel
from tests.flows.fit_lock import AARCH, MANY, MUSL, PURE, write_project
from tests.store.registry.faulty import served
from tools.schemas_base import base_schema

from lightship.config import Options
from lightship.ecosystem.python.project import Project
from lightship.errors import LockError, UsageError
from lightship.flows.base_fit import FitOutcome, FitRequest, fit_base, lock_facts
from lightship.flows.base_fit_report import base_report
from lightship.flows.request import BuildRequest
from lightship.image.synthetic import synthetic_image
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName
from lightship.progress import SILENT
from lightship.store.cache import Cache
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.image import push_image
from lightship.store.select import host_platform

AMD64 = Platform(os="linux", architecture="amd64")
DIFY = Path(__file__).resolve().parents[3] / "shared" / "data" / "dify"
NOW = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)


def outcome_of(project: Path, cache: Path, *, against: tuple[str, ...] = (), **options: Any) -> FitOutcome:
    build = BuildRequest(project=project, options=Options(**{"python": "3.11", **options}))
    request = FitRequest(build=build, platform=AMD64, now=NOW, measure=False, against=against)
    return fit_base(request, Cache(cache), SILENT)


def document_of(outcome: FitOutcome) -> dict[str, Any]:
    document = base_report(outcome).document
    Draft202012Validator(base_schema()).validate(document)
    return document


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without measuring nobody is asked."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.mark.usefixtures("offline")
@pytest.mark.skipif(not DIFY.is_dir(), reason="Dify's lock is not beside the checkout")
@pytest.mark.parametrize("python", ["3.11", "3.12"])
def test_alpine_is_closed_to_dify(python: str, tmp_path: Path) -> None:
    outcome = outcome_of(DIFY, tmp_path, python=python)
    document = document_of(outcome)
    assert document["packages"] == 384
    intel, arm = document["machines"]
    assert (intel["machine"], arm["machine"]) == ("x86_64", "aarch64")
    assert [offer["name"] for offer in intel["manylinux"]] == [
        "chroma-hnswlib", "google-crc32c", "intersystems-irispython", "llvmlite", "lz4", "milvus-lite", "numba",
        "onnxruntime", "oracledb", "psutil", "pyarrow", "zope-interface",
    ]  # fmt: skip
    assert len(arm["manylinux"]) == 15
    assert {offer["name"]: offer["sdist"] for offer in intel["manylinux"]}["onnxruntime"] is False
    assert intel["counts"]["source"] == 24
    assert "psycopg2-binary" in [offer["name"] for offer in intel["both"]]
    assert {offer["name"]: offer["glibc"] for offer in intel["manylinux"]}["pyarrow"] is not None
    assert document["verdict"].startswith(
        "Alpine is closed: 12 of 384 packages have no musllinux wheel (15 on aarch64), "
    )
    assert "onnxruntime not even an sdist" in document["verdict"]
    ranking = {row["key"]: row for row in document["ranking"]}
    assert ranking["alpine"]["status"] == "closed"
    assert ranking["alpine"]["total_compressed_bytes"] is None
    assert ranking["closure"]["rank"] == 1
    known = [row["base"]["compressed_bytes"] for row in document["ranking"] if row["base"] and row["status"] == "fits"]
    assert ranking["closure"]["base"]["compressed_bytes"] == min(known)
    if python == "3.11":
        assert "less than python:3.11-alpine anyway" in document["advice"]
    # a common myth: it is compiled, and works on Alpine, for it has musllinux wheels
    (binary,) = (offer for offer in outcome.facts.offers if offer.name == "psycopg2-binary")
    assert binary.kind == "both"


@pytest.mark.usefixtures("offline")
def test_a_pure_project_fits_alpine(tmp_path: Path) -> None:
    project = write_project(tmp_path / "shop", {"pure-lib": [PURE]})
    document = document_of(outcome_of(project, tmp_path / "cache"))
    assert document["verdict"] == "Alpine fits: no package of 1 has a compiled wheel"
    assert {row["key"]: row["status"] for row in document["ranking"]}["alpine"] == "fits"
    assert document["needs"]["glibc"] is None


def test_musllinux_wheels_fit_alpine(tmp_path: Path) -> None:
    project = write_project(tmp_path / "shop", {"psycopg2-binary": [MANY, MUSL], "pure-lib": [PURE]})
    outcome = outcome_of(project, tmp_path / "cache", against=("python:3.11-alpine",))
    assert document_of(outcome)["verdict"] == "Alpine fits: the one compiled package has a musllinux wheel"
    assert outcome.fits


def test_sdists_are_compiled_there(tmp_path: Path) -> None:
    project = write_project(tmp_path / "shop", {"glibc-lib": [MANY, AARCH]}, sdists=["glibc-lib"])
    outcome = outcome_of(project, tmp_path / "cache", against=("python:3.11-alpine", "python:3.11-slim"))
    document = document_of(outcome)
    assert document["verdict"] == "Alpine must compile: 1 of 1 packages has no musllinux wheel (glibc-lib)"
    assert [each["fits"] for each in document["against"]] == [False, True]
    assert not outcome.fits
    assert [finding.severity for finding in base_report(outcome).findings] == ["warning"]


def test_an_image_is_judged_by_its_own_python(tmp_path: Path) -> None:
    project = write_project(tmp_path / "shop", {"glibc-lib": [MANY]}, requires_python=">=3.11")
    names = ("python:3.11-slim", "python:3.12-slim", "python:3.10-slim", "example/unknown:1", "scratch")
    against = document_of(outcome_of(project, tmp_path / "cache", against=names))["against"]
    assert [each["fits"] for each in against] == [True, False, False, False, False]
    codes = [[reason["code"] for reason in each["reasons"]] for each in against]
    assert codes == [[], ["no-file"], ["other-python"], ["not-known"], ["no-libc"]]
    assert against[0]["total_compressed_bytes"] > 1_000_000
    assert against[0]["more_bytes"] > 0


def test_the_project_s_own_base_is_judged_too(tmp_path: Path) -> None:
    project = write_project(tmp_path / "shop", {"glibc-lib": [MANY]}, sdists=["glibc-lib"])
    outcome = outcome_of(project, tmp_path / "cache", python="auto", base="python:3.11-alpine")
    assert outcome.python.version.startswith("3.11.")
    assert [each.name for each in outcome.against] == ["python:3.11-alpine"]
    assert not outcome.fits
    other = outcome_of(project, tmp_path / "cache", base="oci:somewhere", against=("python:3.11-slim",))
    assert [each.name for each in other.against] == ["python:3.11-slim"]


def test_registries_that_answer_are_measured(tmp_path: Path) -> None:
    """Of an image on loopback; those of others are behind a proxy that is not there, and the archive is nowhere."""
    image = synthetic_image({"a": b"1" * 5000}, platform=AMD64)
    project = write_project(tmp_path / "shop", {"pure-lib": [PURE]})
    with served() as registry:
        name = f"{registry.host}/library/python:3.11-slim"
        push_image(image, [ImageName.parse(name)], access=RegistryAccess())
        build = BuildRequest(
            project=project,
            options=Options(python="3.11", archive_uri=("file:/nonexistent",), archive_suite=("none",)),
            access=RegistryAccess(environ={"HTTPS_PROXY": "http://127.0.0.1:9"}),
        )
        request = FitRequest(build=build, platform=AMD64, now=NOW, measure=True, against=(name,))
        outcome = fit_base(request, Cache(tmp_path / "cache"), SILENT)
    document = document_of(outcome)
    (against,) = document["against"]
    assert against["fits"]
    assert against["base"]["measured"]
    assert against["base"]["compressed_bytes"] == sum(layer.compressed_bytes for layer in image.layers)
    assert against["base"]["date"] == "2026-11-24"
    assert not any(row["base"]["measured"] for row in document["ranking"] if row["base"])
    assert any("closure was not measured" in note for note in document["notes"])
    assert any(note.startswith("not measured: python:3.11, ") for note in document["notes"])


def test_a_package_without_a_file_closes_every_base(tmp_path: Path) -> None:
    project = write_project(tmp_path / "shop", {"pure-lib": [PURE], "arm-lib": [AARCH]})
    document = document_of(outcome_of(project, tmp_path / "cache"))
    assert document["verdict"] == (
        "No base fits: 1 of 2 packages has neither a wheel for Python 3.11 on x86_64 nor an sdist (arm-lib)"
    )
    assert {row["status"] for row in document["ranking"]} == {"closed"}


def test_another_machine_is_looked_at_too(tmp_path: Path) -> None:
    project = write_project(tmp_path / "shop", {"lib": [MANY, MUSL, AARCH]}, sdists=["lib"])
    document = document_of(outcome_of(project, tmp_path / "cache"))
    assert [machine["counts"]["manylinux"] for machine in document["machines"]] == [0, 1]


def test_wheels_in_the_cache_tell_their_symbols(tmp_path: Path) -> None:
    """With a real extension module: what it asks of the C library is its own affair, that it asks is not."""
    extension = Path(isal_zlib.__file__).read_bytes()
    name = f"glibc_lib-1.0-{MANY}.whl"
    wheel = make_wheel(tmp_path, "glibc_lib", {"glibc_lib.so": extension}, filename=name)
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    project = write_project(tmp_path / "shop", {"glibc-lib": [MANY], "pure-lib": [PURE]}, hashes={name: sha256})
    cache = Cache(tmp_path / "cache")
    with cache.write("wheels", sha256, sha256=sha256) as stream:
        stream.write(wheel.read_bytes())
    build = BuildRequest(project=project, options=Options(python="3.11"))
    machine = host_platform()
    outcome = fit_base(FitRequest(build=build, platform=AMD64, now=NOW, measure=False), cache, SILENT)
    needs = document_of(outcome)["needs"]
    assert (needs["glibc"], needs["compiled"], needs["read"]) == ("2.17", 1, 1)
    if machine.machine == "x86_64":
        assert "GLIBC" in [each["family"] for each in needs["exact"]]
        assert "libc.so.6" in [each["soname"] for each in needs["libraries"]]


def test_hashes_alone_tell_nothing_offline(tmp_path: Path) -> None:
    project = tmp_path / "shop"
    project.mkdir()
    (project / "requirements.txt").write_text(f"pretend-lib==1.0 --hash=sha256:{'0' * 64}\n")
    document = document_of(outcome_of(project, tmp_path / "cache"))
    assert document["verdict"] == "The lock names no files, so nothing can be said of Alpine"
    status = {row["key"]: row["status"] for row in document["ranking"]}
    assert (status["alpine"], status["slim"]) == ("unknown", "fits")
    assert len(document["notes"]) == 1


def test_a_project_without_a_lock_is_told_how_to_get_one(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')
    with pytest.raises(LockError, match="has no lock file"):
        outcome_of(tmp_path, tmp_path / "cache")


def test_an_unknown_group_is_refused(tmp_path: Path) -> None:
    project = write_project(tmp_path / "shop", {"pure-lib": [PURE]})
    with pytest.raises(UsageError):
        outcome_of(project, tmp_path / "cache", group=("absent",))


def test_others_get_the_facts_of_a_lock(tmp_path: Path) -> None:
    project = write_project(tmp_path / "shop", {"glibc-lib": [MANY]})
    found = Project.discover(project)
    facts = lock_facts(found, "3.11.9", BuildRequest(project=project), AMD64, Cache(tmp_path / "cache"), SILENT)
    assert [offer.name for offer in facts.without_musl] == ["glibc-lib"]
    assert facts.requires_python == ">=3.11,<3.13"
