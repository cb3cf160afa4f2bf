"""Attribution judged by the packages' own tools, and one image in every store."""

import importlib.metadata
import io
import json
import subprocess
import tarfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.analyze.making import files, image_of
from tests.analyze.test_analysis import assert_adds_up, debian
from tests.conformance.npm import npm
from tests.conformance.registries import docker_registry
from tests.flows.test_layer_contents import package

from lightship.analyze.analysis import analyze
from lightship.analyze.model import NOBODY, Analysis
from lightship.flows.analyze import analyze_image, analyze_report
from lightship.image.blobs import from_blobs
from lightship.image.synthetic import synthetic_layer
from lightship.image.value import PlainImage
from lightship.oci.reference import ImageName, Reference
from lightship.store.copy import copy
from lightship.store.open import open_image

if TYPE_CHECKING:
    from tests.conformance.conftest import Dockerd

pytestmark = pytest.mark.conformance
with_engine = pytest.mark.xdist_group("dockerd")

NAME = ImageName.parse("registry.example/agent/api:1.2")


def analysed(folder: Path, under: str, paths: Iterable[str] = ("",)) -> Analysis:
    """A folder of this machine, or some of what is in it, as the only layer of an image."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in paths:
            archive.add(folder / path, f"{under}/{path}".strip("/"))
    layer = synthetic_layer(tar.getvalue(), compression="none")
    return analyze(from_blobs([layer], {"os": "linux", "architecture": "amd64"}))


def test_dpkg_lists_what_it_is_said_to_own(require_tool: Callable[[str], str], tmp_path: Path) -> None:
    dpkg, build = require_tool("dpkg"), require_tool("dpkg-deb")
    root = tmp_path / "root"
    for name in ("usr/bin", "usr/lib"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    for name, paths in {
        "one": ["bin/one", "lib/one/a b", "etc/one"],
        "two": ["usr/bin/two", "usr/lib/one/two"],
    }.items():
        tree = tmp_path / name
        for path in paths:
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(name * 100)
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: x\n"
        )
        subprocess.run([build, "--root-owner-group", "-b", tree, tmp_path / f"{name}.deb"], check=True)
        subprocess.run(
            [dpkg, f"--root={root}", "--force-not-root", "--force-script-chrootless", "-i", tmp_path / f"{name}.deb"],
            check=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )  # fmt: skip
    analysis = analysed(root, "")
    for name in ("one", "two"):
        said = subprocess.run([dpkg, f"--root={root}", "-L", name], check=True, capture_output=True, text=True).stdout
        listed = [path for path in said.splitlines() if (root / path.lstrip("/")).is_file()]
        assert len(listed) >= 2
        for path in listed:
            place = (root / path.lstrip("/")).resolve().relative_to(root.resolve())
            owner = analysis.owner(str(place))
            assert owner is not None
            assert owner.name == name
    assert {each.name: each.files for each in analysis.packages} == {"one": 3, "two": 2}
    assert_adds_up(analysis)


def test_records_agree_for_every_file_of_real_distributions() -> None:
    """Of the development environment, as pip installed them; its own reader of RECORD is the judge."""
    names = ("click", "hypothesis", "jsonschema", "packaging", "pip", "pytest", "rich")
    found = [importlib.metadata.distribution(name) for name in names]
    site = Path(str(found[0].locate_file("")))
    owned = {each.name: [str(path) for path in each.files or () if (site / path).is_file()] for each in found}
    inside = {name: [path for path in paths if not path.startswith("..")] for name, paths in owned.items()}
    analysis = analysed(site, "opt/site-packages", [path for paths in inside.values() for path in paths])
    for name, paths in inside.items():
        assert len(paths) > 20
        for path in paths:
            owner = analysis.owner(f"opt/site-packages/{path}")
            assert owner is not None
            assert owner.name == name
    assert {each.name: each.files for each in analysis.packages} == {
        name: len(set(each)) for name, each in inside.items()
    }
    assert analysis.totals.unowned_bytes == 0
    assert_adds_up(analysis)


@pytest.mark.network
def test_npm_owns_what_lies_in_its_directories(tmp_path: Path) -> None:
    for name, needs in (("inner", {}), ("outer", {"inner": "file:../inner"})):
        folder = tmp_path / name
        (folder / "lib").mkdir(parents=True)
        (folder / "lib/index.js").write_text(f"// {name}\n")
        (folder / "package.json").write_text(json.dumps({"name": name, "version": "1.0.0", "dependencies": needs}))
    app = tmp_path / "app"
    app.mkdir()
    (app / "package.json").write_text(json.dumps({"name": "app", "version": "1.0.0"}))
    subprocess.run(
        [*npm(), "install", "--offline", "--install-links", "--no-audit", "--no-fund", "../outer"], cwd=app, check=True
    )
    analysis = analysed(app, "app")
    listed = json.loads((app / "package-lock.json").read_text())["packages"]
    found = {each.location.removeprefix("app/").removesuffix("/package.json"): each for each in analysis.packages}
    assert sorted(found) == sorted(place for place in listed if place)
    for place, each in found.items():
        assert each.version == listed[place]["version"]
        assert analysis.owner(f"app/{place}/lib/index.js") == each
    outer = next(each for each in analysis.packages if each.name == "outer")
    assert [analysis.packages[number].name for number in outer.requires] == ["inner"]
    assert_adds_up(analysis)


def owned(analysis: Analysis) -> dict[str, set[str]]:
    """What each package is said to own, by name, under all of a file's names."""
    found: dict[str, set[str]] = {}
    for path, row in analysis.tree.rows.items():
        number = analysis.owners[analysis.tree.source(row)]
        if number != NOBODY:
            found.setdefault(analysis.packages[number].name, set()).add(path)
    return found


@pytest.mark.network
@pytest.mark.slow
def test_debian_minbase_is_owned_as_dpkg_lists_it(require_tool: Callable[[str], str], tmp_path: Path) -> None:
    """Every file of every package, none more and none less."""
    dpkg, bootstrap = require_tool("dpkg"), require_tool("mmdebstrap")
    subprocess.run([bootstrap, "--quiet", "--variant=minbase", "bookworm", tmp_path / "root.tar"], check=True)
    layer = synthetic_layer((tmp_path / "root.tar").read_bytes(), compression="none")
    analysis = analyze(from_blobs([layer], {"os": "linux", "architecture": "amd64"}))
    with tarfile.open(tmp_path / "root.tar") as archive:
        archive.extractall(tmp_path, [each for each in archive if "var/lib/dpkg" in each.name], filter="data")
    names = [each.name for each in analysis.packages]
    assert len(names) > 60
    files = {path for path in analysis.tree.rows if path not in analysis.tree.children}
    mine = owned(analysis)
    for name in names:
        said = subprocess.run(
            [dpkg, f"--root={tmp_path}", "-L", name], check=True, capture_output=True, text=True
        ).stdout
        listed: list[str] = []
        for line in said.splitlines():
            if line.startswith("diverted by "):
                listed[-1] = line.partition(" to: ")[2]
            elif line.startswith("/"):
                listed.append(line)
        there = {_usr_merged(path.strip("/")) for path in listed} & files
        assert there == mine.get(name, set()) - _MERGED, name
    assert_adds_up(analysis)


_MERGED = frozenset({"bin", "sbin", "lib", "lib32", "lib64", "libx32"})
"""Links to directories below usr; many packages list one as a directory, which it was."""


def _usr_merged(path: str) -> str:
    return f"usr/{path}" if path.partition("/")[0] in _MERGED else path


@pytest.mark.network
def test_an_application_of_npm_is_owned_as_its_lock_says(tmp_path: Path) -> None:
    """Every file below ``node_modules``: the package of the closest directory above that the lock names."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "package.json").write_text(json.dumps({"name": "app", "version": "1.0.0", "private": True}))
    (app / "server.js").write_text("require('express')().listen(8080)\n")
    command = [*npm(), "install", "--ignore-scripts", "--no-audit", "--no-fund", "express@4.21.2", "debug@4.4.0"]
    subprocess.run(command, cwd=app, check=True)
    analysis = analysed(app, "srv/app")
    places = json.loads((app / "package-lock.json").read_text())["packages"]
    del places[""]
    assert len(places) > 60
    assert any("node_modules" in place.removeprefix("node_modules/") for place in places), "none is nested"
    tried = 0
    for path in app.rglob("*"):
        if path.is_dir() or path.is_symlink():
            continue
        inside = str(path.relative_to(app))
        above = max((place for place in places if inside.startswith(f"{place}/")), key=len, default=None)
        owner = analysis.owner(f"srv/app/{inside}")
        if above is None:
            assert owner is None or owner.location == "srv/app/package.json", inside
            continue
        assert owner is not None, inside
        assert owner.location == f"srv/app/{above}/package.json"
        assert owner.version == places[above]["version"]
        tried += 1
    assert tried > 400
    assert_adds_up(analysis)


def picture() -> PlainImage:
    wheel = package("numpy", "1.0", {"numpy.py": b"x" * 300_000})
    return image_of(debian(), files(wheel), files(wheel, uid=7), steps=("ADD root /", "RUN pip", "RUN chown"))


@with_engine
def test_every_store_gives_the_same_report(dockerd: "Dockerd", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = picture()
    (tmp_path / "registry").mkdir()
    with docker_registry(tmp_path / "registry") as registry, ExitStack() as stack:
        named = ImageName.parse(f"{registry.host}/agent/api:1")
        places = [
            Reference.parse(f"oci:{tmp_path / 'layout'}:latest"),
            Reference.parse(f"oci-archive:{tmp_path / 'oci.tar'}"),
            Reference.parse(f"docker-archive:{tmp_path / 'docker.tar'}"),
            Reference(transport="docker", name=named),
        ]
        for place in places:
            copy(image, place, names=() if place.name is not None else (NAME,), temporary=tmp_path)
        opened = [stack.enter_context(open_image(place, temporary=tmp_path)) for place in places]
        documents = [
            analyze_report(analyze_image(each, place, name="x")).document
            for each, place in zip(opened, places, strict=True)
        ]
        assert documents[0]["packages"]
        assert all(document == documents[0] for document in documents)
        engine = Reference.parse(f"docker-daemon:{NAME}")
        copy(image, engine, names=(), docker_host=dockerd.host, temporary=tmp_path)
        with open_image(engine, docker_host=dockerd.host, temporary=tmp_path) as stored:
            assert _unpacked(analyze_image(stored, engine)) == _unpacked(analyze_image(image, places[0]))
        configured = tmp_path / "storage.conf"
        configured.write_text(
            f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/graph"\nrunroot = "{tmp_path}/run"\n'
        )
        monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(configured))
        storage = Reference.parse(f"containers-storage:{NAME}")
        copy(image, storage, names=(), temporary=tmp_path)
        for as_stored in (False, True):
            with open_image(storage, temporary=tmp_path, as_stored=as_stored) as stored:
                assert _unpacked(analyze_image(stored, storage)) == _unpacked(analyze_image(image, places[0]))


def _unpacked(analysis: Analysis) -> object:
    """All but what an engine forgets: how layers were compressed."""
    return (
        analysis.totals.unpacked_bytes,
        analysis.totals.wasted_bytes,
        [(each.name, each.unpacked_bytes, each.files, each.requires) for each in analysis.packages],
        [(layer.diff_id, layer.instruction, layer.unpacked_bytes, layer.wasted_bytes) for layer in analysis.layers],
        [(finding.code, finding.location, finding.unpacked_bytes) for finding in analysis.findings],
    )
