"""Which files of the context an install reads: lists, lock, settings; and which locks are there then.

Only what is certain is said: where an install may read more of the project, nothing.
"""

import fnmatch
import json
import posixpath
import re

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import environment_at
from lightship.dockerfile.views import mounts_of
from lightship.lint.actions import Action
from lightship.lint.paths import Copied, copies, resolved
from lightship.lint.subject import Context, Subject

__all__ = ["LOCKS", "files_to_install", "lock_is_there", "npm_lock_fits"]

LOCKS = {
    "npm": ("package-lock.json", "npm-shrinkwrap.json"), "pnpm": ("pnpm-lock.yaml",), "yarn": ("yarn.lock",),
    "bun": ("bun.lock", "bun.lockb"), "uv": ("uv.lock",), "pipenv": ("Pipfile.lock",),
}  # fmt: skip
"""By manager."""

_PIP_VALUES = frozenset(
    {
        "-r", "--requirement", "-c", "--constraint", "-i", "--index-url", "--extra-index-url", "--trusted-host",
        "--timeout", "--retries", "--progress-bar", "--root-user-action", "--upgrade-strategy", "--no-binary",
        "--only-binary", "--proxy",
    }
)  # fmt: skip
"""Options of pip whose value is no path, but for the lists."""
_PIP_SETTINGS = ("PIP_CONFIG_FILE", "PIP_REQUIREMENT", "PIP_CONSTRAINT", "PIP_FIND_LINKS", "PIP_TARGET", "PIP_PREFIX")
_NAME = re.compile(
    r"[A-Za-z0-9][\w.-]*(\[[^\]]*\])?\s*((@\s*https?://|[=<>~!;,\\]).*)?|--hash=.*|#.*|"
    r"(-i|--(extra-)?index-url|--trusted-host|--only-binary|--no-binary|--prefer-binary|--pre|"
    r"--require-hashes)\b.*"
)
_ARCHIVE = re.compile(r"\.(whl|zip|tar\.gz|tar|tgz|tar\.bz2)(\s|$)")
_RUNS_SOURCES = re.compile(
    r'"(preinstall|install|postinstall|prepublish|preprepare|prepare|postprepare|workspaces)"\s*:|'
    r'"(file|link|workspace|portal):'
)
_NODE_FOLDERS = ("node_modules", ".yarn", "patches", ".pnpm-store")
_NODE_FILES = ("binding.gyp", ".yarnrc.yml", ".pnpmfile.cjs", "pnpm-workspace.yaml", ".pnp.cjs", "lerna.json")
_NODE_SETTINGS = (".npmrc", ".yarnrc")
_NODE_VALUES = frozenset({"--registry"})
_DEPENDENCIES = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


def files_to_install(subject: Subject, run: Instruction, installs: list[Action]) -> list[str] | None:
    """Files at the root of the context: all that ``installs`` of ``run`` read. None where that is not certain."""
    found: list[str] = []
    for action in installs:
        of_one = _of_pip(subject, run, action) if action.manager == "pip" else _of_node(subject, action)
        if of_one is None or subject.context is None or any(path not in subject.context.files for path in of_one):
            return None
        found += of_one
    return list(dict.fromkeys(found))


def _of_pip(subject: Subject, run: Instruction, action: Action) -> list[str] | None:
    environment = environment_at(subject.stages, run)
    if action.packages or {name for name, _ in action.values} - _PIP_VALUES or action.command.name == "pip-sync":
        return None
    if any(name in environment for name in _PIP_SETTINGS) or action.command.assignments or action.has("-e", "--user"):
        return None
    lists = [value for name, value in action.values if name in ("-r", "--requirement", "-c", "--constraint")]
    texts = [subject.context.read(path) if subject.context is not None else None for path in lists]
    if any("/" in path for path in lists) or any(text is None or not _names_only(text) for text in texts):
        return None
    return lists


def _names_only(text: str) -> bool:
    """Whether a list names no file: no ``-r other.txt``, ``-e .``, ``./vendor``, ``x.whl``."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return all(
        _NAME.fullmatch(line) and (line.startswith("#") or not _ARCHIVE.search(line.split("://")[0])) for line in lines
    )


def _of_node(subject: Subject, action: Action) -> list[str] | None:
    """The manifest, the lock and the settings of npm, yarn or pnpm, where the lock alone decides."""
    context = subject.context
    if (
        context is None
        or action.manager not in ("npm", "yarn", "pnpm")
        or {name for name, _ in action.values} - _NODE_VALUES
    ):
        return None
    words = {word.value for word in action.command.words}
    if (
        action.packages
        or not words & {"ci", "clean-install", "--frozen-lockfile", "--immutable"}
        or words & {"-g", "--global"}
    ):
        return None
    manifest = context.read("package.json")
    if manifest is None or _RUNS_SOURCES.search(manifest):
        return None
    if any(each in context.directories for each in _NODE_FOLDERS) or any(each in context.files for each in _NODE_FILES):
        return None
    locks = [each for each in LOCKS[action.manager] if each in context.files]
    return ["package.json", *locks[:1], *(each for each in _NODE_SETTINGS if each in context.files)] if locks else None


def lock_is_there(subject: Subject, run: Instruction, action: Action) -> bool:
    """Whether a COPY or a mount is known to have put the manager's lock into the folder in which ``run`` works."""
    stage = subject.stages.of(run)
    if (
        subject.context is None
        or stage is None
        or any(each.name in ("cd", "pushd") for each in subject.script(run).commands)
    ):
        return False
    folder = resolved(subject, run, ".")
    locks = [path for path in subject.context.files if posixpath.basename(path) in LOCKS[action.manager]]
    for mount in mounts_of(run):
        target = resolved(subject, run, mount.target or ".")
        if (
            mount.kind == "bind"
            and mount.from_ is None
            and any(target in (folder, posixpath.join(folder, posixpath.basename(lock))) for lock in locks)
        ):
            return True
    return any(
        posixpath.dirname(place) == folder
        for each in subject.stages.chain(stage)
        for copied in copies(subject, each)
        if copied.instruction.span.end <= run.span.start and copied.copy.from_ is None
        for lock in locks
        for place in _lands(subject.context, copied, lock)
    )


def _lands(context: Context, copied: Copied, path: str) -> list[str]:
    """Where a COPY puts the file ``path`` of the context."""
    places = []
    for source in copied.sources:
        wanted = posixpath.normpath(source).lstrip("/")
        if wanted == ".":
            places.append(posixpath.join(copied.destination, path))
        elif wanted in context.directories and path.startswith(f"{wanted}/"):
            places.append(posixpath.join(copied.destination, path[len(wanted) + 1 :]))
        elif fnmatch.fnmatchcase(path, wanted) and path.count("/") == wanted.count("/"):
            is_folder = copied.copy.destination.text.endswith(("/", ".")) or len(copied.sources) > 1 or "*" in wanted
            places.append(
                posixpath.join(copied.destination, posixpath.basename(path)) if is_folder else copied.destination
            )
    return places


def npm_lock_fits(context: Context) -> bool:
    """Whether each package-lock.json of the context has the very wishes of the package.json beside it: else ``npm ci``
    refuses where ``npm install`` mends."""
    for path in context.files:
        if posixpath.basename(path) in LOCKS["npm"]:
            try:
                lock = json.loads(context.read(path) or "")
                manifest = json.loads(context.read(posixpath.join(posixpath.dirname(path), "package.json")) or "")
                root = lock["packages"][""]
                fits = all((manifest.get(each) or {}) == (root.get(each) or {}) for each in _DEPENDENCIES)
            except (ValueError, KeyError, TypeError, AttributeError):
                return False
            if not fits:
                return False
    return True
