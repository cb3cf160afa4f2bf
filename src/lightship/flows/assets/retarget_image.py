"""``lightship assets retarget IMAGE``: the same image for another CDN, with one small layer more."""

import contextlib
import io
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lightship.archive.content import Inline
from lightship.archive.layer import LayerWriter
from lightship.archive.whiteout import whiteout_path
from lightship.assets.image.web import WEB_ROOT
from lightship.assets.output_folder import find_project
from lightship.assets.retarget.leftovers.known import find_leftovers
from lightship.assets.retarget.plan import plan_retarget
from lightship.assets.retarget.tree import DirectoryTree
from lightship.assets.retarget.writing import Written, prepare
from lightship.errors import UsageError
from lightship.flows.assets.retarget import RetargetOutcome, RetargetRequest
from lightship.flows.scratch import scratch
from lightship.flows.unpacked import unpacked
from lightship.image.blobs import StreamLayer
from lightship.image.mutate import append, without_last
from lightship.image.protocol import Layer
from lightship.image.value import PlainImage
from lightship.image.views import config_of, digest_of
from lightship.oci.media_types import compression_of
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName, Reference
from lightship.progress import Progress
from lightship.rootfs.links import resolve_on_disk
from lightship.rootfs.unpack import OWNERSHIP
from lightship.store.cache import Cache
from lightship.store.copy import copy
from lightship.store.indexes import HOLD_INDEXES, open_index
from lightship.store.open import open_image
from lightship.store.read_index import NoIndexError
from lightship.store.registry.access import RegistryAccess
from lightship.units import format_names

__all__ = ["ImageOutcome", "ImageRequest", "image_document", "retarget_image"]

_STEP = "lightship assets retarget"
_PATH = re.compile(rf"{_STEP} --cdn \S+ --path /(?P<path>.*)", re.DOTALL)
_WEB_ROOTS = (WEB_ROOT, "usr/share/caddy", "var/www/html", "srv")
_PAGES = ("index.html", "index.html.gz")
_BUILD = (".next", "BUILD_ID")
_NOT_THERE = frozenset(("node_modules", "proc", "sys", "dev", "lib", "lib64", "share", "include"))
_DEEPEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """``path`` is the directory in the image; None: the one that has a web root or a Next.js build."""

    source: Reference
    destination: Reference
    retarget: RetargetRequest
    names: Sequence[ImageName] = ()
    platform: Platform | None = None
    path: str | None = None
    docker_host: str | None = None
    access: RegistryAccess = field(default_factory=RegistryAccess)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOutcome:
    """``retarget.root`` is the directory in the image. ``layer_bytes`` is the compressed size of the layer on top; 0
    where the files are those of the build. ``digest`` is None in a dry run."""

    retarget: RetargetOutcome
    source_digest: str
    digest: str | None
    layer_bytes: int


def retarget_image(request: ImageRequest, cache: Cache, progress: Progress, *, jobs: int) -> ImageOutcome:
    """Write ``request.source`` to its destination with one layer on top: the files that another prefix changes. A layer
    that an earlier retarget of the same directory put there is replaced, so that the same target gives the same digest
    whatever was before; those of other directories stay.

    Raise what `plan_retarget` and the stores raise, UsageError where it cannot be told which directory is meant, or
    one that was retargeted before lies in it or around it.
    """
    began = time.monotonic()
    with (
        scratch(cache.root) as temporary,
        open_image(
            request.source,
            request.platform,
            access=request.access,
            docker_host=request.docker_host,
            temporary=temporary,
        ) as image,
    ):
        left_out = tuple(_left_out(request, image, temporary))
        built, earlier = _as_built(image)
        root = unpacked(built, cache, progress=progress)
        path = _directory(root, request.path)
        kept = _kept(earlier, path)
        _check_is_output(root, path)
        tree = DirectoryTree(root / path)
        asked = request.retarget
        plan = plan_retarget(
            tree,
            asked.target,
            source=asked.source,
            placeholder=asked.placeholder,
            leave=asked.leave,
            progress=progress,
        )
        plan = replace(plan, notes=(*plan.notes, *left_out))
        rendered = plan.rendered()
        findings = tuple(find_leftovers(plan, rendered))
        written = tuple(prepare(tree, rendered, cache, jobs=jobs, done=lambda: None))
        layer = _layer(written, plan.stale, path, root, _compression(built))
        if layer is not None:
            step = {"created_by": f"{_STEP} --cdn {asked.target.text or repr('')} --path /{path}", **_created(built)}
            kept = sorted((*kept, _Step(path=path, layer=layer, step=step)), key=lambda each: each.path)
        made = append(built, [each.layer for each in kept], history=[each.step for each in kept]) if kept else built
        digest = None
        if not asked.dry_run and plan.slots:
            digest = copy(
                made,
                request.destination,
                names=request.names,
                access=request.access,
                docker_host=request.docker_host,
                temporary=temporary,
                progress=progress,
            )
        outcome = RetargetOutcome(
            root=Path("/") / path,
            request=asked,
            plan=plan,
            written=written,
            findings=findings,
            seconds=time.monotonic() - began,
        )
        return ImageOutcome(
            retarget=outcome,
            source_digest=str(digest_of(image)),
            digest=None if digest is None else str(digest),
            layer_bytes=layer.compressed_bytes if layer is not None else 0,
        )


def image_document(request: ImageRequest, outcome: ImageOutcome) -> dict[str, object]:
    """What the JSON says of the image."""
    return {
        "source": str(request.source),
        "source_digest": outcome.source_digest,
        "destination": request.destination.spelt_out,
        "digest": outcome.digest,
        "layer_bytes": outcome.layer_bytes,
    }


def _left_out(request: ImageRequest, image: PlainImage, temporary: Path) -> Iterator[str]:
    """A note of the platforms that the result has no image for, where nobody named one."""
    if request.platform is None and request.source.transport in HOLD_INDEXES:
        with (
            contextlib.suppress(NoIndexError),
            open_index(request.source, access=request.access, temporary=temporary) as index,
        ):
            mine = config_of(image).platform
            others = [each for each in index.platforms if each.normal() != mine.normal()]
            if others:
                yield (
                    f"{request.source} is an index: its image for {mine} is retargeted, and those for "
                    f"{format_names([str(each) for each in others])} are left out; --platform names one"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """What a retarget of the directory ``path`` put on top."""

    path: str
    layer: Layer
    step: Mapping[str, object]


def _as_built(image: PlainImage) -> tuple[PlainImage, list[_Step]]:
    """The image without what was retargeted on top of it, and that, the lowest first."""
    found: list[_Step] = []
    while True:
        steps = [step for step in _history(image) if not step.get("empty_layer")]
        said = str(steps[-1].get("created_by") or "") if steps and len(steps) == len(image.layers) else ""
        if not said.startswith(_STEP):
            return image, found[::-1]
        path = _PATH.fullmatch(said)
        if path is None:
            raise UsageError(
                "the image was retargeted, and does not say of which directory",
                hint="retarget the image as it was built",
            )
        found.append(_Step(path=path["path"], layer=image.layers[-1], step=steps[-1]))
        image = without_last(image)


def _history(image: PlainImage) -> list[dict[str, object]]:
    history = json.loads(image.raw_config).get("history")
    return [step for step in history if isinstance(step, dict)] if isinstance(history, list) else []


def _kept(earlier: Sequence[_Step], path: str) -> list[_Step]:
    """What stays when ``path`` is retargeted: other directories, which have no file in common with it."""
    for each in earlier:
        outer, inner = sorted((each.path, path), key=len)
        if outer != inner and (not outer or inner.startswith(f"{outer}/")):
            raise UsageError(
                f"/{each.path} of the image was retargeted before, and /{outer} has /{inner} in it",
                hint=f"--path /{each.path}, or retarget the image as it was built",
            )
    return [each for each in earlier if each.path != path]


def _created(image: PlainImage) -> dict[str, object]:
    created = json.loads(image.raw_config).get("created")
    return {"created": created} if isinstance(created, str) else {}


def _compression(image: PlainImage) -> str:
    return "zstd" if image.layers and compression_of(image.layers[-1].media_type) == "zstd" else "gzip"


def _directory(root: Path, asked: str | None) -> str:
    """The directory in the image, without links in it."""
    if asked is not None:
        path = resolve_on_disk(root, asked)
        if not (root / path).is_dir():
            raise UsageError(f"/{asked.strip('/')} is no directory of the image")
        return path
    found = sorted({resolve_on_disk(root, path) for path in (*_web_roots(root), *_next_builds(root))})
    if len(found) != 1:
        said = ", ".join(f"/{path}" for path in found) or "no web root and no Next.js build was found"
        raise UsageError(f"which directory of the image has the front end? {said}", hint="name it: --path /srv/web")
    return found[0]


def _check_is_output(root: Path, path: str) -> None:
    """Raise UsageError for a project, in the image's own paths."""
    project = find_project(root / path, wanted=(".next",))
    if project is not None:
        paths = [f"/{_joined(path, output)}" for output in project.outputs]
        raise UsageError(
            f"/{path} of the image is a project (it has {project.sign}), not what a build made of it",
            hint=f"name what was built from it: --path {' or --path '.join(paths)}" if paths else None,
        )


def _web_roots(root: Path) -> Iterator[str]:
    for path in _WEB_ROOTS:
        if any((root / path / page).is_file() for page in _PAGES):
            yield path


def _next_builds(root: Path) -> Iterator[str]:
    """Directories with a ``.next`` that was built."""
    for folder, names, _ in os.walk(root):
        inside = os.path.relpath(folder, root)
        depth = 0 if inside == "." else inside.count("/") + 1
        if (Path(folder) / Path(*_BUILD)).is_file():
            yield "" if inside == "." else inside
        names[:] = sorted(name for name in names if depth < _DEEPEST and name not in _NOT_THERE and name != ".next")


def _layer(
    written: tuple[Written, ...], stale: tuple[str, ...], path: str, root: Path, compression: str
) -> StreamLayer | None:
    """A layer of what changed, with the modes and owners that the files have; None where nothing did."""
    owners = _owners(root)
    files = sorted((_joined(path, name), each, content) for each in written for name, content in each.files)
    removed = sorted(_joined(path, name) for name in (*stale, *(name for each in written for name in each.removed)))
    if not files and not removed:
        return None
    output = io.BytesIO()
    with LayerWriter(output, compression="zstd" if compression == "zstd" else "gzip") as writer:
        for name in removed:
            writer.file(whiteout_path(name), Inline(b""))
        for name, each, content in files:
            source = root / name
            status = (source if source.exists() else root / _joined(path, each.path)).lstat()
            uid, gid = owners.get(name, (0, 0))
            mtime = each.time_ns // 10**9
            writer.file(name, Inline(content), mode=status.st_mode & 0o777, uid=uid, gid=gid, mtime=mtime)
        found = writer.finish()
    blob = output.getvalue()
    return StreamLayer(
        opener=lambda: io.BytesIO(blob),
        digest=found.digest,
        diff_id=found.diff_id,
        media_type=found.media_type,
        compressed_bytes=found.compressed_bytes,
    )


def _owners(root: Path) -> Mapping[str, tuple[int, int]]:
    """What the host's file system does not hold of an unpacked image."""
    paths = json.loads((root.parent / OWNERSHIP).read_bytes())["paths"]
    return {path: (uid, gid) for path, (_, _, uid, gid) in paths.items()}


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
