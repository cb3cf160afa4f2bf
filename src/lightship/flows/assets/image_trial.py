"""A configuration of the user's, tried by the very nginx that will run it, in the sandbox, before the image is written.

``nginx -t`` (https://nginx.org/en/docs/switches.html) ends at the first thing it does not like. What only the place
lacks where the image runs (a host's name, a certificate that is mounted, a port below 1024) is no fault of it.
"""

import re
from collections.abc import Sequence

from lightship.assets.image.nginx import ENTRYPOINT
from lightship.errors import InputError, ToolError
from lightship.findings import Finding
from lightship.image.blobs import BlobLayer
from lightship.proc import TimeoutExpired
from lightship.progress import Progress
from lightship.rootfs.unpack import unpack_cached
from lightship.store.cache import Cache

__all__ = ["try_configuration"]

_PATIENCE_S = 120
_EMERG = re.compile(r"\[emerg\] (?:\d+#\d+: )?(.*)")
_OF_THE_PLACE = re.compile(
    r"host not found|bind\(\) to|no host in upstream|cannot load certificate|BIO_new_file|"
    r"open\(\) .* failed \((?:2: No such file|13: Permission)|could not be resolved"
)


def try_configuration(
    layers: Sequence[BlobLayer], name: str, user: tuple[int, int], cache: Cache, progress: Progress
) -> tuple[Finding, ...]:
    """Raise InputError, with nginx's own words, for a configuration that it refuses; ``name`` is what the user calls
    it, ``layers`` have nginx and the configuration. A note where it cannot be tried on this machine."""
    task = "try the configuration"
    progress.start(task)
    try:
        said = _asked(layers, user, cache, progress)
    except ToolError as error:
        return (_finding(f"{name} was not tried: {error}"),)
    finally:
        progress.finish(task)
    faults = [match[1] for line in said if (match := _EMERG.search(line))]
    if faults and _OF_THE_PLACE.search(faults[0]):
        return (_finding(f"{name} was tried up to what only its place can give: {faults[0]}"),)
    if faults:
        raise InputError(f"nginx refuses {name}: {faults[0]}", hint="in the image it is /etc/nginx/conf.d/default.conf")
    return ()


def _asked(layers: Sequence[BlobLayer], user: tuple[int, int], cache: Cache, progress: Progress) -> tuple[str, ...]:
    """What ``nginx -t`` says. Raise ToolError where the sandbox, or nginx in it, cannot start or has no say."""
    from lightship.launch.running import start
    from lightship.sandbox.bubblewrap import Bubblewrap
    from lightship.sandbox.protocol import Command

    sandbox = Bubblewrap.find()
    rootfs = unpack_cached(layers, cache.root / "rootfs", progress=progress)
    command = Command(rootfs=rootfs, argv=(*ENTRYPOINT, "-t"), user=user)
    with start(sandbox, command) as running:
        try:
            running.process.wait(_PATIENCE_S)
        except TimeoutExpired as error:
            raise ToolError(f"nginx did not answer within {_PATIENCE_S} s") from error
        said = running.tail
        if running.status and not any(_EMERG.search(line) for line in said):
            raise ToolError(f"nginx ended with status {running.status}: {' '.join(said[-1:]) or 'without a word'}")
        return said


def _finding(message: str) -> Finding:
    return Finding(code="configuration-untried", severity="note", title="configuration untried", message=message)
