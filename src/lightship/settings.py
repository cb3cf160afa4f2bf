"""What can be set, in one list: the command line, the configuration file and the reference page are made from it."""

from typing import Literal

from lightship.values import dataclass

__all__ = ["SETTINGS", "Kind", "Setting", "Value"]

Kind = Literal["text", "list", "words", "table", "switch", "choice", "seconds", "number"]
Value = str | bool | int | float | tuple[str, ...] | dict[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing that can be set: ``key`` in the file (``image.base``), ``flag`` on the command line (``--base``)."""

    key: str
    flag: str
    kind: Kind
    help: str
    default: Value = None
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The field of `Options` and the parameter of the command: ``base``, ``system_packages``."""
        return self.flag.split("/")[0].removeprefix("--").replace("-", "_")

    @property
    def variable(self) -> str:
        """The environment variable: ``LIGHTSHIP_BASE``."""
        return f"LIGHTSHIP_{self.name.upper()}"


SETTINGS: tuple[Setting, ...] = (
    Setting(key="image.name", flag="--name", kind="text", help="Name of the image; -t gives one with a tag."),
    Setting(
        key="image.base",
        flag="--base",
        kind="text",
        default="auto",
        help="Root file system: auto (an exact closure of the distribution's packages), debian, ubuntu, or an image "
        "such as python:3.12-slim (a registry's, locked to its digest) or oci:DIR.",
    ),
    Setting(
        key="image.python",
        flag="--python",
        kind="text",
        default="auto",
        help="Interpreter: auto (the distribution's), a version such as 3.12, or the folder of a CPython.",
    ),
    Setting(key="image.entrypoint", flag="--entrypoint", kind="words", help="Command that the image starts."),
    Setting(key="image.cmd", flag="--cmd", kind="words", help="Default arguments of the entrypoint."),
    Setting(
        key="image.user",
        flag="--user",
        kind="text",
        default="65532:65532",
        help="uid:gid, or uid alone, that the application runs as; files are readable by any uid.",
    ),
    Setting(key="image.env", flag="--env", kind="table", help="Environment of the application: NAME=VALUE."),
    Setting(
        key="image.workdir",
        flag="--workdir",
        kind="text",
        default="/app",
        help="Working directory, and where the project's files go.",
    ),
    Setting(
        key="image.ports", flag="--port", kind="list", help="Ports that the application listens on: 5001 or 5001/tcp."
    ),
    Setting(key="image.labels", flag="--label", kind="table", help="Labels and OCI annotations: NAME=VALUE."),
    Setting(
        key="image.writable",
        flag="--writable",
        kind="list",
        help="Absolute paths that must be writable at run time; /tmp and the user's home always are.",
    ),
    Setting(
        key="image.system-packages",
        flag="--system-package",
        kind="list",
        help="Distribution packages that the closure cannot see, such as libmagic1 or bash.",
    ),
    Setting(
        key="image.prefix",
        flag="--prefix",
        kind="text",
        default="/opt/venv",
        help="Where the virtual environment lies in the image.",
    ),
    Setting(key="build.lock", flag="--lock", kind="text", help="Lock file, when the project has several."),
    Setting(key="build.groups", flag="--group", kind="list", help="Dependency groups to add to the project's own."),
    Setting(key="build.extras", flag="--extra", kind="list", help="Extras of the project to add; all for every one."),
    Setting(
        key="build.application",
        flag="--application",
        kind="choice",
        choices=("copy", "wheel", "none"),
        help="The project's own code: copied files, a built wheel, or left out. Default: wheel where "
        "pyproject.toml has [build-system] and the code lies in src, unless the command names the project's files; "
        "else copy.",
    ),
    Setting(
        key="build.bytecode",
        flag="--bytecode",
        kind="choice",
        choices=("all", "startup", "none"),
        help="Compiled modules to ship: all, of a traced start, or none. Default: startup with a probe, else all.",
    ),
    Setting(
        key="start.pause-gc",
        flag="--pause-gc/--no-pause-gc",
        kind="switch",
        default=False,
        help="Let the cyclic garbage collector wait while modules are imported, and never look at them again.",
    ),
    Setting(
        key="start.lazy-imports",
        flag="--lazy-imports/--no-lazy-imports",
        kind="switch",
        default=False,
        help="Load packages that a traced start imports and never uses when they are first used, or once the process "
        "is idle.",
    ),
    Setting(
        key="start.remember-entry-points",
        flag="--remember-entry-points/--no-remember-entry-points",
        kind="switch",
        default=False,
        help="Read the entry points of installed packages once a process, not at each look-up of a group.",
    ),
    Setting(
        key="start.read-ahead",
        flag="--read-ahead/--no-read-ahead",
        kind="switch",
        default=False,
        help="Ask the kernel at once for the files of a traced start, where they are not in memory.",
    ),
    Setting(
        key="build.safety",
        flag="--safety",
        kind="choice",
        default="safe",
        choices=("lossless", "safe"),
        help="How far drop rules may go: lossless (nothing that a program can see), safe (nothing that is read).",
    ),
    Setting(
        key="build.keep",
        flag="--keep",
        kind="list",
        help="Patterns of packages' paths, relative to site-packages, that no rule may drop: pandas/tests/**.",
    ),
    Setting(
        key="build.drop",
        flag="--drop",
        kind="list",
        help="Patterns of packages' paths, relative to site-packages, to leave out; .dockerignore is for the project.",
    ),
    Setting(
        key="build.strip",
        flag="--strip/--no-strip",
        kind="switch",
        default=True,
        help="Take debug symbols out of shared objects.",
    ),
    Setting(
        key="build.packages",
        flag="--build-package",
        kind="list",
        help="Distribution packages for building sdists, such as libmpfr-dev; not in the image.",
    ),
    Setting(
        key="build.compression",
        flag="--compression",
        kind="choice",
        default="gzip",
        choices=("gzip", "zstd", "estargz"),
        help="Compression of the layers; estargz is gzip that a lazy snapshotter can mount before it is pulled.",
    ),
    Setting(key="build.level", flag="--level", kind="number", help="Compression level of what is compressed here."),
    Setting(
        key="archive.uri",
        flag="--archive-uri",
        kind="list",
        help="Package archive, instead of the host's apt configuration.",
    ),
    Setting(
        key="archive.suites",
        flag="--archive-suite",
        kind="list",
        help="Suites of the package archive, such as bookworm.",
    ),
    Setting(
        key="archive.components",
        flag="--archive-component",
        kind="list",
        default=("main",),
        help="Components of the package archive.",
    ),
    Setting(
        key="archive.keyring", flag="--archive-keyring", kind="text", help="Keyring that signs the package archive."
    ),
    Setting(
        key="probe.http",
        flag="--probe-http",
        kind="text",
        help="URL that answers with success when the application is ready.",
    ),
    Setting(
        key="probe.timeout", flag="--probe-timeout", kind="seconds", default=60.0, help="How long a start may take."
    ),
    Setting(
        key="probe.requests", flag="--probe-requests", kind="text", help="A .http file of requests to send once ready."
    ),
    Setting(
        key="probe.allow-stale-trace",
        flag="--allow-stale-trace/--no-allow-stale-trace",
        kind="switch",
        default=False,
        help="Take lightship-startup.lock of an earlier state where the start cannot be traced (no database, say).",
    ),
    Setting(
        key="probe.env",
        flag="--probe-env",
        kind="table",
        help="Variables for the probed start alone, such as the address of a database: NAME=VALUE.",
    ),
    Setting(
        key="probe.command",
        flag="--probe-command",
        kind="words",
        help="Command in the image that succeeds when all is well.",
    ),
)
