"""What `init` writes is built by an engine, answers, and is read by nginx.

There is no registry to pull from: the base is Debian's minbase with its own Python under the name that the Dockerfile
asks for. Debian's docker.io 20.10 has a BuildKit whose frontend knows all that is used but ``COPY --link`` and
``RUN --network``, and the line ``# syntax=`` would have it pull another: all are taken out, and nothing is started in a
build that has the host's network. `bench/init_images.py` builds the file as it stands.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.conformance.conftest import Dockerd
from tests.conftest import require_tool
from tests.init.shapes import planned

PROJECT = Path(__file__).parents[2] / "bench" / "projects" / "flask-pip"
BASE = "python:3.11-slim-bookworm"
_PACKAGES = "ca-certificates,python3.11,python3-venv,tzdata"
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def _environment() -> dict[str, str]:
    """How the host's pip reaches its index, for the pip of a container."""
    said = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    index = re.search(r"^(?:global|install|:env:)\.index-url='(.+)'$", said.stdout, re.MULTILINE)
    found = {"SSL_CERT_FILE": _CERTIFICATES, "PIP_CERT": _CERTIFICATES}
    return found | ({"PIP_INDEX_URL": index[1]} if index else {})


@pytest.fixture(scope="module")
def base(dockerd: Dockerd, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Debian 12 with its Python where the official image has it on the path."""
    mmdebstrap = require_tool("mmdebstrap")
    root = tmp_path_factory.mktemp("base") / "root"
    made = subprocess.run(
        [mmdebstrap, "--quiet", "--variant=minbase", "--mode=root", f"--include={_PACKAGES}", "bookworm", str(root),
         "/etc/apt/sources.list.d/debian.sources"],
        check=False, capture_output=True,
    )  # fmt: skip
    if made.returncode:
        pytest.fail(made.stderr.decode(errors="replace")[-2000:])
    (root / "usr/local/bin/python").symlink_to("../../bin/python3")
    shutil.copy(os.environ.get("SSL_CERT_FILE", _CERTIFICATES), root / _CERTIFICATES.lstrip("/"))
    archive = root.with_suffix(".tar")
    subprocess.run(["tar", "-C", str(root), "-cf", str(archive), "."], check=True)
    changes = [f"ENV {name}={value}" for name, value in _environment().items()]
    path = "ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    dockerd.docker("import", *(word for each in (path, *changes) for word in ("--change", each)), str(archive), BASE)
    shutil.rmtree(root)
    archive.unlink()
    return BASE


@pytest.mark.conformance
@pytest.mark.network
@pytest.mark.slow
def test_the_image_of_the_dockerfile_answers_without_a_shell_and_without_rights(
    dockerd: Dockerd, base: str, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project)
    asked = [sys.executable, "-m", "lightship", "init", str(project), "--python", "3.11", "--format", "json"]
    found = json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)["detected"]
    dockerfile = project / "Dockerfile"
    text = dockerfile.read_text()
    assert f"ARG PYTHON={base}\n" in text
    text = text.replace("# syntax=docker/dockerfile:1\n", "").replace("COPY --link ", "COPY ")
    dockerfile.write_text(text.replace("RUN --network=none ", "RUN "))
    tag = "lightship-init-test"
    built = dockerd.buildkit("build", "--network", "host", "--build-arg", "BYTECODE=all", "-t", tag, str(project))
    assert built.returncode == 0, built.stderr.decode(errors="replace")[-4000:]
    # no network but its own loopback: no port of the host is taken
    name = dockerd.docker(
        "run",
        "-d",
        "--network",
        "none",
        "--read-only",
        "--tmpfs",
        "/tmp",
        "--env",
        "HOME=/tmp",
        "--cap-drop",
        "ALL",
        tag,
    ).strip()
    try:
        address = f"http://127.0.0.1:{found['port']}{found['health']}"
        ask = f"import urllib.request; print(urllib.request.urlopen({address!r}).read().decode())"
        said, limit = "", time.monotonic() + 120
        while not said and time.monotonic() < limit:
            said = dockerd.docker("exec", name, "python", "-c", ask, check=False)
        assert said, dockerd.docker("logs", name) + dockerd.docker("inspect", "--format", "{{.State.Error}}", name)
        assert json.loads(said) == {"status": "ok", "kind": "image/png"}
        assert dockerd.docker("exec", name, "python", "-c", "import os; print(os.getuid())").strip() == "65532"
        facts = "import shutil; print([shutil.which(each) for each in ('sh', 'apt-get', 'pip', 'gcc', 'strip')])"
        assert dockerd.docker("exec", name, "python", "-c", facts).strip() == str([None] * 5)
        modes = (
            "import flask, importlib.util, pathlib, struct;"
            "made = pathlib.Path(importlib.util.cache_from_source(flask.__file__)).read_bytes();"
            "print(struct.unpack('<I', made[4:8])[0])"
        )
        assert dockerd.docker("exec", name, "python", "-c", modes).strip() == "1", (
            "PEP 552: never compared with its source"
        )
    finally:
        dockerd.docker("rm", "-f", name)


@pytest.mark.conformance
@pytest.mark.parametrize("shape", ["poetry-fastapi-vite", "vite-alone"])
def test_nginx_reads_its_configuration(shape: str, tmp_path: Path) -> None:
    nginx = require_tool("nginx")
    text = planned(shape)[2]["deploy/nginx.conf"].text.replace("http://notes:", "http://127.0.0.1:")
    (tmp_path / "site.conf").write_text(text)
    main = tmp_path / "nginx.conf"
    main.write_text(
        f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{ include /etc/nginx/mime.types; access_log off; include {tmp_path}/site.conf; }}\n"
    )
    done = subprocess.run([nginx, "-t", "-q", "-c", str(main), "-p", str(tmp_path)], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
