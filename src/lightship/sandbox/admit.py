"""An image into a container engine, unless the engine has it: by its id, whatever it is called there."""

from lightship import proc
from lightship.errors import ToolError
from lightship.image.protocol import Image
from lightship.image.views import manifest_of
from lightship.oci.reference import ImageName
from lightship.progress import SILENT, Progress
from lightship.sandbox.client import Client
from lightship.store.archive_write import docker_manifest, write_archive
from lightship.store.contents import contents_of_image
from lightship.store.tags import Tag

__all__ = ["REPOSITORY", "admit_image"]

REPOSITORY = "lightship-run"
"""Under which name images are loaded; their tags are the first digits of their digests."""


def admit_image(client: Client, image: Image, *, progress: Progress = SILENT) -> str:
    """The id by which the engine has ``image``, after it was loaded where it had it not.

    Raise ToolError when the engine refuses or has another image afterwards, MismatchError when a layer's bytes are not
    its own.
    """
    found = _id_of(client, image)
    if found is None:
        _load(client, image, progress)
        found = _id_of(client, image)
    if found is None:
        want = manifest_of(image).config.digest
        raise ToolError(f"{client.name} loaded the image and has none with the id {want}")
    return found


def _id_of(client: Client, image: Image) -> str | None:
    manifest = manifest_of(image)
    # Docker's own store and podman call an image by its config, containerd's store by its manifest
    wanted = {str(manifest.config.digest), str(manifest.digest)}
    for line in client.run("images", "--all", "--no-trunc", "--quiet").split():
        found = line if ":" in line else f"sha256:{line}"
        if found in wanted:
            return found
    return None


def _load(client: Client, image: Image, progress: Progress) -> None:
    name = ImageName.parse(f"{REPOSITORY}:{manifest_of(image).digest.hex[:12]}")
    tags = [Tag(str(name), name)]
    step = f"load the image into {client.name}"
    progress.start(step, sum(layer.compressed_bytes for layer in image.layers), unit="B")
    with client.spawn("load", "--quiet", stdin=proc.PIPE) as loading:
        assert loading.stdin is not None  # noqa: S101 - by PIPE
        try:
            with loading.stdin as stream:
                write_archive(
                    contents_of_image(image), stream.write, tags, docker=docker_manifest(image, tags), progress=progress
                )
        except BrokenPipeError:
            pass  # the client refused: it says why
        except BaseException:
            loading.kill()
            raise
        client.check(loading, "load")
    progress.finish(step)
