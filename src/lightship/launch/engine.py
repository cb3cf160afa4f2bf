"""Where images are started: in the embedded sandbox, by an OCI runtime, or by a container engine.

The seam for everything that starts an image (``run``, ``verify``, ``bench``)::

    engine = find_engine(name, env=environ)            # docker, podman, runc, or None: the embedded sandbox
    with open_image(reference) as image:
        sandbox = engine.admit(image, progress=…)      # the engine knows the image from here on
        rootfs = unpack_cached(image.layers, …)
    with launch_command(rootfs, runtime, options) as command, start(sandbox, command) as running:
        probe(running, wanted, sandbox)

What `admit` returns is a `Sandbox` for commands over that image only. The unpacked root is wanted by every engine:
users, homes and what writable paths begin with are read from it, so that a command means the same everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lightship.errors import UsageError
from lightship.image.protocol import Image
from lightship.image.views import config_of
from lightship.progress import SILENT, Progress
from lightship.sandbox.protocol import Sandbox

if TYPE_CHECKING:
    from lightship.sandbox.client import Client

__all__ = ["ENGINES", "Engine", "find_engine"]

ENGINES = ("docker", "podman", "runc")
"""What ``--engine`` takes."""


class Engine(Protocol):
    """Makes a `Sandbox` that starts commands of one image."""

    @property
    def name(self) -> str:
        """docker, podman, runc or bubblewrap."""

    def admit(self, image: Image, *, progress: Progress = SILENT) -> Sandbox:
        """A sandbox for ``image``, which may be closed afterwards; an engine that has not got it loads it, and
        keeps it. Raise ToolError where the engine does not answer or refuses."""


def find_engine(name: str | None, *, env: Mapping[str, str] | None = None) -> Engine:
    """The engine ``name``; None is the embedded sandbox. ``env`` is the environment of its programs (None: ours).

    Raise ToolError where its program is not installed, UsageError for another name. Nothing is started.
    """
    match name:
        case None:
            from lightship.sandbox.bubblewrap import Bubblewrap

            return _Rooted(name="bubblewrap", sandbox=Bubblewrap.find())
        case "runc":
            from lightship.sandbox.runc import Runc

            return _Rooted(name=name, sandbox=Runc.find(env=env))
        case "docker" | "podman":
            from lightship.sandbox.client import Client

            return _Loaded(client=Client.find(name, env=env))
        case _:
            raise UsageError(f"engine not understood: want one of {', '.join(ENGINES)}, got {name!r:.80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rooted:
    """Starts commands over the unpacked root alone."""

    name: str
    sandbox: Sandbox

    def admit(self, image: Image, *, progress: Progress = SILENT) -> Sandbox:  # noqa: ARG002 - needs no image
        return self.sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """Starts containers of an image that it keeps itself."""

    client: "Client"

    @property
    def name(self) -> str:
        return self.client.name

    def admit(self, image: Image, *, progress: Progress = SILENT) -> Sandbox:
        from lightship.sandbox.admit import admit_image
        from lightship.sandbox.container import Containers

        runtime = config_of(image).runtime
        return Containers(
            client=self.client,
            image_id=admit_image(self.client, image, progress=progress),
            working_dir=runtime.working_dir,
            image_env=runtime.environment,
        )
