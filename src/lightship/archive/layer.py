"""Layers written in one pass. OCI image-spec 1.1, layer.md; gzip members RFC 1952, zstd frames RFC 8878.

A gzip layer is a chain of gzip members. A `Deflated` of some size is copied as a member of its own and inflated once,
for the diff_id and to check it; everything between such members (tar headers, padding, small files, plain content) is
gathered in runs and compressed here. A zstd layer is one frame. An eStargz layer is a gzip layer in which every file
can be found and read by itself (`lightship.archive.estargz`). The bytes depend on the entries and options alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, BinaryIO, Literal, Self

import deflate
from isal import isal_zlib

from lightship.archive import tar_write
from lightship.archive.content import Content, Deflated, Inline, Stored
from lightship.archive.gzip import MEMBER_HEADER, member_trailer
from lightship.archive.inflate import Containers, iter_content, iter_member, read_content
from lightship.archive.tar import MemberType, TarMember
from lightship.archive.tar_write import TypeFlag
from lightship.archive.verify import HashingWriter, copy_stream
from lightship.errors import UsageError
from lightship.oci.digest import Digest
from lightship.values import dataclass

if TYPE_CHECKING:
    from lightship.archive.estargz.write import EstargzSink

__all__ = [
    "ANEW_LEVEL",
    "DEFAULT_LEVEL",
    "LAYER_VERSION",
    "RUN_BYTES",
    "SPLICE_BYTES",
    "LayerCompression",
    "LayerWriter",
    "WrittenLayer",
    "check_level",
    "codec_version",
    "media_type",
]

LAYER_VERSION = 1
"""Raised when the same entries give other bytes."""

LayerCompression = Literal["gzip", "zstd", "estargz"]
SPLICE_BYTES = 1 << 14
"""From this many unpacked bytes on a deflated file is copied; smaller ones gain more from each other's company."""
RUN_BYTES = 1 << 20
ANEW_LEVEL = 10
"""At least this level compresses what is large and not worth splicing. Of libdeflate's levels the tenth is the first
that weighs matches against each other: on tables of numbers 9 % smaller than the ninth, and quicker."""

# libdeflate 4 against 6 over the wheels of docs/decisions/splicing.md: 8 % less CPU for 0.2 % more bytes.
# In eStargz half of the bytes are compressed here, chunk by chunk: 6 against 4 is 25 % more CPU for 1.7 % fewer bytes.
DEFAULT_LEVEL: dict[LayerCompression, int] = {"gzip": 4, "zstd": 3, "estargz": 6}
_TYPES: dict[bytes, MemberType] = {
    TypeFlag.FILE: "file",
    TypeFlag.DIRECTORY: "dir",
    TypeFlag.SYMLINK: "symlink",
    TypeFlag.HARDLINK: "hardlink",
}
_MAX_LEVEL: dict[LayerCompression, int] = {"gzip": 12, "zstd": 19, "estargz": 12}


def media_type(compression: LayerCompression) -> str:
    """The layer's media type. OCI image-spec 1.1, media-types.md."""
    return f"application/vnd.oci.image.layer.v1.tar+{'zstd' if compression == 'zstd' else 'gzip'}"


def codec_version(compression: LayerCompression) -> str:
    """Names everything but entries and options that a layer's bytes depend on, for the key of a cached layer."""
    if compression == "gzip":
        return f"layer-{LAYER_VERSION} deflate-{deflate.__version__} {SPLICE_BYTES} {RUN_BYTES} {ANEW_LEVEL}"
    if compression == "estargz":
        from lightship.archive.estargz.toc import CHUNK_LIMIT_BYTES
        from lightship.archive.estargz.write import ESTARGZ_SPLICE_BYTES, ESTARGZ_VERSION

        ours = f"layer-{LAYER_VERSION} estargz-{ESTARGZ_VERSION}"
        return f"{ours} deflate-{deflate.__version__} {ESTARGZ_SPLICE_BYTES} {CHUNK_LIMIT_BYTES}"
    from lightship.archive.zstd import CODEC_VERSION

    return f"layer-{LAYER_VERSION} {CODEC_VERSION}"


def check_level(compression: LayerCompression, level: int | None) -> int:
    """``level``, or the default where it is None; raise UsageError for one that ``compression`` has not."""
    level = DEFAULT_LEVEL[compression] if level is None else level
    if not 1 <= level <= _MAX_LEVEL[compression]:
        raise UsageError(f"{compression} level not supported: want 1 to {_MAX_LEVEL[compression]}, got {level}")
    return level


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenLayer:
    """What was written. ``tar_bytes`` is the size of the tar, ``unpacked_bytes`` that of the files in it; ``files``
    counts what is no directory; ``annotations`` belong to the layer's descriptor."""

    digest: Digest
    diff_id: Digest
    media_type: str
    compressed_bytes: int
    tar_bytes: int
    unpacked_bytes: int
    files: int
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)


class _GzipSink:
    def __init__(self, output: HashingWriter, tar: HashingWriter, level: int, containers: Containers) -> None:
        self._output = output
        self._tar = tar
        self._level = self._run_level = level
        self._containers = containers
        self._run: list[bytes | bytearray | memoryview] = []
        self._run_bytes = 0

    def plain(self, chunk: bytes | bytearray | memoryview) -> None:
        """Add to the run. Runs are cut at RUN_BYTES exactly, so they do not depend on how the bytes arrived."""
        while self._run_bytes + len(chunk) >= RUN_BYTES:
            room = RUN_BYTES - self._run_bytes
            view = memoryview(chunk)
            self._run.append(view[:room])
            self._run_bytes += room
            chunk = view[room:]
            self._flush()
        if chunk:
            self._run.append(chunk)
            self._run_bytes += len(chunk)

    def content(self, content: Content, what: str) -> None:
        if content.unpacked_bytes < SPLICE_BYTES:
            self.plain(read_content(content, self._containers, what))
        elif isinstance(content, Deflated) and content.splice:
            self._splice(content, what)
        else:
            if isinstance(content, Deflated):
                self._flush()
                self._run_level = max(self._level, ANEW_LEVEL)
            for chunk in iter_content(content, self._containers, what):
                self.plain(chunk)
            if isinstance(content, Deflated):
                self._flush()
                self._run_level = self._level

    def finish(self, *, end: bool) -> Mapping[str, str]:
        if end:
            self.plain(tar_write.END)
        self._flush()
        return {}

    def _splice(self, content: Deflated, what: str) -> None:
        self._flush()
        for piece, plain in iter_member(content, self._containers, what):
            self._output.write(piece)
            for chunk in plain:
                self._tar.write(chunk)

    def _flush(self) -> None:
        if not self._run:
            return
        run = b"".join(self._run)
        self._run.clear()
        self._run_bytes = 0
        self._tar.write(run)
        raw = deflate.deflate_compress(run, self._run_level)
        self._output.write(MEMBER_HEADER + raw + member_trailer(isal_zlib.crc32(run), len(run)))


class _ZstdSink:
    def __init__(
        self, output: HashingWriter, tar: HashingWriter, level: int, threads: int, containers: Containers
    ) -> None:
        from lightship.archive.zstd import new_encoder

        self._output = output
        self._tar = tar
        self._containers = containers
        # At least one worker on purpose: a frame made by any number of workers is the same, one made by none is not.
        self._encoder = new_encoder(level, threads=max(1, threads))
        self._run: list[bytes | bytearray] = []
        self._run_bytes = 0

    def plain(self, chunk: bytes | bytearray) -> None:
        self._run.append(chunk)
        self._run_bytes += len(chunk)
        if self._run_bytes >= RUN_BYTES:
            self._flush()

    def content(self, content: Content, what: str) -> None:
        if content.unpacked_bytes < SPLICE_BYTES:
            self.plain(read_content(content, self._containers, what))
        else:
            for chunk in iter_content(content, self._containers, what):
                self.plain(chunk)

    def finish(self, *, end: bool) -> Mapping[str, str]:
        if end:
            self.plain(tar_write.END)
        self._flush()
        self._output.write(self._encoder.flush())
        return {}

    def _flush(self) -> None:
        run = b"".join(self._run)
        self._run.clear()
        self._run_bytes = 0
        self._tar.write(run)
        self._output.write(self._encoder.compress(run))


class LayerWriter:
    """Write entries, in their order, as one compressed layer to ``stream``; a context manager, for one thread.

    Paths are normal (`lightship.paths.normal_path`); the caller sees to their order and that none comes twice.
    ``tar`` gets the uncompressed bytes. ``level`` None is the default: libdeflate 4 for gzip and 6 for eStargz (1 to 12
    both), zstd 3 (1 to 19).
    An error leaves ``stream`` with rubbish in it: write to an `atomic_file`. Nothing is closed but what was opened.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        tar: BinaryIO | None = None,
        compression: LayerCompression = "gzip",
        level: int | None = None,
        mtime: int = 315_532_800,
        threads: int = 1,
    ) -> None:
        level = check_level(compression, level)
        self._compression = compression
        self._mtime = mtime
        self._output = HashingWriter(stream)
        self._tar = HashingWriter(tar)
        self._containers = Containers()
        self._files = 0
        self._unpacked_bytes = 0
        self._estargz: EstargzSink | None = None
        self._sink: _GzipSink | _ZstdSink | EstargzSink
        if compression == "estargz":
            self._sink = self._estargz = _new_estargz(self._output, self._tar, level, self._containers, mtime)
        elif compression == "zstd":
            self._sink = _ZstdSink(self._output, self._tar, level, threads, self._containers)
        else:
            self._sink = _GzipSink(self._output, self._tar, level, self._containers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._containers.close()

    def directory(self, path: str, *, mode: int = 0o755, uid: int = 0, gid: int = 0) -> None:
        """Add a directory."""
        self._header(path, TypeFlag.DIRECTORY, mode, uid, gid)

    def file(
        self,
        path: str,
        content: Content,
        *,
        mode: int = 0o644,
        uid: int = 0,
        gid: int = 0,
        mtime: int | None = None,
    ) -> None:
        """Add a regular file, of the layer's time unless ``mtime`` is given. Raise ArchiveError when ``content`` is not
        what its container claims."""
        size_bytes = content.unpacked_bytes
        self._header(path, TypeFlag.FILE, mode, uid, gid, size_bytes, mtime=mtime)
        self._files += 1
        self._unpacked_bytes += size_bytes
        if size_bytes:
            self._sink.content(content, path)
            if size_bytes % tar_write.BLOCK_BYTES:
                self._sink.plain(tar_write.padding(size_bytes))

    def symlink(self, path: str, target: str, *, uid: int = 0, gid: int = 0) -> None:
        """Add a symbolic link; ``target`` stands as it is."""
        self._header(path, TypeFlag.SYMLINK, 0o777, uid, gid, 0, target)
        self._files += 1

    def hardlink(self, path: str, target: str, *, mode: int = 0o644, uid: int = 0, gid: int = 0) -> None:
        """Add another name for ``target``, a path that was added before, with that file's mode and owner."""
        self._header(path, TypeFlag.HARDLINK, mode, uid, gid, 0, target)
        self._files += 1

    def member(self, header: bytes, member: TarMember, content: Content | Iterable[bytes] = ()) -> None:
        """Add a member of another tar under the very header that it has there; content that is not empty."""
        if self._estargz is not None:
            self._estargz.begin(member)
        self._sink.plain(header)
        self._files += member.type != "dir"
        if not member.size_bytes:
            return
        self._unpacked_bytes += member.size_bytes
        if isinstance(content, Deflated | Inline | Stored):
            self._sink.content(content, member.path)
        elif self._estargz is not None:
            self._estargz.chunks(content)
        else:
            for chunk in content:
                self._sink.plain(chunk)
        self._sink.plain(tar_write.padding(member.size_bytes))

    def whole_tar(self, tar: BinaryIO) -> WrittenLayer:
        """Write ``tar`` as it is, to its last byte, instead of entries, and finish: the diff_id is its own. ``files``
        and ``unpacked_bytes`` are 0: nobody looked. eStargz has to look: raise UsageError."""
        if self._estargz is not None:
            raise UsageError("eStargz wants the members of a tar, got a tar")
        copy_stream(tar, self._sink.plain)
        return self.finish(end=False)

    def landmark(self, *, prefetch: bool) -> None:
        """In eStargz, say that a start reads what was written so far (``prefetch``), or that nobody knows what it
        reads; at most once. Nothing in other layers."""
        if self._estargz is not None:
            self._estargz.landmark(prefetch=prefetch)

    def finish(self, *, end: bool = True) -> WrittenLayer:
        """End the tar and the compressed stream; say what they are. Nothing can be added after.

        Without ``end`` the tar lacks its last two blocks: it is a part, to be joined with others. eStargz has no parts.
        """
        annotations = self._sink.finish(end=end)
        if self._estargz is not None:
            self._files += 2  # the landmark and the TOC
            self._unpacked_bytes += self._estargz.own_bytes
        return WrittenLayer(
            digest=self._output.digest,
            diff_id=self._tar.digest,
            media_type=media_type(self._compression),
            compressed_bytes=self._output.count,
            tar_bytes=self._tar.count,
            unpacked_bytes=self._unpacked_bytes,
            files=self._files,
            annotations=annotations,
        )

    def _header(
        self,
        path: str,
        flag: bytes,
        mode: int,
        uid: int,
        gid: int,
        size_bytes: int = 0,
        target: str = "",
        mtime: int | None = None,
    ) -> None:
        mtime = self._mtime if mtime is None else mtime
        if self._estargz is not None:
            self._estargz.begin(TarMember(path, _TYPES[flag], mode, uid, gid, size_bytes, mtime, target))
        self._sink.plain(
            tar_write.header(
                path + "/" if flag == TypeFlag.DIRECTORY else path,
                flag=flag,
                mode=mode,
                uid=uid,
                gid=gid,
                size_bytes=size_bytes,
                mtime=mtime,
                link_target=target,
            )
        )


def _new_estargz(
    output: HashingWriter, tar: HashingWriter, level: int, containers: Containers, mtime: int
) -> "EstargzSink":
    from lightship.archive.estargz.write import EstargzSink

    return EstargzSink(output, tar, level, containers, mtime)
