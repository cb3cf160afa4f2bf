"""Sources of native modules.

What it does
============
Leaves out C and C++ sources, headers and ``node-gyp``'s files below ``node_modules``.

Why
===
``node-gyp`` compiles them when a package is installed; what is loaded is the ``.node`` file.

Bad
===
::

    - node_modules/pkg/binding.gyp
    - node_modules/pkg/src/addon.cc
    - node_modules/pkg/src/addon.h
      node_modules/pkg/build/Release/addon.node

Good
====
::

      node_modules/pkg/index.js
      node_modules/pkg/lib/libaddon.so

References
==========
https://github.com/nodejs/node-gyp (version 11).
"""

from collections.abc import Iterator

from lightship.assets.standalone.rule import Rule, Server

__all__ = ["RULE"]

_SUFFIXES = (".gyp", ".gypi", ".cc", ".cpp", ".cxx", ".c", ".h", ".hpp", ".hh", ".o", ".a")


def _select(server: Server) -> Iterator[str]:
    for path in server.modules:
        if path.endswith(_SUFFIXES) and path not in server.needed:
            yield path


RULE = Rule(
    code="native-sources",
    safety="safe",
    reason="source of a native module, which its installation compiled",
    select=_select,
    doc=__doc__,
)
