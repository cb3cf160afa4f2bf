"""A CDN without TLS.

What it does
============
Tells that the target's scheme is ``http``, unless it is a loopback address.

Why
===
A page that came over TLS loads no scripts, styles and fonts without it: browsers block them as mixed content.

Bad
===
::

    lightship assets retarget dist --cdn http://static.example

Good
====
::

    lightship assets retarget dist --cdn https://static.example

References
==========
w3.org/TR/mixed-content, 4.1 (2023-02).
"""

from collections.abc import Iterator

from lightship.assets.retarget.leftovers.rule import Leftover, LeftoverRule, Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Leftover]:
    target = subject.plan.target
    if target.scheme == "http" and target.host != "localhost" and not target.host.startswith("127."):
        yield Leftover(
            message=f"pages that come over TLS load nothing from {target.text}",
            fix=f"https://{target.authority}{target.path}",
        )


RULE = LeftoverRule(code="insecure-prefix", severity="warning", title="a CDN without TLS", find=_find, doc=__doc__)
