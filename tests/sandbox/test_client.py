"""An engine's client, played by a small program: what it has, takes and refuses."""

import json
import sys
import tarfile
from pathlib import Path

import pytest

from lightship.errors import MismatchError, ToolError
from lightship.image.blobs import from_blobs
from lightship.image.synthetic import synthetic_image, synthetic_layer
from lightship.image.views import digest_of, manifest_of
from lightship.oci.digest import Digest
from lightship.sandbox.admit import admit_image
from lightship.sandbox.client import Client

IMAGE = synthetic_image({"a": b"1" * 3000}, {"b": b"2"})
CLIENT = """#!{python}
import json, sys
from pathlib import Path
place = Path(__file__).parent
with (place / "calls").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
mood = (place / "mood").read_text()
if mood == "absent":
    sys.exit("Cannot connect to the engine.\\nIs it running?")
if sys.argv[1] == "images":
    print((place / "ids").read_text())
elif sys.argv[1] == "load" and mood == "refuses":
    sys.exit('time="1" level=warning msg="x"\\nError: no space left\\nSee \\'docker load --help\\'.')
elif sys.argv[1] == "load":
    (place / "loaded.tar").write_bytes(sys.stdin.buffer.read())
    (place / "ids").write_text(mood)
"""


@pytest.fixture
def client(tmp_path: Path) -> Client:
    program = tmp_path / "docker"
    program.write_text(CLIENT.format(python=sys.executable))
    program.chmod(0o755)
    (tmp_path / "ids").write_text(f"{Digest.of(b'other')}\n")
    (tmp_path / "mood").write_text("")
    return Client(name="docker", program=str(program))


def _calls(tmp_path: Path) -> list[str]:
    return [json.loads(line)[0] for line in (tmp_path / "calls").read_text().splitlines()]


@pytest.mark.parametrize("id_is", ["config", "manifest", "hex"])
def test_what_an_engine_has_is_not_loaded(client: Client, tmp_path: Path, id_is: str) -> None:
    config = manifest_of(IMAGE).config.digest
    found = {"config": str(config), "manifest": str(digest_of(IMAGE)), "hex": config.hex}[id_is]
    (tmp_path / "ids").write_text(f"{Digest.of(b'other')}\n{found}\n")
    assert admit_image(client, IMAGE) == (found if ":" in found else f"sha256:{found}")
    assert _calls(tmp_path) == ["images"]


def test_what_it_has_not_is_loaded_under_a_name_that_tells(client: Client, tmp_path: Path) -> None:
    (tmp_path / "mood").write_text(str(manifest_of(IMAGE).config.digest))
    assert admit_image(client, IMAGE) == str(manifest_of(IMAGE).config.digest)
    assert _calls(tmp_path) == ["images", "load", "images"]
    with tarfile.open(tmp_path / "loaded.tar") as archive:
        (entry,) = json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type]
    assert entry["RepoTags"] == [f"lightship-run:{digest_of(IMAGE).hex[:12]}"]


def test_another_image_is_not_believed(client: Client, tmp_path: Path) -> None:
    (tmp_path / "mood").write_text(str(Digest.of(b"another")))
    with pytest.raises(ToolError, match="docker loaded the image and has none with the id sha256:"):
        admit_image(client, IMAGE)


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        ("absent", "docker images failed: Is it running?"),
        ("refuses", "docker load failed: no space left"),
    ],
)
def test_refusals_are_one_sentence(client: Client, tmp_path: Path, mood: str, said: str) -> None:
    (tmp_path / "mood").write_text(mood)
    with pytest.raises(ToolError) as caught:
        admit_image(client, IMAGE)
    assert str(caught.value) == said
    assert caught.value.hint is not None


def test_a_wrong_layer_is_never_the_engines(client: Client, tmp_path: Path) -> None:
    from dataclasses import replace

    lying = replace(synthetic_layer({"x": b"1"}), digest=Digest.of(b"another"))
    with pytest.raises(MismatchError):
        admit_image(client, from_blobs([lying], {"os": "linux", "architecture": "amd64"}))
    assert not (tmp_path / "loaded.tar").exists()


def test_a_missing_client_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, package in (("docker", "docker.io"), ("podman", "podman")):
        with pytest.raises(ToolError, match=f"{name} is not installed") as caught:
            Client.find(name)
        assert caught.value.hint == f"sudo apt-get install {package}"
