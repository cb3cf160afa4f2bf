"""One push into each repository that is named, with what was placed before on the same registry: it may be mounted."""

from collections.abc import Callable, Sequence

from lightship.errors import UsageError
from lightship.oci.digest import Digest
from lightship.oci.reference import ImageName
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.repository import Repository, open_repository

__all__ = ["push_each"]


def push_each(
    names: Sequence[ImageName],
    digest: Digest,
    what: str,
    access: RegistryAccess,
    push: Callable[[Repository, Sequence[ImageName], Sequence[str]], None],
) -> None:
    """Call ``push`` for each repository of ``names`` with the names in it, and the repositories of that registry which
    already have it all.

    What fails or is interrupted is cut off in every thread. Raise UsageError for a name with another digest than
    ``digest``, that of the ``what`` (image or index), before anything is sent.
    """
    for name in names:
        if name.digest is not None and name.digest != digest:
            raise UsageError(f"cannot write {name}: the {what}'s digest is {digest}")
    placed: dict[str, list[str]] = {}
    for registry, repository in dict.fromkeys((name.registry, name.repository) for name in names):
        own = [name for name in names if (name.registry, name.repository) == (registry, repository)]
        with open_repository(own[0], access) as target:
            try:
                push(target, own, placed.setdefault(registry, []))
            except BaseException:
                target.session.abort()
                raise
        placed[registry].append(repository)
