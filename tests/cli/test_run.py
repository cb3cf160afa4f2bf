"""``lightship run`` from outside: which image a name means, what is refused, and a start to its end."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Lightship
from tests.store.registry.faulty import served

from lightship.image.synthetic import synthetic_image
from lightship.image.value import PlainImage
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName
from lightship.store.oci_layout import write_layout
from lightship.store.select import host_platform
from lightship.store.tags import Tag


@pytest.fixture(scope="module")
def shell_image() -> PlainImage:
    """An image with this machine's ``sh`` and its libraries."""
    shell = Path("/bin/sh").resolve()
    said = subprocess.run(["ldd", shell], capture_output=True, text=True, check=False).stdout
    libraries = [Path(found) for found in re.findall(r"(?:^|\s)(/[^\s:]+) \(0x", said)]
    files: dict[str, bytes | str | None] = {"bin/sh": shell.read_bytes(), "tmp": None}
    files |= {str(library)[1:]: library.read_bytes() for library in libraries}
    files["etc/passwd"] = b"app:x:1001:1001::/home/app:/bin/sh\n"
    runtime = {"Entrypoint": ["/bin/sh", "-c"], "Cmd": ["echo default"], "User": "1001:1001", "Env": ["WHO=image"]}
    return synthetic_image(files, runtime=runtime, platform=host_platform())


@pytest.fixture
def shelf(shell_image: PlainImage, lightship: Lightship, require_tool: Callable[[str], str]) -> Path:
    """The image on the shelf, as ``registry.example/shop:1``."""
    require_tool("bwrap")
    root = lightship.cache / "images"
    name = ImageName.parse("registry.example/shop:1")
    write_layout(shell_image, root, [Tag("1", name), Tag("latest", ImageName.parse("shop").tagged())])
    return root


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["absent.tar"], 2, "no image absent.tar: not in the cache (it is empty), and no file of that name"),
        (["oci:absent"], 2, "want an OCI layout, got nothing there"),
        (["docker-archive:absent.tar"], 3, "absent.tar"),
        (["no name at all"], 2, "image name not understood"),
        (["--env", "NAME", "oci:absent"], 2, "--env: want NAME=VALUE, got 'NAME'"),
        (["--volume", "nowhere:/x", "oci:absent"], 2, "there is no"),
        (["-v", "./data:/data", "oci:absent"], 2, "-v is --verbose"),
        (["--entrypoint", "'x", "oci:absent"], 2, "--entrypoint: want words"),
        (["--platform", "mars", "oci:absent"], 2, "platform"),
    ],
)
def test_a_refusal_is_one_sentence(words: list[str], status: int, sentence: str, lightship: Lightship) -> None:
    said = lightship("run", *words)
    assert (said.status, said.stdout) == (status, "")
    assert sentence in said.error
    assert "Traceback" not in said.stderr


def test_an_engine_is_asked_where_docker_host_says(lightship: Lightship) -> None:
    said = lightship("run", "docker-daemon:shop", DOCKER_HOST="unix:///no-such-engine.sock")
    assert said.status == 3
    assert "/no-such-engine.sock" in said.error
    assert list((lightship.cache / "temporary").iterdir()) == []


@pytest.mark.parametrize("name", ["registry.example/shop:1", "shop", "shop:latest", "docker.io/library/shop"])
def test_a_name_is_looked_for_on_the_shelf_first(name: str, shelf: Path, lightship: Lightship) -> None:
    said = lightship("run", "-q", name)
    assert (said.status, said.stdout, said.stderr) == (0, "default\n", "")


def test_a_folder_of_the_name_is_not_in_the_way(shelf: Path, lightship: Lightship) -> None:
    (lightship.home / "shop").mkdir()
    (lightship.home / "shop" / "__init__.py").touch()
    assert lightship("run", "-q", "shop").stdout == "default\n"


def test_an_unknown_name_is_told_with_what_there_is(shelf: Path, lightship: Lightship, port: int) -> None:
    name = f"127.0.0.1:{port}/other"
    said = lightship("run", name)
    assert (said.status, said.stdout) == (3, "")
    there = "registry.example/shop:1, shop:latest"
    asked = f"note: {name} is not in the cache (there are: {there}) and no file: asking 127.0.0.1:{port}"
    assert asked in said.stderr.splitlines()
    assert said.error == f"nothing listens at http://127.0.0.1:{port}: connection refused"


def test_an_image_of_a_registry_that_is_not_there(shelf: Path, lightship: Lightship) -> None:
    with served() as registry:
        said = lightship("run", f"docker://{registry.host}/agent/api:1")
    assert (said.status, said.error) == (2, f"{registry.host} has no image agent/api:1")


def test_the_end_is_the_applications_and_its_words_are_not_ours(shelf: Path, lightship: Lightship) -> None:
    said = lightship("run", "-q", "shop", "echo $WHO $0 $1; exit 7", "--debug", "-q")
    assert (said.status, said.stdout) == (7, "image --debug -q\n")


def test_options_and_their_variables(shelf: Path, lightship: Lightship) -> None:
    script = "sh -c 'echo $WHO $PWD \"$LONG\"'"
    said = lightship("run", "-q", "--env", "WHO=flag", "--workdir", "/tmp", "--entrypoint", script, "shop", LONG="host")
    assert (said.status, said.stdout) == (0, "flag /tmp \n"), said.stderr
    variables = {
        "LIGHTSHIP_ENV": "WHO=variable 'LONG=two words'",
        "LIGHTSHIP_WORKDIR": "/etc",
        "LIGHTSHIP_ENTRYPOINT": script,
        "LIGHTSHIP_QUIET": "1",
    }
    assert lightship("run", "shop", **variables).stdout == "variable /etc two words\n"


def test_another_platform_is_refused(shelf: Path, lightship: Lightship) -> None:
    other = Platform("linux", "arm64" if host_platform().architecture != "arm64" else "amd64")
    said = lightship("run", "--platform", str(other), "shop")
    assert said.status == 2
    assert str(other) in said.error


def test_an_image_of_another_processor_is_refused_before_it_is_unpacked(shelf: Path, lightship: Lightship) -> None:
    other = "arm64" if host_platform().architecture != "arm64" else "amd64"
    foreign = synthetic_image({"bin/x": b"x"}, runtime={"Cmd": ["/bin/x"]}, platform=Platform("linux", "riscv128"))
    write_layout(foreign, shelf, [Tag("foreign", ImageName.parse("foreign").tagged())])
    said = lightship("run", "foreign")
    assert (said.status, said.stdout) == (2, "")
    assert said.error.startswith("the image is for linux/riscv128, and this machine runs linux/")
    assert not (lightship.cache / "rootfs").exists()
    assert lightship("run", "--platform", other, "foreign").hint == f"linux/{other}?"


def test_a_program_that_is_not_there_is_127(shelf: Path, lightship: Lightship) -> None:
    said = lightship("run", "-q", "--entrypoint", "bash", "shop")
    assert (said.status, said.stdout) == (127, "")
    assert said.stderr.splitlines() == [
        "error: bash: the image has no such program on its PATH",
        'hint: images that lightship builds have no shell unless system-packages = ["bash"]',
    ]


def test_an_engine_that_is_not_there(shelf: Path, lightship: Lightship, tmp_path: Path) -> None:
    said = lightship("run", "-q", "shop", LIGHTSHIP_ENGINE="docker", PATH=str(tmp_path))
    assert (said.status, said.stdout) == (3, "")
    assert said.error == "docker is not installed: the program docker was not found"
    assert said.hint is not None
    assert "want one of docker, podman, runc, got 'lxc'" in lightship("run", "--engine", "lxc", "shop").error


@pytest.mark.conformance
def test_an_engine_takes_the_same_options(
    shelf: Path, lightship: Lightship, require_tool: Callable[[str], str]
) -> None:
    require_tool("runc")
    script = "echo $WHO $PWD; : >/data/x && : >/tmp/y && echo written; exit 7"
    said = lightship("run", "-q", "--engine", "runc", "--env", "WHO=flag", "--writable", "/data", "shop", script)
    assert (said.status, said.stdout) == (7, "flag /\nwritten\n"), said.stderr
    assert lightship("run", "-q", "--engine", "runc", "--entrypoint", "bash", "shop").status == 127
