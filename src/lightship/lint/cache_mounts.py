"""Cache mounts for package managers of languages: where each keeps what it fetched, and when a mount there is right."""

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import environment_at, user_at
from lightship.dockerfile.views import mounts_of
from lightship.ecosystem.base_images import known_base
from lightship.facts.installer_caches import INSTALLER_CACHES
from lightship.lint.actions import Action
from lightship.lint.rewriting import add_flag
from lightship.lint.subject import Subject

__all__ = ["CACHE_OFF", "installs_list", "links_to_cache", "mount_edit"]

CACHE_OFF = ("--no-cache-dir", "--no-cache", "-n")
_MOVED = frozenset(
    {
        "PIP_NO_CACHE_DIR", "PIP_CACHE_DIR", "UV_NO_CACHE", "UV_CACHE_DIR", "NPM_CONFIG_CACHE", "npm_config_cache",
        "XDG_CACHE_HOME", "HOME",
    }
)  # fmt: skip
_ROOT = (None, "root", "0", "root:root", "0:0")


def installs_list(action: Action) -> bool:
    """Whether the action installs what a list or a lock says, with a manager whose cache is known."""
    if action.manager not in INSTALLER_CACHES or action.manager == "bun":
        return False
    lists = [value for name, value in action.values if name in ("-r", "--requirement")]
    return action.kind == "sync" or (action.kind == "install" and bool(lists))


def mount_edit(subject: Subject, run: Instruction, action: Action) -> Edit | None:
    """A cache mount for ``run``; None where its cache is off, may be elsewhere, or is linked to."""
    if not installs_list(action) or action.manager not in ("pip", "uv", "npm") or action.command.name == "pip-sync":
        return None
    if action.has(*CACHE_OFF) or action.has("--cache-dir", "--cache") or links_to_cache(subject, run, action):
        return None
    environment = environment_at(subject.stages, run)
    given = [each.partition("=")[0] for each in action.command.assignments]
    stage = subject.stages.of(run)
    base = known_base(subject.stages.chain(stage)[0].base) if stage is not None else None
    user = user_at(subject.stages, run)
    if _MOVED & {*environment, *given} or user not in _ROOT or (user is None and (base is None or not base.official)):
        return None
    if action.command.wrapper or any(mount.target == INSTALLER_CACHES[action.manager] for mount in mounts_of(run)):
        return None
    return add_flag(run, f"--mount=type=cache,target={INSTALLER_CACHES[action.manager]}")


def links_to_cache(subject: Subject, run: Instruction, action: Action) -> bool:
    """Whether uv makes links into its cache, which then has to stay."""
    said = action.value("--link-mode") or environment_at(subject.stages, run).get("UV_LINK_MODE", "")
    own = [each for each in action.command.assignments if each.startswith("UV_LINK_MODE=")]
    return action.manager == "uv" and (
        said not in ("", "copy", "hardlink", "clone") or any("symlink" in each for each in own)
    )
