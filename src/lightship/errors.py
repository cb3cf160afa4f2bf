"""Every error that lightship raises on purpose.

::

    LightshipError
    ├── InputError          the input is bad: a project, a lock, an image, an archive      exit 2
    │   ├── BadReferenceError an image reference or a path that cannot be understood
    │   ├── LockError       a lock file that is missing, broken or does not fit the target
    │   ├── ArchiveError    a zip, tar, ar or compressed stream that breaks its format
    │   │   └── HostileError  … in a way that an honest tool does not write
    │   └── ImageError      a manifest, config or layer that breaks the OCI specification
    ├── WorldError          the world failed: network, disk, a foreign program             exit 3
    │   ├── MismatchError   bytes are not the bytes that were promised
    │   ├── NetworkError    an index, archive or registry did not answer as it should
    │   ├── ToolError       a program is missing or failed
    │   └── StorageError    the file system refused
    ├── FindingError        the work was done and found a fault at or over the threshold   exit 1
    └── UsageError          the caller erred: options that do not go together              exit 2
        └── NoCommandError  an image has no such program to start                          exit 127

A message is one sentence: what, wanted, got. The remedy goes in ``hint``.
"""

__all__ = [
    "ArchiveError",
    "BadReferenceError",
    "FindingError",
    "HostileError",
    "ImageError",
    "InputError",
    "LightshipError",
    "LockError",
    "MismatchError",
    "NetworkError",
    "NoCommandError",
    "StorageError",
    "ToolError",
    "UsageError",
    "WorldError",
]


class LightshipError(Exception):
    """Root of the tree. ``str(error)`` is the sentence, ``hint`` the remedy, ``exit_status`` as in the CLI contract."""

    exit_status = 3

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class InputError(LightshipError):
    """The input is bad; trying again changes nothing."""

    exit_status = 2


class BadReferenceError(InputError):
    """An image reference or a path that cannot be understood."""


class LockError(InputError):
    """A lock file that is missing, broken or does not fit the target."""


class ArchiveError(InputError):
    """A container of bytes (zip, tar, ar, gzip, zstd) that breaks its format."""


class HostileError(ArchiveError):
    """An archive that breaks its format as an attack would: traversal, duplicates, bombs, links out of the root."""


class ImageError(InputError):
    """A manifest, config or layer that breaks the OCI image specification."""


class WorldError(LightshipError):
    """The world failed; the same call may succeed later."""

    exit_status = 3


class MismatchError(WorldError):
    """Bytes are not the bytes that were promised (digest, size or signature)."""


class NetworkError(WorldError):
    """An index, archive or registry did not answer as it should."""


class ToolError(WorldError):
    """A foreign program is missing or failed."""


class StorageError(WorldError):
    """The file system refused: full, read-only, no permission."""


class FindingError(LightshipError):
    """The work was done and found a fault at or over the threshold."""

    exit_status = 1


class UsageError(LightshipError):
    """The caller erred: options that do not go together."""

    exit_status = 2


class NoCommandError(UsageError):
    """An image has no such program to start; the status is that of shells and engines."""

    exit_status = 127
