"""Under which names an image is written: as tag of a layout, as containerd's annotation, as Docker's RepoTags."""

from collections.abc import Sequence

from lightship.oci.descriptor import CONTAINERD_NAME, REF_NAME
from lightship.oci.reference import ImageName, Reference
from lightship.values import dataclass

__all__ = ["Tag", "repo_tags", "tags_for"]

_DEFAULT = "latest"


@dataclass(frozen=True, slots=True)
class Tag:
    """One entry of a layout's index: its tag, and the whole name where one is known.

    ``asked`` is True where the user named the entry itself (``oci:DIR:TAG``), not only the image.
    """

    ref_name: str
    name: ImageName | None = None
    asked: bool = False

    def annotations(self) -> dict[str, str]:
        """As they stand in the index: for OCI tools, and for containerd and Docker 25 onwards."""
        made = {REF_NAME: self.ref_name}
        if self.name is not None:
            made[CONTAINERD_NAME] = str(self.name)
        return made


def tags_for(destination: Reference, names: Sequence[ImageName], *, whole_names: bool = False) -> tuple[Tag, ...]:
    """The tags that ``destination`` (its own first) and ``names`` give; never none: ``latest``.

    Every ``ref_name`` is given once, for umoci refuses a layout where one is ambiguous: of two names with the same
    tag, the second is entered under its whole name. With ``whole_names`` every name is.
    """
    made = {destination.tag: Tag(destination.tag, asked=True)} if destination.tag else {}
    for name in (*((destination.name,) if destination.name else ()), *names):
        full = name.tagged()
        former = made.get(full.tag)
        is_free = not whole_names and (former is None or former.name in (None, full))
        ref_name = full.tag if is_free else str(full)
        made[ref_name] = Tag(ref_name, full, asked=former is not None and former.asked and is_free)
    return tuple(made.values()) or (Tag(_DEFAULT),)


def repo_tags(tags: Sequence[Tag]) -> list[str]:
    """The names as Docker lists them; a tag without a name is none."""
    return list(dict.fromkeys(tag.name.familiar for tag in tags if tag.name is not None))
