"""One command in a container of an image that an engine has, by the engine's own client: docker or podman.

Docker CLI 20.10 and later (https://docs.docker.com/reference/cli/docker/), podman 4 and later
(https://docs.podman.io/en/v4.9.3/Commands.html), which takes the same words. Unlike a sandbox over an unpacked root the
engine keeps the owners that files have in the image, and the command is PID 1: it gets no signal that it has no
handler for. Standing limits, seccomp rules and security modules are the engine's own.
"""

import csv
import io
import json
import os
import re
import secrets
import shutil
import signal
import tarfile
from collections.abc import Collection, Mapping
from dataclasses import field
from pathlib import Path
from typing import IO

from lightship import proc
from lightship.errors import ToolError, UsageError
from lightship.paths import storage_errors
from lightship.proc import DEVNULL
from lightship.sandbox.client import Client
from lightship.sandbox.contained import ContainedProcess
from lightship.sandbox.mounts import Mount, plan_mounts
from lightship.sandbox.protocol import Bind, Command
from lightship.sandbox.reaper import Reaper
from lightship.values import dataclass

__all__ = ["LABEL", "Containers", "create_options", "handed_variables"]

LABEL = "dev.lightship=run"
"""Every container has it; ``docker ps --filter label=dev.lightship=run`` lists them."""

_PREAMBLE = re.compile(r"^podman start failed: (unable to start container \"?[0-9a-f]+\"?: )?")
_LISTENED_TO = ("BUILD", "CONTAINER", "DOCKER", "GLIBC", "GO", "GPG", "HOME", "LD_", "MALLOC", "NOTIFY", "PATH",
                "REGISTRY", "SSL", "STORAGE", "TMPDIR", "XDG")  # fmt: skip
"""How variables begin that the clients, Go and the loader read."""
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Containers:
    """Implements `lightship.sandbox.protocol.Sandbox`: a container of ``image_id`` for each command, whatever its
    ``rootfs``, which must hold the same image unpacked. ``working_dir`` and ``image_env`` are the image's own."""

    client: Client
    image_id: str
    working_dir: str
    image_env: Mapping[str, str] = field(default_factory=dict)

    def start(
        self,
        command: Command,
        *,
        stdin: int | IO[bytes] | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> ContainedProcess:
        """As `Sandbox.start`. Each start has its own copy of what the image has at a writable path."""
        name = f"lightship-run-{secrets.token_hex(6)}"
        mounts = plan_mounts(command)
        takes_stdin = stdin != DEVNULL
        at_once = ["--time=0"] if self.client.name == "podman" else []  # it would ask nicely first, for 10 s
        removal = self.client.argv("rm", "--force", "--volumes", *at_once, name)
        reaper = Reaper(removal, env=self.client.env)
        try:
            self._create(name, command, mounts, takes_stdin=takes_stdin)
        except BaseException:
            reaper.release()
            raise
        argv = self.client.argv("start", "--attach", *(["--interactive"] if takes_stdin else []), name)
        container = _Container(self.client, name, reaper)
        return ContainedProcess(argv, container, env=self.client.env, stdin=stdin, stdout=stdout, stderr=stderr)

    def _create(self, name: str, command: Command, mounts: tuple[Mount, ...], *, takes_stdin: bool) -> None:
        copies = [mount for mount in mounts if _is_filled(mount)]
        own = self.client.env
        handed = handed_variables(command.env, self.image_env, own) if own is not None else {}
        options, variables = create_options(self.client.name, command, mounts, handed=handed)
        if command.cwd != self.working_dir:  # podman makes a missing one only where it is the image's own
            options.append(f"--workdir={command.cwd}")
        self.client.run(
            "create", "--name", name, *(["--interactive"] if takes_stdin else []), *options,
            "--entrypoint", command.argv[0], self.image_id, *command.argv[1:],
            stdin=variables, more_env=handed,
        )  # fmt: skip
        if copies and self.client.name == "podman":
            self.client.run("init", name)  # it gives a fresh volume to the owner of the image's directory only once
        for mount in copies:
            self._fill(name, mount, command.user)

    def _fill(self, name: str, mount: Mount, user: tuple[int, int]) -> None:
        """Put the content of a copy into its volume, owned by ``user``."""
        assert mount.bind is not None  # noqa: S101 - by `_is_filled`
        with self.client.spawn("cp", "-", f"{name}:/{mount.target}", stdin=proc.PIPE) as filling:
            assert filling.stdin is not None  # noqa: S101 - by PIPE
            _send_tree(mount.bind.source, filling.stdin, user)
            self.client.check(filling, "cp")


class _Container:
    def __init__(self, client: Client, name: str, reaper: Reaper) -> None:
        self._client = client
        self._name = name
        self.reaper = reaper
        self._error = ""

    def has_started(self) -> bool:
        said = self._client.run("container", "inspect", "--format", "{{json .State}}", self._name)
        try:
            state = json.loads(said)
            self._error = str(state.get("Error") or "")
            return bool(state["Running"]) or state["Status"] in ("exited", "stopped", "dead", "removing")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ToolError(f"{self._client.name} describes a container as {said!r:.120}") from error

    def send(self, number: int) -> None:
        # it may have ended meanwhile, which is an error for an engine
        self._client.run("kill", f"--signal={signal.Signals(number).name}", self._name, check=False)

    def complaint(self) -> str:
        if not self._error:  # podman does not remember it
            try:
                self._client.run("start", self._name)
            except ToolError as error:
                return _PREAMBLE.sub("", str(error))
        return self._error


def handed_variables(wanted: Mapping[str, str], public: Mapping[str, str], client: Mapping[str, str]) -> dict[str, str]:
    """Those of ``wanted`` that no line of a file can hold, such as a key of several lines, and that go through the
    environment of the engine's client instead.

    Not what the image says itself (``public``), as long as nobody gave another value: it is no secret, and its names
    must not reach a program of the host. Nor a name that the client has or may listen to.
    """
    return {
        name: value
        for name, value in wanted.items()
        if _PLAIN_NAME.fullmatch(name)
        and not value.isprintable()
        and public.get(name) != value
        and name not in client
        and not name.upper().startswith(_LISTENED_TO)
    }


def create_options(
    engine: str, command: Command, mounts: tuple[Mount, ...], *, handed: Collection[str] = ()
) -> tuple[list[str], bytes]:
    """The options of ``docker create`` or ``podman create`` that give ``command`` what the sandbox would, and what they
    read from stdin: the environment, because a command line shows in every list of processes. The client takes the
    values of ``handed`` from its own environment.

    Raise UsageError for paths that the engines' words cannot hold.
    """
    options = [
        "--label", LABEL, "--pull=never", "--no-healthcheck", "--log-driver=none",
        "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges",
        f"--network={'host' if command.network else 'none'}",
        f"--user={command.user[0]}:{command.user[1]}",
        # not a file of ours: a confined client (a snap's) has another /tmp
        "--env-file=/dev/stdin",
    ]  # fmt: skip
    lines = []
    for name in sorted(command.env):
        line = f"{name}={command.env[name]}"
        if _PLAIN_NAME.fullmatch(name) and line.isprintable():
            lines.append(f"{line}\n")
        elif name in handed:
            options.append(f"--env={name}")
        else:  # no line of such a file
            options.append(f"--env={line}")
    for mount in mounts:
        options += _mount_options(engine, mount, command.user)
    return options, "".join(lines).encode()


def _is_filled(mount: Mount) -> bool:
    return mount.bind is not None and mount.bind.origin == "copy" and mount.bind.source.is_dir()


def _mount_options(engine: str, mount: Mount, user: tuple[int, int]) -> list[str]:
    target = f"/{mount.target}"
    if mount.bind is None:
        if ":" in target:
            raise UsageError(f"an engine cannot mount at {target}: the path holds a colon")
        owner = "U" if engine == "podman" else f"uid={user[0]},gid={user[1]}"  # U: the container's user
        return [f"--tmpfs={target}:rw,exec,nosuid,nodev,mode={mount.mode:o},{owner}"]
    if mount.bind.origin == "host":  # an engine brings its own, of its own host
        return []
    if _is_filled(mount):
        # what podman copies there by itself is overwritten, for it knows no word against it
        empty = [] if engine == "podman" else ["volume-nocopy=true"]
        return ["--mount=" + _words("type=volume", f"destination={target}", *empty)]
    if mount.bind.origin == "copy":
        _give(mount.bind, user)
    source = f"source={mount.bind.source.absolute()}"
    return [
        "--mount="
        + _words("type=bind", source, f"destination={target}", *([] if mount.bind.writable else ["readonly=true"]))
    ]


def _give(bind: Bind, user: tuple[int, int]) -> None:
    """A copied file to the command's user, as far as this user may."""
    if os.geteuid() == 0 and not bind.source.is_symlink():
        with storage_errors(f"give {bind.target} to its user"):
            shutil.chown(bind.source, *user)


def _words(*fields: str) -> str:
    """One CSV record, as the engines read what ``--mount`` is told."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue()


def _send_tree(source: Path, stream: IO[bytes], user: tuple[int, int]) -> None:
    def owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
        if member.name == ".":  # the engines pass over an entry of this name, and so over the owner of the whole
            member.name = "/"
        member.uid, member.gid = user
        member.uname = member.gname = ""
        return member

    try:
        with stream, tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            archive.add(source, arcname=".", filter=owned)
    except BrokenPipeError:
        pass  # the client refused: it says why
    except OSError as error:
        raise ToolError(f"cannot copy {source} into a container: {error.strerror or error}") from error
