"""Every check of a site that is served, in the order they are made."""

from lightship.assets.verify.checks import (
    answers,
    caching,
    compression,
    contents,
    cors,
    empty,
    etags,
    fallback,
    heads,
    policies,
    releases,
    sniffing,
    transport,
    types,
    unretargeted,
)
from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import Site

__all__ = ["SERVED"]

SERVED: tuple[Check[Site], ...] = (
    answers.CHECK,
    unretargeted.CHECK,
    empty.CHECK,
    contents.CHECK,
    types.CHECK,
    compression.CHECK,
    caching.CHECK,
    etags.CHECK,
    heads.CHECK,
    cors.CHECK,
    policies.CHECK,
    fallback.CHECK,
    sniffing.CHECK,
    transport.CHECK,
    releases.CHECK,
)
