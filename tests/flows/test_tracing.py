"""What a traced start depends on: when it is traced anew, and when not."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lightship.build.packages import PackagePlanner
from lightship.config import Options
from lightship.flows.request import BuildRequest
from lightship.flows.tracing import trace_key

OPTIONS = Options(entrypoint=("python", "app.py"), probe_http="http://127.0.0.1:5001/health", env={"MODE": "api"})


def planner(*units: tuple[str, str], context: str = "3.12") -> PackagePlanner:
    made = [SimpleNamespace(name=name, key=key) for name, key in units]
    return cast(PackagePlanner, SimpleNamespace(units=lambda: made, context=context))


PACKAGES = planner(("flask", "1"), ("gunicorn", "2"))


@pytest.fixture
def request_(tmp_path: Path) -> BuildRequest:
    (tmp_path / "app.py").write_text("one")
    (tmp_path / "probe.http").write_text("GET /one\n")
    return BuildRequest(project=tmp_path, options=OPTIONS)


@pytest.mark.parametrize(
    "changed",
    [
        {"entrypoint": ("python", "other.py")},
        {"cmd": ("--debug",)},
        {"workdir": "/srv"},
        {"env": {"MODE": "worker"}},
        {"probe_http": "http://127.0.0.1:5001/ready"},
        {"probe_requests": "probe.http"},
        {"lazy_imports": True},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_is_started_and_asked_counts(changed: dict[str, Any], request_: BuildRequest) -> None:
    other = replace(request_, options=replace(OPTIONS, **changed))
    assert trace_key(other, PACKAGES) != trace_key(request_, PACKAGES)


def test_the_texts_of_the_requests_count(request_: BuildRequest) -> None:
    asking = replace(request_, options=replace(OPTIONS, probe_requests="probe.http"))
    before = trace_key(asking, PACKAGES)
    (request_.project / "probe.http").write_text("GET /two\n")
    assert trace_key(asking, PACKAGES) != before


def test_the_packages_and_the_interpreter_count(request_: BuildRequest) -> None:
    others = (planner(("flask", "1"), ("gunicorn", "3")), planner(("flask", "1")), planner(context="3.13"))
    assert len({trace_key(request_, each) for each in (PACKAGES, *others)}) == 4


def test_the_sources_and_how_the_image_is_written_do_not(request_: BuildRequest) -> None:
    before = trace_key(request_, PACKAGES)
    (request_.project / "app.py").write_text("two")
    other = replace(request_, options=replace(OPTIONS, compression="zstd", probe_env={"PASSWORD": "x"}), jobs=2)
    assert trace_key(other, PACKAGES) == before
