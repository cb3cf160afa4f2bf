"""An image of a registry as the base: locked to a digest, so that every machine builds on the same one."""

from dataclasses import replace
from pathlib import Path

from lightship.base.lock import BaseLock, LockedImage, read_lock, write_lock
from lightship.base.lock_name import LOCK_NAME
from lightship.errors import LockError, StorageError
from lightship.flows.base_identity import PACKAGES
from lightship.flows.request import BuildRequest
from lightship.oci.digest import Digest
from lightship.oci.reference import ImageName
from lightship.progress import Progress
from lightship.store.open import locate

__all__ = ["pin_base"]


def pin_base(request: BuildRequest, progress: Progress) -> BuildRequest:
    """``request`` with a base of a registry named by its digest: of the lock beside the project, else what its tag
    names today, which is then locked, but not by a plan alone. Other bases stay as they are.

    A registry is asked only where nothing is locked, or ``update_base`` wants it anew. Raise BadReferenceError for a
    name that its registry does not have, NetworkError where that does not answer.
    """
    if request.options.base in PACKAGES:
        return request
    reference = locate(request.options.base)
    name = reference.name
    if reference.transport != "docker" or name is None or name.digest is not None:
        return request
    name = name.tagged()
    path = request.project / LOCK_NAME
    lock = _read(path, anew=request.update_base)
    digest = None if request.update_base else lock.image(str(name))
    if digest is None:
        digest = _resolved(name, request)
        if not request.plan_only:
            _keep(path, lock, LockedImage(name=str(name), digest=digest), progress)
    return replace(request, options=replace(request.options, base=f"docker://{name}@{digest}"))


def _read(path: Path, *, anew: bool) -> BaseLock:
    try:
        return read_lock(path) or BaseLock(architectures={})
    except LockError:
        if not anew:
            raise
        return BaseLock(architectures={})  # to be written anew is what a broken one needs


def _resolved(name: ImageName, request: BuildRequest) -> Digest:
    from lightship.store.registry.repository import resolve

    return resolve(name, request.access)


def _keep(path: Path, lock: BaseLock, image: LockedImage, progress: Progress) -> None:
    locked = replace(lock, images=(image,))
    if locked == lock:
        return
    try:
        write_lock(path, locked)
    except StorageError as error:
        # The image is right without it; only the next build asks the registry again.
        progress.note(f"{LOCK_NAME} was not written, so other machines may get another base: {error}")
        return
    progress.note(f"wrote {LOCK_NAME}: commit it, and every machine builds on the same {image.name}")
