"""``lightship copy``: an image, or a whole index, from one store to another, its layers recompressed on request."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from lightship.errors import UsageError
from lightship.flows.copied import CopiedLayer, CopyOutcome
from lightship.flows.moved import MovedBytes
from lightship.flows.phases import Phases
from lightship.flows.scratch import scratch
from lightship.flows.startup import first_files, read_startup_lock
from lightship.image.index import ImageIndex
from lightship.image.index_change import replace_images
from lightship.image.value import PlainImage
from lightship.image.views import digest_of, platform_of
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName, Reference
from lightship.progress import Progress
from lightship.store.cache import Cache
from lightship.store.copy import copy
from lightship.store.indexes import HOLD_INDEXES, copy_index, open_index
from lightship.store.open import locate, open_image
from lightship.store.read_index import NoIndexError
from lightship.store.recompress import Recompressed, recompress
from lightship.store.registry.access import RegistryAccess
from lightship.store.select import host_platform

__all__ = ["CopyRequest", "copy_images", "destination_of", "read_paths"]

_LIMIT_BYTES = 64 << 20
_PYTHON = re.compile(r"/python(3\.\d+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRequest:
    """What is asked for. ``compression`` None leaves every layer as it is; ``anew`` compresses those too that have it;
    ``prioritized`` are paths that eStargz puts first."""

    source: Reference
    destination: Reference
    names: Sequence[ImageName] = ()
    platform: Platform | None = None
    compression: str | None = None
    level: int | None = None
    anew: bool = False
    prioritized: Sequence[str] = ()
    docker_host: str | None = None
    access: RegistryAccess = field(default_factory=RegistryAccess)
    jobs: int = 1

    def __post_init__(self) -> None:
        if self.compression is None and (self.level is not None or self.anew or self.prioritized):
            raise UsageError(
                "nothing is compressed without a compression: got --level, --recompress or --prioritized alone",
                hint="add --compression gzip, zstd or estargz",
            )
        if self.prioritized and self.compression != "estargz":
            raise UsageError(f"only eStargz has prioritized files: got --compression {self.compression}")


def copy_images(request: CopyRequest, cache: Cache, progress: Progress) -> CopyOutcome:
    """Copy ``request.source``; the destination is complete or as it was.

    Without a platform an index is copied whole, where the destination can hold one; elsewhere the image for this
    machine, with a note. When no layer changes, the digest is the source's. Raise what the stores raise.
    """
    phases = Phases()
    with scratch(cache.root) as temporary, ExitStack() as stack:
        with phases("open"):
            found = stack.enter_context(_open(request, temporary, progress))
        return _copy(found, request, cache, temporary, phases, progress)


def destination_of(text: str) -> Reference:
    """Where ``text`` says: a reference, or the path of a layout or an archive that is there.

    Raise UsageError for a bare name without a registry: it would be pushed to Docker Hub, and a folder was meant.
    """
    if text.startswith(("/", "./", "../")) and not Path(text).exists():
        raise UsageError(
            f"where to write is not understood: {text!r:.120} could become a folder or an archive",
            hint=f"write oci:{text}, oci-archive:{text} or docker-archive:{text}",
        )
    reference = locate(text)
    bare = reference.transport == "docker" and not text.startswith("docker://")
    first, slash, _ = text.partition("/")
    if bare and not ((slash and any(mark in first for mark in ".:")) or first == "localhost"):
        raise UsageError(
            f"where to write is not understood: {text!r:.120} could be a folder or a name in a registry",
            hint=f"write oci:{text}, or docker://{text}",
        )
    return reference


def read_paths(file: Path) -> tuple[str, ...]:
    """Paths, one a line, in their order: a list of one's own, or a lock of a start.

    Empty lines and comments are passed over. Of ``lightship-startup.lock`` what was opened counts (``[files]`` and
    ``[requested]``), modules as the bytecode of any version as well as the source. Raise UsageError for a file that is
    no such text.
    """
    try:
        with file.open("rb") as stream:
            text = stream.read(_LIMIT_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}: {error}") from error
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if any(line.startswith("key = ") for line in lines):
        return _of_lock(file)
    return tuple(dict.fromkeys(line.lstrip("/") for line in lines))


def _of_lock(file: Path) -> tuple[str, ...]:
    found = read_startup_lock(file)
    if found is None:
        return ()
    named = [match for path in found.modules if (match := _PYTHON.search(path))]
    versions = sorted({match.group(1).replace(".", "") for match in named})
    files = found if found.files else replace(found, files=found.modules)
    sources = dict.fromkeys((*files.files, *files.requested))
    compiled = [first_files(files, cache_tag=f"cpython-{version}") for version in versions]
    # Both: an image may have either, and what it has not does no harm.
    return tuple(dict.fromkeys(path for paths in zip(*compiled, sources, strict=False) for path in paths))


@contextmanager
def _open(request: CopyRequest, temporary: Path, progress: Progress) -> Iterator[ImageIndex | PlainImage]:
    """The whole index, where nobody asked for a platform and there is one; else the image."""
    source, access = request.source, request.access
    platform = request.platform
    with ExitStack() as stack:
        if platform is None and source.transport in HOLD_INDEXES:
            index: ImageIndex | None = None
            with contextlib.suppress(NoIndexError):  # an image, or several: the door for images says which
                index = stack.enter_context(open_index(source, access=access, temporary=temporary))
            if index is not None and request.destination.transport in HOLD_INDEXES:
                yield index
                return
            if index is not None:
                platform = host_platform()
                progress.note(
                    f"{source} is an index for {', '.join(map(str, index.platforms))}, and "
                    f"{request.destination.transport}: holds one image: that for {platform} is copied"
                )
        host = request.docker_host
        yield stack.enter_context(open_image(source, platform, access=access, docker_host=host, temporary=temporary))


def _copy(
    found: ImageIndex | PlainImage,
    request: CopyRequest,
    cache: Cache,
    temporary: Path,
    phases: Phases,
    progress: Progress,
) -> CopyOutcome:
    images = found.images if isinstance(found, ImageIndex) else ((platform_of(found), found),)
    with phases("compress"):
        made = {digest_of(image): _recompressed(image, request, cache, temporary, progress) for _, image in images}
    moved = MovedBytes(request.destination)
    whole: ImageIndex | PlainImage
    if isinstance(found, ImageIndex):
        changed = {digest: _plain(result) for digest, result in made.items()}
        _tell_of_attestations(found, changed, progress)
        whole = moved.index(replace_images(found, changed))
    else:
        whole = moved.image(_plain(made[digest_of(found)]))
    with phases("write"):
        digest = _write(whole, request, temporary, progress)
    layers = [
        CopiedLayer.of(platform, *pair)
        for platform, image in images
        for pair in zip(image.layers, made[digest_of(image)].image.layers, made[digest_of(image)].how, strict=True)
    ]
    return CopyOutcome(
        source=str(request.source),
        destination=request.destination.spelt_out,
        digest=str(digest),
        source_digest=str(found.digest if isinstance(found, ImageIndex) else digest_of(found)),
        compression=request.compression,
        platforms=tuple(str(platform) for platform, _ in images),
        layers=tuple(layers),
        moved_bytes=moved.count,
        seconds=dict(phases.seconds),
    )


def _plain(result: Recompressed) -> PlainImage:
    image = result.image
    if isinstance(image, PlainImage):
        return image
    return PlainImage(raw_manifest=image.raw_manifest, raw_config=image.raw_config, layers=image.layers)


def _recompressed(
    image: PlainImage, request: CopyRequest, cache: Cache, temporary: Path, progress: Progress
) -> Recompressed:
    if request.compression is None:
        return Recompressed(image=image, how=tuple("kept" for _ in image.layers))
    result = recompress(
        image,
        request.compression,  # type: ignore[arg-type]  # the command line has looked that it is one of them
        cache,
        level=request.level,
        anew=request.anew,
        prioritized=request.prioritized,
        temporary=temporary,
        jobs=request.jobs,
        progress=progress,
    )
    kept = result.how.count("kept")
    if request.level is not None and kept and not request.anew:
        noun = "layer has" if kept == 1 else "layers have"
        progress.note(f"{kept} {noun} {request.compression} already; --recompress compresses them anew")
    return result


def _tell_of_attestations(index: ImageIndex, images: Mapping[Digest, PlainImage], progress: Progress) -> None:
    before, after = len(list(index.walk())), len(list(replace_images(index, images).walk()))
    if after < before:
        progress.note(f"{before - after} attestations are of images that changed, and are not copied")


def _write(whole: ImageIndex | PlainImage, request: CopyRequest, temporary: Path, progress: Progress) -> Digest:
    to, names, access = request.destination, request.names, request.access
    if isinstance(whole, ImageIndex):
        return copy_index(whole, to, names=names, access=access, progress=progress)
    host = request.docker_host
    return copy(whole, to, names=names, access=access, docker_host=host, temporary=temporary, progress=progress)
