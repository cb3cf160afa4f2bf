"""Every rule, those first without which a page does not work."""

from collections.abc import Iterator, Mapping

from lightship.assets.retarget.leftovers import (
    font_needs_cors,
    image_optimiser,
    insecure_prefix,
    manifest_elsewhere,
    mention_left,
    module_needs_cors,
    no_prefix,
    policy_without_cdn,
    precached,
    public_file,
    relative_base,
    source_maps,
    worker_elsewhere,
)
from lightship.assets.retarget.leftovers.rule import LeftoverRule, Subject
from lightship.assets.retarget.plan import Plan
from lightship.assets.retarget.rendering import Rendered
from lightship.findings import Finding

__all__ = ["RULES", "find_leftovers"]

RULES: tuple[LeftoverRule, ...] = (
    no_prefix.RULE,
    policy_without_cdn.RULE,
    worker_elsewhere.RULE,
    insecure_prefix.RULE,
    mention_left.RULE,
    image_optimiser.RULE,
    manifest_elsewhere.RULE,
    precached.RULE,
    module_needs_cors.RULE,
    font_needs_cors.RULE,
    public_file.RULE,
    relative_base.RULE,
    source_maps.RULE,
)


def find_leftovers(plan: Plan, rendered: Mapping[str, Rendered]) -> Iterator[Finding]:
    """What all rules say of the directory under its target; of one without a prefix, how to get one."""
    subject = Subject(plan=plan, rendered=rendered)
    for rule in RULES if plan.slots else (no_prefix.RULE,):
        yield from rule.findings(subject)
