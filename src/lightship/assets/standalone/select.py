"""Ask every rule about a server's tree: what stays, what goes, and which links still lead somewhere."""

import posixpath
from collections.abc import Sequence

from lightship.assets.standalone.model import Left, Selection
from lightship.assets.standalone.rule import Rule, Server
from lightship.assets.standalone.tree import ServerTree
from lightship.errors import UsageError
from lightship.findings import SAFETY_ORDER
from lightship.plan.drop import is_protected
from lightship.plan.drop.globs import matches_any

__all__ = ["active_rules", "select"]

_LINK = "dangling-links"


def active_rules(server: Server, rules: Sequence[Rule]) -> list[Rule]:
    """Rules that are on and no more daring than asked; raise UsageError where ``off`` names no rule."""
    options = server.options
    unknown = set(options.off) - {rule.code for rule in rules}
    if unknown:
        codes = ", ".join(rule.code for rule in rules)
        raise UsageError(f"no such rule: want one of {codes}, got {min(unknown)}")
    allowed = SAFETY_ORDER[: SAFETY_ORDER.index(options.max_safety) + 1]
    return [rule for rule in rules if rule.safety in allowed and rule.code not in options.off]


def select(server: Server, rules: Sequence[Rule]) -> Selection:
    """Split the tree. The first rule that selects a path has it.

    ``keep`` wins over every rule: its patterns are over paths of the tree, and over the paths that `ServerTree.named`
    gives (``node_modules/next/**``, however deep a store has it). What the configuration asked the build to include
    (``outputFileTracingIncludes``) is kept likewise. Licences stay where anything of their package does,
    and so does every ``package.json`` on the way to a file that stays: Node reads it to know what the file is.
    """
    tree = server.tree
    patterns = (*server.options.keep, *tree.included)
    wanted = {path for path in tree.files if patterns and _is_kept(tree, path, patterns)}
    gone: dict[str, Left] = {}
    for rule in active_rules(server, rules):
        for path in rule.select(server):
            if path not in gone and path not in wanted:
                gone[path] = Left(
                    path=path,
                    rule=rule.code,
                    safety=rule.safety,
                    reason=rule.reason,
                    unpacked_bytes=tree.files[path],
                )
    _bring_back(server, gone)
    kept = {path: size for path, size in tree.files.items() if path not in gone}
    links, dangling = _links(server, kept)
    left = sorted((*gone.values(), *dangling), key=lambda each: each.path)
    return Selection(kept=kept, links=links, left=tuple(left))


def _is_kept(tree: ServerTree, path: str, patterns: tuple[str, ...]) -> bool:
    return matches_any(path, patterns) or matches_any(tree.named(path), patterns)


def _bring_back(server: Server, gone: dict[str, Left]) -> None:
    """Take back licences and ``package.json`` files that belong to what stays."""
    tree = server.tree
    alive: set[str] = set()
    for path in tree.files:
        if path not in gone and posixpath.basename(path) != "package.json":
            folder = posixpath.dirname(path)
            while folder not in alive and folder:
                alive.add(folder)
                folder = posixpath.dirname(folder)
    alive.add("")
    for path in list(gone):
        folder, name = posixpath.split(path)
        if gone[path].rule in ("static-moved", "pictures-unnamed"):
            continue
        package = tree.package_of(path)
        if (name == "package.json" and folder in alive) or (
            is_protected(path) and package is not None and package.folder in alive
        ):
            del gone[path]


def _links(server: Server, kept: dict[str, int]) -> tuple[dict[str, str], list[Left]]:
    """Links that lead to something that stays, and those that do not any more. One that led nowhere stays as it was:
    it is none of ours."""
    tree = server.tree
    folders = {""}
    for path in kept:
        folder = posixpath.dirname(path)
        while folder not in folders:
            folders.add(folder)
            folder = posixpath.dirname(folder)
    links, dangling = {}, []
    for link, target in tree.links.items():
        end = tree.real(link)
        if end is None or end in kept or end in folders:
            links[link] = target
        else:
            dangling.append(
                Left(path=link, rule=_LINK, safety="lossless", reason="link to what is left out", unpacked_bytes=0)
            )
    return links, dangling
