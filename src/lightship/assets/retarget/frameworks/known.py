"""Every framework that is known, the most particular first."""

from lightship.assets.retarget.frameworks import next as next_js
from lightship.assets.retarget.frameworks import plain, vite
from lightship.assets.retarget.frameworks.framework import Framework, Tree

__all__ = ["FRAMEWORKS", "framework_of"]

FRAMEWORKS: tuple[Framework, ...] = (next_js.FRAMEWORK, vite.FRAMEWORK, plain.FRAMEWORK)


def framework_of(tree: Tree) -> Framework:
    """The first that knows the directory for its own; plain HTML takes any."""
    return next(each for each in FRAMEWORKS if each.recognise(tree))
