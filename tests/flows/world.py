"""A world small enough to build in seconds, and real enough to run: an archive of a distribution that packages the
interpreter of the tests, wheels made on the spot, and a project that locks them."""

import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.base.pretend import PretendArchive, served
from tests.build.wheels import make_wheel
from tests.flows.world_archive import FOREIGN, MINOR, foreign_elf
from tests.validated import assert_valid

from lightship.archive.tar import TarMember, TarReader
from lightship.archive.verify import drain
from lightship.config import Options, load_options
from lightship.flows.build import build
from lightship.flows.outcome import BuildOutcome, IndexOutcome
from lightship.flows.request import BuildRequest
from lightship.flows.several import build_all
from lightship.image.value import PlainImage
from lightship.oci.platform import Platform
from lightship.progress import SILENT, Progress
from lightship.store.cache import Cache
from lightship.store.open import locate, open_image
from lightship.store.registry.access import RegistryAccess
from lightship.store.select import host_platform

__all__ = [
    "MINOR", "Links", "World", "layer_digests", "listing", "new_world", "opened", "requirement", "requirements",
    "write_project",
]  # fmt: skip


@dataclass(slots=True)
class Links:
    """A folder of wheels, as ``--find-links`` takes it: itself, or the page at ``uri``, of which ``asked`` tells."""

    folder: Path
    uri: str = ""
    asked: list[str] = field(default_factory=list)

    def add(self, name: str, files: Mapping[str, str | bytes], *, version: str = "1.0", **more: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        wheel = make_wheel(self.folder, name, files, version=version, **more)  # type: ignore[arg-type]
        self.write_page()
        return wheel

    def write_page(self) -> None:
        """The page, which tells each wheel's hash."""
        rows = [
            f'<a href="{wheel.name}#sha256={hashlib.sha256(wheel.read_bytes()).hexdigest()}">{wheel.name}</a><br>'
            for wheel in sorted(self.folder.glob("*.whl"))
        ]
        (self.folder / "index.html").write_text("<!DOCTYPE html><body>" + "\n".join(rows) + "</body>")

    def pretend(self, *, version: str = "1.0") -> None:
        """The wheels of the project: one with a console script and tests, one with an extension module, two that
        both own ``pretend_shared/__init__.py``."""
        self.add(
            "pretend_lib",
            {
                "pretend_lib/__init__.py": f'VERSION = "{version}"\ndef main():\n    print("said by", VERSION)\n',
                "pretend_lib/inner.py": "VALUE = 42\n",
                "pretend_lib/unused.py": "VALUE = 0\n",
                "pretend_lib/tests/__init__.py": "",
                "pretend_lib/tests/test_all.py": "def test_nothing():\n    assert True\n",
                "pretend_lib/data.bin": hashlib.sha256(version.encode()).digest() * 2000,
                "pretend_shared/__init__.py": 'OWNER = "pretend_lib"\n',
                f"pretend_lib-{version}.dist-info/entry_points.txt": (
                    "[console_scripts]\npretend-say = pretend_lib:main\n"
                ),
            },
            version=version,
        )
        module, suffix = _extension()
        tag = f"cp{MINOR.replace('.', '')}-cp{MINOR.replace('.', '')}-linux_{platform.machine()}"
        tag = tag.replace("linux_", "manylinux_2_17_")
        self.add(
            "pretend_native",
            {
                "pretend_native/__init__.py": "",
                f"pretend_native/{module.name.partition('.')[0]}{suffix}": module.read_bytes(),
            },
            filename=f"pretend_native-1.0-{tag}.whl",
            wheel=f"Wheel-Version: 1.0\nGenerator: pretend\nRoot-Is-Purelib: false\nTag: {tag}\n",
        )
        self.add("pretend_rival", {"pretend_shared/__init__.py": 'OWNER = "pretend_rival"\n', "pretend_rival.py": ""})

    def pretend_foreign(self) -> None:
        """The wheel with the extension module once more, for the other machine."""
        suffix, name = sysconfig.get_config_var("EXT_SUFFIX"), _extension()[0].name.partition(".")[0]
        suffix = suffix.replace(platform.machine(), FOREIGN.machine)
        tag = f"cp{MINOR.replace('.', '')}-cp{MINOR.replace('.', '')}-manylinux_2_17_{FOREIGN.machine}"
        self.add(
            "pretend_native",
            {
                "pretend_native/__init__.py": "",
                f"pretend_native/{name}{suffix}": foreign_elf(needed=("libc.so.6",)),
            },
            filename=f"pretend_native-1.0-{tag}.whl",
            wheel=f"Wheel-Version: 1.0\nGenerator: pretend\nRoot-Is-Purelib: false\nTag: {tag}\n",
        )

    def environ(self, home: Path) -> dict[str, str]:
        """What makes pip, uv and so lightship look here and nowhere else."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": self.uri or str(self.folder),
            "UV_NO_CONFIG": "1",
            "UV_FIND_LINKS": self.uri or str(self.folder),
        }


def _extension() -> tuple[Path, str]:
    """An extension module of the interpreter's own, to be another package's."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    for folder in (Path(sysconfig.get_path("stdlib")) / "lib-dynload",):
        for name in ("_json", "_queue", "_opcode", "_lsprof"):
            for path in (folder / f"{name}{suffix}", folder / f"{name}.{sysconfig.get_config_var('SOABI')}.so"):
                if path.is_file():
                    return path, suffix
    raise AssertionError("the interpreter of the tests has no extension module to borrow")


def requirement(wheel: Path) -> str:
    name, version = wheel.name.split("-")[:2]
    return f"{name.replace('_', '-')}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


def requirements(folder: Path) -> str:
    """A lock of the newest of every wheel in ``folder``, and of the same for other machines."""
    newest: dict[str, list[Path]] = {}
    for wheel in sorted(folder.glob("*.whl")):
        known = newest.setdefault(wheel.name.split("-")[0], [])
        if known and known[0].name.split("-")[1] != wheel.name.split("-")[1]:
            known.clear()
        known.append(wheel)
    rows = []
    for wheels in newest.values():
        others = [requirement(wheel).partition(" ")[2] for wheel in wheels[1:]]
        rows.append(" ".join([requirement(wheels[0]), *others]) + "\n")
    return "".join(rows)


_APPLICATION = """\
import http.server, os, sys
import pretend_lib.inner, pretend_shared
from pretend_native import {native}
from helper.text import GREETING

if sys.argv[1:] == ["serve"]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(GREETING.encode())
        def log_message(self, *what):
            pass
    http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
print(GREETING, pretend_lib.inner.VALUE, pretend_shared.OWNER, {native}.__name__, os.getuid())
"""


def write_project(root: Path, links: Path, **image: object) -> Path:
    """The project, with its lock; ``image`` is written to ``[image]`` of its lightship.toml."""
    module = _extension()[0].name.partition(".")[0]
    files = {
        "app.py": _APPLICATION.format(native=module),
        "helper/__init__.py": "",
        "helper/text.py": 'GREETING = "hello"\n',
        "helper/late.py": "",
        "run.sh": "#!/bin/sh\nexec python app.py\n",
        "requirements.txt": requirements(links),
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "run.sh").chmod(0o755)
    values = {"name": "pretend.invalid/app", "entrypoint": ["python", "app.py"], **image}
    (root / "lightship.toml").write_text("[image]\n" + "".join(f"{key} = {_toml(v)}\n" for key, v in values.items()))
    return root


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return repr(value).replace("'", '"')


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A project, the archive and the wheels that it is built of, and a cache. Builds by function or by command."""

    project: Path
    archive: PretendArchive
    uri: str
    links: Links
    cache: Cache
    home: Path
    asked: list[str] = field(default_factory=list)
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {**self.links.environ(self.home), **self.environ}

    @property
    def settings(self) -> dict[str, object]:
        return {
            "archive_uri": (self.uri,),
            "archive_suite": (self.archive.codename,),
            "archive_keyring": str(self.archive.keyring),
        }

    def options(self, **flags: object) -> Options:
        return load_options(self.project, file=None, flags={**self.settings, **flags})

    def build(self, out: Path | str, *, progress: Progress = SILENT, jobs: int = 2, **fields: Any) -> BuildOutcome:
        """Build in this process; fields of the request go there, others are options."""
        known = {name: fields.pop(name) for name in BuildRequest.__dataclass_fields__ if name in fields}
        output = out if isinstance(out, str) else f"oci:{out}"
        values: dict[str, Any] = {"outputs": (output,), "environ": self.environment, "jobs": jobs, **known}
        request = BuildRequest(project=self.project, options=self.options(**fields), **values)
        outcome = build(request, self.cache, progress)
        assert isinstance(outcome, BuildOutcome)
        return outcome

    def build_index(
        self, out: Path | str, *platforms: Platform, progress: Progress = SILENT, **fields: Any
    ) -> IndexOutcome:
        """The same for several platforms: this machine's and the other one, unless others are named."""
        output = out if isinstance(out, str) else f"oci:{out}"
        wanted = ",".join(map(str, platforms or (FOREIGN, host_platform())))
        known = {name: fields.pop(name) for name in BuildRequest.__dataclass_fields__ if name in fields}
        values: dict[str, Any] = {"outputs": (output,), "environ": self.environment, "jobs": 2, **known}
        request = BuildRequest(project=self.project, options=self.options(**fields), platform=wanted, **values)
        outcome = build_all(request, self.cache, progress)
        assert isinstance(outcome, IndexOutcome)
        return outcome

    def for_both(self) -> None:
        """Let the project's lock have wheels for the other machine too."""
        self.links.pretend_foreign()
        (self.project / "requirements.txt").write_text(requirements(self.links.folder))

    def plan(self, *, access: RegistryAccess | None = None, **flags: object) -> str:
        request = BuildRequest(
            project=self.project, options=self.options(**flags), environ=self.environment, plan_only=True,
            access=access or RegistryAccess(),
        )  # fmt: skip
        plan = build(request, self.cache, SILENT)
        assert isinstance(plan, str)
        return plan

    def command(self, out: Path | str, *more: str) -> list[str]:
        """The command line of the same build."""
        output = out if isinstance(out, str) else f"oci:{out}"
        where = ["--archive-uri", self.uri, "--archive-suite", self.archive.codename]
        where += ["--archive-keyring", str(self.archive.keyring), "--cache-dir", str(self.cache.root)]
        program = str(Path(sys.executable).parent / "lightship")
        return [program, "build", str(self.project), "--output", output, *where, *more]

    def start(self, out: Path | str, *more: str, **popen: object) -> "subprocess.Popen[str]":
        values = {"env": self.environment, **popen}
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            self.command(out, *more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **values
        )

    def run(self, out: Path | str, *more: str, **popen: object) -> "subprocess.CompletedProcess[str]":
        with self.start(out, *more, **popen) as process:
            stdout, stderr = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def launch(self, image: Path | str, *command: str, options: tuple[str, ...] = ()) -> str:
        """What ``lightship run`` of the image prints; it must end well."""
        program = str(Path(sys.executable).parent / "lightship")
        words = ["--cache-dir", str(self.cache.root), *options, image if isinstance(image, str) else f"oci:{image}"]
        argv = [program, "run", *words, *command]
        done = subprocess.run(argv, capture_output=True, text=True, env=self.environment, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def copy(self, where: Path, *, project: str = "project", cache: bool = False) -> "World":
        """The same project elsewhere, with an empty cache or a copy of this one's, whose files nobody may
        write into."""
        shutil.copytree(self.project, where / project, symlinks=True)
        if cache:
            # the cache replaces files and never writes into one, so that links are as good as copies, and cost no disk
            shutil.copytree(self.cache.root, where / "cache", symlinks=True, copy_function=os.link)
        home = where / "home"
        home.mkdir()
        return replace(self, project=where / project, cache=Cache(where / "cache"), home=home)

    @contextlib.contextmanager
    def with_own_links(self, folder: Path) -> Iterator["World"]:
        """With a copy of the wheels in ``folder``, served over loopback."""
        if folder != self.links.folder:
            shutil.copytree(self.links.folder, folder)
        with served(folder) as (uri, asked):
            yield replace(self, links=Links(folder, uri, asked))


def new_world(root: Path, archive: PretendArchive, uri: str, asked: list[str], **image: object) -> World:
    """A world below ``root`` with its own wheels, project, home and cache."""
    links = Links(root / "links")
    links.pretend()
    project = write_project(root / "project", links.folder, **image)
    (root / "home").mkdir()
    cache = Cache(root / "cache")
    return World(project=project, archive=archive, uri=uri, links=links, cache=cache, home=root / "home", asked=asked)


@contextlib.contextmanager
def opened(where: Path | str) -> Iterator[PlainImage]:
    """The image at ``where``, a folder or a reference, which is valid down to its last byte."""
    reference = where if isinstance(where, str) else f"oci:{where}"
    with open_image(locate(reference)) as image:
        assert_valid(image)
        yield image


def listing(image: PlainImage) -> dict[str, TarMember]:
    """Every path of the image but directories that only lead somewhere; no path is in two layers."""
    found: dict[str, TarMember] = {}
    for layer in image.layers:
        with layer.open_tar() as stream:
            for member in TarReader(stream):
                assert member.type == "dir" or member.path not in found, member
                found.setdefault(member.path, member)
            drain(stream)
    return found


def layer_digests(outcome: BuildOutcome) -> dict[str, str]:
    """Digest by the layer's name."""
    return {layer.name: layer.digest for layer in outcome.layers}
