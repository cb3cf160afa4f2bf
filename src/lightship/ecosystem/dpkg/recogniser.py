"""Debian packages of an image: ``var/lib/dpkg`` as dpkg keeps it, or ``status.d`` as distroless images do.

dpkg(1), section FILES; dpkg-divert(1); Debian Policy 4.7, 7.1. What a package owns is what ``dpkg -L`` prints: its
``info/*.list``, where a file that another package diverts lies at the place of the diversion. Without lists the
``md5sums`` beside a paragraph of ``status.d`` are all there is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from lightship.ecosystem.dpkg.control import Paragraph, parse_paragraphs
from lightship.ecosystem.dpkg.relations import parse_relations
from lightship.ecosystem.inventory import Files, Found, Scanner, Wanted
from lightship.errors import ArchiveError

__all__ = ["DpkgRecogniser"]

_ROOT = "var/lib/dpkg"
_LIST_BYTES = 16 << 20
_STATUS_BYTES = 64 << 20
_DEPENDS = ("pre-depends", "depends")

_Problem = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class _Diversion:
    """``by`` is the package whose file stays where it is; ":" stands for the machine's administrator."""

    to: str
    by: str


class DpkgRecogniser:
    """See `Recogniser`."""

    code = "dpkg"
    wanted = (
        Wanted(name="status", directory=_ROOT, cap_bytes=_STATUS_BYTES),
        Wanted(name="diversions", directory=_ROOT, cap_bytes=_LIST_BYTES),
        Wanted(suffix=".list", directory=f"{_ROOT}/info", cap_bytes=_LIST_BYTES),
        Wanted(directory=f"{_ROOT}/status.d", cap_bytes=_LIST_BYTES),
    )
    scanner: Callable[[], Scanner] | None = None

    def find(self, files: Files, problem: _Problem) -> Iterator[Found]:
        """See `Recogniser.find`."""
        diversions = _diversions(files.read(f"{_ROOT}/diversions") or b"")
        unlisted: list[str] = []
        status = files.read(f"{_ROOT}/status")
        if status is not None:
            for fields in _paragraphs(status, f"{_ROOT}/status", problem):
                if fields.get("status", "").split()[-1:] == ["installed"]:
                    listed = _list_of(fields, files)
                    unlisted += [fields["package"]] if listed is None else []
                    yield _found(fields, f"{_ROOT}/status", _listed(listed or b"", fields["package"], diversions))
        for path, content in files.kept(f"{_ROOT}/status.d/"):
            if not path.endswith(".md5sums"):
                sums = files.read(f"{path}.md5sums")
                for fields in _paragraphs(content, path, problem):
                    unlisted += [fields["package"]] if sums is None else []
                    yield _found(fields, path, _summed(sums or b""))
        if unlisted:
            more = f" and {len(unlisted) - 1} more" if len(unlisted) > 1 else ""
            problem(_ROOT, f"nothing lists the files of {unlisted[0]}{more}: they are counted as owned by no package")


def _paragraphs(content: bytes, path: str, problem: _Problem) -> Iterator[Paragraph]:
    try:
        for fields in parse_paragraphs(content.decode("utf-8", "replace"), what=path):
            if "package" in fields and "version" in fields:
                yield fields
    except ArchiveError as error:
        problem(path, str(error))


def _found(fields: Paragraph, location: str, paths: Iterator[str]) -> Found:
    return Found(
        ecosystem="deb",
        name=fields["package"],
        version=fields["version"],
        location=location,
        paths=paths,
        requires=_requires(fields),
        provides=tuple(group[0] for group in _names(fields.get("provides", ""))),
        architecture=fields.get("architecture", ""),
    )


def _requires(fields: Paragraph) -> tuple[tuple[str, ...], ...]:
    return tuple(group for name in _DEPENDS for group in _names(fields.get(name, "")))


def _names(field: str) -> list[tuple[str, ...]]:
    try:
        return [tuple(relation.name for relation in group) for group in parse_relations(field)] if field else []
    except ArchiveError:
        return []  # who depends on whom is told where it can be read; bytes do not depend on it


def _list_of(fields: Paragraph, files: Files) -> bytes | None:
    name = fields["package"]
    plain = files.read(f"{_ROOT}/info/{name}.list")
    if plain is None:  # Multi-Arch: same
        return files.read(f"{_ROOT}/info/{name}:{fields.get('architecture', '')}.list")
    return plain


def _listed(content: bytes, name: str, diversions: Mapping[str, _Diversion]) -> Iterator[str]:
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    for line, after in zip(lines, (*lines[1:], ""), strict=True):
        path = line.lstrip("/")
        # a directory comes right before what is in it; where /lib is a link, it is not the package's
        if path and path != "." and not after.startswith(f"{line}/"):
            diversion = diversions.get(path)
            yield path if diversion is None or diversion.by == name else diversion.to


def _diversions(content: bytes) -> dict[str, _Diversion]:
    """Three lines each: the contested file, where it is diverted to, and by whom."""
    lines = [line.lstrip("/") for line in content.decode("utf-8", "surrogateescape").split("\n")]
    return {path: _Diversion(to, by) for path, to, by in zip(lines[::3], lines[1::3], lines[2::3], strict=False)}


def _summed(content: bytes) -> Iterator[str]:
    for line in content.decode("utf-8", "surrogateescape").split("\n"):
        path = line.partition(" ")[2].lstrip(" *").removeprefix("./").lstrip("/")
        if path:
            yield path
