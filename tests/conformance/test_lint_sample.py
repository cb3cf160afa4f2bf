"""A well-known sample that cannot work: its build fails on an engine, what `lint --fix` can mend does not save it, and
what `init` writes for the same project builds and answers.

There is no registry to pull from. ``python:3.11-slim`` is Debian 12 with its Python; ``python:3.11-alpine`` is the same
with an ``apk`` that does nothing, so that what fails here fails with glibc too; ``node`` is the same with an ``npm``
that wants the lock and copies the page. The one dependency is a wheel with a compiled extension, made of what is
installed beside the tests. `# syntax=` and ``COPY --link`` are taken out for the BuildKit of docker.io 20.10.
"""

import base64
import hashlib
import importlib.metadata
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conformance.bases import debian_tar, write_package, write_packages_index
from tests.flows.test_lint import SAMPLE

from lightship.flows.lint import LintRequest, lint_file, mend

if TYPE_CHECKING:
    from tests.conformance.conftest import Dockerd

pytestmark = [pytest.mark.conformance, pytest.mark.network, pytest.mark.xdist_group("dockerd")]

SERVER = '''\
"""Answers on port 8000, with what a compiled extension escapes."""

import http.server
import json

from markupsafe import _speedups, escape


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"said": str(escape("<b>")), "by": _speedups.__file__.rpartition(".")[2]}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    http.server.HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
'''
MANIFEST = {
    "name": "front",
    "version": "1.0.0",
    "scripts": {"build": "vite build"},
    "devDependencies": {"vite": "7.0.0"},
}
FILES = {
    "requirements.txt": "markupsafe\n",
    "backend/main.py": SERVER,
    "backend/setup.py": "from setuptools import setup\nsetup(name='backend')\n",
    "frontend/package.json": json.dumps(MANIFEST),
    "frontend/package-lock.json": json.dumps({"lockfileVersion": 3, "packages": {"": MANIFEST}}),
    "frontend/index.html": "<h1>page</h1>\n",
    "frontend/vite.config.js": "export default {}\n",
}
NPM = """\
#!/bin/sh
set -e
test -f package.json
case "$1 $2" in
"ci "*) test -f package-lock.json; mkdir -p node_modules/vite;;
"run build") test -d node_modules/vite; mkdir -p dist; cp index.html dist/;;
*) exit 1;;
esac
"""
IMAGES = """\
FROM debian:12 AS slim
COPY repo /repo
COPY wheels /wheels
RUN rm -rf /etc/apt/sources.list.d/* /var/lib/apt/lists/* \\
    && echo 'deb [trusted=yes] file:/repo ./' > /etc/apt/sources.list \\
    && python3 -m venv /usr/local/own \\
    && ln -s /usr/bin/python3 /usr/local/bin/python && ln -s /usr/local/own/bin/pip /usr/local/bin/pip
ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PIP_FIND_LINKS=/wheels PIP_NO_INDEX=1
FROM slim AS alpine
COPY apk /usr/local/bin/
FROM slim AS node
COPY npm /usr/local/bin/
"""
TAGS = {
    "slim": ("python:3.11-slim", "python:3.11-slim-bookworm"),
    "alpine": ("python:3.11-alpine",),
    "node": ("node:18-alpine", "node:22-bookworm-slim"),
}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def repacked(name: str, folder: Path) -> None:
    """The wheel that an installed distribution was."""
    found = importlib.metadata.distribution(name)
    tag = next(line[5:] for line in (found.read_text("WHEEL") or "").splitlines() if line.startswith("Tag: "))
    paths = [path for path in found.files or () if ".." not in path.parts and "__pycache__" not in path.parts]
    left_out = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
    lines = []
    with zipfile.ZipFile(folder / f"{name}-{found.version}-{tag}.whl", "w") as wheel:
        for path in paths:
            if path.name not in left_out:
                content = Path(str(path.locate())).read_bytes()
                digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
                lines.append(f"{path},sha256={digest},{len(content)}\n")
                wheel.writestr(str(path), content)
        record = next(str(path) for path in paths if path.name == "RECORD")
        wheel.writestr(record, "".join(lines) + f"{record},,\n")


def build(dockerd: "Dockerd", context: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return dockerd.buildkit("build", "--network", "none", *arguments, str(context))


@pytest.fixture(scope="module")
def images(dockerd: "Dockerd", tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> None:
    folder = write(tmp_path_factory.mktemp("images"), {"Dockerfile": IMAGES, "npm": NPM, "apk": "#!/bin/sh\n"})
    for name in ("npm", "apk"):
        (folder / name).chmod(0o755)
    for name in ("repo", "wheels"):
        (folder / name).mkdir()
    write_package(folder / "repo", "build-essential", {"usr/share/build-essential": ""})
    write_packages_index(folder / "repo")
    repacked("markupsafe", folder / "wheels")
    dockerd.docker("import", str(debian_tar(request.config.cache)), "debian:12")
    for target, tags in TAGS.items():
        done = build(dockerd, folder, "--target", target, *(word for tag in tags for word in ("-t", tag)))
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "project", {**FILES, "Dockerfile": SAMPLE})


@pytest.mark.slow
@pytest.mark.usefixtures("images")
def test_the_sample_neither_builds_nor_starts(dockerd: "Dockerd", project: Path) -> None:
    """Fault by fault: each is taken out to see the next."""
    failed = build(dockerd, project, "-t", "sample")
    assert failed.returncode != 0
    assert b"setup.py" in failed.stderr
    text = SAMPLE.replace("RUN python setup.py bdist_wheel\n", "")
    write(project, {"Dockerfile": text})
    failed = build(dockerd, project, "-t", "sample")
    assert failed.returncode != 0
    assert b"/root/.local/lib: no such file or directory" in failed.stderr
    line = next(line for line in text.splitlines(keepends=True) if "site-packages" in line)
    # The path that pip did install to, and the place of the sample, where Python does not look.
    write(project, {"Dockerfile": text.replace(line, line.replace("/root/.local/lib", "/usr/local/own/lib"))})
    done = build(dockerd, project, "-t", "sample")
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    name = dockerd.docker("run", "-d", "--network", "none", "sample").strip()
    try:
        assert dockerd.docker("wait", name).strip() == "1"
        said = subprocess.run(
            [dockerd.client, "logs", name], env={"DOCKER_HOST": dockerd.host}, capture_output=True, check=True
        )
        assert b"No module named 'markupsafe'" in said.stderr
    finally:
        dockerd.docker("rm", "-f", name)


@pytest.mark.slow
@pytest.mark.usefixtures("images")
def test_what_init_writes_for_the_same_project_builds_and_answers(dockerd: "Dockerd", project: Path) -> None:
    # lint cannot know where the packages should have come from
    request = LintRequest()
    left = mend(lint_file(project / "Dockerfile", request), request, up_to="traced").left
    assert "missing-copy-source" in {each.finding.code for each in left.found}

    argv = [sys.executable, "-m", "lightship", "init", str(project), "--force", "--only", "dockerfile,dockerignore"]
    argv += ["--python", "3.11", "--entrypoint", "python backend/main.py", "--port", "8000"]
    subprocess.run(argv, check=True, capture_output=True)
    written = lint_file(project / "Dockerfile", request)
    assert [each.finding for each in written.found if each.finding.severity == "error"] == []
    text = (project / "Dockerfile").read_text()
    text = text.replace("# syntax=docker/dockerfile:1\n", "").replace("COPY --link ", "COPY ")
    write(project, {"Dockerfile": text})
    page = build(dockerd, project, "-t", "page", "--target", "frontend-build")
    assert page.returncode == 0, page.stderr.decode(errors="replace")[-3000:]
    assert (
        dockerd.docker("run", "--rm", "--network", "none", "page", "cat", "/frontend/dist/index.html")
        == "<h1>page</h1>\n"
    )
    done = build(dockerd, project, "-t", "answers")
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    name = dockerd.docker("run", "-d", "--network", "none", "--read-only", "--cap-drop", "ALL", "answers").strip()
    try:
        ask = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8000/').read().decode())"
        said, limit = "", time.monotonic() + 120
        while not said and time.monotonic() < limit:
            said = dockerd.docker("exec", name, "python", "-c", ask, check=False)
        assert json.loads(said) == {"said": "&lt;b&gt;", "by": "so"}, dockerd.docker("logs", name)
    finally:
        dockerd.docker("rm", "-f", name)
