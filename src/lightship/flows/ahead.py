"""What a build needs once a file of its project has changed, begun before the build knows what else it depends on.

The last build of a project says what lay below its application then, and mostly that has not changed. So the compiler
is started at the first file that is not as it was, and compiles what was changed while locks, options and the base are
looked at. What it makes goes to the cache under keys that name everything it was made from: a wrong guess costs time.
"""

import contextlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.build.application import Application
from lightship.flows.request import BuildRequest
from lightship.progress import Progress
from lightship.store.cache import Cache, cache_key

if TYPE_CHECKING:
    from lightship.flows.compilers import Compilers
    from lightship.flows.lower import Lower

__all__ = ["Ahead"]

_VERSION = 1
_FEW = 16
"""Changed files that are compiled ahead; of more, several compilers make shorter work."""
_SEEN = 64
"""Files that a build had to read which the next is told of: more than there are too large or too young to be known."""


class Ahead:
    """A guess at the lower part of one build, by the last one of the same project; for one thread.

    `close` ends what was started and not taken.
    """

    def __init__(self, request: BuildRequest, cache: Cache, progress: Progress) -> None:
        self._request = request
        self._cache = cache
        self._progress = progress
        self._key = cache_key("ahead", _VERSION, str(request.project), request.platform)
        self._lower: tuple[Lower, tuple[Path, ...]] | None = None
        self._compilers: Compilers | None = None
        self._tried = False

    def met(self, path: str, told: str) -> None:
        """A file at ``path`` had to be read and is as ``told``: where the last build saw it otherwise, start."""
        if not self._tried and self._last is not None and self._last[1].get(path) != told:
            self._tried = True
            self._start(self._last[0])

    def read(self, application: Application) -> None:
        """Compile what has changed in ``application``, where that is little."""
        if self._compilers is None or self._lower is None or self._last is None:
            return
        changed = [path for path, told in application.anew.items() if self._last[1].get(path) != told]
        if len(changed) > _FEW:
            return
        from lightship.flows.bytecode_layers import bytecode_maker

        maker = bytecode_maker(self._lower[0], self._request, self._cache, self._progress, self._compilers)
        maker.begin(application, changed)

    def lower(self, key: str) -> "tuple[Lower, tuple[Path, ...]] | None":
        """What `find_lower` gives for ``key``, where that was guessed."""
        guessed = self._lower is not None and self._last is not None and self._last[0] == key
        return self._lower if guessed else None

    def take(self, key: str) -> "Compilers | None":
        """The compilers of the lower part ``key``, where they were started; they are the caller's from here on."""
        if self.lower(key) is None:
            return None
        found, self._compilers = self._compilers, None
        return found

    def remember(self, key: str, application: Application) -> None:
        """Keep for the next build that this one had the lower part ``key``, and what it had to read."""
        seen = dict(application.anew) if len(application.anew) <= _SEEN else {}
        document = [key, seen]
        if self._last is None or [*self._last] != document:
            with self._cache.write("records", self._key) as stream:
                stream.write(json.dumps(document).encode())

    def close(self) -> None:
        """End the compilers that nobody took."""
        compilers, self._compilers = self._compilers, None
        if compilers is not None:
            compilers.close()

    @cached_property
    def _last(self) -> tuple[str, Mapping[str, str]] | None:
        """The lower part of the last build, and the files that it had to read."""
        found = self._cache.find("records", self._key)
        with contextlib.suppress(OSError, ValueError, TypeError):  # a damaged record is no record
            if found is not None:
                key, seen = json.loads(found.read_bytes())
                return str(key), dict(seen)
        return None

    def _start(self, key: str) -> None:
        from lightship.flows.compilers import compilers_of
        from lightship.flows.lower import find_lower

        self._lower = find_lower(self._cache, key, self._request.project)
        if self._lower is not None and self._lower[0].mode != "none":
            self._compilers = compilers_of(self._lower[0], self._cache, self._progress)
            self._compilers.prepare()
