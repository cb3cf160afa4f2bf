"""Files of public/ stay.

What it does
============
Finds pictures, fonts, scripts and styles that are asked for by an absolute path of the page's own origin.

Why
===
Next.js puts its prefix in front of what it built, not of what lies in ``public/``; in plain pages an address without a
prefix is one of the page. These files are served by the origin, and have to stay there.

Bad
===
::

    <img src="/logo.png">

Good
====
::

    import logo from "./logo.png";
    <img src={logo.src} />

References
==========
nextjs.org, "Static Assets in `public`" and assetPrefix (2026-10).
"""

from collections.abc import Iterator

from lightship.assets.retarget.leftovers.rule import Found, Leftover, LeftoverRule, Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Leftover]:
    if not subject.plan.target.host or not subject.plan.slots:
        return
    kinds = subject.of_kind("script", "style", "font", "image", "media")
    staying = [each for each in kinds if _stays(each, subject)]
    if staying:
        yield Leftover(
            message=f"{len({each.reference.target for each in staying})} files are asked of the page's own origin: "
            f"{subject.sample(staying)}",
            fix="import them in the code, so that the build names them, or leave them with the origin",
            paths=tuple(each.path for each in staying),
        )


def _stays(found: Found, subject: Subject) -> bool:
    target = found.reference.target
    if not found.reference.certain or not target.startswith("/") or target.startswith("//"):
        return False
    return "/_next/" not in target and not (found.path.endswith((".css", ".js")) and subject.is_on_cdn(found.path))


RULE = LeftoverRule(code="public-file", severity="note", title="files of public/ stay", find=_find, doc=__doc__)
