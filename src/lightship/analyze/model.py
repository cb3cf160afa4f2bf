"""What an analysis is: the value that rules, reports, `check` and browsers of the tree are built on.

Three figures are told apart everywhere by name, and never called "size":

* *compressed*: bytes of blobs, what travels; of a package or a finding its rows' share of their blobs.
* *unpacked*: bytes of files in all layers, what lies on a node's disk. It is *visible* (what a container can see: the
  packages' and what no package owns) and *wasted* (hidden by higher layers), to the byte.
* *unique*: compressed bytes of layers that no other given image has.

To walk the tree: ``analysis.tree.children[""]`` and on from there, ``analysis.tree.rows[path]`` is the row, and the
columns of ``analysis.entries`` tell of it. ``analysis.size(path)`` follows hard links.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lightship.analyze.entries import DIRECTORY, Entries
from lightship.analyze.merge import Merged
from lightship.findings import Cause, Finding
from lightship.oci.config import ImageConfig

__all__ = ["NOBODY", "Analysis", "LayerFacts", "Package", "Totals", "UnownedPlace"]

NOBODY = -1
"""In ``Analysis.owners``: no package owns the row, or it is not visible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFacts:
    """One layer of the manifest, bottom first. ``unpacked_bytes`` are of its files, ``tar_bytes`` of its tar;
    ``files`` counts what is neither directory nor whiteout, ``wasted_bytes`` what of it higher layers (or itself) hide.
    ``created_by`` is the history's own text without secrets, ``instruction`` the same as a Dockerfile says it. ``rows``
    are its rows, None where it could not be read. ``unique`` says that no other given image has the blob."""

    digest: str
    diff_id: str
    media_type: str
    compression: str
    compressed_bytes: int
    unpacked_bytes: int
    tar_bytes: int
    files: int
    wasted_bytes: int
    created_by: str
    instruction: str
    unique: bool
    rows: range | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """``files`` counts what it owns that is no directory. ``requires`` and ``required_by`` are numbers of packages of
    the same ecosystem that are there; ``missing`` are names that it requires and nobody provides. ``within`` is the
    package whose files tell of this one (a distribution that Debian installed, or another vendors), which then has
    their bytes.
    ``requested``: a person asked for it; None where nothing tells."""

    ecosystem: str
    name: str
    version: str
    architecture: str
    location: str
    unpacked_bytes: int
    compressed_bytes: int
    files: int
    layer: int
    requires: tuple[int, ...] = ()
    required_by: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()
    within: int | None = None
    requested: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnownedPlace:
    """Visible files below the directory ``path`` that no package owns and no other place tells of."""

    path: str
    unpacked_bytes: int
    compressed_bytes: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """``compressed_bytes`` counts each blob once. ``files`` are those visible."""

    compressed_bytes: int
    unpacked_bytes: int
    unique_bytes: int
    visible_bytes: int
    wasted_bytes: int
    wasted_compressed_bytes: int
    unowned_bytes: int
    files: int

    @property
    def efficiency(self) -> float:
        """The visible share of what is unpacked; 1 for an empty image."""
        return self.visible_bytes / self.unpacked_bytes if self.unpacked_bytes else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Everything known of one image. ``owners`` holds for each row the number of the package that owns it, else
    `NOBODY`; ``contested`` the packages that all say they own a row, the owner first. ``kept`` are contents of files by
    row that recognisers asked for, ``strippable`` the bytes of symbols in ELF files. ``findings`` begin with what was
    not understood; rules add theirs; ``evidence`` are the rows, each with its content, that one is about, where it is
    about files (of ``unstripped-objects`` the symbols in them). ``complete`` is False where a layer could not be read.
    """

    reference: str
    digest: str
    platform: str
    config: ImageConfig = field(repr=False)
    layers: tuple[LayerFacts, ...]
    totals: Totals
    entries: Entries = field(repr=False)
    tree: Merged = field(repr=False)
    packages: tuple[Package, ...] = field(repr=False)
    owners: "array[int]" = field(repr=False)
    contested: Mapping[int, tuple[int, ...]] = field(repr=False)
    unowned: tuple[UnownedPlace, ...]
    kept: Mapping[int, bytes] = field(repr=False)
    strippable: Mapping[int, int] = field(repr=False)
    findings: tuple[Finding, ...] = ()
    evidence: Mapping[Finding, Sequence[int]] = field(default_factory=dict, repr=False)
    complete: bool = True

    def walk(self, below: str = "") -> Iterator[tuple[str, int]]:
        """Path and row of everything visible below a directory, each directory before what is in it, sorted."""
        todo = sorted(self.tree.children.get(below, ()), reverse=True)
        while todo:
            path = todo.pop()
            row = self.tree.rows[path]
            yield path, row
            if self.entries.kinds[row] == DIRECTORY:
                todo += sorted(self.tree.children.get(path, ()), reverse=True)

    def size(self, path: str) -> int:
        """Unpacked bytes of the file at ``path``, through a hard link as well; 0 for what is none."""
        row = self.tree.rows.get(path)
        return 0 if row is None else self.entries.sizes[self.tree.source(row)]

    def owner(self, path: str) -> Package | None:
        """The package that owns what is at ``path``."""
        row = self.tree.rows.get(path)
        number = NOBODY if row is None else self.owners[self.tree.source(row)]
        return None if number == NOBODY else self.packages[number]

    def cause(self, layer: int) -> Cause:
        """What a finding says of the layer with that index."""
        facts = self.layers[layer]
        return Cause(layer=layer, digest=facts.digest, instruction=facts.instruction)
