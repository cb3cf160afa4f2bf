"""What a base image weighs, by its name: the cited figure of the official image that it is."""

from lightship.ecosystem.base_images import KnownBase
from lightship.facts.base_sizes import BaseSize, find_size

__all__ = ["base_size"]


def base_size(base: KnownBase) -> BaseSize | None:
    """The figure for linux/amd64; of a tag that moves, as it was on the figure's date. None where none is known.

    A mirror counts as what it mirrors. The last number of a version does not count: ``python:3.12.4-slim`` is about
    what ``python:3.12-slim`` is.
    """
    if (base.has_python and base.python is None) or (base.has_node and base.node is None):
        return None
    repository = base.name.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return find_size(
        repository,
        family=base.family,
        release=base.release,
        python=base.python or "",
        node=base.node or "",
        slim=base.slim,
    )
