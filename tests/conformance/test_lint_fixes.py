"""Every rule that mends: what it makes of a Dockerfile builds on an engine, and the image has the same files, or lacks
and has more exactly what the rule says.

The base, under the names of official images, is Debian 12 with its apt, Python, pip and uv; what they install comes
from a repository and a folder of wheels in it, so that no build needs a network. Node.js and npm are not there: what
the rules do to their lines is in the rules' own tests, and `nodejs` is a package by its name. The BuildKit of Debian's
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
from tests.conformance.bases import debian_tar, write_package, write_packages_index, write_wheel
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
APT = "apt-get update && apt-get install -y --no-install-recommends"
CLEAN = "rm -rf /var/lib/apt/lists/*"
_NOT_COMPRESSIBLE = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(1500))
PIP_PROJECT = {
    ".dockerignore": "Dockerfile\n",
    "requirements.txt": "pretend\n",
    "app/main.py": "import pretend\n",
    "app/data/x": _NOT_COMPRESSIBLE,
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
        "FROM slim AS whole\nCOPY whole.h /usr/include/\n"
    )
    write(folder / "base", {"whole.h": "x" * 9000, "Dockerfile": text})
    for target, tag in (("slim", SLIM.split()[1]), ("whole", WHOLE)):
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
    base_tag = SLIM.split()[1]
    tags = [base_tag, *(tag for tag, _, _, fails in jobs if not fails)]
    archive = engine.folder / "all.tar"
    engine.dockerd.docker("save", "-o", str(archive), *tags)
    with open_docker_archive(archive, name=ImageName.parse(base_tag)) as image:
        base = [members_and_contents(layer) for layer in image.layers]
    yield {tag: read(archive, tag, base) for tag in tags[1:]}
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
        assert after.unpacked_bytes + after.hidden_bytes <= before.unpacked_bytes + before.hidden_bytes


def assert_all_said(paths: set[str], patterns: tuple[str, ...]) -> None:
    assert {path for path in paths if not any(fnmatchcase(path, pattern) for pattern in patterns)} == set()
    assert {pattern for pattern in patterns if not any(fnmatchcase(path, pattern) for path in paths)} == set()
